"""Operators' orders, and handovers that something interrupts: each function does one thing and tells how to end it."""

from collections.abc import Callable
from random import Random

from floatip.core.directives import NOBODY
from floatip.core.types import DirectiveKind, VipName
from tests.sim.broker import Retention
from tests.sim.cluster import World
from tests.sim.fault import Begun, any_broker, any_node, cut
from tests.sim.faults_node import come_back
from tests.sim.node import Node
from tests.sim.repair import follow_roads

REVOCATIONS = 4
"""How often an operator looks whether an order is still in force that was to end."""
LONGEST_STEP_S = 0.12
"""A handover is over by then, if nothing interrupts it."""


def _order(world: World, rng: Random, kind: DirectiveKind, subject: str, value: str) -> bool:
    """Some daemon that runs is given this order; return whether there is one."""
    running = [node for node in world.nodes if world.serving(node.machine)]
    if running:
        world.ask_order(rng.choice(running), kind, subject, value, f"{rng.getrandbits(48):012x}")
    return bool(running)


def _until_revoked(world: World, rng: Random, kind: DirectiveKind, subject: str) -> Callable[[], None]:
    """What revokes an order, wherever a daemon runs that knows of it, and again if an old copy of it comes back."""

    def revoke(times: int = REVOCATIONS) -> None:
        knows = [node for node, *what in all_orders(world) if what == [kind, subject]]
        for node in knows:
            world.ask_order(node, kind, subject, "", f"{rng.getrandbits(48):012x}")
        if times > 1 and not world.repaired:
            world.scheduler.after(2.0, revoke, times - 1)

    return revoke


def node_drained(world: World, rng: Random) -> Begun:
    """A node is drained for a while."""
    name = any_node(world, rng).spec.node
    if not _order(world, rng, DirectiveKind.DRAIN, name, "yes"):
        return None
    return f"{name} is drained", _until_revoked(world, rng, DirectiveKind.DRAIN, name)


def vip_frozen(world: World, rng: Random) -> Begun:
    """A VIP is frozen for a while, for whoever has it."""
    vip = rng.choice(list(world.addresses))
    homes = [one for one in world.nodes if any(held.vip == vip for held in one.machine.held.values())]
    value = homes[0].spec.node if homes else NOBODY
    if not _order(world, rng, DirectiveKind.FREEZE, vip, value):
        return None
    return f"{vip} is frozen for {value}", _until_revoked(world, rng, DirectiveKind.FREEZE, vip)


def vip_pinned(world: World, rng: Random) -> Begun:
    """A VIP is pinned to a node for a while."""
    vip, name = rng.choice(list(world.addresses)), any_node(world, rng).spec.node
    if not _order(world, rng, DirectiveKind.PIN, vip, name):
        return None
    return f"{vip} is pinned to {name}", _until_revoked(world, rng, DirectiveKind.PIN, vip)


def two_operators(world: World, rng: Random) -> Begun:
    """Two operators want the same VIP in different places, at the same time."""
    vip = rng.choice(list(world.addresses))
    for _ in range(2):
        to = rng.choice(world.nodes).spec.node
        world.ask_failover(any_node(world, rng), vip, to, f"{rng.getrandbits(48):012x}")
    return f"two operators move {vip}", lambda: None


def handover_interrupted(world: World, rng: Random) -> Begun:
    """A VIP is moved by hand, and at some step of it something breaks."""
    vip = rng.choice(list(world.addresses))
    homes = [one for one in world.nodes if any(held.vip == vip for held in one.machine.held.values())]
    if not homes or len(world.nodes) < 2:
        return None
    owner = homes[0]
    target = rng.choice([node for node in world.nodes if node is not owner])
    asker = rng.choice(world.nodes)
    world.ask_failover(asker, vip, target.spec.node, f"{rng.getrandbits(48):012x}")
    ends: list[Callable[[], None]] = []
    victim = rng.choice((owner, target, target, asker))
    what = rng.choice((_killed, _killed, _frozen, _paused, _cut_off, _brokers_gone, _dies))

    def interrupt() -> None:
        if world.repaired:
            return
        world.story.say(f"*** {victim.machine.name} meets {what.__name__}")
        ends.append(what(world, rng, victim))

    world.scheduler.after(rng.uniform(0.0, LONGEST_STEP_S), interrupt)

    def mend() -> None:
        for end in ends:
            end()

    return f"{vip} is moved to {target.spec.node}, and {victim.machine.name} meets {what.__name__}", mend


def _killed(world: World, rng: Random, victim: Node) -> Callable[[], None]:
    end = come_back(world, rng, victim)
    victim.kill(sentinel=rng.random() < 0.2)
    return end


def _dies(world: World, rng: Random, victim: Node) -> Callable[[], None]:
    end = come_back(world, rng, victim)
    if victim.machine.awake:
        victim.die()
    return end


def _frozen(world: World, rng: Random, victim: Node) -> Callable[[], None]:
    world.freeze(victim)
    return lambda: world.thaw(victim)


def _paused(world: World, rng: Random, victim: Node) -> Callable[[], None]:
    victim.pause(world.brokers)
    world.court.lan_changed()
    return lambda: world.resume(victim)


def _cut_off(world: World, rng: Random, victim: Node) -> Callable[[], None]:
    for name, road in victim.roads.items():
        cut(world, rng, victim, road, world.brokers[name])

    def mend() -> None:
        for road in victim.roads.values():
            road.up_held = road.down_held = False
        follow_roads(victim)

    return mend


def _brokers_gone(world: World, rng: Random, victim: Node) -> Callable[[], None]:
    gone = list(world.brokers.values()) if rng.random() < 0.5 else [any_broker(world, rng)]
    gone = [broker for broker in gone if broker.running]
    for broker in gone:
        broker.stop(orderly=rng.random() < 0.5)

    def start() -> None:
        for broker in gone:
            if not broker.running:
                broker.start(rng.choice(list(Retention)))

    return start


def all_orders(world: World) -> list[tuple[Node, DirectiveKind, str]]:
    """Which orders some running daemon knows of, and which daemon."""
    found: dict[tuple[DirectiveKind, str], Node] = {}
    for node in world.nodes:
        process = node.running
        if process is None or process.engine is None:
            continue
        seen = process.engine.snapshot(node.machine.clock.now())
        found |= {(DirectiveKind.DRAIN, one.name): node for one in seen.nodes if one.drained}
        found |= {(DirectiveKind.FREEZE, vip.name): node for vip in seen.vips if vip.frozen_for}
        found |= {(DirectiveKind.PIN, VipName(vip.name)): node for vip in seen.vips if vip.pinned_to}
    return [(node, kind, subject) for (kind, subject), node in found.items()]
