"""What is wrong with one VIP on this node: passing faults, addresses that others remove, MACs that should not be."""

from collections import deque
from dataclasses import dataclass, field

from floatip.core.types import Mac

FIGHT_REMOVALS = 5
FIGHT_WINDOW_S = 60.0
FIGHT_PAUSE_S = 60.0
CONFLICT_S = 60.0


@dataclass(slots=True)
class Troubles:
    """Times in seconds."""

    _faults: dict[str, float] = field(default_factory=dict)
    _removals: deque[float] = field(default_factory=lambda: deque(maxlen=FIGHT_REMOVALS))
    _fights: int = 0
    _conflicts: dict[tuple[str, Mac], float] = field(default_factory=dict)

    def raise_fault(self, fault: str, until: float) -> None:
        """A fault that passes by itself."""
        self._faults[fault] = until

    def faults(self, now: float) -> tuple[str, ...]:
        """The faults that last."""
        self._faults = {fault: until for fault, until in self._faults.items() if until > now}
        return tuple(self._faults)

    def next(self, now: float) -> float | None:
        """When the next fault passes."""
        return min((until for until in self._faults.values() if until > now), default=None)

    def removed(self, now: float) -> bool:
        """Count a removal by others; return whether it has become a fight, which is a fault with growing pauses."""
        self._removals.append(now)
        if len(self._removals) < FIGHT_REMOVALS or now - self._removals[0] > FIGHT_WINDOW_S:
            return False
        self.raise_fault("address fight: something keeps removing it", now + FIGHT_PAUSE_S * 2**self._fights)
        self._fights = min(self._fights + 1, 6)
        self._removals.clear()
        return True

    def conflict(self, address: str, mac: Mac, now: float) -> bool:
        """Remember a MAC that should not answer; return whether it is news."""
        news = (address, mac) not in self._conflicts or now - self._conflicts[address, mac] > CONFLICT_S
        if news:
            self._conflicts[address, mac] = now
        return news

    def conflicts(self, now: float) -> list[tuple[str, Mac]]:
        """The conflicts of the last minute."""
        return [key for key, at in self._conflicts.items() if now - at <= CONFLICT_S]
