"""The benchmark from begin to end: beds in turn, on each bed its cases, of each case the two systems in turn.

Only one system is struck at a time; the other one lies on its own bed in a sandbox of its own, and is idle.
"""

import argparse
import os
import platform
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import groupby

from floatip.lab import tools
from floatip.lab.errors import LabError
from tests.bench.cases import MANY, OUTAGES, Case, bed_of, systems_of
from tests.bench.players import Player
from tests.bench.results import Load, Results, Run
from tests.bench.systems import realtime

FAILURES = 2
STEADY_BEDS = {"1": "default", "100": "100 VIPs", "1,000": "1,000 VIPs"}
COMMAND_RUNS = 10


class Play:
    """Fills the results, and says on standard error how far it is."""

    def __init__(self, asked: argparse.Namespace, results: Results) -> None:
        self._asked = asked
        self._results = results
        self._dice = random.Random(asked.seed)
        self._begun_s = time.monotonic()
        self._players: dict[str, Player] = {}
        self._hopeless: set[tuple[str, str]] = set()
        self._todo = self._done = 0

    def all(self) -> None:
        """Measure what was asked for."""
        self._results.machine = machine()
        self._results.options = {
            "runs": self._asked.runs,
            "seed": self._asked.seed,
            "sections": ", ".join(self._asked.sections),
            "only": self._asked.only,
        }
        with ExitStack() as stack:
            self._players = {name: stack.enter_context(Player(name)) for name in ("floatip", "keepalived")}
            cases = self._cases()
            self._todo = self._asked.runs * sum(len(systems_of(case)) for case in cases)
            for _, group in groupby(cases, key=lambda case: bed_of(case, "keepalived") + bed_of(case, "floatip")):
                self._bed(list(group))
            if "steady" in self._asked.sections:
                self._steady()
            if "start" in self._asked.sections:
                self._players["floatip"].lie_on("default")
                self._results.start_ms = self._players["floatip"].ask("commands", runs=COMMAND_RUNS)
        self._results.options["minutes"] = round((time.monotonic() - self._begun_s) / 60, 1)

    def _cases(self) -> list[Case]:
        """Give the cases asked for, those on one bed together."""
        found = [
            *(OUTAGES if "outage" in self._asked.sections else ()),
            *(MANY if "many" in self._asked.sections else ()),
        ]
        order = {
            name: number for number, name in enumerate(dict.fromkeys(one.bed + one.keepalived_bed for one in found))
        }
        return sorted((c for c in found if self._asked.only in c.name), key=lambda c: order[c.bed + c.keepalived_bed])

    def _bed(self, cases: Sequence[Case]) -> None:
        if all(case.alone for case in cases):
            self._players["keepalived"].close()
        for number in range(self._asked.runs):
            for case in cases:
                for system in systems_of(case):
                    if (case.name, system) not in self._hopeless:
                        self._strike(case, system, number)

    def _strike(self, case: Case, system: str, number: int) -> None:
        """Strike once; what failed is told of, and tried again on a fresh bed."""
        for _ in range(FAILURES):
            try:
                self._players[system].lie_on(bed_of(case, system))
                answer = self._players[system].ask("strike", case=case.name, seed=self._dice.randrange(1 << 32))
            except LabError as error:
                self._results.repeated.append(f"{case.name}, {system}: {str(error).splitlines()[0]}")
                sys.stderr.write(f"{case.name}, {system}: {error}\n")
                continue
            self._results.repeated += [f"{system}, {why}" for why in answer["repeated"]]
            run = Run(**answer["run"])
            self._results.add(case.name, system, run)
            self._say(f"{case.name}, {system}, run {number + 1}: nobody answers for {run.outage_ms:.0f} ms")
            return
        self._hopeless.add((case.name, system))
        self._todo -= self._asked.runs - number - 1
        self._say(f"{case.name}, {system}, run {number + 1}: could not be measured, {FAILURES} times; is left out")

    def _say(self, text: str) -> None:
        self._done += 1
        passed_s = time.monotonic() - self._begun_s
        left_s = passed_s / self._done * (self._todo - self._done)
        sys.stderr.write(f"[{self._done}/{self._todo}, {left_s / 60:.0f} min left] {text}\n")

    def _steady(self) -> None:
        """Look at each system alone, for each number of VIPs."""
        for size, bed in STEADY_BEDS.items():
            for player in self._players.values():
                player.close()
            for system, player in self._players.items():
                player.lie_on(bed)
                found = [Load(**load) for load in player.ask("steady", seconds=self._asked.seconds)]
                player.close()
                self._results.steady.setdefault(size, {})[system] = found
                sys.stderr.write(f"steady state, {size} VIPs, {system}: owner {found[0].cpu_percent:.2f} % CPU\n")


def machine() -> dict[str, str]:
    """Name what it was measured on, and with what."""
    return {
        "cores": str(os.cpu_count()),
        "load": f"{os.getloadavg()[0]:.1f}",
        "kernel": platform.release(),
        "python": platform.python_version(),
        "keepalived": _version("keepalived", "--version"),
        "mosquitto": _version("mosquitto", "-h"),
        "scheduling": " ".join(("chrt", *realtime()[1:])) if realtime() else "the usual scheduler",
    }


def _version(*argv: str) -> str:
    """Give the first line that a program says of itself."""
    done = subprocess.run([tools.find(argv[0]), *argv[1:]], capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip().splitlines()[0]
