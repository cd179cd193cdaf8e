"""Each judge sees what it is there for: engines broken on purpose are caught."""

import pytest

from tests.sim.court import JUDGES
from tests.sim.mutant import ONE_BOUND, patched
from tests.sim.mutants import DIGESTS, MUTANTS
from tests.sim.mutants_keep import MUTANTS_KEEP
from tests.sim.mutants_moves import MUTANTS_MOVES
from tests.sim.mutants_service import MUTANTS_SERVICE
from tests.sim.run import run
from tests.sim.scenario import Scenario

ALL = MUTANTS | MUTANTS_KEEP | MUTANTS_MOVES | MUTANTS_SERVICE


@pytest.mark.parametrize("name", ALL)
def test_a_broken_engine_is_caught(name: str) -> None:
    """A judge that should see this mutant does, within its seeds."""
    mutant = ALL[name]
    assert mutant.caught_by(), f"{name} got through {mutant.seeds} seeds: {mutant.why}"


@pytest.mark.parametrize("name", [name for name, mutant in ALL.items() if mutant.beside])
def test_the_second_line_of_defence_is_not_what_is_caught(name: str) -> None:
    """What is broken beside a mutant does no harm while the mutation itself is not there."""
    seen = ALL[name].control()
    assert seen is None, seen


def test_each_judge_has_a_canary() -> None:
    """No judge sits there without having proved that it can see."""
    proven = {judge for mutant in ALL.values() for judge in mutant.judges}
    assert {judge.__name__ for judge in JUDGES} <= proven


@pytest.mark.parametrize("seed", range(8))
def test_digests_as_such_are_no_mutant(seed: int) -> None:
    """The production engine stays safe where newcomers never get a full list."""
    scenario = Scenario(seed=seed, deaf=True)
    with patched(DIGESTS):
        verdict = run(scenario)
    found = [one for one in verdict.violations if one.judge in ONE_BOUND]
    assert not found, f"{found[0]}, with digests: {scenario.command()}"
