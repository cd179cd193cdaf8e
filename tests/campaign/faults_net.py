"""Faults of cables, ports, the LAN and the ways to the brokers: each breaks one thing and tells how to mend it."""

from random import Random

from floatip.lab.cluster import CLIENT
from floatip.lab.faults import Direction
from tests.campaign.fault import Begun
from tests.campaign.layout import Layout
from tests.campaign.scene import Scene

LOSS_PERCENT = 30


def data_nics(scene: Scene, node: str) -> list[str]:
    """Name a node's NICs on the LAN of the VIPs."""
    return [nic.name for nic in scene.cluster.net.hosts[node].nics.values() if nic.network == "data"]


def mqtt_nic(scene: Scene, node: str) -> str:
    """Name a node's NIC towards the brokers."""
    nics = scene.cluster.net.hosts[node].nics.values()
    return next(nic.name for nic in nics if nic.network == scene.layout.mqtt)


def carrier(scene: Scene, dice: Random) -> Begun:
    """A cable is pulled out at the switch: one of two NICs' mostly, else the only one's."""
    node, net = scene.any_node(dice), scene.cluster.net
    nic = dice.choice(data_nics(scene, node))
    net.carrier(node, nic, up=False)
    return Begun(text=f"cable of {node} {nic} pulled", end=lambda: net.carrier(node, nic, up=True))


def link_flap(scene: Scene, dice: Random) -> Begun:
    """Somebody sets a NIC down on the node itself, and up again: the kernel forgets its IPv6 addresses."""
    node, net = scene.any_node(dice), scene.cluster.net
    nic = net.hosts[node].nics[dice.choice(data_nics(scene, node))]
    scene.ip(node, f"link set {nic.name} down")

    def up() -> None:
        scene.ip(node, f"link set {nic.name} up")
        scene.ip(node, f"addr replace {nic.ipv4} dev {nic.name} brd +")
        if nic.ipv6:
            scene.ip(node, f"addr replace {nic.ipv6} dev {nic.name} nodad")

    return Begun(text=f"{node} {nic.name} set down", end=up)


def silent_port(scene: Scene, dice: Random) -> Begun:
    """A switch port of the LAN passes nothing any more, with the link up."""
    node, net = scene.any_node(dice), scene.cluster.net
    nics = data_nics(scene, node)
    for nic in nics:
        net.silence(node, nic)

    def heal() -> None:
        for nic in nics:
            net.heal(node, nic)

    return Begun(text=f"port of {node} silent", end=heal)


def one_way(scene: Scene, dice: Random) -> Begun:
    """A port passes frames in one direction only."""
    node, net, lost = scene.any_node(dice), scene.cluster.net, dice.choice(list(Direction))
    nics = data_nics(scene, node)
    for nic in nics:
        net.one_way(node, nic, lost)

    def heal() -> None:
        for nic in nics:
            net.heal(node, nic)

    return Begun(text=f"all that {node} {lost.value} on the LAN is lost", end=heal, lan=True)


def loss(scene: Scene, dice: Random) -> Begun:
    """30 % of the frames get lost, on one node's port or on all."""
    net = scene.cluster.net
    nodes = scene.nodes if dice.random() < 0.5 else [scene.any_node(dice)]
    ports = [(node, nic) for node in nodes for nic in data_nics(scene, node)]
    for node, nic in ports:
        net.loss(node, nic, LOSS_PERCENT)

    def heal() -> None:
        for node, nic in ports:
            net.loss(node, nic, 0)

    return Begun(text=f"{LOSS_PERCENT} % loss at {' and '.join(nodes)}", end=heal)


def split(scene: Scene, dice: Random) -> Begun:
    """The LAN falls apart; client and brokers are on either side."""
    net = scene.cluster.net
    nodes = dice.sample(scene.nodes, len(scene.nodes))
    at = dice.randint(1, len(nodes) - 1)
    sides = [nodes[:at], nodes[at:]]
    on_data = (
        [host for host in scene.cluster.settings.broker_names if host in net.hosts]
        if scene.layout.mqtt == "data"
        else []
    )
    for host in [CLIENT, *on_data]:
        dice.choice(sides).append(host)
    net.split(sides)
    return Begun(text=f"LAN split: {' '.join(sides[0])} | {' '.join(sides[1])}", end=net.unsplit, lan=True)


def mqtt_cut(scene: Scene, dice: Random) -> Begun:
    """A node does not reach the brokers, silently."""
    node = scene.any_node(dice, [node for node in scene.nodes if node != scene.layout.broker_home])
    return _cut(scene, [node])


def mqtt_cut_all(scene: Scene, _dice: Random) -> Begun:
    """No node reaches a broker elsewhere."""
    return _cut(scene, scene.nodes)


def _cut(scene: Scene, nodes: list[str]) -> Begun:
    net = scene.cluster.net
    for node in nodes:
        net.cut_mqtt(node, mqtt_nic(scene, node))

    def heal() -> None:
        for node in nodes:
            net.heal(node, mqtt_nic(scene, node))

    return Begun(text=f"MQTT of {' and '.join(nodes)} cut", end=heal)


def everything_silent(scene: Scene, dice: Random) -> Begun:
    """A node is cut from all networks at once, and goes on by itself."""
    node, net = scene.any_node(dice), scene.cluster.net
    for nic in net.hosts[node].nics:
        net.silence(node, nic)

    def heal() -> None:
        for nic in net.hosts[node].nics:
            net.heal(node, nic)

    return Begun(text=f"all ports of {node} silent", end=heal)


def has_many_brokers(layout: Layout) -> bool:
    """Whether some brokers can fail while a majority is left."""
    return layout.brokers > 1
