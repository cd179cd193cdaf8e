"""The verbs about addresses of hosts: migrate and audit. Knows: the Python API and paper. Never: decides."""

from typing import TYPE_CHECKING, Annotated

import typer

from floatip.cli.draw import Paper
from floatip.cli.options import Settings
from floatip.cli.talk import DryRunOption, print_json, steps, with_cluster
from floatip.ops.models import Migration, to_document
from floatip.ops.rows import Audit, AuditRow
from floatip.ops.view import Cell, Table, Tone, View, ago, printable

if TYPE_CHECKING:
    from floatip.ops.client import Cluster

ATTENTION = 7
"""The exit code of ``audit`` when something needs attention."""
LISTENERS = 3
"""How many listening sockets a row of the table names."""


def migrate(
    settings: Settings,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="A VIP's address, or a plain alias.")],
    source: Annotated[str, typer.Option("--from", metavar="NODE", help="The node that has it.")],
    target: Annotated[str, typer.Option("--to", metavar="NODE", help="The node that shall have it.")],
    interface: Annotated[
        str | None, typer.Option("--interface", metavar="IF", help="Where it goes; otherwise by its subnet.")
    ] = None,
    dry_run: DryRunOption = False,
) -> int:
    """Move an address between hosts; run it again to go on."""

    async def move(cluster: "Cluster") -> int:
        show = None if dry_run else steps(settings)
        done = await cluster.migrate(
            address, source=source, target=target, interface=interface, dry_run=dry_run, on_step=show
        )
        if settings.json:
            print_json(to_document(done))
        else:
            print("\n".join(printable(line) for line in _told(done)))
        return done.exit_code

    return with_cluster(settings, move)


def audit(settings: Settings) -> int:
    """List the addresses of all nodes, and what needs attention."""

    async def look(cluster: "Cluster") -> int:
        found = await cluster.audit()
        if settings.json:
            print_json({**to_document(found), "needs_attention": found.needs_attention})
        else:
            Paper(color=not settings.no_color).show(audit_view(found))
        return ATTENTION if found.needs_attention else 0

    return with_cluster(settings, look)


def _told(done: Migration) -> list[str]:
    """Return what is said at the end: the proof, and what else is to be done."""
    lines = [done.text]
    if done.boot_changes:
        lines += ["", "so that a reboot does not undo it:"]
        lines += [f"  {line}" for change in done.boot_changes for line in change.splitlines()]
    return lines


def audit_view(found: Audit) -> View:
    """Return the page of ``floatip audit``."""
    worries = [f"{row.address} on {row.node}: {text}" for row in found.rows for text in row.attention]
    worries += found.attention
    headline = Cell("nothing needs attention", Tone.GOOD)
    if worries:
        headline = Cell(
            f"{len(worries)} things need attention" if len(worries) > 1 else "1 thing needs attention", Tone.BAD
        )
    rows = Table(
        columns=("ADDRESS", "NODE", "INTERFACE", "WHAT", "FOR", "BOOT", "LISTENS", "RECEIVED"),
        rows=tuple(_row(row) for row in found.rows),
    )
    attention = Table(columns=("ATTENTION",), rows=tuple((Cell(text, Tone.WARNING),) for text in worries))
    return View(headline=headline, tables=(rows, attention) if worries else (rows,))


def _row(row: AuditRow) -> tuple[Cell, ...]:
    what = f"VIP {row.vip}" if row.kind == "VIP" else row.kind
    purpose = ", ".join(part for part in (row.purpose, row.contact) if part)
    listens = ", ".join(row.listeners[:LISTENERS]) + (
        f" and {len(row.listeners) - LISTENERS} more" if len(row.listeners) > LISTENERS else ""
    )
    tone = Tone.WARNING if row.attention else Tone.PLAIN
    return (
        Cell(f"{row.address}/{row.prefix}"),
        Cell(row.node),
        Cell(row.interface),
        Cell(what, tone),
        Cell(purpose or "-"),
        Cell(", ".join(row.boot) or "-"),
        Cell(listens or "-"),
        Cell("-" if row.packets is None else f"{row.packets} in {ago(row.since_s or 0.0)}"),
    )
