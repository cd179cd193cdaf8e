"""The catalogue of faults: how often each comes, and for how long. Knows: numbers. Never: how to break a thing."""

from tests.sim import faults_net as net
from tests.sim import faults_node as node
from tests.sim.fault import Fault

FAULTS = (
    Fault(begin=net.broker_restarts, weight=2, shortest_s=0.1, longest_s=6),
    Fault(begin=net.broker_freezes, weight=2, shortest_s=0.1, longest_s=6),
    Fault(begin=net.road_cut, weight=3, shortest_s=0.2, longest_s=8),
    Fault(begin=net.cut_from_most, weight=3, shortest_s=0.2, longest_s=8),
    Fault(begin=net.connection_reset, weight=1, shortest_s=0.1, longest_s=0.2),
    Fault(begin=net.road_slow, weight=2, shortest_s=0.5, longest_s=8),
    Fault(begin=net.broker_slow, weight=1, shortest_s=0.5, longest_s=8),
    Fault(begin=net.road_stalls, weight=2, shortest_s=0.2, longest_s=8),
    Fault(begin=node.daemon_killed, weight=3, shortest_s=0.05, longest_s=8),
    Fault(begin=node.machine_dies, weight=2, shortest_s=0.5, longest_s=10),
    Fault(begin=node.daemon_frozen, weight=3, shortest_s=0.05, longest_s=8),
    Fault(begin=node.machine_paused, weight=1, shortest_s=0.1, longest_s=6),
    Fault(begin=node.daemon_stopped, weight=2, shortest_s=1, longest_s=8),
    Fault(begin=node.other_timing, weight=1, shortest_s=3, longest_s=20),
    Fault(begin=node.name_doubled, weight=0.3, shortest_s=2, longest_s=10),
    Fault(begin=node.address_removed, weight=1, shortest_s=0.1, longest_s=0.2),
    Fault(begin=node.operator_asks, weight=3, shortest_s=0.1, longest_s=0.2),
    Fault(begin=net.port_fails, weight=2, shortest_s=0.5, longest_s=10, lan=True),
    Fault(begin=net.link_down, weight=2, shortest_s=0.2, longest_s=10, lan=True),
    Fault(begin=net.lan_splits, weight=2, shortest_s=0.5, longest_s=10, lan=True),
    Fault(begin=net.node_isolated, weight=2, shortest_s=0.5, longest_s=10, lan=True),
)
