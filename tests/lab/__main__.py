"""Runs the files of lab tests side by side, each in a sandbox of its own: ``python -m tests.lab [pytest option...]``.

Most of them wait most of the time. Files that measure what a client loses to the millisecond run alone, at the end.
"""

import argparse
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
ALONE = ("test_planned_moves.py", "test_campaign.py")
LONGEST_FIRST = (
    "test_storms.py",
    "test_handover_interrupted.py",
    "test_migrate.py",
    "test_sentinel_daemon.py",
    "test_page.py",
)
NO_TESTS = 5
"""pytest's exit code where a file has no lab tests."""


def files() -> tuple[list[Path], list[Path]]:
    """The files that may have neighbours, the longest first, and those that may not."""
    found = [*sorted(HERE.glob("test_*.py")), HERE.parent / "contract"]
    order = {name: place for place, name in enumerate(LONGEST_FIRST)}
    shared = sorted(
        (path for path in found if path.name not in ALONE), key=lambda path: order.get(path.name, len(order))
    )
    return shared, [path for path in found if path.name in ALONE]


def run(path: Path, options: list[str]) -> bool:
    """Run one file, show how it went, and return whether all is well."""
    began = time.monotonic()
    pytest = [
        str(Path(sys.executable).with_name("pytest")),
        str(path),
        "-m",
        "lab",
        "-p",
        "no:randomly",
        "-q",
        *options,
    ]
    argv = [sys.executable, "-m", "floatip.lab.sandbox", "--", *pytest]
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    well = done.returncode in {0, NO_TESTS}
    *_, last = done.stdout.strip().splitlines() or [""]
    print(f"{path.name}: {last} ({time.monotonic() - began:.0f} s)", flush=True)
    if not well:
        print(done.stdout, flush=True)
    return well


def main() -> int:
    """Run all; the exit code is 1 if any fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side-by-side", type=int, default=2, help="how many at once")
    arguments, options = parser.parse_known_args()
    shared, alone = files()
    with ThreadPoolExecutor(arguments.side_by_side) as pool:
        well = list(pool.map(lambda path: run(path, options), shared))
    well += [run(path, options) for path in alone]
    print(f"{sum(well)} of {len(well)} files are well", flush=True)
    return 0 if all(well) else 1


if __name__ == "__main__":
    sys.exit(main())
