"""What became of owners lately, as people see it. Knows: events that tell of a change. Never: asks anybody anything."""

from collections.abc import Sequence
from datetime import datetime

from floatip.ops.models import EventRecord, Status
from floatip.ops.view import NOTHING, Cell, Table, Tone, ago

COLUMNS = ("WHEN", "VIP", "OWNER", "BEFORE", "CAUSE", "SILENT FOR", "OWNED FOR")


def change_table(history: Sequence[EventRecord], status: Status, *, most: int) -> Table:
    """Return the last changes of owner, newest first; nobody tells when an owner ended that has no successor yet."""
    owners = {vip.name: vip.owner for vip in status.vips}
    rows: list[tuple[Cell, ...]] = []
    ended: dict[str, datetime] = {}
    for record in reversed(history):
        if record.owner is None or record.vip is None:
            continue
        end = ended.get(record.vip)
        ended[record.vip] = record.at
        owned = Cell(f"{ago(((end or status.now) - record.at).total_seconds())}{'' if end else ' so far'}")
        rows.append(
            (
                Cell(f"{record.at:%Y-%m-%d %H:%M:%S}"),
                Cell(record.vip),
                Cell(record.owner),
                NOTHING if record.former is None else Cell(record.former),
                Cell(record.cause or "-", _cause_tone(record.cause)),
                NOTHING if record.silent_s is None else Cell(f"{record.silent_s:.2f} s"),
                owned if end or owners.get(record.vip) == record.owner else NOTHING,
            )
        )
        if len(rows) == most:
            break
    return Table(columns=COLUMNS, rows=tuple(rows))


def _cause_tone(cause: str | None) -> Tone:
    return Tone.WARNING if cause in {"takeover", "check", "fault"} else Tone.PLAIN
