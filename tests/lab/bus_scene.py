"""What the tests of the bus share: a real mosquitto, a recorder of one session, a watch on the event loop."""

import asyncio
import contextlib
import itertools
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from floatip.bus.connection import BrokerOptions
from floatip.bus.events import Delivered, Down, SessionEvent, Up
from floatip.bus.session import Member, Session
from floatip.bus.signing import Keys
from floatip.core.messages import Body, Heartbeat, Message, Will
from floatip.core.types import BrokerName, NodeName, Origin, Terms

E = TypeVar("E", bound=SessionEvent)
BROKER = BrokerName("10.77.0.1:1883")
KEYS = Keys((b"k" * 44,))
TERMS = Terms(heartbeat_s=0.2, lease_s=1.0, keep_s=1.22, release_s=4.844, brokers="deadbeef")


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Mosquitto:
    """A mosquitto of our own on 127.0.0.1, which can be stopped, killed, frozen and started again."""

    def __init__(self, folder: Path, *, more: str = "allow_anonymous true") -> None:
        self.port = free_port()
        found = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
        if found is None:
            pytest.fail("mosquitto is not installed: `apt install mosquitto`")
        self._binary = found
        self._config = folder / f"mosquitto-{self.port}.conf"
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\nset_tcp_nodelay true\nuser root\nlog_dest none\n{more}\n"
        )
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it and wait until it accepts."""
        self._process = subprocess.Popen([self._binary, "-c", self._config], stderr=subprocess.DEVNULL)
        until_s = time.monotonic() + 10
        while time.monotonic() < until_s and self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.02)
        pytest.fail(f"mosquitto does not accept on port {self.port} (exit {self._process.poll()})")

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        if self._process is not None:
            self._process.send_signal(number)

    def stop(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End it and wait until it is gone."""
        if self._process is not None:
            self._process.send_signal(number)
            if number is signal.SIGKILL:
                self._process.send_signal(signal.SIGCONT)
            self._process.wait(10)
            self._process = None


class Node:
    """A node that speaks on one broker and remembers everything it was told."""

    def __init__(self, name: str, port: int, *, keys: Keys = KEYS, options: BrokerOptions | None = None) -> None:
        self.name = NodeName(name)
        self.events: list[SessionEvent] = []
        self._news = asyncio.Event()
        self._numbers = itertools.count(1)
        self._seq = itertools.count(1)
        member = Member(
            cluster="web",
            node=self.name,
            terms=TERMS,
            next_session=lambda: next(self._numbers),
            incarnation=lambda: 7,
        )
        self.session = Session(
            broker=BROKER,
            options=options or BrokerOptions(host="127.0.0.1", port=port),
            member=member,
            keys=keys,
            deliver=self._deliver,
        )
        self.task = asyncio.create_task(self.session.run(), name=f"session of {name}")

    def _deliver(self, event: SessionEvent) -> None:
        self.events.append(event)
        self._news.set()

    def say(self, body: Body | None = None) -> int:
        """Publish a heartbeat, or this; return its seq."""
        seq = next(self._seq)
        message = Message(
            sender=self.name,
            origin=Origin(7, self.session.number or 0, seq),
            terms=TERMS,
            body=body or Heartbeat(state_version=1, list_version=1, listings=()),
        )
        self.session.publish(message)
        return seq

    async def wait(self, what: Callable[[], object], timeout_s: float = 10) -> None:
        """Wait until something holds of what was told."""
        try:
            async with asyncio.timeout(timeout_s):
                while not what():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            pytest.fail(f"{self.name}: did not come true within {timeout_s} s; told last: {self.events[-5:]}")

    async def delivered(self, count: int) -> None:
        """Wait until so many messages were delivered."""
        await self.wait(lambda: len(self.of(Delivered)) == count)

    async def echo(self, body: Body | None = None) -> float:
        """Publish a heartbeat, or this, and wait until it is back; return how long that took (s)."""
        began_s = time.perf_counter()
        seq = self.say(body)
        await self.wait(lambda: self.heard(self.name)[-1:] == [seq], 3)
        return time.perf_counter() - began_s

    async def down(self) -> None:
        """Wait until a session has ended."""
        await self.wait(lambda: self.of(Down))

    async def up(self, number: int = 1) -> None:
        """Wait until this session is up."""
        await self.wait(lambda: any(isinstance(event, Up) and event.session >= number for event in self.events))

    def of(self, kind: type[E]) -> list[E]:
        """Return the events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def heard(self, sender: str) -> list[int]:
        """Return the numbers of the messages, other than wills, that came from a node."""
        return [
            event.message.origin.seq
            for event in self.of(Delivered)
            if event.message.sender == sender and not isinstance(event.message.body, Will)
        ]

    def wills(self, sender: str) -> list[int]:
        """Return the numbers of the sessions of a node whose wills came."""
        return [
            event.message.origin.session
            for event in self.of(Delivered)
            if event.message.sender == sender and isinstance(event.message.body, Will)
        ]

    async def close(self) -> None:
        """End for good, whatever state it is in."""
        self.session.close()
        await asyncio.wait({self.task}, timeout=3)
        assert self.task.done(), "a closed session does not end"


@contextlib.asynccontextmanager
async def nodes(port: int, *names: str) -> AsyncIterator[list[Node]]:
    """Have these nodes up on a broker."""
    members = [Node(name, port) for name in names]
    try:
        for member in members:
            await member.up()
        yield members
    finally:
        for member in members:
            await member.close()


class Lag:
    """How long the event loop stood still at worst while this was watching."""

    worst_s = 0.0


@contextlib.asynccontextmanager
async def loop_watched() -> AsyncIterator[Lag]:
    """Watch the event loop: it must never stand still for what a broker does."""
    lag = Lag()

    async def watch() -> None:
        while True:
            began_s = time.monotonic()
            await asyncio.sleep(0.01)
            lag.worst_s = max(lag.worst_s, time.monotonic() - began_s - 0.01)

    task = asyncio.create_task(watch(), name="watch the loop")
    try:
        yield lag
    finally:
        task.cancel()


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """Run a mosquitto for the test."""
    broker = Mosquitto(tmp_path)
    yield broker
    broker.stop()


@contextlib.contextmanager
def black_hole() -> Iterator[str]:
    """Have an address that swallows every packet, in the sandbox's own network; gives the address."""
    address = "10.78.0.9"
    subprocess.run(["ip", "address", "add", f"{address}/32", "dev", "lo"], check=True)
    try:
        with dropped_packets(f"ip daddr {address}"):
            yield address
    finally:
        subprocess.run(["ip", "address", "delete", f"{address}/32", "dev", "lo"], check=True)


@contextlib.contextmanager
def dropped_packets(rule: str) -> Iterator[None]:
    """Drop the packets that this nftables rule matches, on their way in; in the sandbox's own network only."""
    if shutil.which("nft", path="/usr/sbin:/sbin:" + os.environ.get("PATH", "")) is None:
        pytest.fail("nft is not installed: `apt install nftables`")
    script = f"table inet bus {{ chain drops {{ type filter hook input priority 0; {rule} drop; }}; }}"
    subprocess.run(["nft", "-f", "-"], input=script.encode(), check=True)
    try:
        yield
    finally:
        subprocess.run(["nft", "delete", "table", "inet", "bus"], check=True)
