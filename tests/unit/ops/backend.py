"""A false daemon: a snapshot, and answers as a test sets them, behind a real control socket."""

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_interface
from pathlib import Path

import floatip
from floatip.control import ControlServer
from floatip.control.dispatch import Asked
from floatip.core.effects import Answer, Outcome, Progress
from floatip.core.events import AnnounceAsked, DirectiveAsked, ErrandAsked, FailoverAsked
from floatip.core.snapshot import BrokerSnapshot, CandidateSnapshot, NodeSnapshot, Snapshot, VipSnapshot
from floatip.core.types import BrokerName, DirectiveKind, NodeName, Placed, Policy, Role, Timing, VipName, VipSpec
from floatip.observe.journal import Journal
from floatip.observe.tally import Tally
from floatip.ops.errors import FloatipError
from floatip.ops.models import EventRecord

BROKER = BrokerName("10.78.0.1:1883")
URLS = {BROKER: "mqtt://10.78.0.1:1883"}
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
N1, N2, N3 = NodeName("n1"), NodeName("n2"), NodeName("n3")


def node(name: NodeName) -> NodeSnapshot:
    """Return a node that is well."""
    heard = 0 if name == N1 else 12
    lag_ms = None if name == N1 else 212
    return NodeSnapshot(
        name=name,
        alive=True,
        last_heard_ms=heard,
        drained=False,
        faults=(),
        version="0.1.0",
        lag_ms=lag_ms,
        lan_fine=True,
    )


def spec(name: str = "web", address: str = "10.77.0.50/32", policy: Policy = Policy.KEEP) -> VipSpec:
    """Return a VIP as it is configured."""
    placed = ip_interface(address)
    return VipSpec(
        name=VipName(name),
        addresses=(Placed(address=placed.ip, prefix=placed.network.prefixlen),),
        interfaces=("eth0",),
        policy=policy,
    )


def candidate(name: NodeName, rank: int | None, *reasons: str) -> CandidateSnapshot:
    """Return a node that has the VIP configured, and why it is no candidate."""
    return CandidateSnapshot(node=name, rank=rank, priority=100, reasons=reasons)


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
        pinned_to=None,
        frozen_for=None,
        handover=None,
        spec=spec(name, address),
        cause="it was the first to claim it",
        nodes=(candidate(N1, 0), candidate(N2, 1), candidate(N3, 2)),
        last_owner=N1,
    )


