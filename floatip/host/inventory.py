"""What is on this host now, and what a reboot would bring.

Knows: each address with its place, its lifetime, who listens on it, and the boot files that name it. Never: changes
anything, nor what floatip has decided about an address.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_interface
from pathlib import Path
from typing import Final

from floatip.host.bootfiles import BootEntry, boot_entries
from floatip.host.links import InterfaceNames, links
from floatip.host.listeners import Bound, Listener, bound, listeners, v6_sockets_take_v4
from floatip.host.messages import PROTOCOL, RTM_GETADDR, AddressRecord, IPAddress, is_ours, read_address
from floatip.host.netlink import RouteSocket

_IFA_F_SECONDARY: Final = 0x01  # linux/if_addr.h: IFA_F_TEMPORARY has the same value, for IPv6


@dataclass(frozen=True, slots=True, kw_only=True)
class HostAddress:
    """One entry of the kernel's address list; the same address with another prefix is another entry."""

    address: IPAddress
    prefix: int
    interface: str
    permanent: bool
    label: str
    ours: bool
    """Put there by floatip and kept only as long as floatip renews it."""

    by_floatip: bool
    """Put there by floatip, for good or not; the kernel keeps that since 5.18."""

    secondary: bool
    """Goes with the first of its subnet (IPv4), or is a temporary one (RFC 8981)."""

    listeners: tuple[Listener, ...] = ()
    boot: tuple[BootEntry, ...] = ()

    def __str__(self) -> str:
        return f"{self.address}/{self.prefix} on {self.interface}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Every address of this host but loopback and IPv6 link-local, and what was not learnt, a sentence each."""

    addresses: tuple[HostAddress, ...]
    boot: tuple[BootEntry, ...]
    """All that the boot files name, whether it is on this host now or not."""

    warnings: tuple[str, ...]


def inventory(root: Path = Path("/")) -> Inventory:
    """Look at kernel, sockets and boot files; not for the loop, it takes some tenths of a second.

    Raises NetlinkError if the kernel does not tell its addresses. Boot files are those below `root`.
    """
    files = boot_entries(root)
    sockets, warnings = bound()
    v4_by_v6 = v6_sockets_take_v4()
    return Inventory(
        addresses=tuple(_with_users(it, sockets, files.entries, v4_by_v6=v4_by_v6) for it in present()),
        boot=files.entries,
        warnings=(*files.warnings, *warnings),
    )


def present() -> list[HostAddress]:
    """Every address but loopback and IPv6 link-local, in the kernel's order, without listeners and boot files.

    Fast; raises NetlinkError if the kernel does not tell.
    """
    route = RouteSocket()
    route.open()
    try:
        records = [read_address(*message) for message in route.dump(RTM_GETADDR)]
    finally:
        route.close()
    names = InterfaceNames()
    found = [_host_address(it, names[it.ifindex]) for it in records if it is not None]
    return [it for it in found if not _is_everywhere(it.address)]


def primaries(addresses: Iterable[HostAddress]) -> tuple[HostAddress, ...]:
    """Pick each interface's own addresses, one for each subnet: what the host would miss if it went.

    IPv4: the one that is not secondary. IPv6: the oldest that is not temporary, which is the last in the kernel's
    order. Never a /32 or /128, nor what floatip put there; nor an alias (a label of its own) that no other depends on.
    """
    candidates = [it for it in addresses if it.prefix < it.address.max_prefixlen]
    depended_on = {_subnet(it) for it in candidates if it.secondary and it.address.version == 4}
    found = {}
    for it in candidates:
        alias = it.label not in {"", it.interface} and _subnet(it) not in depended_on
        if not (it.secondary or it.ours or it.by_floatip or alias):
            found[_subnet(it)] = it
    return tuple(found.values())


def interface_for(address: IPAddress) -> str | None:
    """Name the interface whose on-link subnet has the address, the narrowest subnet first; None if there is none.

    Raises NetlinkError if the kernel does not tell.
    """
    found = [
        (link.up, own.network.prefixlen, -link.index, link.name)
        for link in links().values()
        for own in link.addresses
        if own.version == address.version
        and own.network.prefixlen < own.max_prefixlen
        and address in own.network
        and not _is_everywhere(ip_address(own.ip))
    ]
    return max(found)[3] if found else None


def _is_everywhere(address: IPAddress) -> bool:
    """Whether every host has an address like this, so that it says nothing."""
    return address.is_loopback or (address.version == 6 and address.is_link_local)


def _host_address(record: AddressRecord, interface: str) -> HostAddress:
    ours = is_ours(record, interface)
    return HostAddress(
        address=ip_address(record.packed),
        prefix=record.prefix,
        interface=interface,
        permanent=record.valid_lft_s is None,
        label=record.label,
        ours=ours,
        by_floatip=ours or record.proto == PROTOCOL,
        secondary=bool(record.flags & _IFA_F_SECONDARY),
    )


def _with_users(
    it: HostAddress, sockets: Iterable[Bound], files: Iterable[BootEntry], *, v4_by_v6: bool
) -> HostAddress:
    return replace(
        it,
        listeners=listeners(it.address, sockets, v4_by_v6=v4_by_v6),
        boot=tuple(entry for entry in files if entry.address.ip == it.address),
    )


def _subnet(it: HostAddress) -> tuple[str, object]:
    return it.interface, ip_interface((it.address, it.prefix)).network
