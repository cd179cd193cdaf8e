"""What the watcher makes of notifications: bytes in, events out, no socket."""

import socket
import struct
from ipaddress import IPv4Address

import pytest

from floatip.host.messages import Entry
from floatip.host.watch import AddressAppeared, AddressGone, HostEvent, LinkChanged, OwnChanged, Watcher

VIP = IPv4Address("10.77.0.50")
OWN = IPv4Address("10.77.0.11").packed
RTM_NEWLINK, RTM_DELLINK, RTM_NEWADDR, RTM_DELADDR = 16, 17, 20, 21
PERMANENT = 0x80


def attribute(kind: int, payload: bytes) -> bytes:
    """Pack one attribute."""
    return struct.pack("=HH", len(payload) + 4, kind) + payload + bytes(-len(payload) % 4)


def message(kind: int, body: bytes, port: int = 0) -> bytes:
    """Pack one notification; `port` is who asked for the change."""
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 0, port) + body


def address(  # a notification about 10.77.0.50 on interface 7
    kind: int,
    *,
    packed: bytes = VIP.packed,
    prefix: int = 32,
    flags: int = 0,
    valid_s: int = 3,
    port: int = 0,
    index: int = 7,
) -> bytes:
    """Pack a notification about an address, by default on interface 7."""
    body = struct.pack("=BBBBI", socket.AF_INET, prefix, flags, 0, index)
    body += attribute(2, packed) + attribute(6, struct.pack("=IIII", valid_s, valid_s, 0, 0))
    return message(kind, body, port)


def link(kind: int, name: str, *, flags: int = 0x11043, family: int = 0, index: int = 7) -> bytes:
    """Pack a notification about a link; by default it is up."""
    body = struct.pack("=BxHiII", family, 1, index, flags, 0)
    body += attribute(3, name.encode() + b"\0") + attribute(1, bytes.fromhex("02aabbccddee")) + attribute(16, b"\6")
    return message(kind, body)


@pytest.fixture
def watcher() -> Watcher:
    """Give a watcher of the VIP and eth0, which knows interface 7 as eth0."""
    made = Watcher(lambda _: None)
    made.watch([VIP], ["eth0"])
    made._names[7] = "eth0"
    return made


def appeared(*, permanent: bool, prefix: int = 32) -> AddressAppeared:
    """Give the event that the VIP is on eth0 and not ours."""
    return AddressAppeared(address=VIP, prefix=prefix, interface="eth0", permanent=permanent, ours=False, by_pid=None)


def gone(by_pid: int | None = None) -> AddressGone:
    """Give the event that the VIP left eth0."""
    return AddressGone(address=VIP, prefix=32, interface="eth0", by_pid=by_pid)


def up(name: str = "eth0", *, up: bool = True, exists: bool = True) -> LinkChanged:
    """Give the event that interface 7 is like this."""
    return LinkChanged(interface=name, index=7, up=up, mac="02:aa:bb:cc:dd:ee", exists=exists)


@pytest.mark.parametrize(
    ("notifications", "events"),
    [
        pytest.param([address(RTM_NEWADDR)], [appeared(permanent=False)], id="appears"),
        pytest.param([address(RTM_NEWADDR)] * 3, [appeared(permanent=False)], id="renewals say nothing"),
        pytest.param(
            [address(RTM_NEWADDR), address(RTM_NEWADDR, flags=PERMANENT)],
            [appeared(permanent=False), appeared(permanent=True)],
            id="made permanent",
        ),
        pytest.param(
            [address(RTM_NEWADDR), address(RTM_NEWADDR, prefix=24)],
            [appeared(permanent=False), appeared(permanent=False, prefix=24)],
            id="another prefix is another entry",
        ),
        pytest.param(
            [address(RTM_NEWADDR), address(RTM_DELADDR), address(RTM_NEWADDR)],
            [appeared(permanent=False), gone(), appeared(permanent=False)],
            id="gone and back",
        ),
        pytest.param([address(RTM_DELADDR, port=4711)], [gone(by_pid=4711)], id="gone by a process"),
        pytest.param([address(RTM_DELADDR, port=4069547362)], [gone()], id="a second socket's port is no pid"),
        pytest.param([address(RTM_DELADDR, packed=OWN)], [OwnChanged(interface="eth0")], id="the host's own"),
        pytest.param([address(RTM_NEWADDR, packed=OWN, index=8)], [], id="the host's own on another interface"),
        pytest.param([link(RTM_NEWLINK, "eth0")] * 2, [up()], id="the same link state once"),
        pytest.param(
            [link(RTM_NEWLINK, "eth0"), link(RTM_NEWLINK, "eth0", flags=0x1003)],
            [up(), up(up=False)],
            id="carrier lost",
        ),
        pytest.param([link(RTM_DELLINK, "eth0")], [up(up=False, exists=False)], id="deleted"),
        pytest.param([link(RTM_DELLINK, "eth0", family=7)], [], id="left a bridge, which is no deletion"),
        pytest.param([link(RTM_NEWLINK, "lan0")], [up(up=False, exists=False)], id="renamed away"),
        pytest.param([link(RTM_NEWLINK, "eth1", index=8)], [], id="an interface of no concern"),
        pytest.param(
            [address(RTM_NEWADDR) + address(RTM_DELADDR)], [appeared(permanent=False), gone()], id="two in one"
        ),
    ],
)
def test_notifications_become_events(watcher: Watcher, notifications: list[bytes], events: list[HostEvent]) -> None:
    """Each change that matters is told once, and nothing else is."""
    assert [event for data in notifications for event in watcher._events_in(data)] == events


def test_own_removal_is_not_told_and_the_next_one_is(watcher: Watcher) -> None:
    """A removal that was announced by `disregard` is ours, once."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        watcher._socket = ours  # only an open watcher has a notification to wait for
        watcher.disregard(Entry(VIP.packed, 32, 7))
        assert watcher._events_in(address(RTM_DELADDR)) == []
        assert watcher._events_in(address(RTM_DELADDR)) == [gone()]


def test_interface_renamed_to_a_watched_name_is_told(watcher: Watcher) -> None:
    """An interface that becomes eth0 is news under that name."""
    watcher._names[7] = "lan0"
    assert watcher._events_in(link(RTM_NEWLINK, "eth0")) == [up()]


def test_gone_with_its_interface_still_has_its_name(watcher: Watcher) -> None:
    """The kernel tells of the address before the interface, and the name is remembered until then."""
    events = watcher._events_in(address(RTM_DELADDR) + link(RTM_DELLINK, "eth0"))
    assert events == [gone(), up(up=False, exists=False)]
    assert 7 not in watcher._names
