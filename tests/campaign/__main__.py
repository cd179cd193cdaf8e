"""`python -m tests.campaign --policy keep --faults 100`: random faults on real daemons, brokers and kernels.

Every case is named by seed and index; `--replay SEED:INDEX` plays it alone, `SEED:FIRST-INDEX` with those before it.
The exit code is 1 if an audit failed. `--table FILE...` writes the tables of earlier results and runs nothing.
"""

import argparse
import json
import os
import platform
import random
import signal
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

from floatip.core.types import Policy
from floatip.lab import tools
from tests.campaign.crew import Campaign, Crew
from tests.campaign.faults import FAULTS
from tests.campaign.plan import Batch, plan
from tests.campaign.result import Result, markdown, rows

KEEP = Path("build/campaign")


def main(argv: list[str]) -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(prog="tests.campaign", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--policy", type=Policy, choices=list(Policy), default=Policy.KEEP)
    parser.add_argument("--faults", type=int, default=60)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--clusters", type=int, default=2, help="how many run at once")
    parser.add_argument("--only", nargs="+", default=[], metavar="CLASS", help="classes whose name contains this")
    parser.add_argument("--json", type=Path, metavar="OUT", help="where to write all results")
    parser.add_argument("--keep", type=Path, default=KEEP, help="where to keep what failed cases left")
    parser.add_argument("--replay", metavar="SEED:INDEX", help="play a case, or SEED:FIRST-INDEX, on one cluster")
    parser.add_argument("--list", action="store_true", help="name the classes of faults and end")
    parser.add_argument("--table", type=Path, nargs="+", metavar="JSON", help="write tables of these results and end")
    options = parser.parse_args(argv)
    if options.list:
        print("\n".join(fault.name for fault in FAULTS))
        return 0
    if options.table:
        print("\n\n".join(_table(path) for path in options.table))
        return 0
    tools.require("arping", "ip", "mosquitto", "mount", "nft", "unshare")
    seed, batches = _chosen(options)
    campaign = Campaign(seed=seed, policy=options.policy, only=tuple(options.only), keep=options.keep.resolve())
    number = sum(len(batch.cases) for batch in batches)
    print(
        f"policy {options.policy.value}, {number} faults, seed {seed}, {options.clusters} clusters at once", flush=True
    )
    start_s = time.monotonic()

    def tell(result: Result) -> None:
        print(result, flush=True)
        if result.problems:
            only = f" --only {' '.join(map(repr, options.only))}" if options.only else ""
            print(f"    again: python -m tests.campaign --policy {result.policy}{only} --replay {seed}:{result.index}")

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    results = Crew(campaign, options.clusters, tell).run(batches)
    took_s = time.monotonic() - start_s
    print(f"\n{markdown(rows(results))}\n\n{len(results)} cases in {took_s:.0f} s", flush=True)
    if options.json:
        _write(options.json, options, seed, took_s, results)
    return 1 if any(result.problems for result in results) else 0


def _chosen(options: argparse.Namespace) -> tuple[int, list[Batch]]:
    """Give seed and batches: all of the plan, or those cases that are to be played again."""
    only = tuple(options.only)
    if not options.replay:
        return options.seed, plan(options.seed, options.policy, options.faults, only)
    seed, _, places = options.replay.partition(":")
    first, _, last = places.rpartition("-")
    wanted = range(int(first or last), int(last) + 1)
    batches = plan(int(seed), options.policy, wanted[-1] + 1, only)
    chosen = [replace(one, cases=tuple(case for case in one.cases if case.index in wanted)) for one in batches]
    return int(seed), [one for one in chosen if one.cases]


def _write(path: Path, options: argparse.Namespace, seed: int, took_s: float, results: list[Result]) -> None:
    """Write the figures of each class and every case."""
    document = {
        "policy": options.policy.value,
        "seed": seed,
        "faults": len(results),
        "clusters": options.clusters,
        "took_s": round(took_s, 1),
        "machine": {"cores": os.cpu_count(), "kernel": platform.release(), "python": platform.python_version()},
        "classes": {one.name: asdict(one) for one in rows(results)},
        "cases": [result.document() for result in results],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n")


def _table(path: Path) -> str:
    """Give the table of an earlier campaign under a line that says what it was."""
    raw = json.loads(path.read_text())
    results = [Result.of(one) for one in raw["cases"]]
    head = f"Policy `{raw['policy']}`, seed {raw['seed']}, {raw['faults']} faults, {raw['clusters']} clusters at once:"
    return f"{head}\n\n{markdown(rows(results))}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
