"""Which VIPs this node has, and how that changes in service (a reload). Knows: old and new. Never: how one is given up.

A VIP that is told to differ in anything that the kernel or the peers see is given up first, as by a drained node, and
begun anew; in anything else it changes where it stands. No address is in two VIPs for a moment: whoever gets one that
another gives up begins after that.
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields

from floatip.core.effects import Configure, Kind
from floatip.core.situation import Situation
from floatip.core.spreading import adopt
from floatip.core.types import BELIEVED, Binding, NodeSpec, VipName, VipSpec
from floatip.core.vip import IDLE, NEVER, Vip

SOFT = frozenset(
    {
        "priority",
        "placement",
        "make_before_break",
        "preempt",
        "preempt_delay_s",
        "checks",
        "damping_s",
        "purpose",
        "contact",
    }
)
"""What neither the kernel nor a peer's safety depends on."""


def same_outside(one: VipSpec, other: VipSpec) -> bool:
    """Whether kernel and peers see no difference between two definitions of a VIP."""
    hard = (field.name for field in fields(VipSpec) if field.name not in SOFT)
    return all(getattr(one, name) == getattr(other, name) for name in hard)


class Roster:
    """The VIPs of one node; ``vips`` is shared with whoever looks at them."""

    def __init__(self, situation: Situation, vips: dict[VipName, Vip], terms: Mapping[VipName, int]) -> None:
        self._s = situation
        self._vips = vips
        self._coming: dict[VipName, VipSpec] = {}
        """What begins as soon as nothing of that name, and none of its addresses, is in a VIP that is given up."""
        self._past = {name: term for name, term in terms.items() if name not in vips}
        """The terms of VIPs that are not configured here, or not any more."""
        self._places = {name: place for place, name in enumerate(vips)}

    def in_order(self, names: Iterable[VipName]) -> list[VipName]:
        """As the configuration names them, the most important first."""
        return sorted(names, key=self._places.__getitem__)

    def change(self, spec: NodeSpec, now: float) -> None:
        """Go by this from now on."""
        wanted = {vip.name: vip for vip in spec.vips}
        self._s.configure(spec)
        retiring = set()
        for name, vip in self._vips.items():
            found = wanted.get(name)
            if found is not None and same_outside(vip.spec, found):
                vip.respec(found)
            else:
                retiring.add(name)
        self._s.retiring = {name: self._vips[name].spec for name in retiring}
        self._coming = {name: vip for name, vip in wanted.items() if name not in self._vips or name in retiring}
        self._begin(dict.fromkeys(self._coming, now))
        for peer in self._s.peers.known.values():
            adopt(self._s, peer.state.directives if peer.state is not None else ())
        self._arrange()
        self._s.do(Configure(vips=tuple(vip.spec for vip in self._vips.values())))
        self._s.outbox.state = self._s.outbox.store = True

    def settle(self, now: float) -> set[VipName]:
        """Let go of the VIPs that have been given up, and begin those that waited for that; return all of these."""
        gone = {name for name in self._s.retiring if self._is_given_up(self._vips[name])}
        if not gone:
            return gone
        self._s.retiring = {name: spec for name, spec in self._s.retiring.items() if name not in gone}
        owned = {name: self._vips[name].succession.owner_term for name in gone}
        for name in gone:
            old = self._vips.pop(name)
            self._past[name] = max(old.term, old.seen_term)
            if name not in self._coming:
                self._s.tell(Kind.OPERATOR, f"{name} is not configured any more", vip=name)
        begun = self._begin({name: NEVER if name in gone else now for name in self._coming})
        for name in begun:
            self._vips[name].succession.owned(owned.get(name, 0))
            self._s.tell(Kind.OPERATOR, f"{name} is begun anew as it is configured now", vip=name)
        self._arrange()
        if begun or not self._s.retiring:  # a thousand VIPs go in many steps, and what has gone is asked for by nobody
            self._s.do(Configure(vips=tuple(vip.spec for vip in self._vips.values())))
        self._s.outbox.state = self._s.outbox.store = True
        return gone | begun

    def _begin(self, born: Mapping[VipName, float]) -> set[VipName]:
        """Begin what need not wait any more; ``born``: since when others' words about each are listened to."""
        taken = {placed.address for vip in self._vips.values() for placed in vip.spec.addresses}
        begun = set()
        for name, found in list(self._coming.items()):
            if name not in self._vips and taken.isdisjoint(placed.address for placed in found.addresses):
                del self._coming[name]
                self._vips[name] = Vip(found, self._s, self._highest_term(name), born=born[name])
                begun.add(name)
        return begun

    def terms(self) -> tuple[tuple[VipName, int], ...]:
        """The highest term known of each VIP that was ever configured here."""
        now = {name: max(vip.term, vip.seen_term) for name, vip in self._vips.items()}
        return tuple((self._past | now).items())

    def _highest_term(self, name: VipName) -> int:
        """What others have said of a VIP that nobody here listened for."""
        listed = (entry.term for log in self._s.all_logs() if (entry := log.entries.get(name)) is not None)
        seen = (one.term for peer in self._s.peers.known.values() if (one := peer.witnessed.get(name)) is not None)
        believed = (term for term in (*listed, *seen) if term < BELIEVED)
        return max(self._past.pop(name, 0), *believed, 0)

    @staticmethod
    def _is_given_up(vip: Vip) -> bool:
        return vip.role in IDLE and vip.binding.state is Binding.ABSENT

    def _arrange(self) -> None:
        named = [vip.name for vip in self._s.spec.vips if vip.name in self._vips]
        ordered = {name: self._vips[name] for name in (*named, *self._vips)}
        self._vips.clear()
        self._vips.update(ordered)
        self._places = {name: place for place, name in enumerate(ordered)}
        self._s.policies = {name: vip.spec.policy for name, vip in ordered.items()}
