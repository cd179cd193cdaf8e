"""The sentinel on a real kernel: what it removes, when, at whose word, and what it leaves alone."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import AsyncIterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from floatip.host import predecessor
from floatip.host.addresses import Alias
from floatip.host.sentinel import Ward
from floatip.lan import arp, ndp
from floatip.lan.heard import Address
from floatip.sentinel import testament, words
from floatip.sentinel.child import GRACE_S
from tests.lab.sentinel_scene import (
    AT_ONCE_S,
    LONG_S,
    NIC,
    OWN_MAC,
    PEER_MAC,
    STRANGER_MAC,
    VIP4,
    VIP6,
    Scene,
    guarded,
    is_up,
    lives,
    open_files,
    rss_kib,
    start_alone,
    stuck_reader,
    until,
)

pytestmark = pytest.mark.lab

RSS_KIB = 15 * 1024
OTHER6 = ip_address("fd77::51")
MAC = bytes.fromhex(OWN_MAC.replace(":", ""))
OTHER4 = b"\x0a\x4d\x00\x33"
SILENCE_S = 0.1


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """Give a host whose sentinel runs; it is gone afterwards."""
    with guarded() as scene:
        scene.sentinel.start()
        scene.sentinel.identify([OWN_MAC])
        scene.sentinel.acquaint([PEER_MAC])
        child, pid = scene.sentinel._child, scene.sentinel.pid
        assert child is not None
        assert pid is not None
        await until(lambda: is_up(pid), "it is up")
        yield scene
        scene.sentinel.part(farewell=True)
        last = scene.sentinel._child
        for process in (child, last):
            assert process is not None
            process.kill()
            process.wait()


def patched(frame: bytes, at: int, octets: bytes) -> bytes:
    """Put other octets into a frame."""
    return frame[:at] + octets + frame[at + len(octets) :]


def asks_for(address: bytes, frame: bytes) -> bytes:
    """Make an announcement in request form a question about another address."""
    return patched(frame, 38, address)


REQUEST_FORM, REPLY_FORM = arp.announcements(VIP4, PEER_MAC)  # type: ignore[arg-type]
ADVERTISEMENT = ndp.announcements(VIP6, PEER_MAC)[0]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("frame", "announced"),
    [(REQUEST_FORM, VIP4), (REPLY_FORM, VIP4), (ADVERTISEMENT, VIP6)],
    ids=["request-form", "reply-form", "advertisement"],
)
async def test_what_a_peer_announces_is_given_up_at_once(scene: Scene, frame: bytes, announced: Address) -> None:
    """Under keep the VIP stays after the daemon's end; what is announced goes within 50 ms, the rest in a moment."""
    scene.own(VIP4, VIP6)
    pid = scene.dies()
    await scene.listening(pid)
    assert scene.here() == {VIP4, VIP6}
    scene.peer_sends(frame)
    assert await until(lambda: announced not in scene.here(), "removed") < AT_ONCE_S
    assert await until(lambda: not scene.here(), "the rest") < AT_ONCE_S
    await until(lambda: not lives(pid), "it ends, with nothing left to do")


async def test_each_address_stays_until_it_is_announced(scene: Scene) -> None:
    """Between two announcements of one VIP the clients of the second still come to us."""
    scene.own(VIP4, VIP6)
    await scene.listening(scene.dies())
    start_s = time.monotonic()
    scene.peer_sends(REQUEST_FORM)
    await until(lambda: VIP4 not in scene.here(), "the first")
    if time.monotonic() - start_s < GRACE_S / 2:
        assert scene.here() == {VIP6}
    scene.peer_sends(ADVERTISEMENT)
    await until(lambda: not scene.here(), "the second")


