"""The status page as HTML: everything on it is there without a script. Knows: the status, what happened lately.

Never: trusts a text; names, faults and outputs come from other hosts. The page brings its style and script with it,
and its policy allows nothing else.
"""

import asyncio
import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from floatip.core.effects import Kind
from floatip.observe.headline import headline
from floatip.observe.timeline import timeline
from floatip.ops.changes import COLUMNS, Change, change_table, changes, sentence, tenures
from floatip.ops.models import EventRecord, Status, VipStatus, from_document, iso
from floatip.ops.view import (
    NOTHING,
    Cell,
    Table,
    ago,
    broker_table,
    check_table,
    moment,
    node_table,
    printable,
    trouble,
    vip_table,
)

SLICE = 50
"""How many VIPs are drawn in one turn of the loop."""
CHANGES = 50
"""How many changes of owner are shown."""
EVENTS = 20
"""How many of the last events are shown."""
_LONG = 25
"""A table of more rows scrolls by itself, so that what comes below it is near."""
_FILES = files("floatip.observe") / "page"
_STYLE, _SCRIPT, _FRAME = (
    (_FILES / name).read_text(encoding="utf-8") for name in ("style.css", "live.js", "index.html")
)
_TEMPLATE = Template(_FRAME)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


POLICY = (
    f"default-src 'none'; style-src {_hash(_STYLE)}; script-src {_hash(_SCRIPT)}; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What a browser may do with the page: its own style and script, and ask this daemon."""


async def page(document: Mapping[str, Any], history: Sequence[EventRecord]) -> bytes:
    """Return the page for a status document and the events so far, oldest first."""
    status, vips = from_document(Status, {**document, "vips": []}), []
    for start in range(0, len(document["vips"]), SLICE):
        vips += [from_document(VipStatus, one) for one in document["vips"][start : start + SLICE]]
        await asyncio.sleep(0)
    whole = _with_own_faults(replace(status, vips=tuple(vips)))
    first, told = headline(whole), tenures(history)
    await asyncio.sleep(0)
    moved = changes(told, whole, CHANGES)
    known_from = history[0].at if history else whole.now
    sections = [
        f'<section class="who"><h2>Who owned what</h2>{timeline(told, whole, known_from)}</section>\n',
        _section("VIPs", vip_table(status, ()).columns, await _vip_rows(whole), len(vips)),
        *(_table_section(title, table) for title, table in _small_tables(whole)),
        _section("Changes of owner", COLUMNS, _rows(COLUMNS, change_table(moved).rows)),
        _section("Last events on this node", _EVENT_COLUMNS, _rows(_EVENT_COLUMNS, _event_rows(history))),
    ]
    return _TEMPLATE.substitute(
        title=_safe(f"{first.says} - {status.cluster} on {status.node}"),
        style=_STYLE,
        script=_SCRIPT,
        tone=first.tone.name.lower(),
        says=_safe(first.says),
        findings="".join(f"<li>{_safe(one)}</li>" for one in first.findings),
        last=_last(moved, history, whole),
        where=_safe(first.where),
        time=f"{status.now:%H:%M:%S}",
        now=iso(status.now),
        sections="".join(sections),
    ).encode()


def _safe(text: str) -> str:
    return escape(printable(text))


def _small_tables(status: Status) -> Iterable[tuple[str, Table]]:
    yield "Nodes", node_table(status)
    yield "Brokers", broker_table(status)
    if status.checks:
        yield "Checks here", check_table(status)


def _with_own_faults(status: Status) -> Status:
    """What hinders this node is told of each VIP; here it is told of the node, as it is of the others."""
    own = {fault for vip in status.vips for fault in vip.faults}
    nodes = (
        replace(node, faults=tuple(sorted(own.union(node.faults)))) if node.name == status.node else node
        for node in status.nodes
    )
    return replace(status, nodes=tuple(nodes))


async def _vip_rows(status: Status) -> str:
    """Draw the VIPs that are in trouble first."""
    rows: list[tuple[Cell, ...]] = []
    for start in range(0, len(status.vips), SLICE):
        rows += vip_table(status, status.vips[start : start + SLICE]).rows
        await asyncio.sleep(0)
    rows.sort(key=trouble)
    columns, drawn = vip_table(status, ()).columns, []
    for start in range(0, len(rows), SLICE):
        drawn.append(_rows(columns, rows[start : start + SLICE]))
        await asyncio.sleep(0)
    return "".join(drawn)


# -- what happened ----------------------------------------------------------------------------------------------------

_EVENT_COLUMNS = ("WHEN", "WHAT")


def _last(moved: Sequence[Change], history: Sequence[EventRecord], status: Status) -> str:
    """Say what happened last, which is what most people come for; without a quorum, how it was lost."""
    told = [(one.first.began, sentence(one)) for one in moved[:1]]
    if not status.quorum:
        told = [(record.at, record.text) for record in reversed(history) if record.kind == Kind.BROKER][:1]
    return "".join(
        f'<p class="last"><b>{ago((status.now - at).total_seconds())} ago</b> {_safe(text)}</p>' for at, text in told
    )


def _event_rows(history: Sequence[EventRecord]) -> Iterable[tuple[Cell, ...]]:
    """Draw the last events, newest first."""
    return ((moment(record.at), Cell(record.text)) for record in reversed(history[-EVENTS:]))


# -- drawing ----------------------------------------------------------------------------------------------------------


def _table_section(title: str, table: Table) -> str:
    rows = sorted(table.rows, key=trouble)
    return _section(title, table.columns, _rows(table.columns, rows), len(rows))


def _section(title: str, columns: Sequence[str], rows: str, count: int = 0) -> str:
    heads = "".join(f'<th scope="col">{_label(column)}</th>' for column in columns)
    kind = f"{title.split(maxsplit=1)[0].lower()}{' long' if count > _LONG else ''}"
    body = rows or f'<tr><td class="faint" colspan="{len(columns)}">none yet</td></tr>'
    return (
        f'<section class="{kind}"><h2>{escape(title)}</h2>'
        f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></section>\n"
    )


def _rows(columns: Sequence[str], rows: Iterable[tuple[Cell, ...]]) -> str:
    labels = [_label(column) for column in columns]
    return "".join(
        "<tr>"
        + "".join(
            f'<td class="{_class(cell)}" data-label="{label}">{escape(cell.text)}</td>'
            for label, cell in zip(labels, row, strict=True)
        )
        + "</tr>\n"
        for row in rows
    )


def _label(column: str) -> str:
    return escape(column if column in {"VIP", "LAN"} else column.capitalize())


def _class(cell: Cell) -> str:
    return "nothing faint" if cell == NOTHING else cell.tone.name.lower()
