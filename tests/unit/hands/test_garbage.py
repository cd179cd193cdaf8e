"""Garbage from a broker by the hundred thousand: it changes nothing, is counted, and costs no memory and few lines.

FLOATIP_GARBAGE says how many messages; `make hostile` lets a million come, and prints what they cost.
"""

import asyncio
import gc
import json
import os
import random
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import ip_address

import psutil
import pytest
import structlog

from floatip.bus import session as session_module
from floatip.bus.connection import BrokerOptions
from floatip.bus.envelope import seal
from floatip.bus.events import DropReason
from floatip.bus.signing import Keys
from floatip.bus.topics import Letter
from floatip.core import events as ev
from floatip.core.types import BrokerName, NodeName, NodeSpec, Placed, Policy, Timing, VipName, VipSpec
from floatip.hands.bus import BusHand
from tests.unit.bus.strategies import heartbeat

MANY = int(os.environ.get("FLOATIP_GARBAGE", "50000"))
BROKER = BrokerName("10.78.0.1:8883")
KEYS, WRONG = Keys((b"k" * 32, b"o" * 32)), Keys((b"w" * 32,))
MOST_BYTES = 128 * 1024
"""What may be in use more after all of it: a few log lines and counters."""
LINES_A_REASON = 1 + MANY // 100_000
"""One each minute and reason; a hundred thousand messages do not take as long."""
HUGE = b"s" + b"x" * 1_000_000


class Pipe:
    """In place of the connection: what the test hands in is what the broker delivers."""

    last: "Pipe"

    def __init__(
        self, options: BrokerOptions, *, client_id: str, will: Letter, receive: Callable[[Letter], None]
    ) -> None:
        self.receive = receive
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.opened = asyncio.Event()
        self.dialling = False
        Pipe.last = self

    async def open(self, subscription: str) -> None:
        """Stand once the test wants it."""
        await self.opened.wait()

    def send(self, letter: Letter) -> None:
        """Nobody listens."""

    def end(self, reason: str) -> None:
        """End, as asked."""
        if not self.ended.done():
            self.ended.set_result(reason)

    async def farewell(self) -> None:
        """Part."""

    def abort(self) -> None:
        """Part."""


def spec() -> NodeSpec:
    """One node with one VIP."""
    vip = VipSpec(
        name=VipName("web"),
        addresses=(Placed(address=ip_address("10.77.0.50"), prefix=32),),
        interfaces=("eth0",),
        policy=Policy.KEEP,
    )
    return NodeSpec(
        cluster="web", node=NodeName("n1"), brokers=(BROKER,), vips=(vip,), timing=Timing(), version="0.1.0"
    )


def defect(error: BaseException) -> None:
    """Nothing that a broker delivers is one."""
    raise AssertionError(f"a defect: {error!r}")


def sealed(seq: int, sender: str = "n2", keys: Keys = KEYS, cluster: str = "web") -> Letter:
    """A heartbeat as it travels."""
    return seal(heartbeat(seq, sender=sender), keys=keys, broker=BROKER, cluster=cluster)


def garbage(count: int, dice: random.Random) -> Iterator[tuple[Letter, DropReason]]:  # noqa: C901, PLR0912 (one arm a kind, and nothing else)
    """So many messages that mean nothing, each with the reason for which it must be dropped."""
    old = [sealed(seq) for seq in range(50)]
    bombs = [
        b"[" * 50_000,
        b'{"v":1,"k":' + b"9" * 50_000,
        b'{"v":1}' * 5000,
        json.dumps({"v": 1, "a": "\0" * 999}).encode(),
    ]
    signed = [b"s" + KEYS.sign(BROKER, "floatip/web/node/n2/log", bomb) + bomb for bomb in bombs]
    later = b'{"v":99,"k":"new"}'
    future = b"s" + KEYS.sign(BROKER, "floatip/web/node/n2/log", later) + later
    retained = replace(sealed(1), retained=True)
    for number in range(count):
        name = f"x{dice.randrange(1 << 48):x}"
        log = f"floatip/web/node/{name}/log"
        match number % 12:
            case 0:
                yield Letter(topic=log, payload=b"s" + dice.randbytes(dice.randrange(600))), DropReason.BAD_SIGNATURE
            case 1:
                yield Letter(topic=log, payload=b"u" + dice.randbytes(dice.randrange(600))), DropReason.UNSIGNED
            case 2:
                yield Letter(topic=log, payload=b"\0" + dice.randbytes(dice.randrange(600))), DropReason.GARBLED
            case 3:
                yield Letter(topic=f"floatip/web/node/{name}", payload=dice.randbytes(9)), DropReason.NOT_OURS
            case 4:
                yield (
                    Letter(topic="/".join(dice.choices(["", "#", name, "\0", "é" * 99], k=9)), payload=b"s"),
                    DropReason.NOT_OURS,
                )
            case 5:
                yield Letter(topic=log, payload=HUGE), DropReason.TOO_LARGE
            case 6:
                yield replace(old[number % 50], topic=log), DropReason.BAD_SIGNATURE
            case 7:
                yield sealed(number, keys=WRONG), DropReason.BAD_SIGNATURE
            case 8:
                yield sealed(number, cluster="other"), DropReason.NOT_OURS
            case 9:
                yield Letter(topic="floatip/web/node/n2/log", payload=dice.choice(signed)), DropReason.GARBLED
            case 10:
                yield dice.choice(
                    [
                        (Letter(topic="floatip/web/node/n2/log", payload=future), DropReason.FUTURE_VERSION),
                        (retained, DropReason.MISPLACED),
                    ]
                )
            case _:
                yield old[dice.randrange(50)], DropReason.OLD


