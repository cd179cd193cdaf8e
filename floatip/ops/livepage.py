"""The page of ``floatip status --watch``: what moves, what is in trouble, the rest. Knows: the news. Never: asks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from floatip.ops.changes import change_table, changes, tenures
from floatip.ops.fitting import Part, fitted
from floatip.ops.models import EventRecord, Status
from floatip.ops.progress import Progress, handovers
from floatip.ops.view import (
    Cell,
    Table,
    Tone,
    View,
    ago,
    broker_table,
    check_table,
    node_table,
    trouble,
    verdict,
    vip_table,
)

STALE_S = 3.0
"""After so long without an answer, what is shown is of the past."""
DETAILED = 2
"""So many handovers are shown step by step."""
CHANGES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What was heard last, and ``age_s`` seconds ago; ``error``: why there is nothing newer."""

    status: Status
    records: Sequence[EventRecord]
    age_s: float = 0.0
    error: str = ""

    @property
    def now(self) -> datetime:
        """What the daemon's clock shows now."""
        return self.status.now + timedelta(seconds=self.age_s)

    @property
    def stale(self) -> bool:
        """Whether it may be wrong by now."""
        return bool(self.error) or self.age_s > STALE_S


def live_page(news: News, width: int, height: int) -> View:
    """Return the page for a terminal of that size."""
    status = news.status
    stages = {vip.name: vip.handover for vip in status.vips if vip.handover is not None}
    moves = [] if news.stale else handovers(news.records, stages, news.now)
    moved = changes(tenures(news.records), replace(status, now=news.now), CHANGES)
    parts = [
        *_moving(moves, most=max(1, height // 3)),
        Part(
            table=_worst_first(vip_table(status, status.vips)),
            least=3,
            spare=("HEARD", "ADDRESSES", "VERIFIED BY", "SINCE", "HERE"),
        ),
        Part(table=_worst_first(node_table(status)), least=3, spare=("VERSION", "HEARD")),
        Part(table=_worst_first(broker_table(status)), least=1, spare=("ROUND TRIP",)),
        Part(table=_worst_first(check_table(status)), least=1),
        Part(table=_short(change_table(moved)), least=2, spare=("SILENT FOR", "OWNED FOR", "BEFORE")),
    ]
    page = fitted(_headline(news), parts, width=width, height=height)
    return _faint(page) if news.stale else page


def _headline(news: News) -> Cell:
    """Say whether all is well, and when that was so."""
    heard = f"{news.status.now:%H:%M:%S}"
    if news.stale:
        why = f": {news.error}" if news.error else ""
        return Cell(
            f"NO ANSWER since {heard} UTC ({ago(news.age_s)}){why}; tries again, below is what was so then", Tone.BAD
        )
    found = verdict(news.status)
    return Cell(f"{heard} UTC  {found.where}; {', '.join(found.findings)}", found.tone)


def _moving(moves: Sequence[Progress], most: int) -> list[Part]:
    """Draw the newest step by step; of the rest say how many there are, and how they are."""
    parts = [Part(table=one.table(most), least=most) for one in moves[:DETAILED]]
    if rest := moves[DETAILED:]:
        done = sum(one.change is not None for one in rest)
        rows = ((Cell(f"{done} done, {len(rest) - done} under way or failed"),),)
        parts.append(Part(table=Table(columns=(f"{len(rest)} OTHER HANDOVERS",), rows=rows), least=1))
    return parts


def _worst_first(table: Table) -> Table:
    return replace(table, rows=tuple(sorted(table.rows, key=trouble)))


def _short(changes: Table) -> Table:
    """Leave the date out: what is shown is of today, or its time does not matter."""
    return replace(changes, rows=tuple((Cell(row[0].text[-8:]), *row[1:]) for row in changes.rows))


def _faint(page: View) -> View:
    tables = (
        replace(table, rows=tuple(tuple(Cell(cell.text, Tone.FAINT) for cell in row) for row in table.rows))
        for table in page.tables
    )
    return replace(page, tables=tuple(tables))
