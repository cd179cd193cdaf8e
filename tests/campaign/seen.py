"""What the witness saw of one case, and the figures in it. Knows: intervals. Never: processes, clocks."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

from floatip.lab.errors import LabError
from floatip.lab.intervals import Interval, Overlap, merge, overlap, without

PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """All that was seen in a window; `gaps` are (start, length in ms), `beliefs` (since, the client's MAC)."""

    window: Interval
    held: Mapping[str, Mapping[str, Sequence[Interval]]]
    gaps: Mapping[str, Sequence[tuple[float, float]]]
    beliefs: Mapping[str, Sequence[tuple[float, str | None]]]
    lateness_ms: float
    overruns: int

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        """Read a report of the witness."""
        return cls(
            window=Interval(start_s=raw["window"][0], end_s=raw["window"][1]),
            held={
                address: {host: [Interval(start_s=a, end_s=b) for a, b in times] for host, times in hosts.items()}
                for address, hosts in raw["held"].items()
            },
            gaps={address: [(gap[0], gap[1]) for gap in gaps] for address, gaps in raw["gaps"].items()},
            beliefs={address: [(at_s, mac) for at_s, mac in past] for address, past in raw["beliefs"].items()},
            lateness_ms=raw["lateness_ms"],
            overruns=raw["overruns"],
        )

    def dual(self, unseen: Mapping[str, Sequence[Interval]], broken: Sequence[Interval]) -> Overlap:
        """Measure the worst address's double ownership while the LAN was whole, but for hosts that none could reach."""
        overlaps = [self._overlap(hosts, unseen, broken) for hosts in self.held.values()]
        return max(overlaps, key=lambda one: (one.longest_two_ms, one.two_ms))

    def _overlap(
        self,
        hosts: Mapping[str, Sequence[Interval]],
        unseen: Mapping[str, Sequence[Interval]],
        broken: Sequence[Interval],
    ) -> Overlap:
        away = {host: merge([*unseen.get(host, ()), *broken]) for host in hosts}
        return overlap(without(hosts, away, self.window), self.window)

    def outage_ms(self) -> float:
        """Give the longest time for which a client had no answer from some address."""
        return max((length_ms for gaps in self.gaps.values() for _, length_ms in gaps), default=0.0)

    def strayed_ms(self, since_s: float) -> float:
        """Give how long after this moment the client last had another MAC for some address than it has at the end."""
        return max((_last_wrong_s(past) - since_s for past in self.beliefs.values() if past), default=0.0) * 1000


def _last_wrong_s(past: Sequence[tuple[float, str | None]]) -> float:
    """Give the end of the last time in which a MAC was believed that is not the one believed in the end."""
    final = next((mac for _, mac in reversed(past) if mac is not None), None)
    ends = [after_s for (_, mac), (after_s, _) in pairwise(past) if mac not in {None, final}]
    return ends[-1] if ends else past[0][0]


class WitnessProcess:
    """The witness, as the campaign starts, asks and ends it."""

    def __init__(self, client: str, addresses: Sequence[str], hosts: Sequence[str], log: Path) -> None:
        self._log = log
        argv = [
            sys.executable,
            "-m",
            "tests.campaign.witness",
            "--client",
            client,
            "--address",
            *addresses,
            "--",
            *hosts,
        ]
        with log.open("ab") as errors:
            self._popen = subprocess.Popen(
                argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True
            )

    def latest(self) -> dict[str, list[str | None]]:
        """Say for each address who answered in the last tenth of a second."""
        answer: dict[str, list[str | None]] = self._ask("latest")
        return answer

    def report(self) -> Seen:
        """Give all that was seen since the last report."""
        return Seen.of(self._ask("report"))

    def _ask(self, question: str) -> Any:
        if self._popen.stdin is None or self._popen.stdout is None:
            raise AssertionError("the witness has pipes")
        try:
            self._popen.stdin.write(question + "\n")
            self._popen.stdin.flush()
            line = self._popen.stdout.readline()
        except OSError as error:
            raise LabError(f"the witness is gone: {error}\n{self._log.read_text()}") from error
        if not line:
            raise LabError(f"the witness ended with {self._popen.wait(PATIENCE_S)}\n{self._log.read_text()}")
        return json.loads(line)

    def close(self) -> None:
        """End it."""
        for pipe in (self._popen.stdin, self._popen.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._popen.wait(2.0)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
