"""What the witnesses say to an owner: whether the LAN believes it (design section 6). Never: looks by itself."""

from floatip.core.effects import Kind
from floatip.core.situation import Situation
from floatip.core.timers import earliest
from floatip.core.types import VipSpec

ALARM_S = 3.0
"""How long an owner waits for the first witness before it says that nobody sees it."""

ASTRAY_S = 1.0
"""How often it looks whether a witness still sees another's MAC."""


class Assurance:
    """One VIP of an owner with a quorum; times in seconds."""

    def __init__(self, spec: VipSpec, situation: Situation) -> None:
        self._spec = spec
        self._s = situation
        self._term = 0
        self._agreed_at = 0.0
        self._alarmed = False
        self._again_at: float | None = None
        self._alive = 0
        """How many peers lived when it last looked: a change begins the wait anew."""

    def astray(self, term: int, now: float) -> bool:
        """Whether a witness sees another's MAC; it is an alarm if nobody sees ours although somebody could."""
        alive = self._s.peers.alive(now)
        reports = [
            one for peer in alive if (one := peer.witnessed.get(self._spec.name)) is not None and one.term == term
        ]
        if term != self._term:
            self._term, self._agreed_at, self._alarmed = term, now, False
        if any(one.mac in self._s.macs for one in reports):
            self._agreed_at = now
            self._end_alarm()
        elif len(alive) != self._alive:
            self._agreed_at = max(self._agreed_at, now)
        elif alive and now - self._agreed_at > ALARM_S:
            self._alarm()
        self._alive = len(alive)
        astray = any(one.mac not in self._s.macs for one in reports)
        self._again_at = now + ASTRAY_S if astray else None
        return astray

    def next(self) -> float | None:
        """When the alarm is due, or an answer to whoever is led astray."""
        return earliest(self._again_at, None if self._alarmed else self._agreed_at + ALARM_S + 0.001)

    def _alarm(self) -> None:
        if not self._alarmed:
            self._alarmed = True
            text = f"no other node sees this one answer for {self._spec.name}: clients may not reach it"
            self._s.tell(Kind.CONFLICT, text, vip=self._spec.name, warning=True)

    def _end_alarm(self) -> None:
        if self._alarmed:
            self._alarmed = False
            self._s.tell(Kind.CONFLICT, f"{self._spec.name} is seen by others again", vip=self._spec.name)
