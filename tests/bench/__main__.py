"""``python -m tests.bench --runs 10``: each fault so many times, cases in turn, a table and a JSON file."""

import argparse
import json
import random
import statistics
import sys
from dataclasses import asdict
from pathlib import Path

from floatip.lab import sandbox
from tests.bench.cases import CASES, Result, measure


def main() -> int:
    """Measure and print; the exit code says only whether it could be measured."""
    parser = argparse.ArgumentParser(prog="tests.bench")
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--out", type=Path, default=Path("build/bench.json"))
    arguments = parser.parse_args()
    if not sandbox.is_inside():
        sys.stderr.write("run it in the sandbox: make bench\n")
        return 2
    dice = random.Random(arguments.seed)
    results = [Result(case=case.name, goal_ms=case.goal_ms) for case in CASES if arguments.only in case.name]
    by_name = {case.name: case for case in CASES}
    for number in range(arguments.runs):
        for result in results:
            run = measure(by_name[result.case], dice)
            result.runs.append(run)
            sys.stderr.write(
                f"{number + 1}/{arguments.runs} {result.case}: {run.outage_ms:.0f} ms, lost {run.lost}, "
                f"two owners {run.two_owners_ms:.0f} ms, probe late {run.lateness_ms:.0f} ms\n"
            )
    print(table(results))
    arguments.out.parent.mkdir(exist_ok=True)
    arguments.out.write_text(
        json.dumps({"seed": arguments.seed, "results": [asdict(one) for one in results]}, indent=1)
    )
    return 0


def table(results: list[Result]) -> str:
    """The figures for people: median, least and most of the outage; the longest time with two owners."""
    lines = [f"{'fault':32} {'runs':>4} {'median':>8} {'least':>8} {'most':>8} {'two owners':>11} {'goal':>8}"]
    for result in results:
        outages = sorted(run.outage_ms for run in result.runs)
        goal = f"{result.goal_ms:.0f} ms" if result.goal_ms is not None else "-"
        two_ms = max(run.two_owners_ms for run in result.runs)
        lines.append(
            f"{result.case:32} {len(outages):4d} {statistics.median(outages):5.0f} ms {outages[0]:5.0f} ms "
            f"{outages[-1]:5.0f} ms {two_ms:8.0f} ms {goal:>8}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