def snapshot(*vips: VipSnapshot) -> Snapshot:
    """Return a cluster of three nodes and one broker, all well, with these VIPs (one if none are given)."""
    return Snapshot(
        cluster="web",
        node=N1,
        quorum=True,
        quorum_of=1,
        timing=Timing(),
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
    """Answers what it is told to: steps, then outcomes after ``delay_s``; what is proven changes the cluster."""

    now: Snapshot = field(default_factory=snapshot)
    steps: tuple[str, ...] = ("n1 released", "n2 announced", "seen by n3 after 12 ms")
    outcomes: dict[str, Outcome | None] = field(default_factory=dict)
    delay_s: float = 0.0
    errand: Callable[[ErrandAsked], str] = lambda _: ""
    """What an errand brings, as JSON."""
    reloads: tuple[str, ...] | FloatipError = ("vip web: priority",)
    """What a reload changes, or why it does not."""
    asked: list[Asked] = field(default_factory=list)
    closed: int = 0
    journal: Journal = field(default_factory=Journal)
    tally: Tally = field(default_factory=Tally)
    drops: dict[str, int] = field(default_factory=dict)
    ill: str | None = None
    looks: int = 0
    """How often a snapshot was asked for."""

    def snapshot(self, vips: slice = slice(None)) -> Snapshot:
        """Return the cluster as set, with some of its VIPs."""
        self.looks += 1
        return replace(self.now, vips=self.now.vips[vips])

    async def ask(self, event: Asked, answers: int) -> AsyncGenerator[Progress | Answer, None]:
        """Answer as set: an outcome of None is no answer at all."""
        self.asked.append(event)
        abouts = about(event)
        assert answers == len(abouts)
        try:
            for each in abouts if isinstance(event, FailoverAsked) else ():
                for text in self.steps:
                    yield Progress(id=event.id, about=each, text=text)
            await asyncio.sleep(self.delay_s)
            for each in abouts:
                outcome = self.outcomes.get(each, Outcome.PROVEN)
                if outcome is None:
                    continue
                if outcome in {Outcome.PROVEN, Outcome.UNPROVEN}:
                    self._obey(event, each)
                data = self.errand(event) if isinstance(event, ErrandAsked) else ""
                yield Answer(id=event.id, about=each, outcome=outcome, text=f"{each}: {outcome.value}", data=data)
        finally:
            self.closed += 1

    def _obey(self, event: Asked, subject: str) -> None:
        """Let the cluster be as it was ordered to be."""
        match event:
            case FailoverAsked(to=to):
                self.move(VipName(subject), to or N2)
            case DirectiveAsked(kind=DirectiveKind.DRAIN, value=value):
                nodes = (replace(it, drained=bool(value)) if it.name == subject else it for it in self.now.nodes)
                self.now = replace(self.now, nodes=tuple(nodes))
            case DirectiveAsked(kind=kind, value=value):
                name = "pinned_to" if kind is DirectiveKind.PIN else "frozen_for"
                changed: dict[str, object] = {name: NodeName(value) if value else None}
                vips = (replace(it, **changed) if it.name == subject else it for it in self.now.vips)  # type: ignore[arg-type]
                self.now = replace(self.now, vips=tuple(vips))
            case _:
                pass

    def move(self, name: VipName, to: NodeName) -> None:
        """Make ``to`` the owner."""
        vips = tuple(replace(each, owner=to) if each.name == name else each for each in self.now.vips)
        self.now = replace(self.now, vips=vips)

    async def reload(self) -> tuple[str, ...]:
        """Say what a test has set, or fail as it wants."""
        if isinstance(self.reloads, FloatipError):
            raise self.reloads
        return self.reloads

    def dropped(self) -> dict[str, int]:
        """Return what a test has set."""
        return self.drops

    def lag_s(self) -> float:
        """Return the worst of the tally."""
        return self.tally.lag_s(0.0)

    def illness(self) -> str | None:
        """Return what a test has set."""
        return self.ill

    def history(self) -> list[EventRecord]:
        """Return the events added to the journal."""
        return self.journal.history()

    def follow(self) -> AsyncIterator[EventRecord]:
        """Yield the events added from now on."""
        return self.journal.follow()


def about(event: Asked) -> tuple[str, ...]:
    """Return the VIPs or nodes that a request is about."""
    match event:
        case FailoverAsked():
            return event.vips
        case DirectiveAsked():
            return event.subjects
        case AnnounceAsked():
            return (event.vip,)
        case ErrandAsked():
            return (event.at,)


def server(path: Path, backend: FakeBackend) -> ControlServer:
    """Return the real server of a false daemon, whose clock stands at noon."""
    return ControlServer(path, group=None, backend=backend, urls=URLS, wall_clock=NOON.timestamp)


@asynccontextmanager
async def served_at(path: Path, backend: FakeBackend) -> AsyncIterator[Path]:
    """Serve a socket under this directory."""
    control = server(path / "s", backend)
    await control.start()
    try:
        yield path / "s"
    finally:
        await control.close()


@asynccontextmanager
async def daemon(path: Path, backend: FakeBackend) -> AsyncIterator[floatip.Cluster]:
    """Give a client of a false daemon."""
    async with served_at(path, backend) as socket, floatip.connect(socket) as cluster:
        yield cluster


@asynccontextmanager
async def stranger(path: Path, answer: bytes | None) -> AsyncIterator[Path]:
    """Serve a socket that answers every request so, and then ends; None: it never answers."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await reader.readline()
        if answer is not None and line:
            writer.write(answer)
        elif line:
            await reader.read()
        writer.close()
        await writer.wait_closed()

    socket = await asyncio.start_unix_server(serve, path / "s")
    async with socket:
        yield path / "s"


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
