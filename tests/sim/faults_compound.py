"""Faults of two things at once that chance would seldom bring together."""

from random import Random

from tests.sim.cluster import World
from tests.sim.fault import Begun, any_node, darken
from tests.sim.faults_lan import split
from tests.sim.faults_node import come_back

AFTERMATH_S = 5.0
"""For how long the brokers stay away after the other half of a fault is over."""


def broker_host_dies(world: World, rng: Random) -> Begun:
    """An owner's machine loses power, and all the brokers with it."""
    owners = [node for node in world.nodes if node.machine.held and node.machine.awake]
    if not owners:
        return None
    node = rng.choice(owners)
    node.die()
    start_brokers = darken(world, rng, orderly=False)
    start_node = come_back(world, rng, node)

    def mend() -> None:
        start_brokers()
        start_node()

    return f"{node.machine.name} loses power, and all brokers with it", mend


def killed_beside_stranger(world: World, rng: Random) -> Begun:
    """A daemon is killed (-9) while a host that nobody knows announces its address again and again."""
    node = any_node(world, rng)
    if world.scenario.deaf or node.running is None or not node.machine.held:
        return None
    address = rng.choice(list(node.machine.held))
    stranger = world.add_stranger(address, side=rng.randrange(2), every_s=0.1, answers=False)
    node.kill()
    start = come_back(world, rng, node)

    def mend() -> None:
        world.remove_stranger(stranger)
        start()

    return f"{node.machine.name} is killed beside a stranger that announces {address}", mend


def stranger_in_the_dark(world: World, rng: Random) -> Begun:
    """A host that nobody knows uses an address while no broker runs."""
    if world.scenario.deaf:
        return None
    address = rng.choice([address for group in world.addresses.values() for address in group])
    start_brokers = darken(world, rng, orderly=rng.random() < 0.5)
    stranger = world.add_stranger(address, side=rng.randrange(2), every_s=rng.choice((0.3, 1.0)), answers=True)

    def mend() -> None:
        start_brokers()
        world.remove_stranger(stranger)

    return f"all brokers stop, and a stranger uses {address}", mend


def split_in_the_dark(world: World, rng: Random) -> Begun:
    """The LAN falls into two halves while no broker runs; it heals first."""
    start_brokers = darken(world, rng, orderly=rng.random() < 0.5)
    heal = split(world, rng)

    def mend() -> None:
        heal()
        world.scheduler.after(AFTERMATH_S, start_brokers)

    return "all brokers stop, and the LAN is split", mend
