"""Many seeds, spread over configurations and policies. Knows: which scenario a seed stands for. Never: a rule."""

from collections.abc import Iterable

from floatip.core.types import Policy
from tests.sim.run import run
from tests.sim.scenario import Phase, Scenario

SIZES = ((1, 2), (3, 3), (1, 3), (3, 2), (5, 3), (3, 3), (1, 5), (5, 2), (3, 5), (3, 2), (1, 3), (5, 5))
"""Brokers and nodes; the small ones come more often, since they cost less."""


def scenario_of(seed: int) -> Scenario:
    """The scenario that a seed stands for; every third one has a quiet end, in every fourth the faults come alone."""
    brokers, nodes = SIZES[seed // 9 % len(SIZES)]
    policy = (Policy.RELEASE, Policy.KEEP, Policy.LAN)[seed % 3]
    phase = Phase.LIVENESS if seed // 3 % 3 == 2 else Phase.SAFETY
    return Scenario(
        seed=seed,
        brokers=brokers,
        nodes=nodes,
        policy=policy,
        phase=phase,
        deaf=policy is Policy.RELEASE and seed % 4 == 0,
        far=seed % 5 == 0,
        mixed=phase is Phase.SAFETY and seed % 17 == 0,
        singly=seed % 4 == 3,
    )


def complaints(seeds: Iterable[int], phase: Phase) -> list[str]:
    """What the judges saw in those of the seeds that are meant for this phase, and how to see it again."""
    found = []
    for scenario in map(scenario_of, seeds):
        if scenario.phase is phase:
            verdict = run(scenario)
            found += [f"{violation}\n    {scenario.command()}" for violation in verdict.violations[:3]]
    return found
