"""One run from its scenario to its verdict. Knows: what belongs to a run. Never: what a verdict means."""

from floatip.core.engine import Engine
from tests.sim.cluster import World
from tests.sim.court import Verdict
from tests.sim.nemesis import Nemesis
from tests.sim.scenario import Scenario
from tests.sim.seams import CoreFactory


def run(scenario: Scenario, factory: CoreFactory = Engine, *, keep_story: bool = False) -> Verdict:
    """Run the scenario with this engine."""
    world = World(scenario, factory, keep_story=keep_story)
    Nemesis(world)
    try:
        return world.run()
    except Exception as error:
        error.add_note(f"at {world.scheduler.now:.4f} s of: {scenario.command()}")
        raise
