"""All classes of faults. Knows: names, lengths, and which clusters they fit. Never: how they work."""

from collections.abc import Iterable

from tests.campaign import faults_address, faults_broker, faults_net, faults_node
from tests.campaign.fault import Fault
from tests.campaign.faults_net import has_many_brokers
from tests.campaign.layout import Layout


def _other_node_talks(layout: Layout) -> bool:
    """Some node reaches the broker over a network."""
    return layout.nodes > 1


FAULTS = (
    Fault(name="daemon killed", begin=faults_node.kill_daemon, shortest_s=0.1, longest_s=5),
    Fault(name="daemon killed, unit's order", begin=faults_node.kill_daemon_by_unit, shortest_s=0, longest_s=0.5),
    Fault(name="sentinel killed", begin=faults_node.kill_sentinel, shortest_s=0.1, longest_s=1),
    Fault(name="daemon and sentinel killed", begin=faults_node.kill_both, shortest_s=0.1, longest_s=5),
    Fault(name="daemon stopped and started", begin=faults_node.stop_daemon, shortest_s=0.1, longest_s=3),
    Fault(name="failover by hand", begin=faults_node.failover, shortest_s=0, longest_s=0.2),
    Fault(name="daemon frozen", begin=faults_node.freeze_daemon, shortest_s=0.2, longest_s=7),
    Fault(name="machine frozen", begin=faults_node.freeze_machine, shortest_s=0.2, longest_s=7, heals=True),
    Fault(name="machine dies", begin=faults_node.machine_dies, shortest_s=0.5, longest_s=5),
    Fault(name="carrier lost", begin=faults_net.carrier, shortest_s=0.1, longest_s=4),
    Fault(name="link set down by hand", begin=faults_net.link_flap, shortest_s=0.05, longest_s=3),
    Fault(name="port silent", begin=faults_net.silent_port, shortest_s=0.2, longest_s=5, heals=True),
    Fault(name="one-way loss", begin=faults_net.one_way, shortest_s=0.2, longest_s=5, heals=True),
    Fault(name="30 % loss", begin=faults_net.loss, shortest_s=1, longest_s=6),
    Fault(name="LAN split", begin=faults_net.split, shortest_s=0.2, longest_s=6, heals=True),
    Fault(name="node cut off", begin=faults_net.everything_silent, shortest_s=0.2, longest_s=6, heals=True),
    Fault(name="MQTT of one node cut", begin=faults_net.mqtt_cut, shortest_s=0.2, longest_s=6, fits=_other_node_talks),
    Fault(name="MQTT of all nodes cut", begin=faults_net.mqtt_cut_all, shortest_s=0.2, longest_s=6),
    Fault(name="broker killed", begin=faults_broker.one_killed, shortest_s=0.1, longest_s=5),
    Fault(name="broker restarted in good order", begin=faults_broker.restarted, shortest_s=0, longest_s=4),
    Fault(name="broker frozen", begin=faults_broker.one_frozen, shortest_s=0.2, longest_s=6),
    Fault(
        name="two of three brokers killed",
        begin=faults_broker.two_killed,
        shortest_s=0.1,
        longest_s=5,
        fits=has_many_brokers,
    ),
    Fault(
        name="two of three brokers frozen",
        begin=faults_broker.two_frozen,
        shortest_s=0.2,
        longest_s=6,
        fits=has_many_brokers,
    ),
    Fault(name="address removed by hand", begin=faults_address.removed, shortest_s=0, longest_s=0.2),
    Fault(name="interface flushed", begin=faults_address.flushed, shortest_s=0, longest_s=1),
    Fault(name="address added by hand", begin=faults_address.added, shortest_s=0, longest_s=0.2, plants=True),
    Fault(name="MAC changed", begin=faults_address.mac_changed, shortest_s=0, longest_s=0.2),
    Fault(name="foreign host has the address", begin=faults_address.stranger_holds, shortest_s=0.5, longest_s=4),
    Fault(name="foreign MAC announces", begin=faults_address.stranger_announces, shortest_s=0.5, longest_s=4),
    Fault(name="clock stepped", begin=faults_node.clock_stepped, shortest_s=0.2, longest_s=3),
    Fault(name="daemon starved of CPU", begin=faults_node.starved, shortest_s=1, longest_s=6, alone=True),
    Fault(name="six busy loops", begin=faults_node.busy, shortest_s=2, longest_s=6, alone=True),
)
BY_NAME = {fault.name: fault for fault in FAULTS}


def named_like(parts: Iterable[str]) -> list[Fault]:
    """Give the classes whose name contains one of these; all if there are none."""
    wanted = [part.lower() for part in parts]
    return [fault for fault in FAULTS if not wanted or any(part in fault.name.lower() for part in wanted)]
