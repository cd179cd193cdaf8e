"""The interfaces of this host.

Knows their names, MACs, states and addresses at the moment of asking; `watch` tells what changes afterwards. Never
changes anything.
"""

import contextlib
import socket
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv6Interface, ip_address, ip_interface

from floatip.host.messages import RTM_GETADDR, RTM_GETLINK, IPAddress, read_address, read_link
from floatip.host.netlink import RouteSocket


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One interface; `up` means switched on, with carrier, and operstate UP or UNKNOWN (RFC 2863)."""

    name: str
    index: int
    mac: str
    up: bool
    addresses: tuple[IPv4Interface | IPv6Interface, ...]


class InterfaceNames(dict[int, str]):
    """Names by index, asked once each in the network namespace of the calling thread; "if7" if 7 is gone."""

    def __missing__(self, index: int) -> str:
        name = f"if{index}"
        with contextlib.suppress(OSError):
            name = socket.if_indextoname(index)
        self[index] = name
        return name


def links() -> dict[str, Link]:
    """Every interface of this network namespace by name; raises NetlinkError if the kernel does not tell."""
    route = RouteSocket()
    route.open()
    try:
        addresses: dict[int, list[IPv4Interface | IPv6Interface]] = {}
        for message in route.dump(RTM_GETADDR):
            record = read_address(*message)
            if record is not None:
                entry = ip_interface((record.packed, record.prefix))
                addresses.setdefault(record.ifindex, []).append(entry)
        records = [read_link(*message) for message in route.dump(RTM_GETLINK)]
    finally:
        route.close()
    return {
        it.name: Link(
            name=it.name, index=it.ifindex, mac=it.mac, up=it.up, addresses=tuple(addresses.get(it.ifindex, ()))
        )
        for it in records
    }


def indexes(interfaces: Iterable[str]) -> dict[str, int]:
    """Index of each interface that exists, in the network namespace of the calling thread."""
    found = {}
    for name in set(interfaces):
        with contextlib.suppress(OSError):
            found[name] = socket.if_nametoindex(name)
    return found


def lan_addresses(link: Link, vips: Collection[IPAddress]) -> tuple[IPAddress, ...]:
    """Pick the host's own addresses on a link: no VIPs, nothing link-local (RFC 3927, RFC 4291), no loopback."""
    own = (ip_address(it.ip) for it in link.addresses)
    return tuple(it for it in own if it not in vips and not it.is_link_local and not it.is_loopback)
