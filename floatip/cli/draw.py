"""What an operator sees of the status: tables on a terminal, aligned text in a pipe. Never: asks anybody anything."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from floatip.cli.options import printable
from floatip.ops.models import BrokerStatus, Explanation, NodeStatus, Status, VipStatus

if TYPE_CHECKING:
    from rich.console import RenderableType


class Tone(StrEnum):
    """How a cell is meant; the value is its style on a terminal."""

    PLAIN = "none"
    GOOD = "green"
    WARNING = "yellow"
    BAD = "bold red"
    FAINT = "dim"


@dataclass(frozen=True, slots=True)
class Cell:
    """One piece of text and how it is meant."""

    text: str
    tone: Tone = Tone.PLAIN

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", printable(self.text))


NOTHING = Cell("-", Tone.FAINT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Columns with a heading, and rows of as many cells."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One page: a line that says it all, then tables."""

    headline: Cell
    tables: tuple[Table, ...]

    def plain(self) -> str:
        """Return the page as text with aligned columns."""
        return "\n\n".join([self.headline.text, *(_aligned(table) for table in self.tables)])


class Paper:
    """Where a page is shown: standard output, drawn by rich if it is a terminal."""

    def __init__(self, *, color: bool) -> None:
        self._color = color

    def show(self, view: View) -> None:
        """Show the page once."""
        if not sys.stdout.isatty():
            print(view.plain())
            return
        from rich.console import Console

        Console(no_color=not self._color or None, highlight=False).print(_drawn(view))

    @contextmanager
    def live(self) -> Iterator[Callable[[View | str], None]]:
        """Give a function that replaces the page shown on the terminal by a new one, or by a sentence."""
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text

        console = Console(no_color=not self._color or None, highlight=False)
        with Live(console=console, auto_refresh=False) as live:

            def draw(page: View | str) -> None:
                live.update(_drawn(page) if isinstance(page, View) else Text(page, Tone.BAD), refresh=True)

            yield draw


def status_view(status: Status) -> View:
    """Return the page of ``floatip status``."""
    return View(
        headline=_headline(status),
        tables=(
            Table(
                columns=("BROKER", "STATE", "ROUND TRIP"),
                rows=tuple(_broker_row(broker) for broker in status.brokers),
            ),
            Table(
                columns=("NODE", "STATE", "HEARD", "VERSION", "FAULTS"),
                rows=tuple(_node_row(node, status) for node in status.nodes),
            ),
            Table(
                columns=("VIP", "ADDRESSES", "OWNER", "SINCE", "VERIFIED BY", "HEARD", "HERE", "NOTES"),
                rows=tuple(_vip_row(vip, status) for vip in status.vips),
            ),
            *((Table(columns=("CHECK", "STATE", "SAYS"), rows=_check_rows(status)),) if status.checks else ()),
        ),
    )


def explanation(found: Explanation) -> list[str]:
    """Return the lines of ``floatip explain``."""
    lines = [f"{found.vip}: {'nobody owns it' if found.owner is None else f'owned by {found.owner}'}", ""]
    lines += [f"  {sentence}" for sentence in found.why]
    rows = tuple(
        (
            Cell("-" if one.rank is None else str(one.rank + 1)),
            Cell(one.node),
            Cell("-" if one.priority is None else str(one.priority)),
            Cell("; ".join(one.reasons) or ("owner" if one.node == found.owner else "able")),
        )
        for one in found.candidates
    )
    lines += ["", *_aligned(Table(columns=("RANK", "NODE", "PRIORITY", "STATE"), rows=rows)).split("\n"), ""]
    return [
        *(printable(line) for line in lines),
        printable(f"if its owner died now:       {found.if_owner_dies}"),
        printable(f"if its owner lost MQTT now:  {found.if_owner_loses_mqtt}"),
        printable(f"if brokers died now:         {found.if_brokers_die}"),
    ]


