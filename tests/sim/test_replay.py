"""One seed, one run: without that no seed of a failure would be worth writing down."""

import os
import subprocess
import sys

import pytest

from tests.sim.run import run
from tests.sim.scenario import Phase, Scenario


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_seed_is_a_run(seed: int) -> None:
    """The same scenario runs the same way twice, and another one differently."""
    scenario = Scenario(seed=seed, phase=Phase.LIVENESS)
    first, second = run(scenario), run(scenario, keep_story=True)
    assert first.fingerprint == second.fingerprint
    assert first.fingerprint != run(Scenario(seed=seed + 100, phase=Phase.LIVENESS)).fingerprint


def test_no_set_decides() -> None:
    """A run does not hang on the order of a set, which Python shuffles anew in every process."""
    told = [
        subprocess.run(
            [sys.executable, "-m", "tests.sim", "--seed", "1", "--runs", "4", "--nodes", "5", "--terse"],
            env={**os.environ, "PYTHONHASHSEED": salt},
            stdout=subprocess.PIPE,
            text=True,
            timeout=50,
            check=False,
        ).stdout
        for salt in ("1", "2")
    ]
    assert told[0]
    assert told[0] == told[1]
