"""Another node under our name, or our own past: hearing ourselves where we did not speak (design 4.3)."""

from dataclasses import dataclass

APART = 0.8
"""How many heartbeats must lie between two messages that prove a life; they come with some jitter."""


@dataclass(slots=True)
class Namesakes:
    """Live messages under our name that are not ours.

    A predecessor's last words may still wait in a broker and come in one burst; a living namesake goes on speaking.
    """

    heartbeat_s: float
    _first_at: float | None = None

    def heard(self, now: float) -> bool:
        """Take one such message; return whether a living namesake is proven."""
        if self._first_at is None or now - self._first_at > 10 * self.heartbeat_s:
            self._first_at = now
            return False
        return now - self._first_at >= APART * self.heartbeat_s
