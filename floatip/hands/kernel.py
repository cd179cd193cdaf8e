"""The hand in this kernel: Bind, Renew and Unbind become addresses and routes; what netlink tells becomes events.

Whatever is added is entrusted to the sentinel first, and whatever is removed is taken back from it afterwards.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.types import REMOVAL_DELAY_S, Address, Mac, Policy, Port, Timing, VipName, VipSpec
from floatip.hands.places import aliases_of, places
from floatip.hands.routing import SourceRouting
from floatip.host import watch
from floatip.host.addresses import Addresses, Alias, Found, remains
from floatip.host.clock import boottime_s
from floatip.host.errors import HostError
from floatip.host.links import Link, lan_addresses, links
from floatip.host.sentinel import Sentinel, Ward

MOST_OWN = 64
"""So many of this host's own addresses on an interface are told to peers."""
SETTLED_S = 0.2
"""The host's own addresses come and go in bursts: one look after so long is enough."""


class KernelHand:
    """Owns the netlink sockets; every call is one batch and returns when the kernel has answered."""

    def __init__(
        self,
        specs: Iterable[VipSpec],
        *,
        timing: Timing,
        sentinel: Sentinel,
        post: Callable[[ev.Event], None],
        warn: Callable[[str], None],
        clock: Callable[[], float] = boottime_s,
    ) -> None:
        self._know(specs)
        self._timing = timing
        self._sentinel = sentinel
        self._post = post
        self._link_changed: Callable[[str], None] = lambda _: None
        self._warn = warn
        self._clock = clock
        self._bound: dict[VipName, tuple[Alias, ...]] = {}
        self._wards: dict[tuple[VipName, str], Ward] = {}
        self._survey_soon: asyncio.TimerHandle | None = None
        self._routing = SourceRouting(self._specs.values(), warn=warn)
        self.watcher = watch.Watcher(self._told)
        self.addresses = Addresses(removed=self.watcher.disregard)

    def _know(self, specs: Iterable[VipSpec]) -> None:
        self._specs = {spec.name: spec for spec in specs}
        self._vip_of: dict[Address, VipName] = {
            placed.address: spec.name for spec in self._specs.values() for placed in spec.addresses
        }
        self._known_aliases: dict[tuple[VipName, str], tuple[Alias, ...]] = {}
        self.interfaces = tuple(dict.fromkeys(name for spec in self._specs.values() for name in places(spec)))

    def configure(self, specs: Iterable[VipSpec]) -> None:
        """These are the VIPs from now on; what is bound of those that stay is left as it is."""
        self._know(specs)
        self._routing.configure(self._specs.values())
        self._watch()
        self._prepare()
        self.survey()

    def on_link_change(self, told: Callable[[str], None]) -> None:
        """Have somebody told, first of all, that an interface is not as it was."""
        self._link_changed = told

    def all_aliases(self, policies: Collection[Policy] = tuple(Policy)) -> list[Alias]:
        """Every address of every VIP under these policies, each on the first interface it may be on."""
        specs = [spec for spec in self._specs.values() if spec.policy in policies]
        return [alias for spec in specs for alias in self._aliases(spec.name, spec.interfaces[0])]

    def open(self) -> None:
        """Open the sockets; raises HostError."""
        self._watch()
        self.watcher.open()
        self.addresses.open()
        self._routing.open()
        self._prepare()

    def _watch(self) -> None:
        self.watcher.watch(self._vip_of.keys(), self.interfaces, self._routing.tables)

    def _prepare(self) -> None:
        """Have ready what may have to be sent quickly."""
        self._wards = {
            (spec.name, name): self._ward(spec, name) for spec in self._specs.values() for name in spec.interfaces
        }
        self._sentinel.prepare(self._wards.values())
        self.addresses.prepare(alias for ward in self._wards.values() for alias in ward.aliases)

    def close(self) -> None:
        """Close the sockets; addresses stay until their lifetimes end."""
        self.watcher.close()
        self.addresses.close()
        self._routing.close()

    def inherit(self, found: Collection[Found]) -> dict[VipName, str]:
        """Go on with VIPs that an earlier daemon left whole: renew them, and give the interface of each.

        Whole is what has all addresses of the present configuration and no more, with lifetimes that have not ended;
        and only what may outlive its daemon (``keep``, ``lan``).
        """
        heirs = {
            name: interface
            for name, spec in self._specs.items()
            if spec.policy is not Policy.RELEASE
            for interface in spec.interfaces
            if remains(found, self._aliases(name, interface))
        }
        self._entrust(heirs.items())
        for name, interface in list(heirs.items()):
            aliases = self._aliases(name, interface)
            lifetime_s = self._timing.lifetime_s(self._specs[name].policy)
            if any(outcome.error for outcome in self.addresses.ensure(aliases, lifetime_s)):
                self._sentinel.drop([name])
                del heirs[name]
            else:
                self._bound[name] = aliases
        self._routing.bind(heirs.items())
        return heirs

    def add(self, effect: ef.Add) -> None:
        """Add the addresses of these VIPs, all or none of each, and read back what the kernel has."""
        for binds, results in self._ensure(effect.binds, verify=True):
            for bind in binds:
                reason = results.get(bind.vip)
                self._bound[bind.vip] = self._aliases(bind.vip, bind.interface)
                if reason is None:
                    self._post(ev.Bound(vip=bind.vip))
                else:
                    self._post(ev.BindFailed(vip=bind.vip, reason=reason))

    def renew(self, effect: ef.Renew) -> None:
        """Give all of them fresh lifetimes, one send for each lifetime; only failures are told."""
        for binds, results in self._ensure(effect.binds, verify=False):
            self._bound |= {bind.vip: self._aliases(bind.vip, bind.interface) for bind in binds}
            for vip, reason in results.items():
                self._post(ev.BindFailed(vip=vip, reason=reason))

    def _ensure(self, binds: Iterable[ef.Bind], *, verify: bool) -> Iterator[tuple[list[ef.Bind], dict[VipName, str]]]:
        """Send what is not too late, batch by batch of one lifetime; yield each batch and why some of it failed."""
        now = self._clock()
        by_lifetime: dict[int, list[ef.Bind]] = {}
        for bind in binds:
            if now <= bind.not_after:
                by_lifetime.setdefault(bind.lifetime_s, []).append(bind)
            else:
                self._post(ev.BindFailed(vip=bind.vip, reason="the promise had expired", late=True))
        for lifetime_s, batch in by_lifetime.items():
            if verify:
                self._entrust((bind.vip, bind.interface) for bind in batch)
                self._routing.bind((bind.vip, bind.interface) for bind in batch)
            aliases = {alias: bind.vip for bind in batch for alias in self._aliases(bind.vip, bind.interface)}
            try:
                outcomes = self.addresses.ensure(list(aliases), lifetime_s, verify=verify)
            except HostError as error:
                yield batch, {bind.vip: str(error) for bind in batch}
                continue
            yield batch, {aliases[outcome.alias]: outcome.error for outcome in outcomes if outcome.error is not None}

    def unbind(self, effect: ef.Unbind) -> None:
        """Remove every entry of these VIPs' addresses, whoever put it there: this node is not the owner."""
        aliases: dict[Alias, VipName] = {}
        for vip in effect.vips:
            held = self._bound.pop(vip, None) or self._aliases(vip, self._specs[vip].interfaces[0])
            aliases |= dict.fromkeys(held, vip)
        try:
            outcomes = self.addresses.remove(list(aliases), foreign_too=True)
            failed = {aliases[outcome.alias]: outcome.error for outcome in outcomes if outcome.error is not None}
        except HostError as error:
            failed = {vip: str(error) for vip in effect.vips}
        gone = [vip for vip in effect.vips if vip not in failed]
        self._routing.release(gone)
        self._sentinel.drop(gone)
        for vip in effect.vips:
            if vip in failed:
                self._post(ev.UnbindFailed(vip=vip, reason=failed[vip]))
            else:
                self._post(ev.Unbound(vip=vip))

    def remove_all(self, policies: Collection[Policy]) -> bool:
        """Remove all VIPs under these policies, and what routes them; return whether that is done."""
        try:
            outcomes = self.addresses.remove(self.all_aliases(policies))
        except HostError:
            return False
        self._routing.release([spec.name for spec in self._specs.values() if spec.policy in policies])
        return not any(outcome.error for outcome in outcomes)

    def acquaint(self, effect: ef.Acquaint) -> None:
        """Tell the sentinel whose MACs the peers' are."""
        self._sentinel.acquaint(effect.macs)

    def survey(self) -> None:
        """Read links, MACs and addresses anew and report what differs from what is believed."""
        if self._survey_soon is not None:
            self._survey_soon.cancel()
            self._survey_soon = None
        try:
            known, present = links(), {found.address for found in self.addresses.present()}
        except HostError as error:
            self._warn(f"{error}; looks again soon")
            return
        self._survey_routes(known)
        for interface in self.interfaces:
            link = known.get(interface)
            self._post(ev.LinkChanged(interface=interface, up=link is not None and link.up))
        self._sentinel.identify(link.mac for link in known.values())
        mine = [link for name, link in known.items() if name in self.interfaces]
        own = {link.name: set(lan_addresses(link, self._vip_of.keys())[:MOST_OWN]) for link in mine}
        self._post(
            ev.IdentityChanged(
                macs=tuple(sorted({Mac(link.mac) for link in mine})),
                addresses=tuple(str(one.ip) for link in mine for one in link.addresses if one.ip in own[link.name]),
                ports=tuple(
                    Port(
                        interface=link.name,
                        mac=Mac(link.mac),
                        addresses=tuple(one for one in link.addresses if one.ip in own[link.name]),
                    )
                    for link in mine
                ),
            )
        )
        for address, vip in self._vip_of.items():
            if vip in self._bound and address not in present:
                self._post(ev.AddressGone(vip=vip, address=address, cause="found missing"))
            elif vip not in self._bound and address in present:
                self._post(ev.AddressAppeared(vip=vip, address=address, cause="found here"))

    def _survey_routes(self, known: Mapping[str, Link]) -> None:
        """See to it that what is bound leaves by its gateway; the sentinel is to take away what is there then."""
        if self._routing.look(known):
            for vip in {vip for vip, _ in self._wards if self._specs[vip].route is not None}:
                for name in self._specs[vip].interfaces:
                    self._wards[vip, name] = self._ward(self._specs[vip], name)
            self._entrust(self._routing.bound.items())
        self._routing.settle()

    def _entrust(self, moves: Iterable[tuple[VipName, str]]) -> None:
        """Have the sentinel know where these VIPs will be; one that moves is, for a moment, where it was too."""
        wards = []
        for vip, interface in moves:
            ward, was = self._wards[vip, interface], self._bound.get(vip, ())
            if was and was != ward.aliases:
                ward = self._ward(self._specs[vip], interface, was)
            wards.append(ward)
        self._sentinel.hold(wards)

    def _ward(self, spec: VipSpec, interface: str, also: Iterable[Alias] = ()) -> Ward:
        return Ward(
            spec.name,
            dict.fromkeys((*self._aliases(spec.name, interface), *also)),
            at_once=spec.policy is Policy.RELEASE,
            lasts_s=self._timing.lifetime_s(spec.policy) + REMOVAL_DELAY_S,
            undo=self._routing.undo(spec.name, interface),
        )

    def _told(self, told: watch.HostEvent) -> None:
        match told:
            case watch.AddressGone():
                self._gone(told)
            case watch.AddressAppeared():
                vip = self._vip_of[told.address]
                cause = f"put on {told.interface} {_by(told.by_pid)}"
                if not told.ours and (vip not in self._bound or self._is_beside(told)):
                    self._post(ev.AddressAppeared(vip=vip, address=told.address, cause=cause))
            case watch.LinkChanged():
                self._post(ev.LinkChanged(interface=told.interface, up=told.up))
                self._link_changed(told.interface)
                self.survey()
            case watch.OwnChanged():
                if self._survey_soon is None:
                    loop = asyncio.get_running_loop()
                    self._survey_soon = loop.call_later(SETTLED_S, self.survey)
            case watch.RoutesChanged():
                self._routing.changed()
            case watch.Overrun():
                for interface in self.interfaces:
                    self._link_changed(interface)
                self.survey()

    def _is_beside(self, told: watch.AddressAppeared) -> bool:
        """Whether this is another entry than the one we hold; one of ours that lost its lifetime gets it back."""
        held = self._bound.get(self._vip_of[told.address], ())
        entry = (told.address, told.prefix, told.interface)
        return all((alias.address, alias.prefix, alias.interface) != entry for alias in held)

    def _gone(self, told: watch.AddressGone) -> None:
        vip = self._vip_of[told.address]
        held = self._bound.get(vip, ())
        gone = (told.address, told.prefix, told.interface)
        if any((alias.address, alias.prefix, alias.interface) == gone for alias in held):
            cause = f"taken off {told.interface} {_by(told.by_pid)}"
            self._post(ev.AddressGone(vip=vip, address=told.address, cause=cause))

    def _aliases(self, vip: VipName, interface: str) -> tuple[Alias, ...]:
        known = self._known_aliases.get((vip, interface))
        if known is None:
            known = self._known_aliases[vip, interface] = aliases_of(self._specs[vip], interface)
        return known


def _by(pid: int | None) -> str:
    """Who did it, as far as the kernel tells."""
    if pid is None:
        return "by another program, or its lifetime ended"
    try:
        name = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        name = "gone by now"
    return f"by process {pid} ({name})"