async def test_garbage_changes_nothing_and_costs_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Random bytes, topics and names without end, forgeries, replays, huge and deep: dropped for the right reason.

    Nothing new reaches the engine, what it costs does not grow, and the log has a line for each reason and no more.
    """
    monkeypatch.setattr(session_module, "Connection", Pipe)
    posted: list[ev.Event] = []
    news: list[ev.Event] = []

    def post(event: ev.Event) -> None:
        """Keep what is new: an old word of a peer comes through to be answered, and tells nothing."""
        (news if isinstance(event, ev.Received) and event.message.origin.seq >= 50 else posted).append(event)
        del posted[1000:]

    hand = BusHand(spec(), {BROKER: BrokerOptions(host="10.78.0.1")}, keys=KEYS, post=post, defect=defect)
    with structlog.testing.capture_logs() as lines:
        hand.start()
        await asyncio.sleep(0)
        expected: Counter[DropReason] = Counter()
        early = list(garbage(6000, random.Random(1)))
        for letter, _ in early:
            Pipe.last.receive(letter)
        assert not Pipe.last.ended.done(), "garbage before the subscription is confirmed ends no session"
        Pipe.last.opened.set()
        await asyncio.sleep(0.01)
        Pipe.last.receive(sealed(60))
        assert len(news) == 1
        hand.dropped.clear()
        took_s, grown, resident = deliver(random.Random(2), expected)
        seen = Counter(hand.dropped)
        Pipe.last.receive(sealed(61))
        await hand.close()
    assert seen == expected
    assert sum(seen.values()) == MANY + MANY // 10
    assert len(news) == 2, "what is good still comes through, and nothing else did"
    assert grown < MOST_BYTES, f"{grown} bytes more in use"
    told = Counter(line["event"].rpartition(": ")[2] for line in lines if "dropped a message" in line["event"])
    assert set(told) == set(DropReason) - {DropReason.SIGNED_WITHOUT_KEY}
    assert max(told.values()) <= LINES_A_REASON + took_s // 60
    print(f"\n{MANY} messages of garbage: {took_s:.1f} s, {grown} bytes more in use, {resident} bytes more resident")


def deliver(dice: random.Random, expected: Counter[DropReason]) -> tuple[float, int, int]:
    """Deliver a tenth to warm up, then all of it; return the seconds it took, and how many bytes more are in use."""
    hand_in(MANY // 10, dice, expected)
    tracemalloc.start(1)
    try:
        hand_in(0, dice, expected)
        gc.collect()
        before, resident = tracemalloc.get_traced_memory()[0], psutil.Process().memory_info().rss
        began_s = time.monotonic()
        hand_in(MANY, dice, expected)
        took_s = time.monotonic() - began_s
        gc.collect()
        return took_s, tracemalloc.get_traced_memory()[0] - before, psutil.Process().memory_info().rss - resident
    finally:
        tracemalloc.stop()


def hand_in(count: int, dice: random.Random, expected: Counter[DropReason]) -> None:
    """Deliver so many."""
    for letter, reason in garbage(count, dice):
        expected[reason] += 1
        Pipe.last.receive(letter)


def test_a_growing_memory_would_be_noticed() -> None:
    """Whoever remembered the names of all whose messages are dropped would be caught by the same measure."""
    hoard: set[str] = set()
    tracemalloc.start(1)
    try:
        before = tracemalloc.get_traced_memory()[0]
        hoard.update(letter.topic for letter, _ in garbage(5000, random.Random(3)))
        assert tracemalloc.get_traced_memory()[0] - before > MOST_BYTES
    finally:
        tracemalloc.stop()
