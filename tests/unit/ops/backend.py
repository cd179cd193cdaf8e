"""A false daemon: a snapshot, and answers as a test sets them, behind a real control socket."""

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from floatip.control import ControlServer
from floatip.core.effects import Answer, Outcome, Progress
from floatip.core.events import AnnounceAsked, FailoverAsked
from floatip.core.snapshot import BrokerSnapshot, NodeSnapshot, Snapshot, VipSnapshot
from floatip.core.types import BrokerName, NodeName, Role, VipName
from floatip.observe.journal import Journal
from floatip.ops.models import EventRecord

BROKER = BrokerName("10.78.0.1:1883")
URLS = {BROKER: "mqtt://10.78.0.1:1883"}
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
N1, N2, N3 = NodeName("n1"), NodeName("n2"), NodeName("n3")


def node(name: NodeName) -> NodeSnapshot:
    """Return a node that is well."""
    heard = 0 if name == N1 else 12
    return NodeSnapshot(name=name, alive=True, last_heard_ms=heard, drained=False, faults=(), version="0.1.0")


def vip(name: str = "web", address: str = "10.77.0.50/32") -> VipSnapshot:
    """Return a VIP that n1, the asked node, has owned for 185 s."""
    return VipSnapshot(
        name=VipName(name),
        addresses=(address,),
        role=Role.OWNER,
        owner=N1,
        term=3,
        since_s=185.0,
        isolated=False,
        bound=True,
        interface="eth0",
        verified_by=(N2, N3),
        candidates=(N1, N2, N3),
        effective_priority=100,
        held_on=(BROKER,),
        isolated_owners=(),
        definition_differs=(),
        faults=(),
        conflicts=(),
    )


def snapshot(*vips: VipSnapshot) -> Snapshot:
    """Return a cluster of three nodes and one broker, all well, with these VIPs (one if none are given)."""
    return Snapshot(
        cluster="web",
        node=N1,
        quorum=True,
        brokers=(BrokerSnapshot(name=BROKER, connected=True, listening=False, rtt_ms=0.7),),
        nodes=(node(N1), node(N2), node(N3)),
        vips=vips or (vip(),),
    )


def record(number: int = 0, text: str = "n1: backup -> owner") -> EventRecord:
    """Return an event ``number`` seconds after noon."""
    at = NOON + timedelta(seconds=number)
    return EventRecord(at=at, kind="role", text=text, vip="web", was="backup", now="owner")


@dataclass
class FakeBackend:
    """Answers what it is told to: ``steps`` then ``outcome``, after ``delay_s``; a move proven changes the owner."""

    now: Snapshot = field(default_factory=snapshot)
    steps: tuple[str, ...] = ("n1 released", "n2 announced", "seen by n3 after 12 ms")
    outcomes: dict[str, Outcome | None] = field(default_factory=dict)
    delay_s: float = 0.0
    asked: list[FailoverAsked | AnnounceAsked] = field(default_factory=list)
    closed: int = 0
    journal: Journal = field(default_factory=Journal)

    def snapshot(self) -> Snapshot:
        """Return the cluster as set."""
        return self.now

    async def ask(self, event: FailoverAsked | AnnounceAsked) -> AsyncGenerator[Progress | Answer, None]:
        """Answer as set: an outcome of None is no answer at all."""
        self.asked.append(event)
        request = getattr(event, "id", "")
        try:
            for text in self.steps if isinstance(event, FailoverAsked) else ():
                yield Progress(id=request, text=text)
            await asyncio.sleep(self.delay_s)
            outcome = self.outcomes.get(event.vip, Outcome.PROVEN)
            if outcome is None:
                return
            if isinstance(event, FailoverAsked) and outcome in {Outcome.PROVEN, Outcome.UNPROVEN}:
                self.move(event.vip, event.to or N2)
            yield Answer(id=request, outcome=outcome, text=f"{event.vip}: {outcome.value}")
        finally:
            self.closed += 1

    def move(self, name: VipName, to: NodeName) -> None:
        """Make ``to`` the owner."""
        vips = tuple(replace(each, owner=to) if each.name == name else each for each in self.now.vips)
        self.now = replace(self.now, vips=vips)

    def history(self) -> list[EventRecord]:
        """Return the events added to the journal."""
        return self.journal.history()

    def follow(self) -> AsyncIterator[EventRecord]:
        """Yield the events added from now on."""
        return self.journal.follow()


def server(path: Path, backend: FakeBackend) -> ControlServer:
    """Return the real server of a false daemon, whose clock stands at noon."""
    return ControlServer(path, group=None, backend=backend, urls=URLS, wall_clock=NOON.timestamp)


@contextmanager
def serving(path: Path, backend: FakeBackend) -> Iterator[asyncio.AbstractEventLoop]:
    """Serve in a thread of its own, for commands that have an event loop of theirs; gives the server's loop."""
    loop = asyncio.new_event_loop()
    control = server(path, backend)
    thread = threading.Thread(target=loop.run_forever, name="false daemon")
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(control.start(), loop).result(5)
        yield loop
    finally:
        asyncio.run_coroutine_threadsafe(control.close(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()
