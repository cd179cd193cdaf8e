"""Each judge sees what it is there for: engines broken on purpose are caught."""

import pytest

from tests.sim.cluster import JUDGES
from tests.sim.mutants import DIGESTS, MUTANTS, ONE_BOUND, patched
from tests.sim.run import run
from tests.sim.scenario import Scenario


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_engine_is_caught(name: str) -> None:
    """A judge that should see this mutant does, within its seeds."""
    mutant = MUTANTS[name]
    assert mutant.caught_by(), f"{name} got through {mutant.seeds} seeds: {mutant.why}"


def test_each_judge_has_a_canary() -> None:
    """No judge sits there without having proved that it can see."""
    proven = {judge for mutant in MUTANTS.values() for judge in mutant.judges}
    assert {judge.__name__ for judge in JUDGES} <= proven


@pytest.mark.parametrize("seed", range(8))
def test_digests_as_such_are_no_mutant(seed: int) -> None:
    """The production engine stays safe where newcomers never get a full list."""
    scenario = Scenario(seed=seed, deaf=True)
    with patched(DIGESTS):
        verdict = run(scenario)
    found = [one for one in verdict.violations if one.judge in ONE_BOUND]
    assert not found, f"{found[0]}, with digests: {scenario.command()}"
