"""How fast announcements may leave, when there are many.

Knows: a queue, a rate, and `now` as an argument. Never: sockets, loops, or a clock of its own.
"""

from collections.abc import Iterable

from floatip.lan.heard import Address

TICK_S = 0.01
"""Addresses leave in small groups this far apart, so that a thousand need not a thousand timers."""

CATCH_UP_S = 0.05
"""A loop that was late may send what this time would have allowed at once, and no more."""

_FRAMES_BY_VERSION = {4: 2, 6: 1}


class Pacer:
    """A queue of addresses to announce, each in it at most once, that lets out `rate_per_s` frames a second."""

    def __init__(self, rate_per_s: float) -> None:
        self.set_rate(rate_per_s)
        self._queue: dict[Address, None] = {}
        self._free_at_s = float("-inf")

    def set_rate(self, rate_per_s: float) -> None:
        """Let out so many frames a second from now on; ValueError if that were none."""
        if rate_per_s <= 0:
            raise ValueError(f"an announcement rate of {rate_per_s} frames/s would never send any: it must be above 0")
        self._frame_s = 1 / rate_per_s

    def __len__(self) -> int:
        return len(self._queue)

    def add(self, addresses: Iterable[Address]) -> None:
        """Queue addresses at the end; one that waits already keeps its place."""
        self._queue.update(dict.fromkeys(addresses))

    def drop(self, addresses: Iterable[Address]) -> None:
        """Forget addresses: they will not come out unless they are added again."""
        for address in addresses:
            self._queue.pop(address, None)

    def take(self, now_s: float) -> list[Address]:
        """Let out the addresses that may be announced now, in order."""
        free_at_s = max(self._free_at_s, now_s - CATCH_UP_S)
        taken: list[Address] = []
        for address in self._queue:
            if free_at_s > now_s:
                break
            taken.append(address)
            free_at_s += _FRAMES_BY_VERSION[address.version] * self._frame_s
        self._free_at_s = free_at_s
        self.drop(taken)
        return taken

    def wait_s(self, now_s: float) -> float | None:
        """Say in how many seconds to take again; None while nothing is queued."""
        return max(self._free_at_s - now_s, TICK_S) if self._queue else None