def ago(seconds: float) -> str:
    """Return a length of time in at most two units: ``12 s``, ``3 min 5 s``, ``2 d 4 h``."""
    whole = max(0, int(seconds))
    for size, unit, smaller, name in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size} {unit} {rest} {name}" if rest else f"{whole // size} {unit}"
    return f"{whole} s"


def _headline(status: Status) -> Cell:
    up = sum(broker.connected for broker in status.brokers)
    quorum = "quorum" if status.quorum else "NO QUORUM"
    where = f"cluster {status.cluster}, seen from {status.node}: {quorum} ({up} of {len(status.brokers)} brokers)"
    ownerless = sum(vip.owner is None for vip in status.vips)
    unseen = sum(vip.owner is not None and not vip.verified_by for vip in status.vips)
    worries = []
    if ownerless:
        worries.append(f"{ownerless} of {len(status.vips)} VIPs without an owner")
    if unseen:
        worries.append(f"{unseen} of {len(status.vips)} VIPs not confirmed by a witness")
    if not worries:
        worries.append(f"{len(status.vips)} of {len(status.vips)} VIPs owned and seen by a witness")
    bad = bool(ownerless) or not status.quorum
    tone = Tone.BAD if bad else Tone.WARNING if unseen else Tone.GOOD
    return Cell(f"{where}; {', '.join(worries)}", tone)


def _broker_row(broker: BrokerStatus) -> tuple[Cell, ...]:
    state = Cell("connected", Tone.GOOD) if broker.connected else Cell("not connected", Tone.BAD)
    return Cell(broker.url), state, NOTHING if broker.rtt_ms is None else Cell(f"{broker.rtt_ms:.1f} ms")


def _node_row(node: NodeStatus, status: Status) -> tuple[Cell, ...]:
    state = Cell("alive", Tone.GOOD) if node.alive else Cell("dead", Tone.BAD)
    if node.drained:
        state = Cell(f"{state.text}, drained", Tone.WARNING)
    faults = Cell(", ".join(node.faults), Tone.BAD) if node.faults else NOTHING
    return Cell(node.name), state, _heard(node, status), Cell(node.version or "-"), faults


def _check_rows(status: Status) -> tuple[tuple[Cell, ...], ...]:
    states = {
        True: Cell("passes", Tone.GOOD),
        False: Cell("fails", Tone.BAD),
        None: Cell("not known yet", Tone.WARNING),
    }
    return tuple((Cell(one.name), states[one.passes], Cell(one.output or "-")) for one in status.checks)


def _vip_row(vip: VipStatus, status: Status) -> tuple[Cell, ...]:
    notes = _notes(vip)
    owner = next((node for node in status.nodes if node.name == vip.owner), None)
    return (
        Cell(vip.name),
        Cell(", ".join(vip.addresses)),
        Cell("nobody", Tone.BAD) if vip.owner is None else Cell(vip.owner, Tone.GOOD),
        _since(vip.since, status.now),
        Cell(", ".join(vip.verified_by)) if vip.verified_by else NOTHING,
        NOTHING if owner is None else _heard(owner, status),
        Cell(vip.role),
        Cell("; ".join(notes), Tone.WARNING) if notes else NOTHING,
    )


def _heard(node: NodeStatus, status: Status) -> Cell:
    """Return how old the news of a node are."""
    if node.name == status.node:
        return Cell("here", Tone.FAINT)
    if node.last_heard_ms is None:
        return Cell("never", Tone.FAINT)
    if node.last_heard_ms < 10_000:
        return Cell(f"{node.last_heard_ms} ms ago")
    return Cell(f"{ago(node.last_heard_ms / 1000)} ago", Tone.WARNING)


def _since(since: datetime | None, now: datetime) -> Cell:
    return NOTHING if since is None else Cell(f"{ago((now - since).total_seconds())} ago")


def _notes(vip: VipStatus) -> list[str]:
    """Return what an operator should know of a VIP beyond its owner."""
    notes = []
    if vip.handover is not None:
        notes.append(f"handover {vip.handover}")
    if vip.frozen:
        notes.append("frozen")
    if vip.pinned_to is not None:
        notes.append(f"pinned to {vip.pinned_to}")
    if vip.isolated:
        notes.append("isolated: kept without quorum")
    if vip.role == "owner" and not vip.bound:
        notes.append("not bound yet")
    others = [name for name in vip.isolated_owners if name != vip.owner]
    if others:
        notes.append(f"also held, isolated, by {', '.join(others)}")
    if vip.definition_differs:
        notes.append(f"defined differently on {', '.join(vip.definition_differs)}")
    notes += [f"{each.address} also answers from {each.mac} ({each.peer or 'unknown host'})" for each in vip.conflicts]
    if vip.faults:
        notes.append(f"fault here: {', '.join(vip.faults)}")
    return notes


def _aligned(table: Table) -> str:
    """Return a table as text: columns as wide as their widest cell, two blanks between them."""
    lines = [list(table.columns), *([cell.text for cell in row] for row in table.rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(table.columns))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def _drawn(view: View) -> "RenderableType":
    """Return the page as rich draws it."""
    from rich.console import Group
    from rich.table import Table as RichTable
    from rich.text import Text

    parts: list[RenderableType] = [Text(view.headline.text, view.headline.tone)]
    for table in view.tables:
        drawn = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        for column in table.columns:
            drawn.add_column(column)
        for row in table.rows:
            drawn.add_row(*(Text(cell.text, cell.tone) for cell in row))
        parts += [Text(""), drawn]
    return Group(*parts)
