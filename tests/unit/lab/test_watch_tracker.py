"""From the kernel's messages to intervals."""

import json
import struct
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

from floatip.lab.intervals import Interval
from floatip.lab.netlink import Change, changes
from floatip.lab.watch import Tracker, WatchResult

VIP = IPv4Address("10.77.0.50")


def came(prefix: int = 32, index: int = 2, address: IPv4Address = VIP) -> Change:
    """Say that an entry is there."""
    return Change(address=address, prefix=prefix, index=index, present=True)


def went(prefix: int = 32, index: int = 2) -> Change:
    """Say that an entry is gone."""
    return Change(address=VIP, prefix=prefix, index=index, present=False)


def test_an_address_is_held_while_any_entry_of_it_is_there() -> None:
    """The same address with another prefix or on another interface is a second entry; renewals change nothing."""
    tracker = Tracker([VIP], ["n1"])
    for at_s, change in enumerate(
        (came(), came(), came(16), went(), came(32, 3), went(16), went(32, 3), went()), start=1
    ):
        tracker.change("n1", change, float(at_s))
    assert tracker.finish(20.0) == {VIP: {"n1": [Interval(start_s=1, end_s=7)]}}


def test_what_is_still_held_ends_with_the_watch() -> None:
    """An open interval ends when the watch does; addresses nobody asked for are not kept."""
    tracker = Tracker([VIP], ["n1", "n2"])
    tracker.change("n2", came(), 3.0)
    tracker.change("n1", came(address=IPv4Address("10.77.0.51")), 4.0)
    assert tracker.finish(5.0) == {VIP: {"n1": [], "n2": [Interval(start_s=3, end_s=5)]}}


def test_reading_anew_repairs_what_was_missed() -> None:
    """After lost messages the table of the host decides: what is there goes on, what is not there ends."""
    other = IPv4Address("10.77.0.51")
    tracker = Tracker([VIP, other], ["n1"])
    tracker.change("n1", came(), 1.0)
    tracker.change("n1", came(address=other), 1.0)
    tracker.read_anew("n1", [came()], 2.0)
    tracker.change("n1", went(), 3.0)
    held = tracker.finish(9.0)
    assert held == {VIP: {"n1": [Interval(start_s=1, end_s=3)]}, other: {"n1": [Interval(start_s=1, end_s=2)]}}


def address_message(kind: int, family: int, prefix: int, *attributes: tuple[int, bytes]) -> bytes:
    """Build what the kernel says of an address."""
    packed = b"".join(
        struct.pack("=HH", 4 + len(raw), number) + raw + bytes(-len(raw) % 4) for number, raw in attributes
    )
    body = struct.pack("=BBBBI", family, prefix, 0, 0, 7) + packed
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 0, 0) + body


def test_messages_are_read_as_the_kernel_writes_them() -> None:
    """IFA_LOCAL goes before IFA_ADDRESS, odd lengths are padded, other messages skipped, several fit in one read."""
    peer = IPv4Address("10.77.0.1").packed
    data = (
        address_message(20, 2, 32, (3, b"eth0:web\0"), (1, peer), (2, VIP.packed))
        + address_message(16, 2, 0)
        + address_message(21, 10, 128, (1, ip_address("fd77::50").packed))
    )
    assert list(changes(data)) == [
        Change(address=VIP, prefix=32, index=7, present=True),
        Change(address=IPv6Address("fd77::50"), prefix=128, index=7, present=False),
    ]


def test_a_result_read_back_takes_out_the_unseen(tmp_path: Path) -> None:
    """The JSON comes back with its types, and the times of a dead host can be left out of the overlap."""
    path = tmp_path / "watch.json"
    held = {str(VIP): {"n1": [{"start_s": 0, "end_s": 6}], "n2": [{"start_s": 5, "end_s": 10}]}}
    path.write_text(json.dumps({"window": {"start_s": 0, "end_s": 10}, "held": held, "overruns": 0}))
    result = WatchResult.read(path)
    assert result.overlap(VIP).two_ms == 1000
    assert result.overlap(VIP, {"n1": [Interval(start_s=5, end_s=9)]}).two_ms == 0
