"""The daemon's side: what is said to the sentinel, once, and without ever waiting for it."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from ipaddress import ip_address
from typing import Any

import pytest

from floatip.host import sentinel as room
from floatip.host.addresses import Alias, Found, remains
from floatip.host.messages import Entry, pack_remove
from floatip.host.sentinel import Sentinel, Ward
from floatip.sentinel import words

VIP = ip_address("10.77.0.50")
VIP6 = ip_address("fd77::50")


def alias(address: str = "10.77.0.50", interface: str = "lo", prefix: int = 32) -> Alias:
    """One address as it is to be."""
    return Alias(address=ip_address(address), prefix=prefix, interface=interface, label="web")


def ward(*aliases: Alias, vip: str = "web", at_once: bool = False) -> Ward:
    """A VIP with these addresses."""
    return Ward(vip, aliases, at_once=at_once, lasts_s=4.5)


def told(packed: bytes) -> words.Hold:
    """Read what was packed."""
    (word,) = words.Lines().feed(words.holding([packed]))
    return words.hold_of(word["hold"][0])


class Listening(Sentinel):
    """A sentinel whose process is a socket that hears."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        super().__init__(self.warnings.append)
        self._channel, self.ear = socket.socketpair()
        self._channel.setblocking(False)
        self.ear.setblocking(False)
        self._lines = words.Lines()

    def heard(self) -> list[dict[str, Any]]:
        """What has been said since the last time."""
        found = []
        try:
            while True:
                found += self._lines.feed(self.ear.recv(1 << 16))
        except BlockingIOError:
            return found

    def to_the_end(self) -> list[dict[str, Any]]:
        """What has been said before the channel was closed."""
        data = b""
        while piece := self.ear.recv(1 << 16):
            data += piece
        return self._lines.feed(data)


@pytest.fixture
async def sentinel() -> AsyncIterator[Listening]:
    """Give one that listens."""
    sentinel = Listening()
    yield sentinel
    sentinel.part(farewell=False)
    sentinel.ear.close()


def test_a_ward_has_the_requests_that_remove_it() -> None:
    """Made ready by the host room's own words, for the interface as it is now."""
    first = told(ward(alias(), alias("fd77::50", "eth7", 128)).packed({"lo": 1, "eth7": 9}))
    assert [entry.delete for entry in first.entries] == [
        pack_remove(Entry(VIP.packed, 32, 1)),
        pack_remove(Entry(VIP6.packed, 128, 9)),
    ]
    assert [str(entry) for entry in first.entries] == ["10.77.0.50/32 on lo", "fd77::50/128 on eth7"]
    assert (first.vip, first.at_once, first.lasts_s) == ("web", False, 4.5)


def test_a_ward_is_packed_anew_when_its_interface_is_another() -> None:
    """Made anew it has another index; without one it has no addresses."""
    one = ward(alias(interface="eth7"))
    packed = one.packed({"eth7": 9})
    assert one.packed({"eth7": 9}) is packed
    assert told(one.packed({"eth7": 10})).entries[0].delete == pack_remove(Entry(VIP.packed, 32, 10))
    assert told(one.packed({})).entries == ()


async def test_what_is_known_is_not_said_again(sentinel: Listening) -> None:
    """A VIP that is put back, or taken back twice, costs nothing; the same MACs neither."""
    for _ in range(2):
        sentinel.hold([ward(alias())])
        sentinel.acquaint(["02:00:00:00:00:03", "02:00:00:00:00:02"])
        sentinel.identify(["02:00:00:00:00:01"])
    first, peers, own = sentinel.heard()
    assert [words.hold_of(it).vip for it in first["hold"]] == ["web"]
    assert (peers, own) == ({"peers": ["02:00:00:00:00:02", "02:00:00:00:00:03"]}, {"own": ["02:00:00:00:00:01"]})
    sentinel.drop(["web", "never-held"])
    sentinel.drop(["web"])
    assert sentinel.heard() == [{"drop": ["web"]}]


