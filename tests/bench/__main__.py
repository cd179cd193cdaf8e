"""``python -m tests.bench --runs 10``: floatip and keepalived in turn; table, JSON, plot, and the tables of the docs."""

import argparse
import random
import sys
from pathlib import Path

from tests.bench.play import Play
from tests.bench.results import Results
from tests.bench.table import tables

SECTIONS = ("outage", "many", "steady", "start")


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="tests.bench", description=(__doc__ or "").partition(": ")[2])
    parser.add_argument("--runs", type=int, default=10, help="strikes of each case on each system")
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--sections", default=",".join(SECTIONS), help="of " + ", ".join(SECTIONS))
    parser.add_argument("--seconds", type=float, default=25.0, help="how long the steady state is looked at")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--out", type=Path, default=Path("build/bench.json"))
    found = parser.parse_args()
    found.sections = found.sections.split(",")
    unknown = set(found.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"no section {min(unknown)!r}; there are {', '.join(SECTIONS)}")
    return found


def main() -> int:
    """Measure and print; the exit code says only whether it could be measured."""
    asked = options()
    results = Results()
    Play(asked, results).all()
    results.write(asked.out)
    print(tables(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
