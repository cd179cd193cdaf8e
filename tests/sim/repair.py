"""Everything whole again, whatever was broken. Knows: the state of health. Never: what had happened."""

from tests.sim.broker import Broker, Retention, Road
from tests.sim.cluster import World
from tests.sim.machine import Port
from tests.sim.node import Node


def repair(world: World) -> None:
    """Mend brokers, roads, LAN and nodes."""
    world.repaired = True
    world.remove_twin()
    for broker in world.brokers.values():
        _broker(broker)
    for node in world.nodes:
        for road in node.roads.values():
            road.up_held = road.down_held = False
            road.limit = None
            road.slow_s = 0.0
        follow_roads(node)
        _machine(world, node)
    world.lan.split = False
    for stranger in list(world.strangers):
        world.remove_stranger(stranger)
    if world.gateway is not None:
        world.gateway.awake = True
    world.court.lan_changed()


def follow_roads(node: Node) -> None:
    """Let the connections take on the state of their roads."""
    if node.process is not None:
        for connection in node.process.bus.connections.values():
            connection.follow_road()


def set_link(node: Node, interface: str, *, up: bool) -> None:
    """Plug a cable in, or out."""
    port = node.machine.ports[interface]
    if port.link != up:
        port.link = up
        if node.running is not None:
            node.running.link_changed(interface, up=up)


def mend_port(port: Port) -> None:
    """Let every frame through, but for a cable that is out."""
    port.dumb = port.deaf = False
    port.loss = 0.0


def mend_road(node: Node, road: Road) -> None:
    """Make one road whole."""
    road.up_held = road.down_held = False
    road.limit = None
    road.slow_s = 0.0
    follow_roads(node)


def _broker(broker: Broker) -> None:
    if broker.frozen:
        broker.thaw()
    if not broker.running:
        broker.start(Retention.KEPT)


def _machine(world: World, node: Node) -> None:
    machine = node.machine
    machine.side = 0
    for port in machine.ports.values():
        mend_port(port)
        set_link(node, port.interface, up=True)
    world.resume(node)
    world.thaw(node)
    if not machine.alive:
        machine.boot()
    node.wall_error_s = 0.0
    node.set_service(well=True)
    if node.running is not None and node.running.spec != world.scenario.spec(node.spec.node):
        node.kill()
    world.start(node)
