"""What people see of the status, whether on a terminal or in a browser: sentences and tables. Knows: the status.

Never: asks anybody anything, or knows how a page is drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from floatip.ops.models import BrokerStatus, NodeStatus, Status, VipStatus


def printable(text: str) -> str:
    """Return the text without anything that a terminal would obey: parts of it come from other hosts."""
    return text if text.isprintable() else "".join(char if char.isprintable() else "?" for char in text)


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
    rest: str = ""
    """What there is beyond the rows, if not all are there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One page: a line that says it all, then tables."""

    headline: Cell
    tables: tuple[Table, ...]

    def plain(self) -> str:
        """Return the page as text with aligned columns."""
        return "\n\n".join([self.headline.text, *(aligned(table) for table in self.tables)])


def status_view(status: Status) -> View:
    """Return the page of ``floatip status``."""
    checks = (check_table(status),) if status.checks else ()
    return View(
        headline=_headline(status),
        tables=(broker_table(status), node_table(status), vip_table(status, status.vips), *checks),
    )


def broker_table(status: Status) -> Table:
    """Return the brokers, as the asked node sees them."""
    return Table(
        columns=("BROKER", "STATE", "ROUND TRIP"), rows=tuple(_broker_row(broker) for broker in status.brokers)
    )


def node_table(status: Status) -> Table:
    """Return the nodes."""
    return Table(
        columns=("NODE", "STATE", "HEARD", "LAG", "LAN", "VERSION", "FAULTS"),
        rows=tuple(_node_row(node, status) for node in status.nodes),
    )


def vip_table(status: Status, vips: Sequence[VipStatus]) -> Table:
    """Return some of the VIPs: of a thousand not all at once."""
    return Table(
        columns=("VIP", "ADDRESSES", "OWNER", "SINCE", "VERIFIED BY", "HEARD", "HERE", "NOTES"),
        rows=tuple(_vip_row(vip, status) for vip in vips),
    )


def check_table(status: Status) -> Table:
    """Return the checks of the asked node."""
    return Table(columns=("CHECK", "STATE", "SAYS"), rows=_check_rows(status))


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether all is well: from where that is seen, what there is to say, and how it is meant."""

    where: str
    findings: tuple[str, ...]
    tone: Tone


def verdict(status: Status) -> Verdict:
    """Return the line that says it all."""
    up = sum(broker.connected for broker in status.brokers)
    quorum = "quorum" if status.quorum else "NO QUORUM"
    where = f"cluster {status.cluster}, seen from {status.node}: {quorum} ({up} of {len(status.brokers)} brokers)"
    ownerless = sum(vip.owner is None for vip in status.vips)
    unseen = sum(vip.owner is not None and not vip.verified_by for vip in status.vips if status.quorum)
    worries = []
    if ownerless and status.quorum:
        worries.append(f"{ownerless} of {len(status.vips)} VIPs without an owner")
    elif ownerless:
        worries.append(f"{ownerless} of {len(status.vips)} VIPs whose owner is not known here")
    if unseen:
        worries.append(f"{unseen} of {len(status.vips)} VIPs not confirmed by a witness")
    if not worries and status.quorum:
        worries.append(f"{len(status.vips)} of {len(status.vips)} VIPs owned and seen by a witness")
    elif not worries:
        worries.append(f"{len(status.vips)} of {len(status.vips)} VIPs kept, and no node could take them over")
    bad = bool(ownerless) or not status.quorum
    tone = Tone.BAD if bad else Tone.WARNING if unseen else Tone.GOOD
    return Verdict(where=where, findings=tuple(worries), tone=tone)