@pytest.mark.parametrize(
    "frame",
    [
        asks_for(OTHER4, REQUEST_FORM),
        patched(asks_for(OTHER4, REPLY_FORM), 0, bytes.fromhex(OWN_MAC.replace(":", ""))),
    ],
    ids=["request", "reply-to-us"],
)
async def test_what_a_peer_claims_it_has_a_moment_to_announce(scene: Scene, frame: bytes) -> None:
    """Clients learn from announcements alone: until one, or for a moment, the address stays for them."""
    scene.own(VIP4, VIP6)
    await scene.listening(scene.dies())
    start_s = time.monotonic()
    scene.peer_sends(frame)
    await until(lambda: not scene.here(), "removed")
    assert time.monotonic() - start_s >= GRACE_S
    scene.sentinel.start()
    scene.own(VIP4)
    await scene.listening(scene.dies())
    scene.peer_sends(frame, REQUEST_FORM)
    assert await until(lambda: not scene.here(), "removed") < AT_ONCE_S


async def test_the_lan_is_told_of_the_daemons_death(scene: Scene) -> None:
    """A probe with a mark, by the IPv4 address if there is one; nobody who hears it learns anything wrong."""
    scene.own(VIP4, VIP6)
    scene.own(OTHER6, vip="six")
    with scene.peer_hears() as heard:
        scene.dies()
        await until(lambda: len(heard()) >= 6, "three rounds")
        assert set(heard()) == {testament.frame(VIP4.packed, MAC), testament.frame(OTHER6.packed, MAC)}


async def test_a_sentinel_without_a_farewell_tells_nothing_that_is_not_so(scene: Scene) -> None:
    """Under release, and while the daemon lives, there is no testament."""
    scene.own(VIP4, at_once=True)
    with scene.peer_hears() as heard:
        await asyncio.sleep(SILENCE_S)
        pid = scene.dies()
        await until(lambda: not lives(pid), "ended")
        assert heard() == []


async def test_what_must_not_outlive_the_daemon_is_removed_at_once(scene: Scene) -> None:
    """Under release it is off within 50 ms of the daemon's end, and what is under keep stays."""
    scene.own(VIP4, at_once=True)
    scene.own(VIP6, vip="six")
    pid = scene.dies()
    assert await until(lambda: VIP4 not in scene.here(), "removed") < AT_ONCE_S
    await asyncio.sleep(SILENCE_S)
    assert scene.here() == {VIP6}
    assert lives(pid)


@pytest.mark.parametrize(
    "frame",
    [
        *arp.announcements(VIP4, STRANGER_MAC),  # type: ignore[arg-type]
        ndp.announcements(VIP6, STRANGER_MAC)[0],  # type: ignore[arg-type]
        *arp.announcements(VIP4, OWN_MAC),  # type: ignore[arg-type]
        patched(REQUEST_FORM, 6, bytes.fromhex(OWN_MAC.replace(":", ""))),
        arp.probe(VIP4, PEER_MAC),  # type: ignore[arg-type]
        ndp.probe(VIP6, PEER_MAC),  # type: ignore[arg-type]
        patched(asks_for(OTHER4, REQUEST_FORM), 28, OTHER4),
        REQUEST_FORM[:41],
        patched(ADVERTISEMENT, 62, VIP6.packed[:-1] + b"\x51"),
        patched(REPLY_FORM, 0, bytes.fromhex("020000000077")),
    ],
    ids=[
        "stranger-request-form", "stranger-reply-form", "stranger-advertisement", "own-request-form", "own-reply-form",
        "from-us", "probe", "solicitation", "another-address", "cut-off", "wrong-checksum", "to-another-host",
    ],
)  # fmt: skip
async def test_nobody_but_a_peer_takes_it_off(scene: Scene, frame: bytes) -> None:
    """No stranger, no late frame of our own, no question and nothing malformed; then a peer, so that it did listen."""
    scene.own(VIP4, VIP6)
    await scene.listening(scene.dies())
    scene.peer_sends(frame)
    await asyncio.sleep(SILENCE_S)
    assert scene.here() == {VIP4, VIP6}
    scene.peer_sends(REQUEST_FORM)
    await until(lambda: not scene.here(), "removed")


