"""``python -m tests.bench --runs 10``: floatip and keepalived in turn; tables, JSON, a plot, and filled pages."""

import argparse
import random
import sys
from pathlib import Path

from tests.bench import document
from tests.bench.play import Play
from tests.bench.plot import svg
from tests.bench.results import Results
from tests.bench.table import parts

SECTIONS = ("outage", "many", "steady", "start")


def options(argv: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="tests.bench", description=(__doc__ or "").partition(": ")[2])
    parser.add_argument("--runs", type=int, default=10, help="strikes of each case on each system")
    parser.add_argument("--only", default="", metavar="PART", help="cases whose name contains this")
    parser.add_argument("--sections", default=",".join(SECTIONS), help="of " + ", ".join(SECTIONS))
    parser.add_argument("--seconds", type=float, default=25.0, help="how long the steady state is looked at")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--out", type=Path, default=Path("build/bench.json"), help="every single run")
    parser.add_argument(
        "--from", dest="read", type=Path, nargs="+", default=(), metavar="JSON", help="measure nothing: read"
    )
    parser.add_argument("--plot", type=Path, metavar="SVG", help="draw the outages")
    parser.add_argument("--write", type=Path, nargs="+", default=(), metavar="PAGE", help="put the tables into pages")
    found = parser.parse_args(argv)
    found.sections = found.sections.split(",")
    unknown = set(found.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"no section {min(unknown)!r}; there are {', '.join(SECTIONS)}")
    return found


def main(argv: list[str]) -> int:
    """Measure and print; the exit code says only whether it could be measured."""
    asked = options(argv)
    results = Results()
    for path in asked.read:
        results.join(Results.read(path))
    try:
        if not asked.read:
            Play(asked, results).all()
    finally:
        results.write(asked.out)
    found = parts(results)
    if asked.plot:
        asked.plot.parent.mkdir(parents=True, exist_ok=True)
        asked.plot.write_text(svg(results))
    for page in asked.write:
        try:
            document.write(page, found)
        except ValueError as error:
            sys.stderr.write(f"{page}: {error}; remedy: measure all sections, or join several files with --from\n")
            return 1
    print("\n\n".join(found.values()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
