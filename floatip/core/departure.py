"""How an owner parts with a VIP: by a planned move, or at once (design section 7). Never: changes the role."""

from dataclasses import dataclass, replace

from floatip.core.binding import AddressBinding
from floatip.core.directives import FORCED
from floatip.core.effects import Cause, Kind
from floatip.core.handover import End, Handover, Order, Stage
from floatip.core.motives import Motives
from floatip.core.situation import Farewell, Situation
from floatip.core.tenure import Notice
from floatip.core.types import Binding, Policy, VipSpec


@dataclass(frozen=True, slots=True)
class Move:
    """What comes of looking at planned moves: why to leave at once, or when to look again."""

    leave: str | None = None
    again_at: float | None = None


@dataclass(frozen=True, slots=True)
class Keeping:
    """Whether addresses that were released are still kept: until then, or no longer, or (``stay``) for good."""

    again_at: float | None = None
    stay: str | None = None


class Departure:
    """One VIP of this node; times in seconds."""

    def __init__(self, spec: VipSpec, situation: Situation, binding: AddressBinding) -> None:
        self.handover = Handover(spec, situation)
        self.farewell = Farewell(vacated=False)
        """What is said of it once it is over."""
        self._motives = Motives(spec, situation)
        self._spec = spec
        self._s = situation
        self._binding = binding

    def respec(self, spec: VipSpec) -> None:
        """Go by this from now on; a move that is under way ends as it began."""
        self._spec = spec
        self._motives.respec(spec)
        self.handover.respec(spec)

    def move_on(self, now: float) -> Move:
        """Go on with a planned move, or begin one that is called for."""
        if self.handover.stage is Stage.ASKED and not self._s.in_haste:
            if (why := self.handover.refused(now)) is None:
                return Move(again_at=self.handover.next(now))
            self.handover.cancel(why, now)
        order = self._motives.order(now)
        if order is None:
            return Move(again_at=self._motives.next(now))
        if not order.targets and (order.stops or self._s.directives.value_of_drain(self._s.node) == FORCED):
            return Move(leave=f"{order.why}, and no other node can take it")
        if order.stops and self.handover.stop_failed:
            return Move(leave=f"{order.why}, and nobody takes it over")
        if order.targets and (order.stops or now >= self.handover.rests_until):
            self.handover.begin(order, now)
            return Move(again_at=self.handover.next(now))
        return Move(again_at=max(self.handover.rests_until, now + self._s.timing.heartbeat_s))

    def give(self, term: int, now: float) -> str:
        """The target of a planned move is ready; return why the VIP is released to it."""
        target, order = self.handover.target, self.handover.order
        self.farewell = self.handover.give(term, now)
        if order is not None and order.preempts and self._s.checkups.weighs(self._spec):
            self.farewell = replace(self.farewell, swayed=True)
            self._s.swayed_at[self._spec.name] = now
        self._motives.rest()
        if self.farewell.kept:
            self._binding.hush()
        self._s.partings[self._spec.name] = f"{self._s.node} handed it over"
        self._s.parted[self._spec.name] = self._why_given(order)
        return f"to {target}: {order.why}" if order is not None else f"to {target}"

    def leave(self, notice: Notice, now: float) -> None:
        """It is given up at once."""
        why, there = notice.why, self._binding.state is not Binding.ABSENT
        self.farewell = Farewell(vacated=notice.vacated and there, swayed=notice.swayed)
        if notice.swayed:
            self._s.swayed_at[self._spec.name] = now
        if self.handover.stage is Stage.ASKED:
            self.handover.cancel(why, now)
        self._motives.rest()
        self._s.partings[self._spec.name] = f"{self._s.node} gave it up"
        self._s.parted[self._spec.name] = self._why_left(notice)

    def _why_given(self, order: Order | None) -> Cause:
        if order is not None and order.stops:
            return Cause.STOP
        if order is not None and order.preempts:
            return Cause.CHECK if self.farewell.swayed else Cause.PREEMPT
        drained = self._s.directives.drained(self._s.node) and (order is None or not order.id)
        return Cause.DRAIN if drained else Cause.HANDOVER

    def _why_left(self, notice: Notice) -> Cause:
        if self._s.stopping or self._spec.name in self._s.retiring:
            return Cause.STOP
        if notice.swayed:
            return Cause.CHECK
        if not notice.vacated:
            return Cause.TAKEOVER
        return Cause.DRAIN if self._s.directives.drained(self._s.node) else Cause.FAULT

    def keep(self, now: float, *, faulty: bool) -> Keeping:
        """After a release: keep the addresses until the target has them."""
        if not self.farewell.kept:
            return Keeping()
        ended = self.handover.ended(now)
        if faulty:
            self.farewell = replace(self.farewell, vacated=True, kept=False)
        elif ended is None:
            uphold_at = self._binding.uphold(now, isolated=True, doubted=True)
            return Keeping(again_at=min(self.handover.next(now), uphold_at or float("inf")))
        elif ended.end is End.TAKEN:
            self.farewell = Farewell(vacated=True)
            text = f"{ended.why}: removes {self._spec.name} here"
            self._s.tell(Kind.HANDOVER, text, vip=self._spec.name)
        else:
            self.farewell = Farewell(vacated=True)
            self.handover.cancel(ended.why, now)
            if self._spec.policy is not Policy.RELEASE and not self._s.stopping:
                return Keeping(stay=f"{ended.why}: keeps the address and claims it again")
        return Keeping()
