"""Route netlink messages about rules and routes: packed and read by struct.

Knows how these messages lie in memory (rtnetlink(7); linux/rtnetlink.h, fib_rules.h) and by what a rule or a route of
ours is recognised. Never opens a socket.
"""

import struct
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from socket import AF_INET, AF_INET6
from typing import Final, NamedTuple

from floatip.host.messages import (
    HEADER,
    NLM_F_CREATE,
    NLM_F_REPLACE,
    NLM_F_REQUEST,
    PROTOCOL,
    IPAddress,
    attributes,
)

Network = IPv4Network | IPv6Network

PRIORITY: Final = 1900
"""Of our rules: after those of VRFs (1000), before the main table (32766)."""

RTM_NEWROUTE: Final = 24
RTM_DELROUTE: Final = 25
RTM_GETROUTE: Final = 26
RTM_NEWRULE: Final = 32
RTM_DELRULE: Final = 33
RTM_GETRULE: Final = 34
FRA_PROTOCOL: Final = 21
RTA_TABLE: Final = 15

_NLM_F_EXCL: Final = 0x200
_FRA_SRC: Final = 2
_FRA_PRIORITY: Final = 6
_FRA_TABLE: Final = 15
_FR_ACT_TO_TBL: Final = 1
_RTA_DST: Final = 1
_RTA_OIF: Final = 4
_RTA_GATEWAY: Final = 5
_RTN_UNICAST: Final = 1
_SCOPE_UNIVERSE: Final = 0
_SCOPE_LINK: Final = 253
_SCOPE_ANY: Final = 255  # RT_SCOPE_NOWHERE: a removal that leaves it open
_ONLINK: Final = 4  # RTNH_F_ONLINK

_RULE: Final = struct.Struct("=BBBBBxxBI")  # family, lengths of target and source, tos, table, action, flags
_ROUTE: Final = struct.Struct("=BBBBBBBBI")  # family, lengths of target and source, tos, table, protocol, scope, type
_ATTRIBUTE: Final = struct.Struct("=HH")  # length, type
_U32: Final = struct.Struct("=I")
_ANYWHERE: Final[dict[int, Network]] = {4: IPv4Network("0.0.0.0/0"), 6: IPv6Network("::/0")}
_BITS: Final = {int(AF_INET): 32, int(AF_INET6): 128}
_PUT: Final = NLM_F_REQUEST | NLM_F_CREATE


class Rule(NamedTuple):
    """What comes from `address` looks into `table` first."""

    address: IPAddress
    table: int
    priority: int = PRIORITY

    def __str__(self) -> str:
        return f"rule from {self.address} lookup {self.table}"


class Route(NamedTuple):
    """In `table`: what goes to `network` leaves by `interface`, to its target or, if there is one, to `gateway`.

    `onlink`: the gateway is on that link although no subnet of ours there has it.
    """

    table: int
    network: Network
    interface: str
    gateway: IPAddress | None = None
    onlink: bool = False

    def __str__(self) -> str:
        via = f" via {self.gateway}" if self.gateway is not None else ""
        target = self.network if self.network.prefixlen else "default"
        return f"route {target}{via} dev {self.interface}{' onlink' * self.onlink} table {self.table}"


class RouteRecord(NamedTuple):
    """One route of ours as the kernel tells it; `ifindex` is 0 if it has several ways, which none of ours has."""

    table: int
    network: Network
    ifindex: int
    gateway: IPAddress | None
    onlink: bool


def default(gateway: IPAddress) -> Network:
    """Everything of the gateway's family."""
    return _ANYWHERE[gateway.version]


def pack_rule(rule: Rule, *, put: bool) -> bytes:
    """Pack what puts a rule there, but once (EXCL: the kernel would have it twice), or what takes it away."""
    packed = rule.address.packed
    body = _RULE.pack(_family(rule.address), 0, 8 * len(packed), 0, 0, _FR_ACT_TO_TBL, 0)
    return _message(
        RTM_NEWRULE if put else RTM_DELRULE,
        _PUT | _NLM_F_EXCL if put else NLM_F_REQUEST,
        body,
        (_FRA_SRC, packed),
        (_FRA_PRIORITY, _U32.pack(rule.priority)),
        (_FRA_TABLE, _U32.pack(rule.table)),
        (FRA_PROTOCOL, bytes([PROTOCOL])),
    )


