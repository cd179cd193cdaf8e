"""Is the LAN silent for an address? Knows: when to ask and how long to listen. Never: frames.

A run is a stretch without an answer. An address counts as free after a run of at least ``SHOTS`` unanswered probes,
the last three of them within 50 ms. A run lasts one lease, so that a burst of loss does not pass for silence; the first
run begins half a heartbeat later, so that an owner whose heartbeat is a little late is not asked for at all. While an
owner that has just fallen silent may only be its kernel, which soon removes the address, its answers show that the way
works, and a short run with as many probes is proof enough.
"""

SHOTS = 8
LAST_S = 0.05
AFTER_ANSWER_S = 0.15
PACE_S = 0.05
STALE_S = 0.2
"""How long after its last probe a silence still counts; a turn of the loop over many VIPs takes a while."""


def run_s(lease_s: float, heartbeat_s: float) -> float:
    """How long the first run lasts."""
    return lease_s - heartbeat_s / 2


class Silence:
    """The probing of one VIP by one candidate; times in seconds."""

    def __init__(self, lease_s: float, heartbeat_s: float) -> None:
        self._lease_s = lease_s
        self._heartbeat_s = heartbeat_s
        self.began: float | None = None
        self._run_began = 0.0
        self._plan: list[float] = []
        self._shots = 0
        self._ends = 0.0

    def begin(self, now: float) -> None:
        """Start anew, unless it is under way."""
        if self.began is None:
            self.began = now
            self._new_run(now, first_s=0.0, length_s=run_s(self._lease_s, self._heartbeat_s))

    def stop(self) -> None:
        """Forget it: somebody lives, or the matter is settled."""
        self.began = None
        self._plan = []

    def answer(self, now: float, *, dying: bool) -> None:
        """Somebody answered: the run is broken and a new one begins, a short one for a kernel left to itself."""
        if self.began is None:
            return
        if dying:
            self._new_run(now, first_s=PACE_S, length_s=AFTER_ANSWER_S)
        else:
            self._new_run(now, first_s=self._heartbeat_s / 2, length_s=self._lease_s)

    def _new_run(self, now: float, *, first_s: float, length_s: float) -> None:
        last_s = min(LAST_S, length_s / 4) * 0.9
        spread_s = length_s - last_s - first_s
        early = [first_s + spread_s * i / (SHOTS - 3) for i in range(SHOTS - 3)]
        late = [length_s - last_s + last_s / 3 * i for i in range(3)]
        self._run_began = now
        self._plan = [now + offset_s for offset_s in early + late]
        self._shots = 0
        self._ends = now + length_s

    def shot_due(self, now: float) -> bool:
        """Take the next probe off the plan if its time has come.

        Late is late: a loop that was held up sends one probe, and the rest of the run moves back by the delay.
        """
        if not self._plan or self._plan[0] > now:
            return False
        late_s = now - self._plan.pop(0)
        self._plan = [at + late_s for at in self._plan]
        self._ends += late_s
        self._shots += 1
        return True

    def silent(self, now: float) -> bool:
        """Whether the present run is long enough, fresh, and nobody answered in it."""
        whole = self.began is not None and not self._plan and self._shots >= SHOTS
        return whole and self._ends <= now <= self._ends + STALE_S

    def go_on_until(self, at: float, now: float) -> None:
        """Nobody answered so far: ask the last three times again before ``at``, or in full if that was too long ago."""
        if self.silent(now) and at > now:
            self._plan = [max(now, at - LAST_S * 0.9 * share) for share in (1.0, 2 / 3, 1 / 3)]
            self._ends = max(at, now)
        elif self.began is not None and not self._plan and now > self._ends + STALE_S:
            if now > self._ends + self._lease_s:
                self._new_run(now, first_s=0.0, length_s=self._lease_s)
            else:
                self._plan = [now + LAST_S * 0.9 * share for share in (0.0, 1 / 3, 2 / 3)]
                self._ends = now + LAST_S

    def next(self) -> float | None:
        """When to look again, in seconds."""
        if self.began is None:
            return None
        return self._plan[0] if self._plan else self._ends
