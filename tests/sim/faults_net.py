"""Faults of brokers and of the roads to them: each function breaks one thing and tells how to mend it."""

from random import Random

from tests.sim.broker import Retention
from tests.sim.cluster import World
from tests.sim.fault import Begun, any_broker, any_node, cut, darken
from tests.sim.repair import follow_roads, mend_road


def broker_restarts(world: World, rng: Random) -> Begun:
    """A broker ends, in good order (with everybody's will) or not, and comes back with what it retained."""
    broker, orderly, retention = any_broker(world, rng), rng.random() < 0.5, rng.choice(list(Retention))
    if not broker.running:
        return None
    if rng.random() < 0.5:
        broker.remember()
    broker.stop(orderly=orderly)
    how = "stops in good order" if orderly else "is killed"
    return f"{broker.name} {how}, retained values {retention.value}", lambda: broker.start(retention)


def broker_freezes(world: World, rng: Random) -> Begun:
    """A broker stands still."""
    broker = any_broker(world, rng)
    if not broker.running or broker.frozen:
        return None
    broker.freeze()
    return f"{broker.name} is frozen", broker.thaw


def road_cut(world: World, rng: Random) -> Begun:
    """A node and a broker do not hear each other, in one direction or both, and find out late."""
    node, broker = any_node(world, rng), any_broker(world, rng)
    road = node.roads[broker.name]
    cut(world, rng, node, road, broker)
    ways = f"up {'cut' if road.up_held else 'whole'}, down {'cut' if road.down_held else 'whole'}"
    return f"{node.machine.name} - {broker.name}: {ways}", lambda: mend_road(node, road)


def cut_from_most(world: World, rng: Random) -> Begun:
    """A node is cut from some of the brokers at once, often from a majority."""
    node = any_node(world, rng)
    brokers = rng.sample(list(world.brokers.values()), rng.randint(1, len(world.brokers)))
    for broker in brokers:
        cut(world, rng, node, node.roads[broker.name], broker)

    def mend() -> None:
        for broker in brokers:
            mend_road(node, node.roads[broker.name])

    return f"{node.machine.name} is cut from {', '.join(b.name for b in brokers)}", mend


def connection_reset(world: World, rng: Random) -> Begun:
    """A connection breaks, and both ends see it at once."""
    node, broker = any_node(world, rng), any_broker(world, rng)
    connection = node.running.bus.connections.get(broker.name) if node.running is not None else None
    if node.running is None or connection is None:
        return None
    node.running.bus.lose(connection, "connection reset")
    world.scheduler.after(0.001 * rng.random(), broker.lose, connection)
    return f"{node.machine.name} - {broker.name}: connection reset", lambda: None


def firewall_blocks(world: World, rng: Random) -> Begun:
    """A firewall resets a daemon's connections to some brokers, often to all, and then lets nothing through."""
    node = any_node(world, rng)
    process = node.running
    if process is None:
        return None
    brokers = list(world.brokers.values())
    if rng.random() < 0.3:
        brokers = rng.sample(brokers, rng.randint(1, len(brokers)))
    for broker in brokers:
        road, connection = node.roads[broker.name], process.bus.connections.get(broker.name)
        road.up_held = road.down_held = True
        follow_roads(node)
        if connection is not None:
            process.bus.lose(connection, "connection reset")
            world.scheduler.after(0.01 * rng.random(), broker.lose, connection)

    def mend() -> None:
        for broker in brokers:
            mend_road(node, node.roads[broker.name])

    return f"{node.machine.name} is reset and blocked from {', '.join(b.name for b in brokers)}", mend


def road_slow(world: World, rng: Random) -> Begun:
    """The way between a node and a broker is slow."""
    node, broker = any_node(world, rng), any_broker(world, rng)
    road = node.roads[broker.name]
    road.slow_s = rng.choice((0.1, 0.4, 1.0, 2.0))
    follow_roads(node)
    return f"{node.machine.name} - {broker.name}: slow by {road.slow_s} s", lambda: mend_road(node, road)


def broker_slow(world: World, rng: Random) -> Begun:
    """A broker is slow for everybody, and not equally so."""
    broker = any_broker(world, rng)
    slow_s = rng.choice((0.1, 0.3, 1.0))
    for node in world.nodes:
        node.roads[broker.name].slow_s = slow_s * rng.random()
        follow_roads(node)

    def mend() -> None:
        for node in world.nodes:
            mend_road(node, node.roads[broker.name])

    return f"{broker.name} is slow by up to {slow_s} s", mend


def road_stalls(world: World, rng: Random) -> Begun:
    """A subscriber stalls until its queue in the broker overflows: the newest messages are dropped."""
    node, broker = any_node(world, rng), any_broker(world, rng)
    road = node.roads[broker.name]
    road.down_held, road.limit = True, rng.choice((0, 1, 3, 10))
    follow_roads(node)
    text = f"{node.machine.name} - {broker.name}: stalled, its queue holds {road.limit}"
    return text, lambda: mend_road(node, road)


def all_brokers_stop(world: World, rng: Random) -> Begun:
    """No broker runs for a while."""
    orderly = rng.random() < 0.5
    mend = darken(world, rng, orderly=orderly)
    return f"all brokers {'stop in good order' if orderly else 'are killed'}", mend
