"""A one-way first-in-first-out channel with a random delay, which can be held, slowed and cut.

Knows: items and when they arrive. Never: what they are.
"""

from collections import deque
from collections.abc import Callable
from random import Random
from typing import Generic, TypeVar

from tests.sim.clock import Scheduler

T = TypeVar("T")


class Pipe(Generic[T]):
    """Delivers items in order; each waits a random time, now and then a long one."""

    __slots__ = ("_after", "_base_s", "_deliver", "_queue", "_random", "_stalled", "closed", "held", "limit", "slow_s")

    def __init__(
        self, scheduler: Scheduler, rng: Random, deliver: Callable[[T], None], *, base_s: float = 0.002
    ) -> None:
        self._after = scheduler.after
        self._random = rng.random
        self._deliver = deliver
        self._base_s = base_s
        self._queue: deque[T] = deque()
        self._stalled = 0
        self.closed = False
        self.held = False
        self.limit: int | None = None
        """How many items wait at most while held; newer ones are dropped (the way mosquitto's queue overflows)."""
        self.slow_s = 0.0

    def push(self, item: T) -> None:
        """Send one item on its way."""
        if self.closed or (self.held and self.limit is not None and len(self._queue) >= self.limit):
            return
        self._queue.append(item)
        self._after(self._delay_s(), self._arrive)

    def hold(self, limit: int | None = None) -> None:
        """Let nothing arrive until ``release``."""
        self.held = True
        self.limit = limit

    def release(self) -> None:
        """Let arrive what was held."""
        self.held = False
        self.limit = None
        stalled, self._stalled = self._stalled, 0
        for _ in range(stalled):
            self._after(self._delay_s(), self._arrive)

    def lose(self) -> None:
        """Forget what is on its way."""
        self._queue.clear()
        self._stalled = 0

    def close(self) -> None:
        """Deliver nothing any more."""
        self.closed = True
        self._queue.clear()

    def _delay_s(self) -> float:
        share = self._random()
        delay_s = self._base_s * (0.1 + share)
        if share > 0.995:
            delay_s += 0.15 * self._random()
        if self.slow_s:
            delay_s += self.slow_s * self._random()
        return delay_s

    def _arrive(self) -> None:
        # Arrivals are not tied to items: each takes the oldest, so that order holds whatever the delays were.
        if self.held:
            self._stalled += 1
        elif self._queue:
            self._deliver(self._queue.popleft())
