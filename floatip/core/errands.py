"""Which addresses a node touches at another's request, and which never (design section 7, migrate)."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

from floatip.core.messages import Errand, Task
from floatip.core.situation import Situation
from floatip.core.types import Address

LOOKS = frozenset({Task.INVENTORY, Task.WHO_HAS})
"""Tasks that change nothing."""


def may_not(s: Situation, errand: Errand) -> str | None:
    """Why this node does not do it, or None."""
    if errand.task is Task.INVENTORY:
        return None
    try:
        address = ip_address(errand.address)
    except ValueError:
        return f"{errand.address!r} is not an address"
    if errand.prefix > address.max_prefixlen:
        return f"/{errand.prefix} is no prefix of {address}"
    if special := _special(address):
        return f"{address} is {special}, and left alone"
    return None if errand.task in LOOKS else _taken(s, address)


def _special(address: Address) -> str | None:
    """What keeps an address from being any host's on a LAN."""
    if isinstance(address, IPv6Address) and (address.scope_id is not None or address.ipv4_mapped is not None):
        return "written with a scope, or as IPv4 in IPv6"
    kinds = {
        "a loopback address": address.is_loopback,
        "link-local": address.is_link_local,
        "a multicast address": address.is_multicast,
        "no address of a host": address.is_unspecified or address.is_reserved,
    }
    return next((kind for kind, so in kinds.items() if so), None)


def _taken(s: Situation, address: Address) -> str | None:
    """Whose address it is, if that is known: nobody moves these as plain aliases."""
    for vip in (*s.spec.vips, *s.retiring.values()):
        if any(placed.address == address for placed in vip.addresses):
            return f"{address} belongs to the VIP {vip.name}: `floatip failover {vip.name}` moves it"
    if address == s.spec.gateway:
        return f"{address} is the gateway's"
    own = (one for port in s.ports for one in port.addresses)
    return _edge(address, (one.network for one in own))


def _edge(address: Address, networks: Iterable[IPv4Network | IPv6Network]) -> str | None:
    """Whether it is the network's or the broadcast address of a subnet here."""
    for network in networks:
        ends = {network.network_address, network.broadcast_address}
        if network.num_addresses > 2 and network.version == 4 and address in ends:
            return f"{address} is the first or the last of {network}, which no host may have"
    return None
