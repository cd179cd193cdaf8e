"""Run with ambient capabilities: says which of them this process has, and which a program has that it runs."""

import asyncio
import json
import subprocess
import sys

from floatip.programs import run

STATUS = ["/bin/cat", "/proc/self/status"]


def capabilities(status: str) -> dict[str, int]:
    """The ambient and the effective ones."""
    lines = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return {key: int(lines[key], 16) for key in ("CapAmb", "CapEff")}


async def main() -> None:
    """Compare a program that is run with one that is started otherwise, before and after."""
    found = []
    for _ in range(2):
        found.append(capabilities(subprocess.run(STATUS, capture_output=True, check=True, text=True).stdout))  # noqa: ASYNC221
        found.append(capabilities((await run(STATUS, timeout_s=20)).output))
    json.dump(found, sys.stdout)


asyncio.run(main())
