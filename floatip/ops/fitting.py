"""A page that fits a terminal: fewer rows and columns, the dear ones last. Knows: a page's parts. Never: draws it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from textwrap import wrap

from floatip.ops.view import Cell, Table, View

HEAD = 2
"""The lines of a table beside its rows: an empty one above it, and its heading."""
NARROWEST = 12
"""What a column that may be cut off must have at least."""
GAP = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One table of a page: ``least`` of its rows belong on it, and ``spare`` columns go first where it is narrow."""

    table: Table
    least: int
    spare: tuple[str, ...] = ()


def fitted(headline: Cell, parts: Sequence[Part], *, width: int, height: int) -> View:
    """Return the page with as many rows as there is room for; the first parts stay longest, and grow first."""
    room = height - len(wrap(headline.text, max(1, width)))
    kept = [part for part in parts if part.table.rows]
    while len(kept) > 1 and sum(_lines(part, part.least) for part in kept) > room:
        kept.pop()
    counts = [min(part.least, len(part.table.rows)) for part in kept]
    for at, part in enumerate(kept):
        others = sum(_lines(other, count) for other, count in zip(kept, counts, strict=True) if other is not part)
        counts[at] = _most(part, counts[at], room - others)
    tables = [_narrow(_cut(part, count), part.spare, width) for part, count in zip(kept, counts, strict=True)]
    return View(headline=headline, tables=tuple(tables))


def _lines(part: Part, count: int) -> int:
    """Return how many lines it takes with so many rows, and the line about the rest."""
    rows = len(part.table.rows)
    return HEAD + min(count, rows) + (count < rows)


def _most(part: Part, least: int, room: int) -> int:
    """Return how many of its rows have room, be it none."""
    rows = len(part.table.rows)
    if _lines(part, rows) <= room:
        return rows
    return max(min(least, rows - 1), min(room - HEAD - 1, rows - 1), 0)


def _cut(part: Part, count: int) -> Table:
    more = len(part.table.rows) - count
    rest = f"and {more} more" if more else ""
    return replace(part.table, rows=part.table.rows[:count], rest=rest)


def _narrow(table: Table, spare: Sequence[str], width: int) -> Table:
    """Leave out spare columns, in their order, until the rest has room; the last column may be cut off."""
    for name in spare:
        if _width(table) <= width:
            break
        at = table.columns.index(name)
        table = replace(
            table,
            columns=table.columns[:at] + table.columns[at + 1 :],
            rows=tuple(row[:at] + row[at + 1 :] for row in table.rows),
        )
    return table


def _width(table: Table) -> int:
    widths = [
        max(len(name), *(len(row[at].text) for row in table.rows)) if table.rows else len(name)
        for at, name in enumerate(table.columns)
    ]
    widths[-1] = min(widths[-1], max(NARROWEST, len(table.columns[-1])))
    return sum(widths) + GAP * (len(widths) - 1)
