"""The catalogue of faults: how often each comes, for how long, what it may cost. Never: how to break a thing."""

from tests.sim import faults_compound as two
from tests.sim import faults_lan as lan
from tests.sim import faults_net as net
from tests.sim import faults_node as node
from tests.sim import faults_orders as orders
from tests.sim import faults_service as service
from tests.sim.fault import Fault
from tests.sim.harm import STILL, Gap, Harm

UNNOTICED = Harm(clients=Gap.BLINK, kernels=Gap.NONE)
LATE = Harm(clients=Gap.LATE_REMOVAL, kernels=Gap.LATE_REMOVAL)
SILENCE = Harm(clients=Gap.SILENCE, kernels=Gap.SILENCE)
PLANNED = Harm(clients=Gap.PLANNED, kernels=Gap.PLANNED)
REPAIR = Harm(clients=Gap.REPAIR, kernels=Gap.REPAIR)
SPENT = Harm(clients=Gap.HANDOVER, kernels=Gap.HANDOVER)
SPLIT = Harm(kernels=Gap.HANDOVER)
STRANGE = Harm(kernels=Gap.NONE, still=True)

FAULTS = (
    Fault(begin=net.broker_restarts, weight=2, shortest_s=0.1, longest_s=6, harm=STILL),
    Fault(begin=net.broker_freezes, weight=2, shortest_s=0.1, longest_s=6, harm=STILL),
    Fault(begin=net.all_brokers_stop, weight=0.7, shortest_s=0.5, longest_s=15, harm=STILL),
    Fault(begin=net.road_cut, weight=3, shortest_s=0.2, longest_s=8, harm=STILL),
    Fault(begin=net.cut_from_most, weight=3, shortest_s=0.2, longest_s=8, harm=STILL),
    Fault(begin=net.connection_reset, weight=1, shortest_s=0.1, longest_s=0.2, harm=STILL),
    Fault(begin=net.firewall_blocks, weight=1.5, shortest_s=0.5, longest_s=10, harm=STILL),
    Fault(begin=net.road_slow, weight=2, shortest_s=0.5, longest_s=8, harm=STILL),
    Fault(begin=net.broker_slow, weight=1, shortest_s=0.5, longest_s=8, harm=STILL),
    Fault(begin=net.road_stalls, weight=2, shortest_s=0.2, longest_s=8, harm=STILL),
    Fault(begin=node.daemon_killed, weight=3, shortest_s=0.05, longest_s=8, harm=UNNOTICED),
    Fault(begin=node.both_killed, weight=1, shortest_s=0.05, longest_s=8, harm=LATE),
    Fault(begin=node.sentinel_killed, weight=0.5, shortest_s=0.1, longest_s=0.2, harm=STILL),
    Fault(begin=node.machine_dies, weight=2, shortest_s=0.5, longest_s=10, harm=SILENCE),
    Fault(begin=node.backup_dies, weight=0.5, shortest_s=0.5, longest_s=10, harm=STILL),
    Fault(begin=node.daemon_frozen, weight=3, shortest_s=0.05, longest_s=8, harm=LATE),
    Fault(begin=node.machine_paused, weight=1, shortest_s=0.1, longest_s=6, harm=SILENCE),
    Fault(begin=node.daemon_stopped, weight=2, shortest_s=1, longest_s=8, harm=PLANNED),
    Fault(begin=node.other_timing, weight=1, shortest_s=3, longest_s=20),
    Fault(begin=node.name_doubled, weight=0.3, shortest_s=2, longest_s=10),
    Fault(begin=node.address_removed, weight=1, shortest_s=0.1, longest_s=0.2, harm=REPAIR),
    Fault(begin=node.operator_asks, weight=3, shortest_s=0.1, longest_s=0.2, harm=PLANNED),
    Fault(begin=orders.node_drained, weight=1.5, shortest_s=0.5, longest_s=8, harm=PLANNED),
    Fault(begin=orders.vip_frozen, weight=0.7, shortest_s=0.5, longest_s=5, harm=STILL),
    Fault(begin=orders.vip_pinned, weight=0.7, shortest_s=0.5, longest_s=8, harm=PLANNED),
    Fault(begin=orders.two_operators, weight=0.7, shortest_s=0.1, longest_s=0.2, harm=PLANNED),
    Fault(begin=orders.handover_interrupted, weight=3, shortest_s=0.5, longest_s=8),
    Fault(begin=service.service_fails, weight=2, shortest_s=0.2, longest_s=8, harm=SPENT),
    Fault(begin=service.service_flaps, weight=0.5, shortest_s=2, longest_s=15),
    Fault(begin=service.reloaded, weight=2, shortest_s=0.2, longest_s=8, harm=PLANNED),
    Fault(begin=service.reloaded_twice, weight=0.5, shortest_s=1.5, longest_s=3),
    Fault(begin=lan.stranger_comes, weight=1, shortest_s=0.5, longest_s=10, harm=STRANGE),
    Fault(begin=lan.port_fails, weight=2, shortest_s=0.5, longest_s=10, lan=True, harm=SPLIT),
    Fault(begin=lan.link_down, weight=2, shortest_s=0.2, longest_s=10, lan=True, harm=SPLIT),
    Fault(begin=lan.lan_splits, weight=2, shortest_s=0.5, longest_s=10, lan=True, harm=SPLIT),
    Fault(begin=lan.node_isolated, weight=2, shortest_s=0.5, longest_s=10, lan=True, harm=Harm(kernels=Gap.SILENCE)),
    Fault(begin=lan.gateway_dies, weight=0.7, shortest_s=0.5, longest_s=10, lan=True, harm=STILL),
    Fault(begin=two.broker_host_dies, weight=0.7, shortest_s=5, longest_s=15),
    Fault(begin=two.killed_beside_stranger, weight=0.3, shortest_s=0.5, longest_s=8, harm=Harm(kernels=Gap.NONE)),
    Fault(begin=two.stranger_in_the_dark, weight=0.3, shortest_s=3, longest_s=10, harm=STRANGE),
    Fault(begin=two.split_in_the_dark, weight=0.3, shortest_s=4, longest_s=10, lan=True, harm=Harm(kernels=Gap.NONE)),
)
