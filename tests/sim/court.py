"""Who judges a run, and how the verdict reads. Knows: all judges. Never: what any of them looks for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.sim.judge import Judge, Violation
from tests.sim.judges_keep import Held, Seamless, TakenByLan, Unmoved
from tests.sim.judges_liveness import Answers, ComesRight, Followed, Served, SettlesDown
from tests.sim.judges_orders import Obeyed
from tests.sim.judges_overlap import BriefOverlap
from tests.sim.judges_safety import AnnouncedBound, LeavesNothing, OneBound, TermsGrow
from tests.sim.judges_service import Damped, Fit

JUDGES: tuple[type[Judge], ...] = (
    OneBound,
    BriefOverlap,
    AnnouncedBound,
    TermsGrow,
    LeavesNothing,
    ComesRight,
    Followed,
    SettlesDown,
    Answers,
    Served,
    Seamless,
    Held,
    Unmoved,
    TakenByLan,
    Obeyed,
    Fit,
    Damped,
)
HOOKS = tuple(name for name in vars(Judge) if not name.startswith("_") and name != "accuse")


class Court:
    """All judges; each fact goes to those who listen to it."""

    def __init__(self, judges: Sequence[Judge]) -> None:
        self.judges = judges
        for hook in HOOKS:
            listeners = [
                getattr(judge, hook) for judge in judges if getattr(type(judge), hook) is not vars(Judge)[hook]
            ]
            setattr(self, hook, self._to_each(listeners))

    @staticmethod
    def _to_each(listeners: list[Any]) -> Any:
        def tell(*facts: Any) -> None:
            for listener in listeners:
                listener(*facts)

        return tell

    @property
    def violations(self) -> list[Violation]:
        """All that was seen, in the order of time."""
        return sorted((v for judge in self.judges for v in judge.violations), key=lambda v: v.at_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a run went."""

    violations: tuple[Violation, ...]
    fingerprint: str
    story: tuple[str, ...]
    served: float
    overlap_longest_s: float
    overlap_total_s: float
    outcomes: dict[str, int]
    messages: int
