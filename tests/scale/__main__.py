"""``python -m tests.scale``: what one node needs in clusters of several sizes; a table, and ``build/scale.json``.

Three parts: ``simulation`` (engine, codec and signatures in one process), ``renewal`` (kernel lifetimes on a real
kernel), ``real`` (real daemons and a real broker). ``--only`` picks one.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from tests.scale.simulation import acts

SIZES = ("3x1000", "3x500", "10x500", "20x500", "50x500")
REAL = ("3x1000", "3x500", "10x500", "20x500", "30x500")
ADDRESSES = ("100", "500", "1000")
SANDBOX = (sys.executable, "-m", "floatip.lab.sandbox", "--", sys.executable, "-m")
PATIENCE_S = 600.0


def simulation(sizes: list[str]) -> list[dict[str, object]]:
    """Act by act, the cost of one node."""
    found: list[dict[str, object]] = []
    for size in sizes or SIZES:
        nodes, vips = map(int, size.split("x"))
        for act in acts(nodes, vips):
            parts = ", ".join(f"{name} {took_us:.0f} us" for name, took_us in act.parts_us.items())
            print(
                f"{nodes:3d} nodes {vips:5d} VIPs  {act.name:18} {act.cpu_percent:6.2f} %  "
                f"{act.messages_per_s:6.1f} messages/s of {act.heartbeat_bytes} bytes: {parts}",
                flush=True,
            )
            found.append({"nodes": nodes, "vips": vips, **asdict(act)})
    return found


def _in_sandbox(module: str, *arguments: str) -> dict[str, object]:
    """Run one measurement in a sandbox of its own; one that fails says so in its row."""
    argv = [*SANDBOX, module, *arguments]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
        row: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError, subprocess.TimeoutExpired) as error:
        row = {"failed": f"{module} {' '.join(arguments)}: {error!r}"}
    print(row, flush=True)
    return row


def renewal(_: list[str]) -> list[dict[str, object]]:
    """Kernel lifetimes: processor time for so many addresses."""
    return [_in_sandbox("tests.scale.renewal", count) for count in ADDRESSES]


def real(sizes: list[str]) -> list[dict[str, object]]:
    """Real daemons, as many as this machine carries."""
    return [_in_sandbox("tests.scale.real", *size.split("x"), "30") for size in sizes or REAL]


PARTS: dict[str, Callable[[list[str]], list[dict[str, object]]]] = {
    "simulation": simulation,
    "renewal": renewal,
    "real": real,
}


def main() -> int:
    """Measure and print; the exit code is 1 if something could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m tests.scale")
    parser.add_argument("--only", choices=list(PARTS), action="append", default=[])
    parser.add_argument("--size", action="append", default=[], help="NODESxVIPS; may be repeated")
    parser.add_argument("--out", type=Path, default=Path("build/scale.json"))
    arguments = parser.parse_args()
    found = {name: PARTS[name](arguments.size) for name in arguments.only or PARTS}
    arguments.out.parent.mkdir(exist_ok=True)
    arguments.out.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return 1 if any("failed" in row for rows in found.values() for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