async def test_what_does_not_go_at_once_is_queued_in_order(sentinel: Listening) -> None:
    """A sentinel that does not read never keeps the daemon waiting, and misses nothing."""
    wards = [ward(alias(f"10.77.{100 + n // 250}.{1 + n % 250}"), vip=f"vip{n}") for n in range(3000)]
    sentinel.hold(wards)
    sentinel.drop(["vip0"])
    assert sentinel._queue
    found: list[dict[str, Any]] = []
    while sentinel._queue or not found or "drop" not in found[-1]:
        found += sentinel.heard()
        await asyncio.sleep(0.001)
    assert sum(len(word.get("hold", ())) for word in found) == 3000
    assert found[-1] == {"drop": ["vip0"]}


def one_that_waits() -> "subprocess.Popen[bytes]":
    """A process that does nothing until it is ended."""
    return subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)


async def test_one_that_never_reads_is_ended(sentinel: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one is told everything; the queue does not fill the memory."""
    monkeypatch.setattr(room, "MOST_QUEUED_BYTES", 1 << 16)
    sentinel._child = child = one_that_waits()
    sentinel.hold([ward(alias(f"10.77.{100 + n // 250}.{1 + n % 250}"), vip=f"vip{n}") for n in range(3000)])
    assert child.wait(5.0) == -9
    assert not sentinel._queue
    assert child.stdin is not None
    child.stdin.close()


async def test_without_a_sentinel_nothing_is_lost(sentinel: Listening) -> None:
    """What is said meanwhile is told to the next."""
    sentinel._channel, channel = None, sentinel._channel
    sentinel.hold([ward(alias())])
    sentinel.acquaint(["02:00:00:00:00:02"])
    assert sentinel.heard() == []
    assert (list(sentinel._held), sentinel._macs) == (["web"], {"peers": ["02:00:00:00:00:02"]})
    sentinel._channel = channel


async def test_a_farewell_is_the_last_word(sentinel: Listening) -> None:
    """After what was queued."""
    sentinel.hold([ward(alias())])
    sentinel.part(farewell=True)
    assert [next(iter(word)) for word in sentinel.to_the_end()] == ["hold", "farewell"]


WHOLE = (alias(interface="eth0"), alias("fd77::50", "eth0", 128))


def found(address: str = "10.77.0.50", **changes: Any) -> Found:
    """One entry of the kernel, as an earlier daemon left it but for the changes."""
    plain = {
        "address": ip_address(address),
        "prefix": ip_address(address).max_prefixlen,
        "interface": "eth0",
        "label": "eth0:web" if ":" not in address else "",
        "valid_lft_s": 2,
        "proto": 102,
        "ours": True,
    }
    return Found(**{**plain, **changes})


LEFT = [found(), found("fd77::50"), found("10.77.0.99")]


@pytest.mark.parametrize(
    ("left", "whole"),
    [
        (LEFT, True),
        (LEFT[:1], False),
        ([*LEFT, found(interface="eth1")], False),
        ([*LEFT, found(prefix=24)], False),
        ([found(prefix=24), LEFT[1]], False),
        ([found(interface="eth1"), LEFT[1]], False),
        ([found(label="eth0:other"), LEFT[1]], False),
        ([found(ours=False), LEFT[1]], False),
        ([found(valid_lft_s=None), LEFT[1]], False),
        ([LEFT[0], found("fd77::50", valid_lft_s=0)], False),
    ],
    ids=[
        "whole", "part", "twice", "second-prefix", "other-prefix", "other-interface", "other-name", "foreign",
        "for-good", "ended",
    ],
)  # fmt: skip
def test_only_what_is_whole_is_inherited(left: list[Found], whole: bool) -> None:
    """All addresses of the present configuration, as they are to be, and no more."""
    assert remains(left, WHOLE) is whole
