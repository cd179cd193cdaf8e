"""The orders that last: drain, pin, freeze and their opposites. Knows: the Python API and paper. Never: decides."""

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Annotated, Any

import typer

from floatip.cli.options import Settings, duration_s
from floatip.cli.talk import DryRunOption, TimeoutOption, ended, print_json, steps, with_cluster
from floatip.ops.view import printable

if TYPE_CHECKING:
    from floatip.ops.client import Cluster
    from floatip.ops.models import OrderResult

NodeArgument = Annotated[str | None, typer.Argument(metavar="[NODE]", help="The node; otherwise this one.")]
VipArgument = Annotated[str, typer.Argument(metavar="VIP", help="The VIP's name.")]
VipArguments = Annotated[list[str] | None, typer.Argument(metavar="[VIP]...", help="The VIPs; otherwise all.")]


def drain(
    settings: Settings,
    node: NodeArgument = None,
    timeout: TimeoutOption = "10s",
    force: Annotated[bool, typer.Option("--force", help="Take down VIPs that no other node can own.")] = False,
    dry_run: DryRunOption = False,
) -> int:
    """Move all VIPs away from a node, until it is undrained."""
    timeout_s = duration_s(timeout)

    async def ask(cluster: "Cluster") -> int:
        if dry_run:
            plans = await cluster.drain_plan(node, force=force)
            if settings.json:
                print_json({"plans": list(plans)})
            else:
                print("\n".join(printable(text) for text in plans))
            return 0
        drained = cluster.drain(node, timeout_s=timeout_s, force=force, on_step=steps(settings))
        return await ended("orders", settings, _as_list(drained))

    return with_cluster(settings, ask)


def undrain(settings: Settings, node: NodeArgument = None, timeout: TimeoutOption = "10s") -> int:
    """Let a node take VIPs again; none moves back by itself."""
    timeout_s = duration_s(timeout)

    async def ask(cluster: "Cluster") -> int:
        return await ended("orders", settings, _as_list(cluster.undrain(node, timeout_s=timeout_s)))

    return with_cluster(settings, ask)


def pin(
    settings: Settings,
    vip: VipArgument,
    node: Annotated[str, typer.Argument(metavar="NODE", help="The node that it shall prefer.")],
    for_: Annotated[str | None, typer.Option("--for", metavar="TIME", help="For how long; otherwise for good.")] = None,
    timeout: TimeoutOption = "10s",
) -> int:
    """Let a VIP prefer a node the next time it gets a new owner."""
    timeout_s, for_s = duration_s(timeout), None if for_ is None else duration_s(for_)

    async def ask(cluster: "Cluster") -> int:
        return await ended("orders", settings, _as_list(cluster.pin(vip, node, for_s=for_s, timeout_s=timeout_s)))

    return with_cluster(settings, ask)


def unpin(settings: Settings, vip: VipArgument, timeout: TimeoutOption = "10s") -> int:
    """Let a VIP prefer no node any more."""
    timeout_s = duration_s(timeout)

    async def ask(cluster: "Cluster") -> int:
        return await ended("orders", settings, _as_list(cluster.unpin(vip, timeout_s=timeout_s)))

    return with_cluster(settings, ask)


def freeze(settings: Settings, vips: VipArguments = None, timeout: TimeoutOption = "10s") -> int:
    """Let VIPs stay with their owners until they are thawed."""
    timeout_s = duration_s(timeout)

    async def ask(cluster: "Cluster") -> int:
        return await ended("orders", settings, cluster.freeze(vips or (), timeout_s=timeout_s))

    return with_cluster(settings, ask)


def thaw(settings: Settings, vips: VipArguments = None, timeout: TimeoutOption = "10s") -> int:
    """Let VIPs move by themselves again."""
    timeout_s = duration_s(timeout)

    async def ask(cluster: "Cluster") -> int:
        return await ended("orders", settings, cluster.thaw(vips or (), timeout_s=timeout_s))

    return with_cluster(settings, ask)


async def _as_list(asking: "Coroutine[Any, Any, OrderResult]") -> "list[OrderResult]":
    return [await asking]
