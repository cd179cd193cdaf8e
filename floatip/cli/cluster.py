"""The verbs of the cluster: status, failover, announce, explain, events. Knows: the Python API. Never: decides."""

import asyncio
import json
import sys
import time
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from floatip.cli.draw import Paper, explanation
from floatip.cli.options import Settings, duration_s
from floatip.cli.talk import DryRunOption, TimeoutOption, ended, print_json, report, steps, with_cluster
from floatip.ops.errors import NotRunning
from floatip.ops.models import EventRecord, Status, iso, to_document
from floatip.ops.view import printable, status_view

if TYPE_CHECKING:
    from floatip.ops.client import Cluster

T = TypeVar("T")

WATCH_S = 0.5
"""How often ``status --watch`` looks."""

VipArgument = Annotated[str, typer.Argument(metavar="VIP", help="The VIP's name.")]
VipArguments = Annotated[list[str], typer.Argument(metavar="VIP", help="The VIPs' names, moved all at once.")]


def status(
    settings: Settings,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Go on showing it; in a pipe: each change.")] = False,
) -> int:
    """Show who owns what, since when, seen by whom, how fresh."""
    return with_cluster(settings, lambda cluster: _watch(settings, cluster) if watch else _status(settings, cluster))


def failover(
    settings: Settings,
    vips: VipArguments,
    to: Annotated[str | None, typer.Option("--to", metavar="NODE", help="The new owner; otherwise the best.")] = None,
    timeout: TimeoutOption = "10s",
    dry_run: DryRunOption = False,
    force: Annotated[bool, typer.Option("--force", help="Frozen VIPs too; they are frozen where they go.")] = False,
) -> int:
    """Move VIPs to another node by hand, and wait for the proof."""
    timeout_s = duration_s(timeout)

    async def move(cluster: "Cluster") -> int:
        if dry_run:
            plans = await cluster.plan(vips, to=to, force=force)
            if settings.json:
                print_json({"plans": [to_document(plan) for plan in plans]})
            else:
                for plan in plans:
                    print(printable(plan.text))
            return 0
        show = steps(settings, several=len(vips) > 1)
        moved = cluster.failover(vips, to=to, timeout_s=timeout_s, force=force, on_step=show)
        return await ended("moves", settings, moved)

    return with_cluster(settings, move)


def announce(settings: Settings, vip: VipArgument) -> int:
    """Have a VIP's owner tell the LAN again where it is."""

    async def tell(cluster: "Cluster") -> int:
        return report("moves", settings, (await cluster.announce(vip),))

    return with_cluster(settings, tell)


def explain(settings: Settings, vip: VipArgument) -> int:
    """Say why a VIP is where it is, and what could come next."""

    async def tell(cluster: "Cluster") -> int:
        found = await cluster.explain(vip)
        if settings.json:
            print_json(to_document(found))
        else:
            print("\n".join(explanation(found)))
        return 0

    return with_cluster(settings, tell)


def events(
    settings: Settings,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what happens from now on.")] = False,
) -> int:
    """Show what happened, with causes and times."""

    async def tell(cluster: "Cluster") -> int:
        async with aclosing(cluster.events(follow=follow)) as stream:
            async for record in stream:
                print(json.dumps(to_document(record)) if settings.json else _event_line(record), flush=follow)
        return 0

    return with_cluster(settings, tell)


async def _status(settings: Settings, cluster: "Cluster") -> int:
    found = await cluster.status()
    if settings.json:
        print_json(to_document(found))
    else:
        Paper(color=not settings.no_color).show(status_view(found))
    return 0


async def _watch(settings: Settings, cluster: "Cluster") -> int:
    """Show the status again and again: redrawn on a terminal, otherwise whenever more than its times has changed."""
    if sys.stdout.isatty() and not settings.json:
        return await _watch_live(settings, cluster)
    shown: Status | None = None
    while True:
        found = await cluster.status()
        if shown is None or _timeless(found) != _timeless(shown):
            if settings.json:
                print(json.dumps(to_document(found)), flush=True)
            else:
                print(("\n" if shown else "") + status_view(found).plain(), flush=True)
            shown = found
        await asyncio.sleep(WATCH_S)


async def _watch_live(settings: Settings, cluster: "Cluster") -> int:
    """Redraw for ever; a daemon that goes away is shown as such, and waited for."""
    with Paper(color=not settings.no_color).live() as draw:
        shown = False
        while True:
            began = time.monotonic()
            try:
                draw(status_view(await cluster.status()))
                shown = True
            except NotRunning as error:
                if not shown:
                    raise
                draw(printable(error.text))
            await asyncio.sleep(max(0.0, WATCH_S - (time.monotonic() - began)))


def _timeless(status: Status) -> Status:
    """Return the status without all that changes by itself from one moment to the next."""
    return replace(
        status,
        now=status.now.min,
        brokers=tuple(replace(broker, rtt_ms=None) for broker in status.brokers),
        nodes=tuple(replace(node, last_heard_ms=None) for node in status.nodes),
        vips=tuple(replace(vip, since=None) for vip in status.vips),
    )


def _event_line(record: EventRecord) -> str:
    about = record.vip or record.peer or "-"
    return printable(f"{iso(record.at)}  {record.kind:<8}  {about:<12}  {record.text}")


def reload(settings: Settings) -> int:
    """Have the daemon read its configuration again."""

    async def ask(cluster: "Cluster") -> int:
        changes = await cluster.reload()
        if settings.json:
            print_json({"changes": list(changes)})
        else:
            print("\n".join(printable(text) for text in changes) or "nothing has changed")
        return 0

    return with_cluster(settings, ask)
