"""Events as a stream of server-sent events. Knows: the journal. Never: keeps anything for a client that is gone.

The id of an event is the daemon's life and the event's number in it, so that a client that comes back goes on where it
was, and one that comes back to another daemon begins anew.
"""

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from floatip.observe.journal import Journal
from floatip.ops.models import EventRecord, to_document

SLICE = 50
HEARTBEAT_S = 15.0
"""How often a client hears that the daemon is still there, if nothing happens."""


class Feed:
    """The events of one daemon."""

    def __init__(self, journal: Journal) -> None:
        self.followers = 0
        self._journal = journal
        self._life = secrets.token_hex(4)

    async def send(self, last_id: str, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        """Send what a client has not got yet, and go on; return when it has fallen too far behind."""
        self.followers += 1
        try:
            await self._send(last_id, send)
        finally:
            self.followers -= 1

    async def _send(self, last_id: str, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        feed, number = self._journal.follow(), self._journal.told
        known = self._journal.history()
        missed = known[max(0, len(known) - (number - self._number(last_id))) :]
        first = number - len(missed) + 1
        await _chunk(send, b": floatip events\n\n")
        for start in range(0, len(missed), SLICE):
            some = enumerate(missed[start : start + SLICE], first + start)
            await _chunk(send, b"".join(self._event(at, record) for at, record in some))
            await asyncio.sleep(0)
        while True:
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    record = await anext(feed)
            except TimeoutError:
                await _chunk(send, b":\n\n")
            except StopAsyncIteration:
                return
            else:
                number += 1
                await _chunk(send, self._event(number, record))

    def _event(self, number: int, record: EventRecord) -> bytes:
        return f"id: {self._life}-{number}\ndata: {json.dumps(to_document(record))}\n\n".encode()

    def _number(self, last_id: str) -> int:
        """Return the number of an event of this life; 0 for any other word."""
        life, _, digits = last_id.partition("-")
        number = int(digits) if life == self._life and digits.isascii() and digits.isdigit() and len(digits) < 12 else 0
        return min(number, self._journal.told)


async def _chunk(send: Callable[[dict[str, Any]], Awaitable[None]], body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})
