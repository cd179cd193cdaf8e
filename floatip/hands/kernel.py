"""The hand in this kernel: Bind, Renew and Unbind become addresses; what netlink tells becomes events."""

from collections.abc import Callable, Iterable
from pathlib import Path

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.types import Address, Mac, VipName, VipSpec
from floatip.host import watch
from floatip.host.addresses import Addresses, Alias, Outcome
from floatip.host.clock import boottime_s
from floatip.host.errors import HostError
from floatip.host.links import lan_addresses, links


def aliases_of(spec: VipSpec, interface: str, *, source: bool) -> tuple[Alias, ...]:
    """What the kernel shall have of a VIP; an address that names its interface stays there."""
    return tuple(
        Alias(
            address=placed.address,
            prefix=placed.prefix,
            interface=placed.interface or interface,
            label=spec.name,
            source=source,
        )
        for placed in spec.addresses
    )


class KernelHand:
    """Owns the netlink sockets; every call is one batch and returns when the kernel has answered."""

    def __init__(
        self,
        specs: Iterable[VipSpec],
        *,
        sources: frozenset[VipName],
        post: Callable[[ev.Event], None],
        clock: Callable[[], float] = boottime_s,
    ) -> None:
        self._specs = {spec.name: spec for spec in specs}
        self._sources = sources
        self._post = post
        self._link_changed: Callable[[str], None] = lambda _: None
        self._clock = clock
        self._bound: dict[VipName, tuple[Alias, ...]] = {}
        self._vip_of: dict[Address, VipName] = {
            placed.address: spec.name for spec in self._specs.values() for placed in spec.addresses
        }
        self.interfaces = tuple(dict.fromkeys(name for spec in self._specs.values() for name in spec.interfaces))
        self.watcher = watch.Watcher(self._told)
        self.addresses = Addresses(removed=self.watcher.disregard)

    def on_link_change(self, told: Callable[[str], None]) -> None:
        """Have somebody told, first of all, that an interface is not as it was."""
        self._link_changed = told

    def all_aliases(self) -> list[Alias]:
        """Every address of every VIP, each on the first interface it may be on."""
        return [alias for spec in self._specs.values() for alias in self._aliases(spec.name, spec.interfaces[0])]

    def open(self) -> None:
        """Open the sockets; raises HostError."""
        named = (placed.interface for spec in self._specs.values() for placed in spec.addresses if placed.interface)
        self.watcher.watch(self._vip_of.keys(), [*self.interfaces, *named])
        self.watcher.open()
        self.addresses.open()
        self.addresses.prepare(
            alias
            for spec in self._specs.values()
            for name in spec.interfaces
            for alias in self._aliases(spec.name, name)
        )

    def close(self) -> None:
        """Close the sockets; addresses stay until their lifetimes end."""
        self.watcher.close()
        self.addresses.close()

    def bind(self, effect: ef.Bind) -> None:
        """Add the addresses of one VIP, all or none of them."""
        if self._clock() > effect.not_after:
            self._post(ev.BindFailed(vip=effect.vip, reason="the promise had expired", late=True))
            return
        aliases = self._aliases(effect.vip, effect.interface)
        try:
            reason = _first_error(self.addresses.ensure(aliases, effect.lifetime_s, verify=True))
        except HostError as error:
            reason = str(error)
        self._bound[effect.vip] = aliases
        if reason is None:
            self._post(ev.Bound(vip=effect.vip))
        else:
            self._post(ev.BindFailed(vip=effect.vip, reason=reason))

    def renew(self, effect: ef.Renew) -> None:
        """Give all of them fresh lifetimes, one send for each lifetime."""
        now = self._clock()
        by_lifetime: dict[int, list[ef.Bind]] = {}
        for bind in effect.binds:
            if now <= bind.not_after:
                by_lifetime.setdefault(bind.lifetime_s, []).append(bind)
        for lifetime_s, binds in by_lifetime.items():
            aliases = {bind.vip: self._aliases(bind.vip, bind.interface) for bind in binds}
            try:
                outcomes = self.addresses.ensure([one for some in aliases.values() for one in some], lifetime_s)
            except HostError as error:
                for bind in binds:
                    self._post(ev.BindFailed(vip=bind.vip, reason=str(error)))
                continue
            failed = {outcome.alias: outcome for outcome in outcomes if outcome.error is not None}
            for vip, some in aliases.items():
                if reason := _first_error(failed[alias] for alias in some if alias in failed):
                    self._post(ev.BindFailed(vip=vip, reason=reason))

    def unbind(self, effect: ef.Unbind) -> None:
        """Remove every entry of the VIP's addresses, whoever put it there: this node is not the owner."""
        spec = self._specs[effect.vip]
        aliases = self._bound.pop(effect.vip, None) or self._aliases(effect.vip, spec.interfaces[0])
        try:
            reason = _first_error(self.addresses.remove(aliases, foreign_too=True))
        except HostError as error:
            reason = str(error)
        if reason is None:
            self._post(ev.Unbound(vip=effect.vip))
        else:
            self._post(ev.UnbindFailed(vip=effect.vip, reason=reason))

    def survey(self) -> None:
        """Read links, MACs and addresses anew and report what differs from what is believed."""
        known = links()
        for interface in self.interfaces:
            link = known.get(interface)
            self._post(ev.LinkChanged(interface=interface, up=link is not None and link.up))
        mine = [link for name, link in known.items() if name in self.interfaces]
        vips = self._vip_of.keys()
        self._post(
            ev.IdentityChanged(
                macs=tuple(sorted({Mac(link.mac) for link in mine})),
                addresses=tuple(str(address) for link in mine for address in lan_addresses(link, vips)),
            )
        )
        present = {found.address for found in self.addresses.present()}
        for vip, aliases in list(self._bound.items()):
            for alias in aliases:
                if alias.address not in present:
                    self._post(ev.AddressGone(vip=vip, address=alias.address, cause="found missing"))

    def _told(self, told: watch.HostEvent) -> None:
        match told:
            case watch.AddressGone():
                self._gone(told)
            case watch.AddressAppeared():
                vip = self._vip_of[told.address]
                if not told.ours and vip not in self._bound:
                    cause = f"put on {told.interface} {_by(told.by_pid)}"
                    self._post(ev.AddressAppeared(vip=vip, address=told.address, cause=cause))
            case watch.LinkChanged():
                self._link_changed(told.interface)
                self.survey()
            case watch.Overrun():
                self.survey()

    def _gone(self, told: watch.AddressGone) -> None:
        vip = self._vip_of[told.address]
        held = self._bound.get(vip, ())
        if any(alias.address == told.address and alias.interface == told.interface for alias in held):
            cause = f"taken off {told.interface} {_by(told.by_pid)}"
            self._post(ev.AddressGone(vip=vip, address=told.address, cause=cause))

    def _aliases(self, vip: VipName, interface: str) -> tuple[Alias, ...]:
        return aliases_of(self._specs[vip], interface, source=vip in self._sources)


def _first_error(outcomes: Iterable[Outcome]) -> str | None:
    return next((outcome.error for outcome in outcomes if outcome.error is not None), None)


def _by(pid: int | None) -> str:
    """Who did it, as far as the kernel tells."""
    if pid is None:
        return "by another program, or its lifetime ended"
    try:
        name = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        name = "gone by now"
    return f"by process {pid} ({name})"
