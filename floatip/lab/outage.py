"""What a client saw: how many probes were lost, the gaps, and who answered when.

Knows: send times and who answered. Never: sockets, clocks. Times are seconds of CLOCK_BOOTTIME, lengths milliseconds.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

NOBODY = -1
"""The answerer's number of a lost probe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Probes lost in a row: from the first lost one's send time to that of the next answered one.

    `after` is None if the probing ended first; `length_ms` then counts to one interval behind the last probe.
    """

    start_s: float
    length_ms: float
    lost: int
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One node answered all answered probes sent between these times."""

    node: str
    start_s: float
    end_s: float
    answered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How far to trust the measurement: repeat it when the probe was late itself."""

    lateness_ms: float
    """The longest that a probe was sent behind its time."""
    skipped: int
    """Probes not sent because of that."""
    realtime: bool
    """Whether the kernel allowed SCHED_FIFO."""
    round_trip_ms: float
    """The longest of an answered probe, as noticed at the next send."""
    cpu_percent: float
    """Share of one core."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """The client's view of one run; a probe answered too late is lost, and counted in `late` as well.

    `wrong_source` counts answers that came from another address than the one asked.
    """

    start_s: float
    end_s: float
    sent: int
    lost: int
    late: int
    wrong_source: int
    send_errors: int
    longest_gap_ms: float
    gaps: Sequence[Gap]
    segments: Sequence[Segment]
    quality: Quality

    @property
    def answered_by(self) -> list[str]:
        """Name the nodes in the order in which they answered."""
        return [segment.node for segment in self.segments]

    @classmethod
    def read(cls, path: Path) -> "ProbeResult":
        """Read what the probing process wrote."""
        raw: dict[str, Any] = json.loads(path.read_text())
        raw["gaps"] = tuple(Gap(**gap) for gap in raw["gaps"])
        raw["segments"] = tuple(Segment(**segment) for segment in raw["segments"])
        raw["quality"] = Quality(**raw["quality"])
        return cls(**raw)


def gaps(sent_s: Sequence[float], answered_by: Sequence[int], nodes: Mapping[int, str], interval_s: float) -> list[Gap]:
    """Give every run of lost probes; `answered_by` has a node's number, or NOBODY, for each probe."""
    found: list[Gap] = []
    for first, last in _runs(answered_by):
        end_s = sent_s[last + 1] if last + 1 < len(sent_s) else sent_s[last] + interval_s
        found.append(
            Gap(
                start_s=sent_s[first],
                length_ms=(end_s - sent_s[first]) * 1000,
                lost=last - first + 1,
                before=nodes[answered_by[first - 1]] if first else None,
                after=nodes[answered_by[last + 1]] if last + 1 < len(sent_s) else None,
            )
        )
    return found


def segments(sent_s: Sequence[float], answered_by: Sequence[int], nodes: Mapping[int, str]) -> list[Segment]:
    """Say who answered from when to when; lost probes neither begin nor end a segment."""
    found: list[Segment] = []
    answered = ((node, at_s) for node, at_s in zip(answered_by, sent_s, strict=True) if node != NOBODY)
    for node, group in groupby(answered, key=lambda one: one[0]):
        times_s = [at_s for _, at_s in group]
        found.append(Segment(node=nodes[node], start_s=times_s[0], end_s=times_s[-1], answered=len(times_s)))
    return found


def _runs(answered_by: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Give the first and last place of each run of lost probes."""
    for lost, group in groupby(range(len(answered_by)), key=lambda place: answered_by[place] == NOBODY):
        if lost:
            places = list(group)
            yield places[0], places[-1]
