"""One connection of the doctor to a broker. Knows: its private topics. Never: the nodes' own, and never retains.

It has an identity of its own, so that a daemon of this host keeps its session.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Self

from floatip.bus.connection import BrokerOptions, Connection
from floatip.bus.topics import Letter


class Caller:
    """Hears everything below a prefix, and says what it is told to."""

    def __init__(self, options: BrokerOptions, prefix: str, name: str) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self._prefix = prefix
        self._news = asyncio.Event()
        self._connection = Connection(
            options,
            client_id=f"{prefix}/{name}".replace("/", ":"),
            will=Letter(topic=f"{prefix}/end", payload=b""),
            receive=self._receive,
        )
        self._connection.ended.add_done_callback(lambda _: self._news.set())

    async def open(self) -> Self:
        """Connect and subscribe; ConnectionFailedError says why not."""
        await self._connection.open(f"{self._prefix}/#")
        return self

    @property
    def ended(self) -> bool:
        """Whether the connection is no more."""
        return self._connection.ended.done()

    def say(self, topic: str, payload: bytes) -> None:
        """Publish below the prefix, at once."""
        self._connection.send(Letter(topic=f"{self._prefix}/{topic}", payload=payload))

    async def wait(self, what: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until something holds of what was heard; return whether it does, or the time or the connection is up."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while not what() and not self.ended:
                    self._news.clear()
                    await self._news.wait()
        return what()

    async def close(self) -> None:
        """End in good order, so that no will is published."""
        try:
            await self._connection.farewell()
        finally:
            self._connection.abort()

    def _receive(self, letter: Letter) -> None:
        self.heard.append((letter.topic.removeprefix(f"{self._prefix}/"), letter.payload))
        self._news.set()