def ago(seconds: float) -> str:
    """Return a length of time in at most two units: ``12 s``, ``3 min 5 s``, ``2 d 4 h``."""
    whole = max(0, int(seconds))
    for size, unit, smaller, name in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size} {unit} {rest} {name}" if rest else f"{whole // size} {unit}"
    return f"{whole} s"


def _headline(status: Status) -> Cell:
    found = verdict(status)
    return Cell(f"{found.where}; {', '.join(found.findings)}", found.tone)


def _broker_row(broker: BrokerStatus) -> tuple[Cell, ...]:
    state = Cell("connected", Tone.GOOD) if broker.connected else Cell("not connected", Tone.BAD)
    return Cell(broker.url), state, NOTHING if broker.rtt_ms is None else Cell(f"{broker.rtt_ms:.1f} ms")


def _node_row(node: NodeStatus, status: Status) -> tuple[Cell, ...]:
    state = Cell("alive", Tone.GOOD) if node.alive else Cell("dead", Tone.BAD)
    if not node.alive and not status.quorum:
        state = Cell("not heard", Tone.WARNING)  # it may well live: the asked node hears too little
    if node.drained:
        state = Cell(f"{state.text}, drained", Tone.WARNING)
    faults = Cell(", ".join(node.faults), Tone.BAD) if node.faults else NOTHING
    return Cell(node.name), state, _heard(node, status), _lag(node), _lan(node), Cell(node.version or "-"), faults


def _lag(node: NodeStatus) -> Cell:
    """Return how far a node is behind, while it lives."""
    return Cell(f"{node.lag_ms} ms") if node.alive and node.lag_ms is not None else NOTHING


def _lan(node: NodeStatus) -> Cell:
    """Return whether the LAN answers a node, by its own word, which of a dead one is none."""
    if not node.alive or node.lan_fine is None:
        return NOTHING
    return Cell("answers", Tone.GOOD) if node.lan_fine else Cell("silent", Tone.FAINT)  # a fault says so if it matters


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
        _owner(vip, status),
        _since(vip.since, status.now),
        Cell(", ".join(vip.verified_by), Tone.PLAIN if status.quorum else Tone.FAINT) if vip.verified_by else NOTHING,
        NOTHING if owner is None else _heard(owner, status),
        Cell(vip.role),
        Cell("; ".join(notes), Tone.WARNING) if notes else NOTHING,
    )


def _owner(vip: VipStatus, status: Status) -> Cell:
    """Return who owns a VIP; a node that hears too little cannot know that nobody does."""
    if vip.owner is not None:
        return Cell(vip.owner, Tone.WARNING if vip.isolated else Tone.GOOD)
    return Cell("nobody", Tone.BAD) if status.quorum else Cell("not known", Tone.BAD)


def _heard(node: NodeStatus, status: Status) -> Cell:
    """Return how old the news of a node are."""
    if node.name == status.node:
        return Cell("here", Tone.FAINT)
    if node.last_heard_ms is None:
        return Cell("never", Tone.FAINT)
    if node.last_heard_ms < 10_000:
        return Cell(f"{node.last_heard_ms} ms ago", Tone.PLAIN if node.alive else Tone.WARNING)
    return Cell(f"{ago(node.last_heard_ms / 1000)} ago", Tone.WARNING)


def _since(since: datetime | None, now: datetime) -> Cell:
    return NOTHING if since is None else Cell(f"{ago((now - since).total_seconds())} ago")


def _notes(vip: VipStatus) -> list[str]:
    """Return what an operator should know of a VIP beyond its owner."""
    notes = _traces(vip) if vip.owner is None else []
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


def _traces(vip: VipStatus) -> list[str]:
    """Return what is known of the owner of a VIP that has none, as far as is known."""
    last = [] if vip.last_owner is None else [f"last owned by {vip.last_owner}"]
    return last if vip.answered_by is None else [*last, f"{vip.answered_by} answers on the LAN"]


def trouble(row: tuple[Cell, ...]) -> int:
    """Return 0 for a row with something bad in it, 1 for a warning, 2 for all others: what is looked at first."""
    tones = {cell.tone for cell in row}
    return 0 if Tone.BAD in tones else 1 if Tone.WARNING in tones else 2


def moment(at: datetime) -> Cell:
    """Return a time as people read it."""
    return Cell(f"{at:%Y-%m-%d %H:%M:%S}")


def aligned(table: Table) -> str:
    """Return a table as text: columns as wide as their widest cell, two blanks between them; the rest in a line."""
    lines = [list(table.columns), *([cell.text for cell in row] for row in table.rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(table.columns))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines
    ) + (f"\n{table.rest}" if table.rest else "")