def pack_route(route: Route, index: int, *, put: bool) -> bytes:
    """Pack what puts a route out of the interface `index` there, in place of another of ours, or takes it away."""
    at_hand = route.gateway is None and route.network.version == 4
    scope = _SCOPE_LINK if at_hand else _SCOPE_UNIVERSE
    way = [] if route.gateway is None else [(_RTA_GATEWAY, route.gateway.packed)]
    return _message(
        RTM_NEWROUTE if put else RTM_DELROUTE,
        _PUT | NLM_F_REPLACE if put else NLM_F_REQUEST,
        _route_body(route, scope, _ONLINK if route.onlink else 0),
        *_target(route.network),
        *way,
        (_RTA_OIF, _U32.pack(index)),
        (RTA_TABLE, _U32.pack(route.table)),
    )


def pack_forget(route: Route) -> bytes:
    """Pack what takes away our route to that network in that table, whatever its interface and gateway."""
    body = _route_body(route, _SCOPE_ANY, 0)
    table = (RTA_TABLE, _U32.pack(route.table))
    return _message(RTM_DELROUTE, NLM_F_REQUEST, body, *_target(route.network), table)


def rules_question(family: int) -> bytes:
    """The body of a dump of all rules of a family."""
    return _RULE.pack(family, 0, 0, 0, 0, 0, 0)


def routes_question(family: int, table: int | None) -> bytes:
    """The body of a dump of our routes of a family, in one table or in all; an older kernel tells of others too."""
    body = _ROUTE.pack(family, 0, 0, 0, 0, PROTOCOL, 0, 0, 0)
    return body if table is None else body + _attribute(RTA_TABLE, _U32.pack(table))


def read_rule(data: bytes, start: int, end: int) -> Rule | None:
    """Read an RTM_NEWRULE message; None for one that is not ours."""
    family, _to, bits, _tos, table, action, _flags = _RULE.unpack_from(data, start + HEADER.size)
    found = attributes(data, start + HEADER.size + _RULE.size, end)
    packed = found.get(_FRA_SRC, b"")
    ours = found.get(FRA_PROTOCOL) == bytes([PROTOCOL]) and action == _FR_ACT_TO_TBL
    if not ours or bits != _BITS.get(family) or 8 * len(packed) != bits:
        return None
    return Rule(ip_address(packed), _number(found, _FRA_TABLE, table), _number(found, _FRA_PRIORITY, 0))


def read_route(data: bytes, start: int, end: int) -> RouteRecord | None:
    """Read an RTM_NEWROUTE message; None for one that is not ours."""
    family, bits, _from, _tos, table, protocol, _scope, _type, flags = _ROUTE.unpack_from(data, start + HEADER.size)
    if protocol != PROTOCOL or family not in _BITS:
        return None
    found = attributes(data, start + HEADER.size + _ROUTE.size, end)
    target = found.get(_RTA_DST, bytes(_BITS[family] // 8))
    gateway = found.get(_RTA_GATEWAY)
    if 8 * len(target) != _BITS[family] or bits > _BITS[family]:
        return None
    return RouteRecord(
        table=_number(found, RTA_TABLE, table),
        network=ip_network((target, bits), strict=False),
        ifindex=_number(found, _RTA_OIF, 0),
        gateway=None if gateway is None or 8 * len(gateway) != _BITS[family] else ip_address(gateway),
        onlink=bool(flags & _ONLINK),
    )


def _route_body(route: Route, scope: int, flags: int) -> bytes:
    network = route.network
    family = _family(network.network_address)
    return _ROUTE.pack(family, network.prefixlen, 0, 0, 0, PROTOCOL, scope, _RTN_UNICAST, flags)


def _target(network: Network) -> list[tuple[int, bytes]]:
    return [(_RTA_DST, network.network_address.packed)] if network.prefixlen else []


def _message(kind: int, flags: int, body: bytes, *parts: tuple[int, bytes]) -> bytes:
    whole = body + b"".join(_attribute(number, payload) for number, payload in parts)
    return HEADER.pack(HEADER.size + len(whole), kind, flags, 0, 0) + whole


def _attribute(kind: int, payload: bytes) -> bytes:
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(payload), kind) + payload + bytes(-len(payload) % 4)


def _family(address: IPAddress) -> int:
    return int(AF_INET if address.version == 4 else AF_INET6)


def _number(found: dict[int, bytes], kind: int, without: int) -> int:
    """A number of four bytes; `without` it, that."""
    packed = found.get(kind, b"")
    return int(_U32.unpack(packed)[0]) if len(packed) == _U32.size else without
