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

from floatip.ops.changes import change_table
from floatip.ops.models import EventRecord, Status, VipStatus, from_document, iso
from floatip.ops.view import (
    NOTHING,
    Cell,
    Table,
    Tone,
    Verdict,
    broker_table,
    check_table,
    node_table,
    trouble,
    verdict,
    vip_table,
)

SLICE = 50
"""How many VIPs are drawn in one turn of the loop."""
CHANGES = 50
"""How many changes of owner are shown."""
_FILES = files("floatip.observe") / "page"
_STYLE, _SCRIPT, _FRAME = (
    (_FILES / name).read_text(encoding="utf-8") for name in ("style.css", "live.js", "index.html")
)
_TEMPLATE = Template(_FRAME)
_NARROW = 5
"""Two tables of so few columns have room side by side."""
_SAYS = {
    Tone.GOOD: "All is well",
    Tone.WARNING: "Something needs a look",
    Tone.BAD: "Something is wrong",
}


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
    whole = replace(status, vips=tuple(vips))
    found, changes = page_verdict(whole), change_table(history, whole, most=CHANGES)
    sections = [
        _section("VIPs", vip_table(status, ()).columns, await _vip_rows(whole)),
        *(_table_section(title, table) for title, table in _small_tables(whole)),
        _section("Changes of owner", changes.columns, _rows(changes.columns, changes.rows)),
    ]
    return _TEMPLATE.substitute(
        title=escape(f"{found.findings[0]} - {status.cluster} on {status.node}"),
        style=_STYLE,
        script=_SCRIPT,
        tone=found.tone.name.lower(),
        says=_SAYS[found.tone],
        findings="".join(f"<li>{escape(one)}</li>" for one in found.findings),
        where=escape(found.where),
        time=f"{status.now:%H:%M:%S}",
        now=iso(status.now),
        sections="".join(sections),
    ).encode()


def page_verdict(status: Status) -> Verdict:
    """Return what the headline says: that of ``floatip status``, and whatever else an operator should look at."""
    found = verdict(status)
    dead = [node.name for node in status.nodes if not node.alive]
    lost = [broker.url for broker in status.brokers if not broker.connected]
    failing = [check.name for check in status.checks if check.passes is False]
    isolated = [vip.name for vip in status.vips if vip.isolated]
    contested = [vip.name for vip in status.vips if vip.conflicts]
    more = [
        f"{what}: {_few(names)}"
        for what, names in (
            ("not alive", dead),
            ("not connected", lost),
            ("check fails", failing),
            ("kept without a quorum", isolated),
            ("another host answers for", contested),
        )
        if names
    ]
    tone = Tone.WARNING if more and found.tone is Tone.GOOD else found.tone
    return Verdict(where=found.where, findings=(*found.findings, *more), tone=tone)


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _small_tables(status: Status) -> Iterable[tuple[str, Table]]:
    yield "Nodes", node_table(_with_own_faults(status))
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


# -- drawing ----------------------------------------------------------------------------------------------------------


def _table_section(title: str, table: Table) -> str:
    return _section(title, table.columns, _rows(table.columns, sorted(table.rows, key=trouble)))


def _section(title: str, columns: Sequence[str], rows: str) -> str:
    heads = "".join(f'<th scope="col">{_label(column)}</th>' for column in columns)
    wide = ' class="wide"' if len(columns) > _NARROW else ""
    body = rows or f'<tr><td class="faint" colspan="{len(columns)}">none yet</td></tr>'
    return (
        f"<section{wide}><h2>{escape(title)}</h2>"
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
    return escape(column if column == "VIP" else column.capitalize())


def _class(cell: Cell) -> str:
    return "nothing faint" if cell == NOTHING else cell.tone.name.lower()
