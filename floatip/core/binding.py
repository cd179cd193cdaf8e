"""What the kernel has of one VIP, and what to ask of it (design section 5). Knows: the binding. Never: the role.

Under ``release`` the kernel may be promised a lifetime only while the ownership is fresh, for the others count on it:
the last renewal leaves at most h after the heartbeat that upholds it, and the address is gone V + S later.
"""

from floatip.core.effects import Announce, Bind, Hush, Kind
from floatip.core.garp import Announcements
from floatip.core.quorum import fresh_at, owned_until
from floatip.core.situation import Situation
from floatip.core.types import Binding, Policy, VipSpec

RETRY_REMOVAL_S = 0.2
EARLY_S = 0.1
"""How much before its time a kernel may remove an address (0.07 s was the worst of 400)."""
NEVER = float("-inf")


class AddressBinding:
    """The addresses of one VIP on this host; times in seconds."""

    def __init__(self, spec: VipSpec, situation: Situation) -> None:
        self.state = Binding.ABSENT
        self.interface: str | None = None
        self._spec = spec
        self._s = situation
        self._garp = Announcements(situation.spec.garp_offsets_s, situation.spec.garp_refresh_s)
        self._renewed_at = self._renewed_before = NEVER
        self._not_before = NEVER
        self._missing = False
        """Something of it is known to be gone."""
        self._has_been_bound = False
        """Since the last removal; so there may be something left of it."""
        self._remove_again_at: float | None = None

    def respec(self) -> None:
        """Go by what the situation says now of announcements."""
        self._garp.reschedule(self._s.spec.garp_offsets_s, self._s.spec.garp_refresh_s)

    # -- what the kernel reports ----------------------------------------------------------------------------------

    def bound(self) -> None:
        """The kernel has the addresses."""
        self._has_been_bound = True
        if self.state is Binding.BINDING:
            self.state = Binding.BOUND

    def too_late(self, now: float) -> None:
        """The kernel was not asked, because the promise had expired: it has what it had before."""
        if self.state is Binding.BOUND:
            self._renewed_at = self._renewed_before
            self._not_before = now + self._s.timing.heartbeat_s / 4
        elif self.state is Binding.BINDING and self._has_been_bound:
            self.gone()
        elif self.state is Binding.BINDING:
            self.state = Binding.ABSENT

    def inherit(self, interface: str, now: float) -> None:
        """The kernel has them from an earlier life of this node: they are renewed at once, or left to end."""
        self.state, self.interface = Binding.BOUND, interface
        self._has_been_bound = True
        self._renewed_at = now - self._renew_every_s()

    def unbound(self) -> None:
        """The kernel has none of the addresses."""
        self._remove_again_at = None
        self._has_been_bound = False
        if self.state is Binding.UNBINDING:
            self.state = Binding.ABSENT

    def unbind_failed(self, reason: str, now: float) -> None:
        """The kernel did not remove an address: try again until it does, or its lifetime ends."""
        self._s.tell(Kind.ADDRESS, f"{self._spec.name} not removed: {reason}", vip=self._spec.name, warning=True)
        self._remove_again_at = now + RETRY_REMOVAL_S

    # -- what to ask of it ------------------------------------------------------------------------------------------

    def add(self, now: float, *, isolated: bool) -> bool:
        """Ask for the addresses, and announce them once they are there; False while no lifetime can be promised."""
        interface = self._s.interface_for(self._spec, self.interface) or self._spec.interfaces[0]
        bind = self._bind(interface, now, isolated=isolated)
        if bind is None:
            return False
        self.interface = interface
        self._s.outbox.binds.append(bind)
        self.state = Binding.BINDING
        self._missing = False
        self._renewed_at = now
        self._garp.begin(now)
        return True

    def remove(self, now: float) -> float | None:
        """Ask for their removal, until they are gone; return when to ask again."""
        again = self._remove_again_at is not None and now >= self._remove_again_at
        if self.state in {Binding.BINDING, Binding.BOUND} or again:
            self._s.outbox.unbinds.append(self._spec.name)
            self.state = Binding.UNBINDING
            self._remove_again_at = None
        self._garp.stop()
        self.interface = None
        return self._remove_again_at

    def clear(self, now: float) -> float | None:
        """Where the VIP is not ours: ask again for a removal that failed; return when to look again."""
        if self._remove_again_at is not None and now >= self._remove_again_at:
            self._remove_again_at = None
            self._s.outbox.unbinds.append(self._spec.name)
        return self._remove_again_at

    def uphold(self, now: float, *, isolated: bool, doubted: bool) -> float | None:
        """Keep the addresses alive and, unless in doubt, known to the LAN; return when to look again."""
        was_on = self.interface
        if self.has_lost_its_link() and self.add(now, isolated=isolated):
            text = f"{self._spec.name} moves from {was_on} to {self.interface}, which has its link"
            self._s.tell(Kind.ADDRESS, text, vip=self._spec.name, warning=True)
        renew_at = self.renew_at
        if self.state is not Binding.BOUND:
            wanted = self.state is Binding.ABSENT or self._missing or now >= renew_at
            if wanted and not self.add(now, isolated=isolated):
                return now + self._s.timing.heartbeat_s / 4
            return now + self._renew_every_s()
        if self.expired(now):
            self.add(now, isolated=isolated)
            return now + self._s.timing.heartbeat_s / 4
        if renew_at <= now:
            self._s.outbox.renew = True
            renew_at = now + self._s.timing.heartbeat_s / 4
        if doubted:
            return renew_at
        if self._garp.due(now):
            self._s.do(Announce(vip=self._spec.name, interface=self.interface or self._spec.interfaces[0]))
        return min(renew_at, self._garp.next() or renew_at)

    @property
    def renew_at(self) -> float:
        """When the lifetime is to be renewed."""
        return max(self._renewed_at + self._renew_every_s(), self._not_before)

    @property
    def announce_at(self) -> float | None:
        """When the next round of announcements is due."""
        return self._garp.next()

    def hush(self) -> None:
        """Announce no more, not even what was to be announced by now: the next owner is about to."""
        self._garp.stop()
        self._s.do(Hush(vip=self._spec.name))

    def announce(self, now: float) -> None:
        """Announce anew, in full."""
        if self.state in {Binding.BINDING, Binding.BOUND}:
            self._garp.begin(now)

    def has_lost_its_link(self) -> bool:
        """Whether another interface of this host should have the addresses."""
        wanted = self._s.interface_for(self._spec, self.interface)
        return wanted is not None and wanted != self.interface

    def refused(self, now: float) -> bool:
        """The kernel refused; return whether that is final: a renewal has time for another try."""
        if self.state is Binding.BOUND and now < self._renewed_before + self._lifetime_s() - EARLY_S:
            self._renewed_at = self._renewed_before
            self._not_before = now + self._s.timing.heartbeat_s / 2
            return False
        return self.state in {Binding.BINDING, Binding.BOUND}

    def gone(self) -> None:
        """Something else removed an address: the next look puts it back."""
        self.state = Binding.BINDING
        self._missing = True

    def overdue(self, now: float) -> bool:
        """Whether a renewal waits for a fresher promise."""
        return self.state is Binding.BOUND and now >= self.renew_at

    def defend(self, at: float) -> None:
        """Announce one round against another MAC."""
        if self.state is Binding.BOUND:
            self._garp.once(at)

    def expired(self, now: float) -> bool:
        """Whether the kernel may have removed the addresses, since nobody renewed them in time."""
        return now >= self._renewed_at + self._lifetime_s() - EARLY_S

    def renewal(self, now: float, *, isolated: bool) -> Bind | None:
        """A fresh lifetime, if one may be promised and the present one is half way to being due."""
        too_early = now < max(self._renewed_at + self._renew_every_s() / 2, self._not_before)
        if self.state is not Binding.BOUND or too_early or self.interface is None:
            return None
        bind = self._bind(self.interface, now, isolated=isolated)
        if bind is not None:
            self._renewed_before, self._renewed_at = self._renewed_at, now
        return bind

    def _renew_every_s(self) -> float:
        return max(self._s.timing.heartbeat_s, self._lifetime_s() / 3)

    def _lifetime_s(self) -> int:
        return self._s.timing.lifetime_s(self._spec.policy)

    def _bind(self, interface: str, now: float, *, isolated: bool) -> Bind | None:
        not_after = self._promised_until(isolated=isolated)
        if not_after <= now:
            return None
        return Bind(vip=self._spec.name, interface=interface, lifetime_s=self._lifetime_s(), not_after=not_after)

    def _promised_until(self, *, isolated: bool) -> float:
        """Until when a full lifetime may be given to the kernel."""
        views, quorum, name = list(self._s.all_views()), self._s.quorum, self._spec.name
        if isolated:
            return float("inf")
        if self._spec.policy is Policy.RELEASE:
            return fresh_at(views, quorum, name) + self._s.timing.heartbeat_s
        return owned_until(views, quorum, name)
