"""``python -m tests.sim``: run scenarios by hand and tell their story."""

import argparse
import sys
import time

from floatip.core.types import Policy
from tests.sim.run import run
from tests.sim.scenario import Phase, Scenario


def main() -> int:
    """Run ``--runs`` seeds from ``--seed`` on; the exit code is 1 if a judge saw a violation."""
    parser = argparse.ArgumentParser(prog="python -m tests.sim")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--brokers", type=int, choices=(1, 3, 5), default=3)
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--policy", type=Policy, choices=list(Policy), default=Policy.RELEASE)
    parser.add_argument("--phase", type=Phase, choices=list(Phase), default=Phase.SAFETY)
    parser.add_argument("--calm", action="store_true", help="no faults")
    parser.add_argument("--deaf", action="store_true", help="nodes hear nothing on the LAN")
    parser.add_argument("--far", action="store_true", help="the brokers are tens of milliseconds away")
    parser.add_argument("--singly", action="store_true", help="each fault comes alone")
    parser.add_argument("--mixed", action="store_true", help="each node goes by a timing of its own")
    parser.add_argument(
        "--favour", action="append", default=[], help="a fault that comes far more often: a function in faults.py"
    )
    parser.add_argument("--only", action="append", default=[], help="no fault but this one: a function in faults.py")
    parser.add_argument("--verbose", action="store_true", help="tell the whole story")
    parser.add_argument("--terse", action="store_true", help="tell nothing but each run's fingerprint")
    told = parser.parse_args()
    failed = 0
    for seed in range(told.seed, told.seed + told.runs):
        scenario = Scenario(
            seed=seed,
            brokers=told.brokers,
            nodes=told.nodes,
            policy=told.policy,
            phase=told.phase,
            calm=told.calm,
            favour=tuple(told.favour),
            only=tuple(told.only),
            deaf=told.deaf,
            far=told.far,
            mixed=told.mixed,
            singly=told.singly,
        )
        began = time.perf_counter()
        verdict = run(scenario, keep_story=told.verbose)
        took_s = time.perf_counter() - began
        if told.terse:
            print(seed, verdict.fingerprint)
            continue
        for line in verdict.story:
            print(line)
        for violation in verdict.violations:
            print(violation)
        print(
            f"seed {seed}: {verdict.fingerprint} served {verdict.served:.0%}, {verdict.messages} messages, "
            f"overlap {verdict.overlap_longest_s:.3f}/{verdict.overlap_total_s:.3f} s, {took_s:.2f} s"
        )
        if verdict.violations:
            failed += 1
            print(f"again: {scenario.command()}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
