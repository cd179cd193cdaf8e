"""What a mutant is: an engine broken on purpose, which a judge must catch. Knows: how to break it. Never: which ones.

A mutant replaces small methods of the production core while it runs; what it replaces must exist. Some need runs in
which a fault that shows them comes often.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from floatip.core import effects as do
from floatip.core import events as ev
from floatip.core.engine import Engine
from floatip.core.types import Policy
from tests.sim.run import run
from tests.sim.scenario import Phase, Scenario
from tests.sim.seams import CoreFactory

Patch = tuple[Any, str, Any]
CONTROLS = 12
"""How many seeds show that what is broken beside a mutant does no harm alone."""
ONE_BOUND = frozenset({"OneBound"})
"""Mutants of the election itself: they are caught where the LAN does not help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One wrong engine, the runs that show it and the judges of whom one must see it."""

    why: str
    judges: frozenset[str]
    patches: tuple[Patch, ...] = ()
    factory: CoreFactory = Engine
    brokers: int = 3
    nodes: int = 3
    policy: Policy = Policy.RELEASE
    phase: Phase = Phase.SAFETY
    favour: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    singly: bool = False
    far: bool = False
    mixed: bool = False
    seeds: int = 40
    beside: tuple[Patch, ...] = ()
    """What is broken beside it, and does no harm alone: a second line of defence, without which this one counts."""

    def caught_by(self) -> str | None:
        """The first judge of the expected ones that sees it, with the seed; None if it gets through."""
        with patched(self.beside), patched(self.patches):
            return self._first_seen(self.factory, self.seeds)

    def control(self) -> str | None:
        """The same without the mutation itself: nothing may be seen."""
        with patched(self.beside):
            return self._first_seen(Engine, CONTROLS)

    def _first_seen(self, factory: CoreFactory, seeds: int) -> str | None:
        for seed in range(seeds):
            scenario = Scenario(
                seed=seed,
                brokers=self.brokers,
                nodes=self.nodes,
                policy=self.policy,
                phase=self.phase,
                favour=self.favour,
                only=self.only,
                singly=self.singly,
                deaf=self.judges == ONE_BOUND,
                far=self.far,
                mixed=self.mixed,
            )
            for violation in run(scenario, factory).violations:
                if violation.judge in self.judges:
                    return str(violation)
        return None


@contextmanager
def patched(patches: tuple[Patch, ...]) -> Iterator[None]:
    """Replace attributes that exist, and put them back."""
    before = [(where, name, getattr(where, name)) for where, name, _ in patches]
    try:
        for where, name, value in patches:
            setattr(where, name, value)
        yield
    finally:
        for where, name, value in before:
            setattr(where, name, value)


def after(where: Any, name: str, change: Callable[..., Any]) -> Patch:
    """A patch that changes what a method returns: ``change(result, self, *arguments)``."""
    original = getattr(where, name)

    def changed(self: Any, *arguments: Any, **named: Any) -> Any:
        return change(original(self, *arguments, **named), self, *arguments)

    return where, name, changed


def nothing(*_: Any, **__: Any) -> None:
    """Do nothing."""


class Tampered(Engine):
    """An engine whose effects are changed on their way out."""

    def start(self, now: float) -> list[do.Effect]:
        """Begin."""
        return self.tamper(super().start(now), None)

    def step(self, event: ev.Event, now: float) -> list[do.Effect]:
        """Take one event."""
        return self.tamper(super().step(event, now), event)

    def tamper(self, effects: list[do.Effect], event: ev.Event | None) -> list[do.Effect]:
        """Change them."""
        return effects
