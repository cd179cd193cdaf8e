"""What was measured, as values, and as the JSON file in which every single run can be read. Knows: numbers."""

import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one strike showed, in milliseconds; None where it does not apply, or did not come in the time watched."""

    outage_ms: float
    """The longest gap in which the client had no answer from the first VIP."""
    lost: int
    lateness_ms: float
    """By how much the probe itself was late at the worst."""
    two_owners_ms: float
    """The longest time in which two nodes that both could be reached had the address."""
    answered_ms: float | None = None
    """From the strike (of a planned move: the start of the command) until another node answered."""
    left_ms: float | None = None
    """From the strike until the struck host had the address no more; None: it still had it when the run ended."""
    watched_ms: float = 0.0
    """How long the run went on after the strike."""
    stray_ms: float | None = None
    """After the LAN was whole again: until nothing but the one owner answered the client, without a gap."""
    last_bound_ms: float | None = None
    """From the first address added on the new owner to the last."""
    last_announced_ms: float | None = None
    """From the first address added on the new owner to the last address announced for the first time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one node used in the steady state."""

    role: str
    cpu_percent: float
    """Of one core."""
    rss_mib: float
    """Of all its processes, what they share counted once for each."""
    pss_mib: float
    """Of all its processes, what they share divided among them."""
    sent_per_s: float
    received_per_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The middle and the ends of some figures."""

    median: float
    least: float
    most: float
    count: int

    @classmethod
    def of(cls, figures: Iterable[float | None]) -> Self | None:
        """Sum up the figures that there are; None if there is none."""
        known = sorted(one for one in figures if one is not None)
        if not known:
            return None
        return cls(median=statistics.median(known), least=known[0], most=known[-1], count=len(known))


Runs = dict[str, dict[str, list[Run]]]
"""Case to system to runs."""


def _rounded(value: Any) -> Any:
    """Leave out digits that no clock here gives."""
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, list) else value


@dataclass(slots=True, kw_only=True)
class Results:
    """All of a benchmark."""

    machine: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    runs: Runs = field(default_factory=dict)
    steady: dict[str, dict[str, list[Load]]] = field(default_factory=dict)
    """Number of VIPs to system to nodes, the owner first."""
    start_ms: dict[str, list[float]] = field(default_factory=dict)
    """Command to how long each call took."""
    repeated: list[str] = field(default_factory=list)
    """Runs that did not count, and why."""

    def add(self, case: str, system: str, run: Run) -> None:
        """Take in one run."""
        self.runs.setdefault(case, {}).setdefault(system, []).append(run)

    def of(self, case: str, system: str) -> Sequence[Run]:
        """Give the runs of one case of one system; none if it was not measured."""
        return self.runs.get(case, {}).get(system, [])

    def join(self, other: "Results") -> None:
        """Take in what was measured at another time: all runs, and what is newer of the rest."""
        for case, by_system in other.runs.items():
            for system, runs in by_system.items():
                for run in runs:
                    self.add(case, system, run)
        minutes = self.options.get("minutes", 0) + other.options.get("minutes", 0)
        self.machine = {**self.machine, **other.machine}
        self.options = {**self.options, **other.options, "minutes": round(minutes, 1)}
        self.steady.update(other.steady)
        self.start_ms.update(other.start_ms)
        self.repeated += other.repeated

    def write(self, path: Path) -> None:
        """Write it as JSON, a line for each run."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(_rounded(asdict(self))).replace("}, ", "},\n") + "\n")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what was written."""
        raw = json.loads(path.read_text())
        for by_system in raw["runs"].values():
            for system, runs in by_system.items():
                by_system[system] = [Run(**run) for run in runs]
        for by_system in raw["steady"].values():
            for system, loads in by_system.items():
                by_system[system] = [Load(**load) for load in loads]
        return cls(**raw)
