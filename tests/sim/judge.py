"""What a judge is. Knows: the facts that a world tells, and how a verdict is written. Never: a particular rule."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from floatip.core.effects import Answer
from floatip.core.messages import Message
from floatip.core.types import Address, DirectiveKind, VipName
from tests.sim.harm import Harm
from tests.sim.machine import Cause, Machine

if TYPE_CHECKING:
    from tests.sim.cluster import World
    from tests.sim.process import Process


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """What was seen that must not be, and when (true time)."""

    seed: int
    at_s: float
    judge: str
    text: str

    def __str__(self) -> str:
        return f"seed {self.seed} at {self.at_s:.4f} s: {self.judge}: {self.text}"


class Judge:
    """Looks on at a world and writes down what must not be; each hook is a fact, told at its true time."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.violations: list[Violation] = []

    def accuse(self, text: str) -> None:
        """Write down a violation."""
        now = self.world.scheduler.now
        self.violations.append(Violation(seed=self.world.scenario.seed, at_s=now, judge=type(self).__name__, text=text))
        self.world.story.say(f"VIOLATION {type(self).__name__}: {text}")

    def kernel_has(self, machine: Machine, address: Address) -> None:
        """A kernel has this address now."""

    def kernel_lost(self, machine: Machine, address: Address, vip: VipName, cause: Cause) -> None:
        """A kernel has it no more."""

    def resumed(self, machine: Machine) -> None:
        """A paused machine goes on."""

    def lan_changed(self) -> None:
        """The LAN was broken or healed."""

    def started(self, process: "Process") -> None:
        """A daemon begins to speak."""

    def said(self, process: "Process", message: Message) -> None:
        """A daemon published this."""

    def announced(self, process: "Process", vip: VipName) -> None:
        """A daemon announced this VIP."""

    def knows_lost(self, process: "Process", vip: VipName) -> None:
        """A daemon was told that an address is gone."""

    def asked(self, process: "Process", request: str, timeout_s: float) -> None:
        """An operator asked a daemon."""

    def ordered(self, request: str, kind: DirectiveKind, subject: str, value: str) -> None:
        """What that request was: an order that lasts; an empty value revokes it."""

    def removing(self, process: "Process", vips: tuple[VipName, ...]) -> None:
        """A daemon asks its kernel to remove these, which may take a moment."""

    def answered(self, process: "Process", answer: Answer) -> None:
        """A daemon answered an operator."""

    def stop_asked(self, process: "Process") -> None:
        """A daemon was asked to end (SIGTERM)."""

    def killed(self, process: "Process") -> None:
        """A daemon was killed (-9)."""

    def exited(self, process: "Process", code: int) -> None:
        """A daemon ended on its own account."""

    def believed(self, address: Address) -> None:
        """A client believes another MAC than before, or has looked around."""

    def fault_alone(self, harm: Harm) -> None:
        """Something breaks, where each fault comes alone: the one before it is long over."""

    def every_second(self) -> None:
        """A second has passed, and the clients have looked around."""

    def finish(self) -> None:
        """The run is over."""
