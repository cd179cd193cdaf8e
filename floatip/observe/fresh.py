"""What many ask for and is dear to make: made once for all of them, and not all the time. Never: knows what it is."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")

LEAST_S = 0.2
SHARE = 20
"""Making it takes at most one part in so many of the time."""


class Fresh(Generic[T]):
    """One thing, made again when somebody asks for it and it has grown old."""

    def __init__(self, make: Callable[[], Awaitable[T]], clock: Callable[[], float] = time.monotonic) -> None:
        self._make = make
        self._clock = clock
        self._busy = asyncio.Lock()
        self._made: tuple[T] | None = None
        self._good_until = float("-inf")

    async def get(self) -> T:
        """Return it, not older than 0.2 s or twenty times as long as it takes to make."""
        async with self._busy:
            began = self._clock()
            if self._made is None or began >= self._good_until:
                self._made = (await self._make(),)
                self._good_until = began + max(LEAST_S, SHARE * (self._clock() - began))
            return self._made[0]
