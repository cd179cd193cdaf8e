"""Who listens on which address of this host.

Knows: the sockets of all processes, by psutil. Never: a socket's payload. Walks through every process, which takes
some tenths of a second on a busy host: not for the loop.
"""

import contextlib
import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import Final, Literal, NamedTuple

import psutil

from floatip.host.messages import IPAddress

BIND_V6_ONLY: Final = Path("/proc/sys/net/ipv6/bindv6only")

Protocol = Literal["tcp", "udp"]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Listener:
    """One socket that takes connections, or packets of anybody, to an address."""

    protocol: Protocol
    port: int
    process: str
    """Its name; empty if this process may not know it."""

    specific: bool
    """Bound to this very address: it ends, or hears nothing, when the address goes. Else to all addresses."""


class Bound(NamedTuple):
    """One listening socket: where it is bound, None being all addresses of a family, and who has it."""

    family: int
    address: IPAddress | None
    protocol: Protocol
    port: int
    process: str


def bound() -> tuple[list[Bound], list[str]]:
    """Give all listening sockets of this network namespace, and a sentence for what could not be learnt."""
    try:
        connections = psutil.net_connections(kind="inet")
    except (psutil.Error, OSError, RuntimeError) as error:
        return [], [f"the listening sockets of this host could not be read: {error}; does `ss -ltnup` work here?"]
    names: dict[int | None, str] = {None: ""}
    found = []
    for it in connections:
        is_tcp = it.type == socket.SOCK_STREAM
        if not it.laddr or it.raddr or (is_tcp and it.status != psutil.CONN_LISTEN):
            continue
        if it.pid not in names:
            names[it.pid] = _name(it.pid)
        address = ip_address(it.laddr.ip)
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        where = mapped or address
        family = socket.AF_INET if mapped else it.family
        found.append(
            Bound(
                family=family,
                address=None if where.is_unspecified else where,
                protocol="tcp" if is_tcp else "udp",
                port=it.laddr.port,
                process=names[it.pid],
            )
        )
    nameless = sum(1 for it in found if not it.process)
    if nameless and os.geteuid():  # for root they are the kernel's, or of a process outside this container
        return found, [f"who has {nameless} of the listening sockets is not known: that takes root (CAP_SYS_PTRACE)"]
    return found, []


def v6_sockets_take_v4(path: Path = BIND_V6_ONLY) -> bool:
    """Whether a socket bound to all IPv6 addresses takes IPv4 too, unless it asked not to (RFC 3493 section 5.3)."""
    with contextlib.suppress(OSError):
        return path.read_text(encoding="ascii").strip() == "0"
    return False


def listeners(address: IPAddress, sockets: Iterable[Bound], *, v4_by_v6: bool) -> tuple[Listener, ...]:
    """Pick the sockets that hear an address, each program once per port.

    Whether a single IPv6 socket asked for IPv6 only cannot be seen, so with `v4_by_v6` each counts for IPv4.
    """
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    families = {family, socket.AF_INET6} if v4_by_v6 else {family}
    found = {
        Listener(protocol=it.protocol, port=it.port, process=it.process, specific=it.address is not None)
        for it in sockets
        if it.address == address or (it.address is None and it.family in families)
    }
    return tuple(sorted(found))


def _name(pid: int) -> str:
    with contextlib.suppress(psutil.Error, OSError):
        return str(psutil.Process(pid).name())
    return ""
