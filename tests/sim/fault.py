"""What a fault is, and how those are chosen whom it meets. Knows: chance. Never: a particular fault."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.sim.broker import Broker, Retention, Road
from tests.sim.cluster import World
from tests.sim.harm import ANY, Harm
from tests.sim.node import Node
from tests.sim.repair import follow_roads

Begun = tuple[str, Callable[[], None]] | None
"""What was broken and how to mend it; None where there was nothing to break."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One kind of fault; ``lan``: it breaks the LAN; ``harm``: what it may cost where it comes alone."""

    begin: Callable[[World, Random], Begun]
    weight: float
    shortest_s: float
    longest_s: float
    lan: bool = False
    harm: Harm = ANY


def any_node(world: World, rng: Random) -> Node:
    """Any node; every other time one that has an address."""
    owners = [node for node in world.nodes if node.machine.held]
    return rng.choice(owners if owners and rng.random() < 0.5 else world.nodes)


def any_broker(world: World, rng: Random) -> Broker:
    """Any broker."""
    return rng.choice(list(world.brokers.values()))


def cut(world: World, rng: Random, node: Node, road: Road, broker: Broker) -> None:
    """Cut one direction of a road, or both; the ends find out late."""
    way = rng.random()
    road.up_held, road.down_held = way < 0.7, way > 0.3
    follow_roads(node)
    process = node.running
    connection = process.bus.connections.get(broker.name) if process is not None else None
    if process is None or connection is None:
        return

    def client_notices() -> None:
        if not road.whole:
            process.bus.lose(connection, "the connection timed out")

    def broker_notices() -> None:
        if not road.whole:
            broker.lose(connection)

    world.scheduler.after(rng.uniform(0.6, 3.0), client_notices)
    world.scheduler.after(rng.uniform(1.5, 6.5), broker_notices)


def darken(world: World, rng: Random, *, orderly: bool) -> Callable[[], None]:
    """Stop all brokers, one shortly after the other; return how to start them again."""
    running = [broker for broker in world.brokers.values() if broker.running]
    retention = rng.choice(list(Retention))

    def stop(broker: Broker) -> None:
        if broker.running and not world.repaired:
            broker.stop(orderly=orderly)

    def start() -> None:
        for broker in running:
            if not broker.running:
                broker.start(retention)

    for broker in running:
        world.scheduler.after(0.3 * rng.random(), stop, broker)
    return start
