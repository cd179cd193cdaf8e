"""What a daemon of the false world is joined to. Knows: shapes. Never: how any of them works."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from floatip.core import effects as do
from floatip.core import events as ev
from floatip.core.messages import Message
from floatip.core.snapshot import Snapshot
from floatip.core.types import NodeSpec, Stored, VipName

if TYPE_CHECKING:
    from tests.sim.process import Process


class Core(Protocol):
    """What the world needs of an engine."""

    def start(self, now: float) -> list[do.Effect]:
        """Begin."""

    def step(self, event: ev.Event, now: float) -> list[do.Effect]:
        """Take one event."""

    def deadline(self) -> float | None:
        """When to tick at the latest."""

    def snapshot(self, now: float) -> Snapshot:
        """What it knows."""


class CoreFactory(Protocol):
    """How an engine is built."""

    def __call__(
        self, spec: NodeSpec, *, stored: Stored, wall_us: int, now: float, entropy: Callable[[], float]
    ) -> Core:
        """Build one."""


class Bench(Protocol):
    """Who hears what a daemon does."""

    def said(self, process: "Process", message: Message) -> None:
        """It published this."""

    def announced(self, process: "Process", vip: VipName) -> None:
        """It announced this VIP."""

    def knows_lost(self, process: "Process", vip: VipName) -> None:
        """It was told that an address of the VIP is gone."""

    def removing(self, process: "Process", vips: tuple[VipName, ...]) -> None:
        """It asks its kernel to remove these."""

    def answered(self, process: "Process", answer: do.Answer) -> None:
        """It answered an operator."""

    def killed(self, process: "Process") -> None:
        """It was killed (-9)."""

    def exited(self, process: "Process", code: int) -> None:
        """It ended on its own account."""
