"""Whether operators' orders are obeyed (S5). Knows: what was ordered and answered, kernels. Never: engines."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from floatip.core.effects import Answer, Outcome
from floatip.core.types import Address, DirectiveKind
from tests.sim.judge import Judge
from tests.sim.machine import Machine

if TYPE_CHECKING:
    from tests.sim.cluster import World
    from tests.sim.process import Process


@dataclass(frozen=True, slots=True)
class Order:
    """One order and what it is about."""

    kind: DirectiveKind
    subject: str
    value: str


class Obeyed(Judge):
    """S5: once all that live were told, a drained node takes nothing, and a frozen VIP goes to nobody but its owner.

    Until that is revoked, or anything else is ordered about the same thing. What was under way may end within
    ``GRACE_S``. Only daemons are judged that were in reach of a majority of the brokers at that moment.
    """

    GRACE_S = 1.5

    def __init__(self, world: "World") -> None:
        super().__init__(world)
        self._asked: dict[str, Order] = {}
        self._in_force: dict[tuple[DirectiveKind, str], tuple[Order, float]] = {}
        self._told: dict[tuple[DirectiveKind, str], set[Process]] = {}
        """Which daemons were in reach of the brokers when an order was proven."""

    def ordered(self, request: str, kind: DirectiveKind, subject: str, value: str) -> None:
        """Whatever held before is not certain any more."""
        self._asked[request] = Order(kind, subject, value)
        self._in_force.pop((kind, subject), None)
        for other, order in list(self._asked.items()):
            if other != request and (order.kind, order.subject) == (kind, subject):
                del self._asked[other]

    def answered(self, process: "Process", answer: Answer) -> None:
        """From now on it holds, if all that live know it."""
        order = self._asked.pop(answer.id, None)
        if order is not None and order.value and answer.outcome is Outcome.PROVEN:
            key = order.kind, order.subject
            self._in_force[key] = (order, self.world.scheduler.now)
            self._told[key] = {
                node.process
                for node in self.world.nodes
                if node.process is not None and node.process.alive and node.process.bus.has_majority
            }

    def kernel_has(self, machine: Machine, address: Address) -> None:
        """See whether it may."""
        process = self.world.process_on(machine)
        if process is None:
            return
        vip, node = machine.held[address].vip, process.spec.node
        drained = self._holds(DirectiveKind.DRAIN, node, process)
        if drained:
            self.accuse(f"{machine.name} is drained, and takes {address}")
        frozen = self._holds(DirectiveKind.FREEZE, vip, process)
        if frozen and self._value(DirectiveKind.FREEZE, vip) != node:
            self.accuse(f"{vip} is frozen, and {machine.name} takes {address}")

    def _holds(self, kind: DirectiveKind, subject: str, process: "Process") -> bool:
        """Whether such an order holds, for longer than the grace, and this daemon was told of it."""
        order, at_s = self._in_force.get((kind, subject), (None, 0.0))
        late = self.world.scheduler.now > at_s + self.GRACE_S
        return order is not None and late and process in self._told[kind, subject]

    def _value(self, kind: DirectiveKind, subject: str) -> str:
        return self._in_force[kind, subject][0].value
