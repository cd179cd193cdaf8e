"""What an owner does when links change: the next interface, another hardware address, a broker that is away."""

import time

import pytest

from floatip.lab.cluster import Cluster
from floatip.lab.settings import Settings, Vip

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]

VIP = "10.77.0.50"
QUIET_S = 0.3


def test_the_address_moves_to_the_next_interface_of_the_same_node() -> None:
    """The first interface loses its link: the address goes on on the second, no other node is asked."""
    settings = Settings(
        nodes=2,
        vips=(Vip(interfaces=("eth0", "eth2")),),
        nics={"eth0": "data", "eth1": "mgmt", "eth2": "data"},
    )
    with Cluster(settings) as cluster:
        cluster.wait_settled()
        (owner,) = cluster.bound_on(VIP)
        with cluster.watch() as watch, cluster.probe() as probe:
            time.sleep(QUIET_S)
            cluster.net.carrier(owner, "eth0", up=False)
            cluster.wait_for(
                lambda: VIP in cluster.net.run(owner, ["ip", "-4", "address", "show", "dev", "eth2"]).stdout,
                5.0,
                "the address on eth2",
            )
            time.sleep(1.0)
        assert cluster.bound_on(VIP) == {owner}
        assert cluster.status(owner)["vips"][0]["role"] == "owner"
        assert cluster.status(owner)["vips"][0]["interface"] == "eth2"
        assert probe.result.answered_by == [owner]
        assert probe.result.gaps == () or probe.result.gaps[-1].after == owner
        assert watch.result.overruns == 0
        assert VIP not in cluster.net.run(owner, ["ip", "-4", "address", "show", "dev", "eth0"]).stdout


def test_a_new_hardware_address_is_announced_at_once() -> None:
    """Clients would sit on the old one until the next refresh, a minute later."""
    with Cluster() as cluster:
        cluster.wait_settled()
        (owner,) = cluster.bound_on(VIP)
        with cluster.probe() as probe:
            time.sleep(QUIET_S)
            cluster.net.run(owner, ["ip", "link", "set", "dev", "eth0", "address", "02:aa:bb:cc:dd:01"])
            time.sleep(2.5)
        assert probe.result.answered_by == [owner]
        assert probe.result.longest_gap_ms < 2000
        assert probe.result.gaps == () or probe.result.gaps[-1].after == owner


def test_everything_is_served_while_one_broker_of_three_is_away() -> None:
    """A broker that is down costs no heartbeats on the others: what the nodes say stays within what they must."""
    with Cluster(Settings(brokers=3)) as cluster:
        cluster.wait_settled()
        cluster.brokers["b3"].stop()
        time.sleep(1.0)
        (owner,) = cluster.bound_on(VIP)
        before = _frames(cluster, owner)
        time.sleep(2.0)
        rate = (_frames(cluster, owner) - before) / 2.0
        assert rate < 200


def _frames(cluster: Cluster, node: str) -> int:
    """Frames that the node has sent on the network of the brokers."""
    return int(cluster.net.run(node, ["cat", "/sys/class/net/eth1/statistics/tx_packets"]).stdout)
