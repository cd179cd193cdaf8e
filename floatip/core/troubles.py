"""What is wrong with one VIP on this node: passing faults, addresses that others remove, MACs that should not be."""

from dataclasses import dataclass, field

from floatip.core.types import Mac

FIGHT_REMOVALS = 5
FIGHT_WINDOW_S = 60.0
FIGHT_PAUSE_S = 60.0
PEACE_S = 2 * 60.0 * 2**6
"""After so long without a removal, beyond the pauses, the next fight is a first one again."""
CONFLICT_S = 60.0
BURST_S = 0.2
"""Removals so close together are one: whoever flushes looks again at once, and finds what was put back meanwhile."""
TELL_EVERY_S = 1.0
"""A storm of strangers is told of, and remembered, one a second."""


@dataclass(slots=True)
class Troubles:
    """Times in seconds."""

    _faults: dict[str, float] = field(default_factory=dict)
    _removals: tuple[float, ...] = ()
    _fights: int = 0
    _last_removal: float = float("-inf")
    _conflicts: dict[tuple[str, Mac], float] = field(default_factory=dict)

    def raise_fault(self, fault: str, until: float) -> None:
        """A fault that passes by itself."""
        self._faults[fault] = until

    def faults(self, now: float) -> tuple[str, ...]:
        """The faults that last."""
        if self._faults:
            self._faults = {fault: until for fault, until in self._faults.items() if until > now}
        return tuple(self._faults)

    def next(self, now: float) -> float | None:
        """When the next fault passes."""
        return min((until for until in self._faults.values() if until > now), default=None)

    def removed(self, now: float) -> bool:
        """Count a removal by others; return whether it has become a fight, which is a fault with growing pauses."""
        if now - self._last_removal < BURST_S:
            return False
        if now - self._last_removal > PEACE_S:
            self._fights = 0
        self._last_removal = now
        self._removals = (*self._removals, now)[-FIGHT_REMOVALS:]
        if len(self._removals) < FIGHT_REMOVALS or now - self._removals[0] > FIGHT_WINDOW_S:
            return False
        self.raise_fault("address fight: something keeps removing it", now + FIGHT_PAUSE_S * 2**self._fights)
        self._fights = min(self._fights + 1, 6)
        self._removals = ()
        return True

    def conflict(self, address: str, mac: Mac, now: float) -> bool:
        """Remember a MAC that should not answer; return whether to tell of it: each once a minute, one a second."""
        if now - self._conflicts.get((address, mac), float("-inf")) <= CONFLICT_S:
            return False
        if now - max(self._conflicts.values(), default=float("-inf")) < TELL_EVERY_S:
            return False
        self._conflicts = {key: at for key, at in self._conflicts.items() if now - at <= CONFLICT_S}
        self._conflicts[address, mac] = now
        return True

    def conflicts(self, now: float) -> list[tuple[str, Mac]]:
        """The conflicts of the last minute."""
        return [key for key, at in self._conflicts.items() if now - at <= CONFLICT_S]
