"""When an owner announces: at once, a few more times soon after, then seldom (RFC 5227 section 2.3)."""

MOST_WAITING = 16


class Announcements:
    """The schedule of one VIP; times in seconds."""

    def __init__(self, offsets_s: tuple[float, ...], refresh_s: float) -> None:
        self._offsets_s = offsets_s
        self._refresh_s = refresh_s
        self._waiting: list[float] = []

    def reschedule(self, offsets_s: tuple[float, ...], refresh_s: float) -> None:
        """Go by this from the next time on."""
        self._offsets_s, self._refresh_s = offsets_s, refresh_s

    def begin(self, now: float) -> None:
        """Announce in full from now on; what was still waiting is superseded."""
        self._waiting = [now + offset_s for offset_s in self._offsets_s]

    def once(self, at: float) -> None:
        """Announce one round at this time, beside what is planned."""
        if len(self._waiting) < MOST_WAITING:
            self._waiting = sorted([at, *self._waiting])

    def stop(self) -> None:
        """Announce no more."""
        self._waiting = []

    def due(self, now: float) -> bool:
        """Take the rounds whose time has come; several that were missed count as one."""
        hit = False
        while self._waiting and self._waiting[0] <= now:
            last = self._waiting.pop(0)
            hit = True
            if not self._waiting:
                self._waiting = [max(last, now) + self._refresh_s]
        return hit

    def next(self) -> float | None:
        """When the next round is due, in seconds, or None."""
        return self._waiting[0] if self._waiting else None
