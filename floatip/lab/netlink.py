"""The addresses of a namespace over rtnetlink: a dump, and the messages that tell of changes.

Knows: RTM_NEWADDR and RTM_DELADDR, by struct. Never: changes anything.
"""

import socket
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from floatip.lab import namespace

_RTMGRP_IPV4_IFADDR, _RTMGRP_IPV6_IFADDR = 0x10, 0x100
_NLMSG_DONE, _RTM_NEWADDR, _RTM_DELADDR, _RTM_GETADDR = 3, 20, 21, 22
_NLM_F_REQUEST, _NLM_F_DUMP = 0x1, 0x300
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_HEADER = struct.Struct("=IHHII")  # length, type, flags, seq, pid
_ADDRESS = struct.Struct("=BBBBI")  # family, prefix length, flags, scope, interface index
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


def monitor(host: str) -> socket.socket:
    """Open a non-blocking socket that hears of every change of address in the namespace from now on."""
    with namespace.inside(host):
        sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
    sock.setblocking(False)
    sock.bind((0, _RTMGRP_IPV4_IFADDR | _RTMGRP_IPV6_IFADDR))
    return sock


def addresses(host: str) -> list[Change]:
    """List every address of the namespace now."""
    with namespace.inside(host):
        sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
    found: list[Change] = []
    with sock:
        sock.settimeout(_TIMEOUT_S)
        body = _ADDRESS.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
        length = _HEADER.size + len(body)
        sock.send(_HEADER.pack(length, _RTM_GETADDR, _NLM_F_REQUEST | _NLM_F_DUMP, 1, 0) + body)
        done = False
        while not done:
            data = sock.recv(_READ_BYTES)
            found += changes(data)
            done = any(kind == _NLMSG_DONE for kind, _ in _messages(data))
    return found


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