async def test_it_ends_when_the_lifetimes_must_have(scene: Scene) -> None:
    """Nobody comes: after the time told it removes what is there against all expectation, and ends."""
    scene.own(VIP4, VIP6, lasts_s=0.5)
    start_s = time.monotonic()
    pid = scene.dies()
    await until(lambda: not scene.here(), "removed")
    assert 0.45 < time.monotonic() - start_s < 0.7
    await until(lambda: not lives(pid), "ended")


async def test_after_a_farewell_it_does_nothing(scene: Scene) -> None:
    """An orderly end is the daemon's own affair."""
    scene.own(VIP4, at_once=True)
    scene.own(VIP6, vip="six")
    pid = scene.sentinel.pid
    assert pid is not None
    scene.sentinel.part(farewell=True)
    assert not lives(pid)
    assert scene.here() == {VIP4, VIP6}


async def test_what_was_taken_back_is_not_removed(scene: Scene) -> None:
    """After `drop` the address is no business of the sentinel, which ends at once."""
    scene.own(VIP4, at_once=True)
    scene.sentinel.drop(["web"])
    pid = scene.dies()
    await until(lambda: not lives(pid), "ended")
    assert scene.here() == {VIP4}


async def test_signals_of_a_terminal_or_a_manager_do_not_end_it(scene: Scene) -> None:
    """TERM, INT and HUP are ignored, and it is in a session of its own with no file of the daemon's."""
    scene.own(VIP4, at_once=True)
    pid = scene.sentinel.pid
    assert pid is not None
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(pid, number)
    await asyncio.sleep(SILENCE_S)
    assert scene.sentinel.pid == pid
    assert os.getsid(pid) == pid
    links = [link for fd, link in open_files(pid).items() if fd > 2]
    assert len(links) == 3, links  # channel, netlink, door
    assert all(link.startswith("socket:") for link in links)
    scene.dies()
    await until(lambda: not scene.here(), "removed")


async def test_it_is_tiny(scene: Scene) -> None:
    """With a thousand VIPs entrusted it has at most 15 MiB, and it was no burden to entrust them."""
    aliases = [scene_alias(number) for number in range(1000)]
    pid = scene.sentinel.pid
    assert pid is not None
    wards = [Ward(f"vip{n}", [alias], at_once=False, lasts_s=LONG_S) for n, alias in enumerate(aliases)]
    scene.sentinel.prepare(wards)
    start_s = time.thread_time()  # what others do meanwhile is no burden of ours
    scene.sentinel.hold(wards)
    assert time.thread_time() - start_s < 0.02
    await until(lambda: not scene.sentinel._queue, "all said")
    await asyncio.sleep(SILENCE_S)
    assert rss_kib(pid) <= RSS_KIB
    (held,) = held_lines(words.LIST)
    assert len(held["held"]) == 1000


async def test_a_thousand_vips_go_within_50_ms(scene: Scene) -> None:
    """Under release the last of them is off the kernel that soon after the daemon's end."""
    aliases = [scene_alias(number) for number in range(1000)]
    scene.sentinel.hold([Ward(f"vip{n}", [one], at_once=True, lasts_s=LONG_S) for n, one in enumerate(aliases)])
    assert all(it.error is None for it in scene.kernel.ensure(aliases, LONG_S))
    await until(lambda: not scene.sentinel._queue, "all said")
    scene.dies()
    assert await until(lambda: not scene.here(), "removed") < 2 * AT_ONCE_S


