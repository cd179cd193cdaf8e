"""What changes in this kernel without our doing: addresses, links, and our rules and routes.

Knows the kernel's notifications (rtnetlink(7), groups LINK, IFADDR, ROUTE and RULE) and which addresses and interfaces
matter. A finite address under our own protocol number is our own echo, and a filter in the kernel drops it: renewing a
thousand addresses wakes nobody (``watchfilter``). Never asks the kernel anything, never decides, never dies: whatever
it could not read becomes an Overrun.
"""

import asyncio
import socket
import struct
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from floatip.host.errors import NetlinkError
from floatip.host.links import InterfaceNames
from floatip.host.messages import (
    HEADER,
    RTM_DELADDR,
    RTM_DELLINK,
    RTM_NEWADDR,
    RTM_NEWLINK,
    AddressRecord,
    Entry,
    IPAddress,
    LinkRecord,
    is_ours,
    messages_in,
    read_address,
    read_link,
)
from floatip.host.netlink import open_socket
from floatip.host.routemessages import RTM_DELROUTE, RTM_DELRULE, RTM_NEWROUTE
from floatip.host.watchfilter import attach

MOST_PER_TURN: Final = 256
"""Notifications read in one turn of the loop; the rest waits for the next."""

_GROUPS: Final = 0x1 | 0x10 | 0x100  # RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR
_ROUTE_GROUPS: Final = (7, 8, 11, 19)  # RTNLGRP_IPV4_ROUTE, _IPV4_RULE, _IPV6_ROUTE, _IPV6_RULE
_SOL_NETLINK: Final = 270
_NETLINK_ADD_MEMBERSHIP: Final = 1
_MOST_PID: Final = 1 << 22  # above it: the port of a process's second socket, which tells nothing
_RECV_BYTES: Final = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressGone:
    """An entry of a watched address is no longer on this interface, and not by our doing.

    `by_pid` is the process that asked for it, as far as the kernel tells: never for IPv6, nor for an expiry.
    """

    address: IPAddress
    prefix: int
    interface: str
    by_pid: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressAppeared:
    """A watched address was put on this interface, or changed there, and not by our own renewal.

    `by_pid` is as in AddressGone.
    """

    address: IPAddress
    prefix: int
    interface: str
    permanent: bool
    ours: bool
    by_pid: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkChanged:
    """A watched interface is now like this; after a deletion or a renaming `exists` is false under the old name."""

    interface: str
    index: int
    up: bool
    mac: str
    exists: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnChanged:
    """One of the host's own addresses came to a watched interface, or left it."""

    interface: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutesChanged:
    """A rule or route of ours is gone, perhaps by our doing, or somebody put a route into a watched table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrun:
    """Notifications were lost: read everything again."""


HostEvent = AddressGone | AddressAppeared | LinkChanged | OwnChanged | RoutesChanged | Overrun


def _join_routes(opened: socket.socket) -> None:
    for group in _ROUTE_GROUPS:
        opened.setsockopt(_SOL_NETLINK, _NETLINK_ADD_MEMBERSHIP, group)


class Watcher:
    """Hands events about watched addresses and interfaces to `emit`, in the kernel's order.

    Open it before the first dump and start it after, so that nothing falls between. Tell it by `disregard`, before it
    reads on, of every entry that we removed ourselves: `Addresses(removed=watcher.disregard)`. On a kernel without
    IFA_PROTO (before 5.18) an address of ours is reported once when it is added, and its renewals are not.
    """

    def __init__(self, emit: Callable[[HostEvent], None]) -> None:
        self._emit = emit
        self._socket: socket.socket | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watched: frozenset[bytes] = frozenset()
        self._interfaces: frozenset[str] = frozenset()
        self._tables: frozenset[int] = frozenset()
        self._finite: set[Entry] = set()  # reported
        self._removed: Counter[Entry] = Counter()  # by ourselves, and the notification still to come
        self._links: dict[int, LinkChanged] = {}  # reported, by index
        self._names = InterfaceNames()

    def watch(
        self, addresses: Collection[IPAddress], interfaces: Collection[str], tables: Collection[int] = ()
    ) -> None:
        """Report on these, and on no others, from now on."""
        before, self._tables = self._tables, frozenset(tables)
        if self._socket is not None and self._tables != before:
            attach(self._socket, self._tables)
            _join_routes(self._socket)
        self._watched = frozenset(address.packed for address in addresses)
        self._interfaces = frozenset(interfaces)
        self._removed = Counter({it: count for it, count in self._removed.items() if it.packed in self._watched})

    def disregard(self, entry: Entry) -> None:
        """Do not report that this entry is gone: we removed it."""
        if self._socket is not None and entry.packed in self._watched:
            self._removed[entry] += 1

    def open(self) -> None:
        """Join the groups in the network namespace of the calling thread; what happens is kept until it is read."""
        if self._socket is not None:
            return
        opened = open_socket(_GROUPS)
        opened.setblocking(False)
        attach(opened, self._tables)
        if self._tables:
            _join_routes(opened)
        self._names.update(socket.if_nameindex())
        self._socket = opened

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Read and report on this loop."""
        if self._socket is None:
            raise NetlinkError("the watcher is not open: call open() first")
        self._loop = loop
        loop.add_reader(self._socket.fileno(), self.read)

    def close(self) -> None:
        """Stop reporting; closing twice is fine."""
        if self._socket is None:
            return
        if self._loop is not None:
            self._loop.remove_reader(self._socket.fileno())
            self._loop = None
        self._socket.close()
        self._socket = None

    def read(self) -> None:
        """Report what has come, at most MOST_PER_TURN notifications; the loop calls this."""
        for _ in range(MOST_PER_TURN):
            if self._socket is None:
                return  # closed by whoever was told
            try:
                events = self._events_in(self._socket.recv(_RECV_BYTES))
            except BlockingIOError:
                return
            except (OSError, struct.error):
                self._forget()
                self._emit(Overrun())
                return
            for event in events:
                self._emit(event)

    def _events_in(self, data: bytes) -> list[HostEvent]:
        events: list[HostEvent] = []
        for kind, start, end in messages_in(data):
            if kind in {RTM_NEWADDR, RTM_DELADDR}:
                record = read_address(data, start, end)
                if record is None:
                    continue
                if record.packed in self._watched:
                    port = HEADER.unpack_from(data, start)[4]
                    events += self._of_address(record, gone=kind == RTM_DELADDR, port=port)
                elif self._names[record.ifindex] in self._interfaces:
                    events.append(OwnChanged(interface=self._names[record.ifindex]))
            elif kind in {RTM_NEWLINK, RTM_DELLINK}:
                link = read_link(data, start, end)
                if link.family == socket.AF_UNSPEC:
                    events += self._of_link(link, exists=kind == RTM_NEWLINK)
            elif kind in {RTM_DELRULE, RTM_DELROUTE, RTM_NEWROUTE}:
                events.append(RoutesChanged())
        return events

    def _of_address(self, record: AddressRecord, *, gone: bool, port: int) -> Iterator[HostEvent]:
        entry = record.entry
        known = entry in self._finite
        permanent = record.valid_lft_s is None
        if gone or permanent:
            self._finite.discard(entry)
        else:
            self._finite.add(entry)
        address, interface = ip_address(record.packed), self._names[record.ifindex]
        by_pid = port if 0 < port <= _MOST_PID else None
        if gone and self._removed[entry]:
            self._removed[entry] -= 1
        elif gone:
            yield AddressGone(address=address, prefix=record.prefix, interface=interface, by_pid=by_pid)
        elif permanent or not known:
            yield AddressAppeared(
                address=address,
                prefix=record.prefix,
                interface=interface,
                permanent=permanent,
                ours=is_ours(record, interface),
                by_pid=by_pid,
            )

    def _of_link(self, link: LinkRecord, *, exists: bool) -> Iterator[HostEvent]:
        before = self._names.get(link.ifindex, link.name)
        self._names[link.ifindex] = link.name
        changes = [
            LinkChanged(interface=link.name, index=link.ifindex, up=link.up and exists, mac=link.mac, exists=exists)
        ]
        if before != link.name:  # renamed
            changes.insert(0, LinkChanged(interface=before, index=link.ifindex, up=False, mac=link.mac, exists=False))
        for change in changes:
            if change.interface in self._interfaces and self._links.get(link.ifindex) != change:
                self._links[link.ifindex] = change
                yield change
        if not exists:
            self._names.pop(link.ifindex, None)
            self._links.pop(link.ifindex, None)

    def _forget(self) -> None:
        """Count nothing as reported, so that whatever comes next is told again."""
        self._finite.clear()
        self._removed.clear()
        self._links.clear()
        self._names.clear()
        self._names.update(socket.if_nameindex())
