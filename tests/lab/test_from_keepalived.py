"""docs/from-keepalived.md, done: a pair that runs keepalived moves to floatip, and back, with a client looking on."""

from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from floatip.lab import tools
from floatip.lab.cluster import Cluster
from floatip.lab.errors import LabError
from floatip.lab.settings import Settings
from tests.lab.keepalived_scene import floatip, keepalived

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]

VIP = "10.77.0.50"
CONF = """
vrrp_instance WEB {{
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority {priority}
    advert_int 0.5
    version 3
    virtual_ipaddress {{
        10.77.0.50
    }}
}}
"""
PRIORITIES = {"n1": 150, "n2": 100}


@pytest.fixture
def pair() -> Iterator[Cluster]:
    """Give two nodes, each with its keepalived.conf, and a broker; no daemon runs."""
    tools.require("keepalived")
    with Cluster(Settings(nodes=2, daemon=("true",))) as cluster:
        for node, priority in PRIORITIES.items():
            home = cluster.home_of(node)
            (home / "keepalived.conf").write_text(CONF.format(priority=priority))
        yield cluster


def has_a_quorum(cluster: Cluster, node: str) -> bool:
    """Whether the node's daemon answers, and hears its broker."""
    try:
        return bool(cluster.ask(node)["quorum"])
    except LabError:
        return False


def test_a_pair_moves_to_floatip_and_back(pair: Cluster) -> None:
    """Each way costs one short gap, at no time do two nodes have the address, and n1 gets it back without a gap."""
    old = {node: keepalived(pair, node) for node in PRIORITIES}
    pair.wait_for(lambda: pair.bound_on(VIP) == {"n1"}, 20.0, "keepalived's master has the address")
    with pair.probe() as there:
        with pair.watch() as watch:
            old["n2"].stop(10.0)
            floatip(pair, "n2")
            pair.wait_for(lambda: has_a_quorum(pair, "n2"), 10.0, "n2 hears its broker")
            assert pair.bound_on(VIP) == {"n1"}
            old["n1"].stop(10.0)
            pair.wait_for(lambda: pair.bound_on(VIP) == {"n2"}, 20.0, "floatip has the address")
        floatip(pair, "n1")
        pair.wait_for(lambda: pair.bound_on(VIP) == {"n1"}, 20.0, "the higher priority has it")
        pair.wait_for(lambda: pair.owner("web", "n2") == "n1", 10.0, "both say so")
    assert watch.result.overlap(ip_address(VIP)).longest_two_ms == 0
    assert (there.result.answered_by, len(there.result.gaps)) == (["n1", "n2", "n1"], 1), there.result.gaps
    with pair.probe() as back:
        pair.stop_daemon("n2")
        pair.stop_daemon("n1")
        assert pair.bound_on(VIP) == set()
        old = {node: keepalived(pair, node) for node in PRIORITIES}
        pair.wait_for(lambda: pair.bound_on(VIP) == {"n1"}, 20.0, "keepalived has the address again")
    assert len(back.result.gaps) == 1
