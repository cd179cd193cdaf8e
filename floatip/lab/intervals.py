"""When which host held an address, and for how long there were two owners, or none.

Knows: numbers. Never: clocks, sockets, files. Times are seconds of one clock, results milliseconds.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Interval:
    """From `start_s` to `end_s`."""

    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """How long, in sum and at the longest, an address had two or more owners, or none."""

    two_ms: float
    longest_two_ms: float
    none_ms: float
    longest_none_ms: float


class Ledger:
    """Notes for each host since when something is so, and gives the intervals."""

    def __init__(self) -> None:
        self._since_s: dict[str, float] = {}
        self._past: dict[str, list[Interval]] = {}

    def note(self, host: str, *, so: bool, at_s: float) -> None:
        """Take in how it is now; nothing happens if that is known."""
        if so:
            self._since_s.setdefault(host, at_s)
        elif host in self._since_s:
            self._past.setdefault(host, []).append(Interval(start_s=self._since_s.pop(host), end_s=at_s))

    def intervals(self, at_s: float) -> dict[str, list[Interval]]:
        """Give all intervals, those that still last up to now."""
        found = {host: list(past) for host, past in self._past.items()}
        for host, since_s in self._since_s.items():
            found.setdefault(host, []).append(Interval(start_s=since_s, end_s=at_s))
        return found


def overlap(held: Mapping[str, Sequence[Interval]], window: Interval) -> Overlap:
    """Measure within the window how long two or more hosts held the address at once, and how long none did."""
    two = spans(held, window, at_least=2)
    one = spans(held, window, at_least=1)
    none = complement(one, window)
    return Overlap(
        two_ms=_total_ms(two),
        longest_two_ms=_longest_ms(two),
        none_ms=_total_ms(none),
        longest_none_ms=_longest_ms(none),
    )


def spans(held: Mapping[str, Sequence[Interval]], window: Interval, at_least: int) -> list[Interval]:
    """Give the times within the window in which at least so many hosts held the address."""
    steps: list[tuple[float, int]] = []
    for intervals in held.values():
        for one in merge(intervals):
            start_s, end_s = max(one.start_s, window.start_s), min(one.end_s, window.end_s)
            if start_s < end_s:
                steps += [(start_s, 1), (end_s, -1)]
    found: list[Interval] = []
    owners, since_s = 0, 0.0
    for at_s, step in sorted(steps):
        if owners < at_least <= owners + step:
            since_s = at_s
        elif owners + step < at_least <= owners and since_s < at_s:
            found.append(Interval(start_s=since_s, end_s=at_s))
        owners += step
    return merge(found)


def merge(intervals: Iterable[Interval]) -> list[Interval]:
    """Join those that touch or overlap; sorted."""
    joined: list[Interval] = []
    for one in sorted(intervals):
        if joined and one.start_s <= joined[-1].end_s:
            joined[-1] = Interval(start_s=joined[-1].start_s, end_s=max(joined[-1].end_s, one.end_s))
        else:
            joined.append(one)
    return joined


def complement(intervals: Iterable[Interval], window: Interval) -> list[Interval]:
    """Give what the intervals leave free of the window."""
    free, at_s = [], window.start_s
    for one in merge(intervals):
        if one.start_s > at_s:
            free.append(Interval(start_s=at_s, end_s=min(one.start_s, window.end_s)))
        at_s = max(at_s, one.end_s)
    if at_s < window.end_s:
        free.append(Interval(start_s=at_s, end_s=window.end_s))
    return [one for one in free if one.start_s < one.end_s]


def without(
    held: Mapping[str, Sequence[Interval]], unseen: Mapping[str, Sequence[Interval]], window: Interval
) -> dict[str, list[Interval]]:
    """Take out, per host, the times in which nobody could reach it (dead, or its port silent)."""
    seen = {host: {host: intervals, "": complement(unseen.get(host, ()), window)} for host, intervals in held.items()}
    return {host: spans(both, window, at_least=2) for host, both in seen.items()}


def _total_ms(intervals: Iterable[Interval]) -> float:
    return sum(one.end_s - one.start_s for one in intervals) * 1000


def _longest_ms(intervals: Iterable[Interval]) -> float:
    return max((one.end_s - one.start_s for one in intervals), default=0.0) * 1000
