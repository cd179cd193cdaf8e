"""Time of the false world. Knows: an order of happenings. Never: the machine's real clock.

One heap, one thread: what is due first happens first, what is due at the same moment happens in the order in which
it was asked for. Each machine has a clock of its own that runs a little fast or slow.
"""

import heapq
from collections.abc import Callable
from typing import Any


class Scheduler:
    """True time, in seconds from the start of the run, and what will happen in it."""

    __slots__ = ("_count", "_heap", "now")

    def __init__(self) -> None:
        self.now = 0.0
        self._count = 0
        self._heap: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []

    def after(self, delay_s: float, call: Callable[..., None], *args: Any) -> None:
        """Call this, so many seconds from now."""
        self._count += 1
        heapq.heappush(self._heap, (self.now + delay_s, self._count, call, args))

    def run_until(self, end_s: float) -> None:
        """Let happen all that is due before ``end_s``."""
        heap = self._heap
        pop = heapq.heappop
        while heap and heap[0][0] <= end_s:
            self.now, _, call, args = pop(heap)
            call(*args)
        self.now = end_s

    @property
    def happenings(self) -> int:
        """How many things were ever asked for: equal in two runs only if the runs were."""
        return self._count


class MachineClock:
    """CLOCK_BOOTTIME of one machine: ``rate`` seconds to each true one; stands still while the machine is paused."""

    __slots__ = ("_lost_s", "_paused_at", "_scheduler", "offset_s", "rate")

    def __init__(self, scheduler: Scheduler, *, rate: float, offset_s: float) -> None:
        self._scheduler = scheduler
        self.rate = rate
        self.offset_s = offset_s
        self._lost_s = 0.0
        self._paused_at: float | None = None

    @property
    def paused(self) -> bool:
        """Whether the machine stands still."""
        return self._paused_at is not None

    def now(self) -> float:
        """What the machine's clock shows."""
        true_s = self._scheduler.now if self._paused_at is None else self._paused_at
        return self.offset_s + self.rate * (true_s - self._lost_s)

    def until(self, local_s: float) -> float:
        """How many true seconds from now this clock will show ``local_s``, if nobody pauses it; never negative."""
        return max(0.0, (local_s - self.now()) / self.rate)

    def pause(self) -> None:
        """Stand still from now on."""
        self._paused_at = self._scheduler.now

    def resume(self) -> float:
        """Go on; returns for how many true seconds the machine stood still."""
        if self._paused_at is None:
            return 0.0
        lost_s = self._scheduler.now - self._paused_at
        self._paused_at = None
        self._lost_s += lost_s
        return lost_s

    def reboot(self) -> None:
        """Begin again near zero, as CLOCK_BOOTTIME does."""
        self._paused_at = None
        self.offset_s -= self.now() - 10.0
