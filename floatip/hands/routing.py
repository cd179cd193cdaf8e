"""Source routing: which rules and routes the VIPs that are bound here need, so that replies leave by their gateway.

Level, not edge: whatever happened, what is wanted is worked out anew, and what the kernel lacks of it is put there.
Several VIPs that are on one interface may share a table, which stays until the last of them has left. A VIP without a
gateway costs nothing. Never: keeps an address waiting, or away, because of a route.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from ipaddress import ip_network

from floatip.core.types import Address, Placed, VipName, VipSpec
from floatip.core.types import Route as Way
from floatip.hands.places import places
from floatip.host.clock import boottime_s
from floatip.host.errors import HostError
from floatip.host.links import Link, links
from floatip.host.routemessages import Network, Route, Rule, default
from floatip.host.routes import Change, Item, Routes, undoing

SOON_S = 0.1
"""Routes go in bursts: one look after so long is enough."""
SAID_S = 10.0
"""What is put back again and again is told once in so long."""
_MOST_NAMES = 5


class SourceRouting:
    """What is wanted, from one change to the next; every call is one send."""

    def __init__(
        self, specs: Collection[VipSpec], *, warn: Callable[[str], None], clock: Callable[[], float] = boottime_s
    ) -> None:
        self.configure(specs)
        self._warn = warn
        self._clock = clock
        self._routes = Routes()
        self._where: dict[VipName, str] = {}  # bound, and on which interface
        self._subnets: dict[str, tuple[Network, ...]] = {}
        self._down: frozenset[str] = frozenset()
        self._read_all = True
        self._soon: asyncio.TimerHandle | None = None
        self._complaints: frozenset[str] = frozenset()
        self._quiet_until_s = 0.0

    def configure(self, specs: Collection[VipSpec]) -> None:
        """These are the VIPs from now on; of those that are bound, none has another gateway or table than before."""
        self._ways = {spec.name: spec.route for spec in specs if spec.route is not None}
        self._placed = {
            spec.name: tuple(it for it in spec.addresses if it.address.version == spec.route.gateway.version)
            for spec in specs
            if spec.route is not None
        }
        self._rules = {
            name: tuple(Rule(it.address, self._ways[name].table) for it in placed)
            for name, placed in self._placed.items()
        }
        self._interfaces = {name for spec in specs if spec.route is not None for name in places(spec)}
        self._vips: frozenset[Address] = frozenset(it.address for spec in specs for it in spec.addresses)

    @property
    def tables(self) -> frozenset[int]:
        """The tables of all VIPs."""
        return frozenset(way.table for way in self._ways.values())

    @property
    def bound(self) -> Mapping[VipName, str]:
        """The VIPs with a gateway that are bound, and the interface of each."""
        return self._where

    def open(self) -> None:
        """Open the socket, and look what is on the link; raises HostError."""
        self._routes.open()
        if self._ways:
            self.look(links())

    def close(self) -> None:
        """Close it; rules and routes stay."""
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        self._routes.close()

    def look(self, known: Mapping[str, Link]) -> bool:
        """Learn from the links which subnets are on which, and return whether that is news."""
        before = self._subnets
        if not self._ways:
            return False
        self._down = frozenset(name for name, link in known.items() if not link.up)
        self._subnets = {
            name: tuple(
                dict.fromkeys(
                    it.network
                    for it in link.addresses
                    if it.ip not in self._vips and it.network.prefixlen < it.max_prefixlen
                )
            )
            for name, link in known.items()
            if name in self._interfaces
        }
        return self._subnets != before

    def undo(self, vip: VipName, interface: str) -> tuple[bytes, ...]:
        """Requests that take away what a VIP needs, for one who is no more than a list of them."""
        return undoing(self._items({vip: interface})) if vip in self._ways else ()

    def bind(self, moves: Iterable[tuple[VipName, str]]) -> None:
        """Put there what these VIPs need on these interfaces; before their addresses, so that no reply goes astray."""
        for vip, interface in moves:
            if vip in self._ways:
                self._where[vip] = interface
        self._apply()

    def release(self, vips: Iterable[VipName]) -> None:
        """These have left: take away what nobody else needs."""
        for vip in vips:
            self._where.pop(vip, None)
        self._apply()

    def changed(self) -> None:
        """Somebody took something away, or put something in its place: look soon."""
        if self._soon is None:
            self._soon = asyncio.get_running_loop().call_later(SOON_S, self.settle)

    def settle(self) -> None:
        """Read what the kernel has of ours and make it as it must be; the first time, in every table."""
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        if not self._ways and not self._read_all:
            return
        wanted = self._items(self._where)
        lost = {item for item in wanted if self._routes.has(item)}
        try:
            change = self._routes.settle(wanted, None if self._read_all else self.tables)
        except HostError as error:
            self._warn(f"{error}; looks again soon")
            return
        if self._read_all and change.taken:
            self._warn(f"removed what an earlier daemon left: {_named(change.taken)}")
        self._read_all = False
        self._tell(change, [item for item in change.put if item in lost])

    def _apply(self) -> None:
        if self._ways:
            self._tell(self._routes.apply(self._items(self._where)), [])

    def _items(self, where: Mapping[VipName, str]) -> list[Item]:
        """What VIPs that are there need, in the order in which it is put there: routes before what leads to them."""
        rules: list[Item] = []
        tables: dict[Way, tuple[str, list[Placed]]] = {}
        for vip, interface in where.items():
            way, placed = self._ways[vip], self._placed[vip]
            rules += self._rules[vip]
            _, others = tables.get(way, ("", []))
            tables[way] = placed[0].interface or interface, [*others, *placed]
        routes = (route for way, (out, placed) in tables.items() for route in self._routes_of(way, out, placed))
        return [*routes, *rules]

    def _routes_of(self, way: Way, interface: str, placed: Collection[Placed]) -> list[Route]:
        """The subnets on the link that the gateway or the addresses are in, and the gateway for everything else."""
        subnets = dict.fromkeys(self._subnets.get(interface, ()))
        subnets |= dict.fromkeys(
            ip_network((it.address, it.prefix), strict=False) for it in placed if it.prefix < it.address.max_prefixlen
        )
        family = [network for network in subnets if network.version == way.gateway.version]
        on_link = [net for net in family if way.gateway in net or any(it.address in net for it in placed)]
        known = any(way.gateway in network for network in on_link)
        return [
            *(Route(way.table, network, interface) for network in on_link),
            Route(way.table, default(way.gateway), interface, way.gateway, onlink=not known),
        ]

    def _tell(self, change: Change, put_back: Collection[Item]) -> None:
        """Say once what fails, while it does; a link that is down says enough by itself."""
        failed = [(it, why) for it, why in change.failed if isinstance(it, Rule) or it.interface not in self._down]
        complaints = frozenset(why for _, why in failed)
        for item, why in failed:
            if why not in self._complaints:
                vips = [vip for vip, way in self._ways.items() if way.table == item.table and vip in self._where]
                self._warn(
                    f"{why}; until then replies of {_named(vips) or 'no VIP'} may leave by another way than their"
                    " `gateway`; tries again"
                )
        self._complaints = complaints
        if put_back and self._clock() >= self._quiet_until_s:
            self._quiet_until_s = self._clock() + SAID_S
            self._warn(f"was gone, and is put back: {_named(put_back)}")


def _named(items: Collection[object]) -> str:
    more = len(items) - _MOST_NAMES
    return ", ".join(str(it) for it in [*items][:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
