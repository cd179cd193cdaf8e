"""One session on a fake broker: what the tests of sessions stand on."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import replace

from floatip.bus.connection import BrokerOptions, ConnectionFailedError
from floatip.bus.envelope import seal
from floatip.bus.events import Down, SessionEvent
from floatip.bus.session import Member, Session
from floatip.bus.signing import Keys
from floatip.bus.topics import Letter
from floatip.core.messages import Message
from floatip.core.types import BrokerName, NodeName
from tests.unit.bus.strategies import TERMS

BROKER = BrokerName("10.77.0.1:1883")
KEYS = Keys((b"a" * 32,))


def sealed(message: Message, keys: Keys = KEYS) -> Letter:
    """Return the message as the broker delivers it."""
    return replace(seal(message, keys=keys, broker=BROKER, cluster="web"), retained=False)


class FakeConnection:
    """A connection whose fate the test decides."""

    made: list["FakeConnection"]

    def __init__(
        self, options: BrokerOptions, *, client_id: str, will: Letter, receive: Callable[[Letter], None]
    ) -> None:
        self.client_id, self.will, self._receive = client_id, will, receive
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.subscription = ""
        self.dialling = False
        self.muted = False
        self.sent: list[Letter] = []
        self.parting: list[str] = []
        FakeConnection.made.append(self)

    async def open(self, subscription: str) -> None:
        """Wait for the test."""
        self.subscription = subscription
        either: set[asyncio.Future[None] | asyncio.Future[str]] = {self.opened, self.ended}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if self.ended.done():
            raise ConnectionFailedError(self.ended.result())
        self.opened.result()

    def receive(self, letter: Letter) -> None:
        """Hand a letter in, as the socket does."""
        if not self.muted:
            self._receive(letter)

    def send(self, letter: Letter) -> None:
        """Remember what was sent."""
        if not self.ended.done():
            self.sent.append(letter)

    def end(self, reason: str) -> None:
        """End, as asked."""
        self.muted = True
        if not self.ended.done():
            self.ended.set_result(reason)

    async def farewell(self) -> None:
        """Remember how we parted."""
        self.parting.append("farewell")

    def abort(self) -> None:
        """Remember how we parted."""
        self.parting.append("abort")


class Scene:
    """One session on a fake broker."""

    def __init__(self) -> None:
        self.events: list[SessionEvent] = []
        self.incarnation = 7
        numbers = itertools.count(1)
        member = Member(
            cluster="web",
            node=NodeName("n1"),
            terms=TERMS,
            next_session=lambda: next(numbers),
            incarnation=lambda: self.incarnation,
        )
        self.session = Session(
            broker=BROKER, options=BrokerOptions(host="10.77.0.1"), member=member, keys=KEYS, deliver=self.deliver
        )
        self.run = asyncio.create_task(self.session.run())

    def deliver(self, event: SessionEvent) -> None:
        """Take an event."""
        self.events.append(event)

    async def connection(self, number: int) -> FakeConnection:
        """Return the connection of this attempt (1, 2, ...) once it is made."""
        async with asyncio.timeout(5):
            while len(FakeConnection.made) < number or not FakeConnection.made[number - 1].subscription:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        return FakeConnection.made[number - 1]

    async def up(self, number: int = 1) -> FakeConnection:
        """Return the connection of this attempt once it is up."""
        connection = await self.connection(number)
        connection.opened.set_result(None)
        await self.settle()
        return connection

    async def settle(self) -> None:
        """Let everything happen that is due."""
        for _ in range(5):
            await asyncio.sleep(0)


def down(reason: str) -> Down:
    """Return the end of a session."""
    return Down(broker=BROKER, reason=reason)
