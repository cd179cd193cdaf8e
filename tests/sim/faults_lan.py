"""Faults of the LAN and of who is on it: each function breaks one thing and tells how to mend it."""

from collections.abc import Callable
from random import Random

from tests.sim.cluster import World
from tests.sim.fault import Begun, any_node, cut
from tests.sim.repair import mend_port, mend_road, set_link


def port_fails(world: World, rng: Random) -> Begun:
    """A switch port dies silently, in both directions or in one, or loses frames."""
    node = any_node(world, rng)
    port = rng.choice(list(node.machine.ports.values()))
    what = rng.choice(("is silently dead", "is silently dead", "sends nothing", "hears nothing", "loses frames"))
    if what == "loses frames":
        port.loss = rng.choice((0.1, 0.3, 0.6))
    port.dumb = port.dumb or what in {"is silently dead", "sends nothing"}
    port.deaf = port.deaf or what in {"is silently dead", "hears nothing"}
    world.court.lan_changed()

    def mend() -> None:
        mend_port(port)
        world.court.lan_changed()

    return f"{node.machine.name}: port of {port.interface} {what}", mend


def link_down(world: World, rng: Random) -> Begun:
    """A cable is pulled out."""
    node = any_node(world, rng)
    interface = rng.choice(list(node.machine.ports))
    set_link(node, interface, up=False)
    world.court.lan_changed()

    def mend() -> None:
        set_link(node, interface, up=True)
        world.court.lan_changed()

    return f"{node.machine.name}: {interface} loses its link", mend


def split(world: World, rng: Random) -> Callable[[], None]:
    """Let the LAN fall into two halves; return how to make it one again."""
    for node in world.nodes:
        node.machine.side = rng.randrange(2)
    world.lan.split = True
    world.court.lan_changed()

    def mend() -> None:
        world.lan.split = False
        world.court.lan_changed()

    return mend


def lan_splits(world: World, rng: Random) -> Begun:
    """The LAN falls into two halves; the brokers may still be reached from both."""
    return "the LAN is split", split(world, rng)


def node_isolated(world: World, rng: Random) -> Begun:
    """A node is cut from everything: brokers and LAN."""
    node = any_node(world, rng)
    for broker in world.brokers.values():
        cut(world, rng, node, node.roads[broker.name], broker)
    ports = list(node.machine.ports.values())
    for port in ports:
        port.dumb = port.deaf = True
    world.court.lan_changed()

    def mend() -> None:
        for road in node.roads.values():
            mend_road(node, road)
        for port in ports:
            mend_port(port)
        world.court.lan_changed()

    return f"{node.machine.name} is cut from everything", mend


def gateway_dies(world: World, rng: Random) -> Begun:
    """The gateway answers nobody."""
    gateway = world.gateway
    if gateway is None or not gateway.awake:
        return None
    gateway.awake = False

    def mend() -> None:
        gateway.awake = True

    return "the gateway dies", mend


def stranger_comes(world: World, rng: Random) -> Begun:
    """A host that nobody knows uses an address: it answers for it, announces it, or both."""
    if world.scenario.deaf:
        return None
    address = rng.choice([address for group in world.addresses.values() for address in group])
    every_s = rng.choice((None, 0.2, 1.0, 60.0))
    answers = every_s is None or rng.random() < 0.7
    stranger = world.add_stranger(address, side=rng.randrange(2), every_s=every_s, answers=answers)
    how = f"{'answers' if answers else 'does not answer'}, announces {f'every {every_s} s' if every_s else 'nothing'}"
    return f"a stranger ({stranger.port.mac}) uses {address}: {how}", lambda: world.remove_stranger(stranger)
