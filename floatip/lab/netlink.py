"""Addresses, neighbours and hardware addresses of a namespace over rtnetlink: a dump, and messages of changes.

Knows: the messages RTM_*ADDR, RTM_*NEIGH and RTM_NEWLINK, by struct. Never: changes anything.
"""

import socket
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from floatip.lab import namespace

_RTMGRP_NEIGH, _RTMGRP_IPV4_IFADDR, _RTMGRP_IPV6_IFADDR = 0x4, 0x10, 0x100
_NLMSG_DONE, _RTM_NEWLINK, _RTM_GETLINK, _RTM_NEWADDR, _RTM_DELADDR, _RTM_GETADDR = 3, 16, 18, 20, 21, 22
_RTM_NEWNEIGH, _RTM_DELNEIGH, _RTM_GETNEIGH = 28, 29, 30
_NLM_F_REQUEST, _NLM_F_DUMP = 0x1, 0x300
_IFA_ADDRESS, _IFA_LOCAL, _IFLA_ADDRESS, _NDA_DST, _NDA_LLADDR = 1, 2, 1, 1, 2
_NUD_USABLE = 0x02 | 0x04 | 0x08 | 0x10 | 0x80  # reachable, stale, delay, probe, permanent
_HEADER = struct.Struct("=IHHII")  # length, type, flags, seq, pid
_ADDRESS = struct.Struct("=BBBBI")  # family, prefix length, flags, scope, interface index
_LINK = struct.Struct("=BxHiII")  # family, type, index, flags, change
_NEIGHBOUR = struct.Struct("=BxxxiHBB")  # family, interface index, state, flags, type
_ATTRIBUTE = struct.Struct("=HH")  # length, type
_READ_BYTES = 65536
_BUFFER_BYTES = 8 << 20
_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An entry of the kernel's address table came (`present`), or went."""

    address: IPv4Address | IPv6Address
    prefix: int
    index: int
    present: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """An entry of the kernel's neighbour table: `mac` is None if it knows of none that it would use."""

    address: IPv4Address | IPv6Address
    mac: str | None


def monitor(host: str, *, neighbours: bool = False) -> socket.socket:
    """Open a non-blocking socket that hears of every change of address, or of neighbour, from now on."""
    groups = _RTMGRP_NEIGH if neighbours else _RTMGRP_IPV4_IFADDR | _RTMGRP_IPV6_IFADDR
    with namespace.inside(host):
        sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
    sock.setblocking(False)
    sock.bind((0, groups))
    return sock


def addresses(host: str) -> list[Change]:
    """List every address of the namespace now."""
    return [one for data in _dump(host, _RTM_GETADDR, _ADDRESS.size) for one in changes(data)]


def neighbours(host: str) -> dict[IPv4Address | IPv6Address, str | None]:
    """Give the MAC that the namespace's kernel has for each neighbour now."""
    dump = _dump(host, _RTM_GETNEIGH, _NEIGHBOUR.size)
    return {one.address: one.mac for data in dump for one in beliefs(data)}


def macs(host: str) -> dict[int, str]:
    """Give the hardware address of each interface of the namespace, by index."""
    found = {}
    for data in _dump(host, _RTM_GETLINK, _LINK.size):
        for kind, body in _messages(data):
            raw = dict(_attributes(body[_LINK.size :])).get(_IFLA_ADDRESS) if kind == _RTM_NEWLINK else None
            if raw is not None:
                found[_LINK.unpack_from(body)[2]] = raw.hex(":")
    return found


def _dump(host: str, question: int, body_bytes: int) -> Iterator[bytes]:
    """Ask the namespace's kernel for a whole table."""
    with namespace.inside(host):
        sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
    with sock:
        sock.settimeout(_TIMEOUT_S)
        sock.send(
            _HEADER.pack(_HEADER.size + body_bytes, question, _NLM_F_REQUEST | _NLM_F_DUMP, 1, 0) + bytes(body_bytes)
        )
        done = False
        while not done:
            data = sock.recv(_READ_BYTES)
            yield data
            done = any(kind == _NLMSG_DONE for kind, _ in _messages(data))


def bound_on(hosts: Iterable[str], address: IPv4Address | IPv6Address) -> set[str]:
    """Name the hosts whose kernel has the address now."""
    return {host for host in hosts if any(found.address == address for found in addresses(host))}


def changes(data: bytes) -> Iterator[Change]:
    """Read the address messages in one answer of the kernel; others are skipped."""
    for kind, body in _messages(data):
        if kind in {_RTM_NEWADDR, _RTM_DELADDR}:
            _, prefix, _, _, index = _ADDRESS.unpack_from(body)
            attributes = dict(_attributes(body[_ADDRESS.size :]))
            raw = attributes.get(_IFA_LOCAL) or attributes[_IFA_ADDRESS]
            address = IPv4Address(raw) if len(raw) == 4 else IPv6Address(raw)
            yield Change(address=address, prefix=prefix, index=index, present=kind == _RTM_NEWADDR)


def beliefs(data: bytes) -> Iterator[Belief]:
    """Read the neighbour messages in one answer of the kernel; others are skipped."""
    for kind, body in _messages(data):
        if kind in {_RTM_NEWNEIGH, _RTM_DELNEIGH}:
            _, _, state, _, _ = _NEIGHBOUR.unpack_from(body)
            attributes = dict(_attributes(body[_NEIGHBOUR.size :]))
            raw, mac = attributes.get(_NDA_DST), attributes.get(_NDA_LLADDR)
            if raw is None:
                continue
            known = kind == _RTM_NEWNEIGH and mac is not None and state & _NUD_USABLE
            address = IPv4Address(raw) if len(raw) == 4 else IPv6Address(raw)
            yield Belief(address=address, mac=mac.hex(":") if known and mac else None)


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + _HEADER.size <= len(data):
        length, kind, _, _, _ = _HEADER.unpack_from(data, at)
        if length < _HEADER.size:
            return
        yield kind, data[at + _HEADER.size : at + length]
        at += (length + 3) & ~3


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, at)
        if length < _ATTRIBUTE.size:
            return
        yield kind, data[at + _ATTRIBUTE.size : at + length]
        at += (length + 3) & ~3
