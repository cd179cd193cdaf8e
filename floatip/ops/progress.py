"""Handovers while they run, and for a moment after: who has come how far, when. Knows: events. Never: asks anybody.

The steps of a handover come as events of the kind ``handover``, and its success as a change of owner; nobody says when
a first step is one, so a VIP that was quiet for ``PAUSE_S`` before it begins a new one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from floatip.ops.models import EventRecord
from floatip.ops.view import Cell, Table, Tone

LINGER_S = 6.0
"""How long one that is over is shown."""
PAUSE_S = 2.0
"""Longer than a node waits for any step of a handover."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The steps of one handover so far, and whether it still runs; ``stage`` as in the status then."""

    vip: str
    steps: tuple[EventRecord, ...]
    stage: str | None

    @property
    def change(self) -> EventRecord | None:
        """The change of owner that it came to."""
        return next((step for step in self.steps if step.owner is not None), None)

    @property
    def says(self) -> Cell:
        """How it is, or how it ended."""
        if (change := self.change) is not None:
            took_ms = _ms(change.at - self.steps[0].at)
            return Cell(f"{change.former or 'nobody'} -> {change.owner} in {took_ms} ms", Tone.GOOD)
        return Cell("ended, and the owner is the same", Tone.WARNING) if self.stage is None else Cell(self.stage)

    def table(self, most: int) -> Table:
        """Return its last steps, each with the time since the first."""
        steps = self.steps[-most:]
        rows = [(Cell(f"{_ms(step.at - self.steps[0].at):>5} ms"), Cell(step.text)) for step in steps]
        if self.stage is not None and self.change is None:
            rows[-1] = (rows[-1][0], Cell(rows[-1][1].text, Tone.WARNING))
        return Table(columns=("HANDOVER", f"{self.vip}: {self.says.text}"), rows=tuple(rows))


def handovers(records: Iterable[EventRecord], stages: Mapping[str, str], now: datetime) -> list[Progress]:
    """Return those that run (``stages``: VIP to how far it is) or have ended just now, the newest first."""
    found: dict[str, list[EventRecord]] = {}
    for record in records:
        if record.vip is None or not (record.kind == "handover" or record.owner is not None):
            continue
        steps = found.setdefault(record.vip, [])
        if steps and (record.at - steps[-1].at).total_seconds() > PAUSE_S:
            steps.clear()
        if steps or record.kind == "handover":
            steps.append(record)
    fresh = [
        Progress(vip=vip, steps=tuple(sorted(steps, key=_order)), stage=stages.get(vip))
        for vip, steps in found.items()
        if steps and (vip in stages or (now - steps[-1].at).total_seconds() < LINGER_S)
    ]
    return sorted(fresh, key=lambda one: one.steps[0].at, reverse=True)


def _order(step: EventRecord) -> tuple[datetime, bool]:
    """What a node read at one time is told at one time: its outcome after the steps to it."""
    return step.at, step.owner is not None


def _ms(time: timedelta) -> int:
    return round(time / timedelta(milliseconds=1))