async def test_one_that_is_killed_is_replaced_and_told_everything(scene: Scene) -> None:
    """After kill -9 of the sentinel: a warning, another process, and it knows the VIP, the peers and our MAC."""
    scene.own(VIP4)
    first = scene.sentinel.pid
    assert first is not None
    await asyncio.sleep(1.1)  # one that ends sooner is replaced a second later
    os.kill(first, signal.SIGKILL)
    await until(lambda: scene.sentinel.pid not in {first, None}, "another", 0.5)
    assert scene.warnings == [f"the sentinel, process {first}, ended by signal 9; starts another"]
    second = scene.dies()
    await scene.listening(second)
    scene.peer_sends(*arp.announcements(VIP4, OWN_MAC))  # type: ignore[arg-type]
    await asyncio.sleep(SILENCE_S)
    assert scene.here() == {VIP4}
    scene.peer_sends(REPLY_FORM)
    assert await until(lambda: not scene.here(), "removed") < AT_ONCE_S


async def test_a_daemon_takes_over(scene: Scene) -> None:
    """It is told what is held; the sentinel is gone then, and the kernel has every address as before."""
    scene.own(VIP4, VIP6)
    pid = scene.dies()
    await scene.listening(pid)
    (hold,) = predecessor.take_over()
    assert (hold.vip, hold.at_once, [str(entry) for entry in hold.entries]) == (
        "web", False, [f"{VIP4}/32 on {NIC}", f"{VIP6}/128 on {NIC}"],
    )  # fmt: skip
    await until(lambda: not lives(pid), "gone", AT_ONCE_S)
    assert scene.here() == {VIP4, VIP6}
    assert predecessor.take_over() == ()


async def test_a_frozen_sentinel_is_no_obstacle(scene: Scene) -> None:
    """Who takes over ends it, so that it removes nothing when it thaws."""
    scene.own(VIP4)
    pid = scene.sentinel.pid
    assert pid is not None
    await until(lambda: words.NAME in Path("/proc/net/unix").read_text(), "its door is open")
    os.kill(pid, signal.SIGSTOP)
    scene.dies()
    assert await asyncio.to_thread(predecessor.take_over, 0.2) == ()
    assert not lives(pid)
    assert scene.here() == {VIP4}


async def test_whoever_waits_hears_what_becomes_of_it(scene: Scene) -> None:
    """What is held, what was removed and why, and the end."""
    scene.own(VIP4)
    pid = scene.dies()
    await scene.listening(pid)
    told: list[str] = []
    waiting = asyncio.create_task(asyncio.to_thread(predecessor.await_end, 2.0, told.append))
    await until(lambda: bool(told), "an answer")
    scene.peer_sends(REPLY_FORM)
    assert await waiting
    assert told == [
        f"the sentinel (process {pid}) holds web: waits for its end",
        f"the sentinel removed web: {PEER_MAC} has it",
    ]
    assert await asyncio.to_thread(predecessor.await_end, 0.1, told.append)


async def test_it_is_waited_for_no_longer_than_told(scene: Scene) -> None:
    """A sentinel that goes on holding is somebody else's to judge."""
    scene.own(VIP4)
    await scene.listening(scene.dies())
    assert not await asyncio.to_thread(predecessor.await_end, 0.2, lambda _: None)


async def test_nobody_reads_what_it_says(scene: Scene) -> None:
    """A journal that is stuck does not stop it from removing."""
    ours, theirs = socket.socketpair()
    scene.own(VIP4, at_once=True)
    with stuck_reader() as write, ours:
        with theirs:
            child = start_alone(theirs, write)
        ours.sendall(words.holding(scene.sentinel._held.values()))
        ours.close()
        await until(lambda: not scene.here(), "removed")
        assert child.wait(2.0) == 0


def scene_alias(number: int) -> Alias:
    """One of a thousand addresses."""
    address = ip_address(f"10.77.{100 + number // 250}.{1 + number % 250}")
    return Alias(address=address, prefix=32, interface=NIC, label=f"vip{number}")


def held_lines(verb: str) -> list[dict[str, Any]]:
    """Ask the sentinel, and give all its answers."""
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(2.0)
        caller.connect(words.ADDRESS)
        caller.send(verb.encode() + b"\n")
        data = b""
        while piece := caller.recv(1 << 16):
            data += piece
    return words.Lines().feed(data)
