"""Faults of nodes, and operators: each function breaks one thing and tells how to mend it."""

from collections.abc import Callable
from random import Random

from floatip.core.types import Stored
from tests.sim.cluster import World
from tests.sim.fault import Begun, any_node
from tests.sim.machine import Cause
from tests.sim.node import Node
from tests.sim.scenario import OTHER_TIMINGS


def come_back(world: World, rng: Random, node: Node) -> Callable[[], None]:
    """What starts the node's daemon again, later: with its disk or without, with a right clock or a wrong one."""
    loses_disk, error_s = rng.random() < 0.3, rng.choice((0.0, 0.0, 2.0, -3600.0))
    ended = node.process

    def start() -> None:
        if node.running is not None and node.running is ended:
            world.scheduler.after(1.0, start)
        elif node.running is None:
            if loses_disk:
                node.disk = Stored()
            node.wall_error_s = error_s
            if not node.machine.alive:
                node.machine.boot()
            world.start(node)

    return start


def daemon_killed(world: World, rng: Random) -> Begun:
    """A daemon is killed (-9); its addresses stay until their lifetime ends."""
    node = any_node(world, rng)
    if node.running is None:
        return None
    node.kill()
    return f"{node.machine.name} is killed", come_back(world, rng, node)


def both_killed(world: World, rng: Random) -> Begun:
    """A daemon and its sentinel are killed (-9): only the kernel's lifetime ends what they had."""
    node = any_node(world, rng)
    if node.running is None:
        return None
    node.kill(sentinel=True)
    return f"{node.machine.name} and its sentinel are killed", come_back(world, rng, node)


def sentinel_killed(world: World, rng: Random) -> Begun:
    """A sentinel is killed (-9); its daemon starts another, if it lives long enough."""
    node = any_node(world, rng)
    if node.running is None:
        return None
    node.lose_sentinel(world.scheduler)
    return f"{node.machine.name} loses its sentinel", lambda: None


def machine_dies(world: World, rng: Random) -> Begun:
    """A machine loses power."""
    node = any_node(world, rng)
    if not node.machine.awake:
        return None
    node.die()
    return f"{node.machine.name} loses power", come_back(world, rng, node)


def backup_dies(world: World, rng: Random) -> Begun:
    """The machine of a node that owns nothing loses power."""
    backups = [node for node in world.nodes if node.machine.awake and not node.machine.held]
    if not backups:
        return None
    node = rng.choice(backups)
    node.die()
    return f"{node.machine.name}, a backup, loses power", come_back(world, rng, node)


def daemon_frozen(world: World, rng: Random) -> Begun:
    """A daemon stands still, its kernel goes on."""
    node = any_node(world, rng)
    if node.running is None or node.running.standing_still:
        return None
    world.freeze(node)
    return f"{node.machine.name} is frozen", lambda: world.thaw(node)


def machine_paused(world: World, rng: Random) -> Begun:
    """A virtual machine is paused, kernel and clock with it."""
    node = any_node(world, rng)
    if not node.machine.awake:
        return None
    node.pause(world.brokers)
    world.court.lan_changed()
    return f"{node.machine.name} is paused", lambda: world.resume(node)


def daemon_stopped(world: World, rng: Random) -> Begun:
    """A daemon is asked to end (SIGTERM), and is started again later."""
    node = any_node(world, rng)
    if node.running is None:
        return None
    world.ask_to_stop(node)
    return f"{node.machine.name} is asked to end", come_back(world, rng, node)


def other_timing(world: World, rng: Random) -> Begun:
    """A daemon comes back with another timing than the rest, for a while."""
    node, timing = any_node(world, rng), rng.choice(OTHER_TIMINGS)
    node.kill()
    world.start(node, timing)

    def mend() -> None:
        node.kill()
        world.start(node)

    return f"{node.machine.name} comes back with heartbeat {timing.heartbeat_s}, lease {timing.lease_s}", mend


def name_doubled(world: World, rng: Random) -> Begun:
    """A second machine comes up under the name of a node."""
    node = any_node(world, rng)
    if world.twin is not None:
        return None
    world.add_twin(node)

    def mend() -> None:
        world.remove_twin()
        world.start(node)

    return f"{node.machine.name} gets a namesake", mend


def address_removed(world: World, rng: Random) -> Begun:
    """Somebody removes an address by hand."""
    node = any_node(world, rng)
    if not node.machine.held or not node.machine.awake:
        return None
    address = rng.choice(list(node.machine.held))
    node.machine.remove(address, Cause.BY_HAND)
    return f"{address} is removed from {node.machine.name} by hand", lambda: None


def operator_asks(world: World, rng: Random) -> Begun:
    """An operator wants a VIP to move, and asks any node for it."""
    node, vip = any_node(world, rng), rng.choice(list(world.addresses))
    to = rng.choice((None, *(other.spec.node for other in world.nodes)))
    request = f"{rng.getrandbits(48):012x}"
    world.ask_failover(node, vip, to, request)
    return f"{node.machine.name} is asked to move {vip} to {to or 'anybody'}: {request}", lambda: None
