"""The verbs of the cluster: status, failover, announce, explain, events. Knows: the Python API. Never: decides."""

import json
from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from floatip.cli.draw import Paper, explanation
from floatip.cli.options import Settings, duration_s
from floatip.cli.talk import DryRunOption, TimeoutOption, ended, print_json, report, steps, with_cluster
from floatip.ops.models import EventRecord, iso, to_document
from floatip.ops.view import printable, status_view

if TYPE_CHECKING:
    from floatip.ops.client import Cluster

T = TypeVar("T")

VipArgument = Annotated[str, typer.Argument(metavar="VIP", help="The VIP's name.")]
VipArguments = Annotated[list[str], typer.Argument(metavar="VIP", help="The VIPs' names, moved all at once.")]


def status(
    settings: Settings,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Go on showing it; in a pipe: each change.")] = False,
) -> int:
    """Show who owns what, since when, seen by whom, how fresh."""

    async def show(cluster: "Cluster") -> int:
        if watch:
            from floatip.cli import watch as live

            return await live.watch(settings, cluster)
        return await _status(settings, cluster)

    return with_cluster(settings, show)


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
