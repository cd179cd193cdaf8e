"""When the faults cease: every VIP on exactly one node, the clients with it, every request answered."""

from tests.sim.campaign import complaints
from tests.sim.run import run
from tests.sim.scenario import Phase, Scenario


def test_everything_comes_right(seeds: range) -> None:
    """No judge sees a violation under faults, nor after the time that it takes to come right."""
    found = complaints(seeds, Phase.LIVENESS)
    assert not found, "\n".join(found)


def test_without_faults_nothing_moves() -> None:
    """A cluster that nothing happens to elects once and serves ever after."""
    scenario = Scenario(seed=1, calm=True)
    verdict = run(scenario, keep_story=True)
    assert not verdict.violations
    assert verdict.served > 0.9
    moves = [line for line in verdict.story if "the kernel has" in line]
    assert len(moves) == sum(len(vip.addresses) for vip in scenario.vips())
