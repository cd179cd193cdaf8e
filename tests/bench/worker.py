"""One system in a sandbox of its own: does what the benchmark asks on its standard input, a line of JSON each.

`python -m tests.bench.worker floatip`; answers are lines of JSON on standard output. Knows: one bed at a time.
"""

import json
import random
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from floatip.lab.errors import LabError
from tests.bench.beds import BEDS
from tests.bench.cases import CASES
from tests.bench.measuring import LATE_MS, measure
from tests.bench.steady import command_ms, loads
from tests.bench.systems import SYSTEMS, Floatip, Keepalived

TRIES = 4


class Worker:
    """Keeps the bed that is in use."""

    def __init__(self, system: str) -> None:
        self._kind = SYSTEMS[system]
        self._system: Floatip | Keepalived | None = None

    def obey(self, verb: str, words: Mapping[str, Any]) -> Any:
        """Do one thing and give what it came to."""
        match verb:
            case "open":
                self.close()
                self._system = self._kind(BEDS[words["bed"]])
                self._system.cluster.start()
                return self._system.settled()
            case "settled":
                return self._bed().settled()
            case "strike":
                return self._strike(words["case"], random.Random(words["seed"]))
            case "steady":
                return [asdict(load) for load in loads(self._bed(), words["seconds"])]
            case "commands":
                return command_ms(self._bed(), words["runs"])
            case _:
                return self.close()

    def _strike(self, case: str, dice: random.Random) -> dict[str, Any]:
        """Strike; again while the probe itself was late."""
        repeated: list[str] = []
        run = measure(self._bed(), CASES[case], dice)
        while run.lateness_ms > LATE_MS and len(repeated) < TRIES - 1:
            repeated.append(f"{case}: the probe was {run.lateness_ms:.0f} ms late")
            run = measure(self._bed(), CASES[case], dice)
        return {"run": asdict(run), "repeated": repeated}

    def _bed(self) -> Floatip | Keepalived:
        if self._system is None:
            raise LabError("no bed is open")
        return self._system

    def close(self) -> None:
        """Take down the bed, if there is one."""
        if self._system is not None:
            self._system.cluster.stop(grace_s=1.0)
            self._system = None


def main(system: str) -> None:
    """Obey until the input ends."""
    worker = Worker(system)
    try:
        for line in sys.stdin:
            words = json.loads(line)
            try:
                answer = {"done": worker.obey(words.pop("verb"), words)}
            except LabError as error:
                answer = {"failed": str(error)}
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()
    finally:
        worker.close()


if __name__ == "__main__":
    main(sys.argv[1])
