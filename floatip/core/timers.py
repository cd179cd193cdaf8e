"""The one list of timers. The guard "may I act now?" and the deadline "when next?" read the same entries."""

import heapq
from collections.abc import Iterator

Key = tuple[str, ...]
"""What kind of thing wakes, and which."""


class Timers:
    """Named points in time; setting a name again moves it."""

    def __init__(self) -> None:
        self._at: dict[Key, float] = {}
        self._heap: list[tuple[float, int, Key]] = []
        self._count = 0

    def set(self, key: Key, at: float | None) -> None:
        """Wake ``key`` at this time (None: not at all)."""
        if at is None:
            self._at.pop(key, None)
        elif self._at.get(key) != at:
            self._at[key] = at
            self._count += 1
            heapq.heappush(self._heap, (at, self._count, key))

    def next(self) -> float | None:
        """The earliest time set, in seconds, or None."""
        while self._heap and self._at.get(self._heap[0][2]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def due(self, now: float) -> Iterator[Key]:
        """Take out and yield each key whose time has come."""
        while (at := self.next()) is not None and at <= now:
            key = heapq.heappop(self._heap)[2]
            del self._at[key]
            yield key


def earliest(*times: float | None) -> float | None:
    """Return the first of some moments, of which any may never come (None)."""
    return min((at for at in times if at is not None), default=None)
