"""The two clocks, and what their difference tells.

Knows CLOCK_BOOTTIME, which is `now` everywhere in floatip, and CLOCK_REALTIME, which is for display and for noticing
that time passed unseen. Never sleeps and never decides what a gap costs.
"""

import time
from dataclasses import dataclass


def boottime_s() -> float:
    """Seconds since boot, suspended time included; steps of the wall clock do not move it."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def realtime_s() -> float:
    """Seconds since 1970, which operators and NTP may step in both directions."""
    return time.clock_gettime(time.CLOCK_REALTIME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Both clocks at one moment, in seconds."""

    boottime_s: float
    realtime_s: float

    @classmethod
    def take(cls) -> "Reading":
        """Read both clocks now."""
        return cls(boottime_s=boottime_s(), realtime_s=realtime_s())


def gap(before: Reading, after: Reading, *, heartbeat_s: float, lease_s: float) -> str | None:
    """Say why nothing known at `before` may be trusted at `after`, or None if the turn between them was ordinary.

    A turn longer than a lease is a gap. So is a wall clock that ran ahead of the boot clock by more than two
    heartbeats: that is how a paused guest looks from inside. A wall clock stepped back is none.
    """
    turn_s = after.boottime_s - before.boottime_s
    if turn_s > lease_s:
        return f"one turn took {turn_s:.3f} s, longer than the lease of {lease_s:.3f} s"
    ahead_s = (after.realtime_s - before.realtime_s) - turn_s
    if ahead_s > 2 * heartbeat_s:
        return (
            f"the wall clock ran ahead by {ahead_s:.3f} s in one turn, more than two heartbeats of {heartbeat_s:.3f} s"
        )
    return None


class GapDetector:
    """Remembers the last reading and compares each new one with it."""

    def __init__(self, *, heartbeat_s: float, lease_s: float) -> None:
        self._heartbeat_s = heartbeat_s
        self._lease_s = lease_s
        self._last: Reading | None = None

    def turn(self, reading: Reading) -> str | None:
        """Give the reason if a gap lies between the last reading and this one; the first reading has none."""
        last, self._last = self._last, reading
        if last is None:
            return None
        return gap(last, reading, heartbeat_s=self._heartbeat_s, lease_s=self._lease_s)
