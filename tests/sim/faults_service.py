"""What the configuration and the services of a node do to it: checks that fail, reloads. Never: what follows."""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address
from random import Random

from floatip.core import events as ev
from floatip.core.types import NodeSpec, Placed, VipName, VipSpec
from tests.sim.cluster import World
from tests.sim.fault import Begun, any_node
from tests.sim.node import Node


def service_fails(world: World, rng: Random) -> Begun:
    """The service of a node fails for a while."""
    node = any_node(world, rng)
    if not node.spec.checks:
        return None
    _serve(world, node, well=False)
    return f"the service of {node.machine.name} fails", lambda: _serve(world, node, well=True)


def service_flaps(world: World, rng: Random) -> Begun:
    """The services of all nodes come and go."""
    if not world.nodes[0].spec.checks:
        return None
    over = [False]

    def flap(node: Node) -> None:
        if not over[0] and not world.repaired:
            _serve(world, node, well=rng.random() < 0.6)
            world.scheduler.after(rng.uniform(0.1, 1.5), flap, node)

    def end() -> None:
        over[0] = True
        for node in world.nodes:
            _serve(world, node, well=True)

    for node in world.nodes:
        flap(node)
    return "the services of all nodes flap", end


def reloaded(world: World, rng: Random) -> Begun:
    """A node is given another configuration for a while, in service."""
    node = any_node(world, rng)
    before = world.scenario.spec(node.spec.node)
    vip, (what, change) = rng.choice(before.vips), rng.choice(_CHANGES)
    if node.spec != before or node.running is None:
        return None
    _reload(world, node, replace(before, vips=change(before.vips, vip.name)))

    def back() -> None:
        if node.spec.timing == before.timing:
            _reload(world, node, before)

    return f"{node.machine.name} reloads: {vip.name} {what}", back


def reloaded_twice(world: World, rng: Random) -> Begun:
    """A node is given another configuration, and in the middle of that change the first one back."""
    begun = reloaded(world, rng)
    if begun is not None:
        world.scheduler.after(rng.uniform(0.0, 1.0), lambda: None if world.repaired else begun[1]())
    return begun


def _serve(world: World, node: Node, *, well: bool) -> None:
    if well != node.well:
        node.changed_at = world.scheduler.now
    node.set_service(well=well)


def _reload(world: World, node: Node, spec: NodeSpec) -> None:
    node.spec, node.changed_at = spec, world.scheduler.now
    process = node.running
    if process is not None and process.spec.timing == spec.timing:
        process.spec = spec
        process.give(ev.Reconfigured(spec=spec))


def _without(vips: tuple[VipSpec, ...], name: VipName) -> tuple[VipSpec, ...]:
    return tuple(vip for vip in vips if vip.name != name)


def _preferred(vips: tuple[VipSpec, ...], name: VipName) -> tuple[VipSpec, ...]:
    return tuple(replace(vip, priority=vip.priority + 5) if vip.name == name else vip for vip in vips)


def _begun_anew(vips: tuple[VipSpec, ...], name: VipName) -> tuple[VipSpec, ...]:
    return tuple(replace(vip, source=not vip.source) if vip.name == name else vip for vip in vips)


def _grown(vips: tuple[VipSpec, ...], name: VipName) -> tuple[VipSpec, ...]:
    more = (Placed(address=ip_address("10.77.0.60"), prefix=32),)
    return tuple(replace(vip, addresses=vip.addresses + more) if vip.name == name else vip for vip in vips)


_CHANGES: tuple[tuple[str, Callable[[tuple[VipSpec, ...], VipName], tuple[VipSpec, ...]]], ...] = (
    ("is gone", _without),
    ("has another priority", _preferred),
    ("is begun anew", _begun_anew),
    ("has one address more", _grown),
)
