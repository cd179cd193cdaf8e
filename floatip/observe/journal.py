"""What happened lately, kept in memory for ``floatip events``. Knows: records. Never: files, sockets, or a clock."""

import asyncio
import weakref
from collections import deque
from collections.abc import AsyncIterator
from datetime import datetime

from floatip.core.effects import Tell
from floatip.ops.models import EventRecord

CAPACITY = 1000
"""How many records are kept, and how far behind a follower may fall."""


class Journal:
    """Keeps the last ``capacity`` records, and gives new ones to whoever follows."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self.told = 0
        """How many records there ever were: the number of the newest one."""
        self._records: deque[EventRecord] = deque(maxlen=capacity)
        self._followers: weakref.WeakSet[_Follower] = weakref.WeakSet()

    def tell(self, tell: Tell, at: datetime) -> EventRecord:
        """Keep what the engine told at that moment, and return it as a record."""
        change = tell.change
        record = EventRecord(
            at=at,
            kind=tell.kind,
            text=tell.text,
            vip=tell.vip,
            peer=tell.peer,
            was=tell.was,
            now=tell.now,
            owner=change.owner if change else None,
            former=change.former if change else None,
            cause=change.cause.value if change else None,
            silent_s=round(change.silent_s, 3) if change and change.silent_s is not None else None,
        )
        self.add(record)
        return record

    def add(self, record: EventRecord) -> None:
        """Keep a record and give it to the followers."""
        self._records.append(record)
        self.told += 1
        for follower in self._followers:
            follower.offer(record)

    def history(self) -> list[EventRecord]:
        """Return the records kept, oldest first."""
        return list(self._records)

    def follow(self) -> AsyncIterator[EventRecord]:
        """Yield the records added from this call on; end for one who has fallen ``capacity`` records behind."""
        follower = _Follower(self._capacity)
        self._followers.add(follower)
        return follower


class _Follower(AsyncIterator[EventRecord]):
    """The records that one follower has not read yet; forgotten with its last reference."""

    def __init__(self, capacity: int) -> None:
        self._waiting: deque[EventRecord] = deque()
        self._capacity = capacity
        self._behind = False
        self._news = asyncio.Event()

    def offer(self, record: EventRecord) -> None:
        """Take a record, or give up if too many wait."""
        self._behind = self._behind or len(self._waiting) >= self._capacity
        if self._behind:
            self._waiting.clear()
        else:
            self._waiting.append(record)
        self._news.set()

    async def __anext__(self) -> EventRecord:
        while not self._waiting:
            if self._behind:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return self._waiting.popleft()
