"""Why an owner hands a VIP over though nobody asks for it: it stops, is drained, or a better one is there (4.5, 7)."""

from floatip.core.claims import order
from floatip.core.handover import Order, targets
from floatip.core.situation import Situation
from floatip.core.types import NodeName, VipSpec


class Motives:
    """One VIP of this node; times in seconds."""

    def __init__(self, spec: VipSpec, situation: Situation) -> None:
        self._spec = spec
        self._s = situation
        self._better: NodeName | None = None
        self._better_since = float("inf")

    def respec(self, spec: VipSpec) -> None:
        """Go by this from now on."""
        self._spec = spec

    def rest(self) -> None:
        """The VIP is not ours."""
        self._better, self._better_since = None, float("inf")

    def order(self, now: float) -> Order | None:
        """The move that is called for now; one without targets cannot be made."""
        if self._s.stopping or self._spec.name in self._s.retiring:
            at_once = self._s.in_haste or self._s.directives.frozen_for(self._spec.name) is not None
            able = () if at_once else targets(self._s, self._spec, now)
            why = "stops" if self._s.stopping else "has another configuration of it now"
            return Order(why=f"{self._s.node} {why}", targets=able, stops=True)
        if self._s.directives.frozen_for(self._spec.name) is not None:
            return None
        if self._s.directives.drained(self._s.node):
            return Order(why=f"{self._s.node} is drained", targets=targets(self._s, self._spec, now))
        return self._preemption(now)

    def _preemption(self, now: float) -> Order | None:
        """A candidate has been better than this node for long enough."""
        if not self._spec.preempt:
            return None
        best = order(self._s, self._spec, now, fit=True)[0]
        if best != self._better:
            self._better, self._better_since = best, now
        if best == self._s.node or now < self._due():
            return None
        return Order(why=f"{best} comes first", targets=(best,), preempts=True)

    def _due(self) -> float:
        due = self._better_since + self._spec.preempt_delay_s
        return max(due, self._s.damped_until(self._spec)) if self._s.checkups.weighs(self._spec) else due

    def next(self, now: float) -> float | None:
        """When to look again, if nothing happens."""
        if not self._spec.preempt or self._better in {None, self._s.node}:
            return None
        return self._due() if self._due() > now else None
