"""Interfaces and the addresses on them. Knows: what a VIP needs of the interface it is on. Never: asks the kernel.

What the kernel says is handed in, except for the text of its routing tables in /proc/net, which is read here.
"""

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path

from floatip.config import Config, Vip
from floatip.core.types import Address
from floatip.doctor.findings import Area, Finding, Severity
from floatip.host.addresses import Alias, Found, foreign
from floatip.host.links import Link

RTF_REJECT = 0x200  # linux/route.h
RTF_LOCAL = 0x8000_0000  # linux/ipv6_route.h

_finding = partial(Finding, area=Area.INTERFACES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A way to a subnet that leaves by this interface; default routes are left out."""

    interface: str
    network: IPv4Network | IPv6Network


def routes(root: Path = Path("/")) -> list[Route]:
    """Read the routes of the main tables, IPv4 and IPv6, but for default, local and forbidden ones."""
    return [*_routes4(root / "proc/net/route"), *_routes6(root / "proc/net/ipv6_route")]


def check(
    config: Config, links: Mapping[str, Link], present: Iterable[Found], known: Iterable[Route]
) -> Iterator[Finding]:
    """Look whether each interface is there, up, and on the VIPs' subnets, and whether a VIP is somebody else's."""
    ways = list(known)
    vips = {placed.address for vip in config.vips for placed in vip.addresses}
    for name in config.interfaces:
        link = links.get(name)
        if link is None:
            yield _missing(name, links)
            continue
        lost = [
            _off_subnet(vip, address, name)
            for vip, address in _placed(config, name)
            if not _on(link, address, ways, vips)
        ]
        if not link.up:
            yield _finding(
                subject=name,
                severity=Severity.PROBLEM,
                text="is switched off or has no carrier",
                remedy=f"`ip link set {name} up`, and look at cable and switch port",
            )
        yield from lost
        if link.up and not lost:
            own = ", ".join(str(one) for one in link.addresses if not one.is_link_local) or "no address of its own"
            yield _finding(subject=name, severity=Severity.OK, text=f"up, {own}")
    yield from _permanent(config, present)


def _placed(config: Config, interface: str) -> Iterator[tuple[Vip, Address]]:
    """Each address that can be on this interface, with its VIP."""
    for vip in config.vips:
        for placed in vip.addresses:
            places = (placed.interface,) if placed.interface else vip.interfaces
            if interface in places:
                yield vip, placed.address


def _on(link: Link, address: Address, known: Iterable[Route], vips: Collection[Address]) -> bool:
    """Whether the subnet of the address is on this link, by an address of its own or by a route."""
    own = (it.network for it in link.addresses if it.ip not in vips and it.network.prefixlen < it.max_prefixlen)
    ways = (it.network for it in known if it.interface == link.name)
    return any(address in network for network in (*own, *ways) if network.version == address.version)


def _missing(name: str, links: Mapping[str, Link]) -> Finding:
    return _finding(
        subject=name,
        severity=Severity.PROBLEM,
        text=f"is not on this host (here are {', '.join(sorted(links))}), so the daemon does not start",
        remedy="see `ip link`, and correct `interfaces` of the VIPs",
    )


def _off_subnet(vip: Vip, address: Address, name: str) -> Finding:
    several = len(vip.interfaces) > 1
    cost = "answers are lost once the VIP is there" if several else "only hosts that route to it there can reach it"
    return _finding(
        subject=name,
        severity=Severity.PROBLEM if several else Severity.WARNING,
        text=f"has neither an address on the subnet of {address} (VIP {vip.name}) nor a route to it: {cost}",
        remedy=f"`ip route add SUBNET dev {name}` with the subnet of {address}, and the same in the boot configuration",
    )


def _permanent(config: Config, present: Iterable[Found]) -> Iterator[Finding]:
    aliases = [
        Alias(address=it.address, prefix=it.prefix, interface=it.interface or vip.interfaces[0], label=vip.name)
        for vip in config.vips
        for it in vip.addresses
    ]
    theirs = foreign(present, aliases)
    for it in theirs:
        yield _finding(
            subject=str(it.address),
            severity=Severity.PROBLEM,
            text=f"{it} is a VIP, and is there by somebody else's doing, so the daemon does not start",
            remedy=f"`ip address delete {it.address}/{it.prefix} dev {it.interface}`, or `floatip cleanup --force`",
        )
    if aliases and not theirs:
        yield _finding(subject="VIPs", severity=Severity.OK, text="none is permanent on this host")


def _routes4(path: Path) -> Iterator[Route]:
    for line in _lines(path)[1:]:
        with suppress(ValueError, IndexError):
            words = line.split()
            target, mask = (int(words[n], 16).to_bytes(4, sys.byteorder) for n in (1, 7))
            if any(mask) and not int(words[3], 16) & RTF_REJECT:
                yield Route(interface=words[0], network=IPv4Network(f"{ip_address(target)}/{ip_address(mask)}"))


def _routes6(path: Path) -> Iterator[Route]:
    for line in _lines(path):
        with suppress(ValueError, IndexError):
            words = line.split()
            prefix = int(words[1], 16)
            if prefix and not int(words[8], 16) & (RTF_REJECT | RTF_LOCAL):
                network = ip_network((bytes.fromhex(words[0]), prefix))
                yield Route(interface=words[9], network=network)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return []
