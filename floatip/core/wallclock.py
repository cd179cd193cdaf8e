"""What the wall clock shows, by which operators' orders expire. Knows: one reading and the time since then."""


class WallClock:
    """Seconds since the epoch, from the last reading on; ``now`` is this node's own clock, as everywhere."""

    def __init__(self, wall_s: float, now: float) -> None:
        self._wall_s = wall_s
        self._at = now

    def set(self, wall_s: float, now: float) -> None:
        """It was read again: somebody may have set it."""
        self._wall_s, self._at = wall_s, now

    def shows(self, now: float) -> float:
        """What it shows now."""
        return self._wall_s + now - self._at

    def reaches(self, wall_s: float) -> float | None:
        """When it will show this, by this node's own clock; None for what never comes."""
        return wall_s - self._wall_s + self._at if wall_s < float("inf") else None
