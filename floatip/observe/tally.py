"""What only adds up while a daemon runs: changes of owner, conflicts, lateness. Knows: what the engine tells.

Never: what can be read off the state of the moment; counting costs next to nothing, so every daemon counts.
"""

from bisect import bisect_left
from collections import Counter

from floatip.core.effects import Cause, Kind, Tell
from floatip.core.types import VipName

TAKEOVER_BUCKETS_S = (0.1, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)
LAG_SPAN_S = 30.0


class Tally:
    """The counts of one daemon."""

    def __init__(self) -> None:
        self.failovers: Counter[tuple[VipName, Cause]] = Counter()
        self.conflicts = 0
        self.takeovers = [0] * (len(TAKEOVER_BUCKETS_S) + 1)
        """How many of this node's takeovers fell between two buckets' bounds, and above the last."""
        self.takeover_sum_s = 0.0
        self._span = 0
        self._peaks_s = (0.0, 0.0)
        """The longest lateness of the last span and of this one."""

    def tell(self, tell: Tell) -> None:
        """Count what the engine told."""
        self.conflicts += tell.kind is Kind.CONFLICT and tell.warning
        change = tell.change
        if change is None or tell.vip is None:
            return
        self.failovers[tell.vip, change.cause] += 1
        if tell.kind is Kind.ROLE and change.silent_s is not None:
            self.takeovers[bisect_left(TAKEOVER_BUCKETS_S, change.silent_s)] += 1
            self.takeover_sum_s += change.silent_s

    def late(self, late_s: float, now: float) -> None:
        """The loop was woken so much later than it had asked for."""
        before_s, this_s = self._at(now)
        self._peaks_s = before_s, max(this_s, late_s)

    def lag_s(self, now: float) -> float:
        """The longest lateness of the last 30 to 60 seconds."""
        self._peaks_s = self._at(now)
        return max(self._peaks_s)

    def _at(self, now: float) -> tuple[float, float]:
        span = int(now // LAG_SPAN_S)
        passed, self._span = span - self._span, span
        before_s, this_s = self._peaks_s
        return (before_s, this_s) if passed == 0 else (this_s, 0.0) if passed == 1 else (0.0, 0.0)
