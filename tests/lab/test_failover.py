"""What must hold when something fails: who owns, what was lost, what is left. Figures belong to the benchmark."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address

import pytest

from floatip.lab.cluster import Cluster
from floatip.lab.errors import LabError
from floatip.lab.observers import Probe
from floatip.lab.settings import Settings, Vip

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]

VIP = "10.77.0.50"
QUIET_S = 0.3
FROZEN_S = 0.25
"""200 ms from the removal to the next owner, and what a busy machine adds."""


def settled(cluster: Cluster) -> str:
    """The owner, once exactly one kernel has the address and every node says so."""
    cluster.wait_settled()
    cluster.wait_for(lambda: agreed(cluster), 10.0, "every node knows the owner")
    return next(iter(cluster.bound_on(VIP)))


def agreed(cluster: Cluster) -> bool:
    """Whether each daemon that runs answers, and names the node whose kernel has the address."""
    try:
        return {cluster.owner("web", node) for node in cluster.live()} == cluster.bound_on(VIP)
    except LabError:
        return False


@contextmanager
def seen_by_a_client(cluster: Cluster) -> Iterator[Probe]:
    """Probe from a moment before what is done inside to a moment after."""
    with cluster.probe() as probe:
        time.sleep(QUIET_S)
        yield probe
        time.sleep(QUIET_S)


def others(cluster: Cluster, node: str) -> list[str]:
    """All nodes but one."""
    return [name for name in cluster.settings.node_names if name != node]


def test_a_cluster_starts_with_one_owner_that_the_others_have_seen_on_the_lan() -> None:
    """Three nodes elect one owner; the kernel lifetime is finite; a witness confirms it."""
    with Cluster() as cluster:
        owner = settled(cluster)
        cluster.wait_for(
            lambda: set(cluster.status(owner)["vips"][0]["verified_by"]) == set(others(cluster, owner)),
            10.0,
            "both backups have seen the owner's MAC",
        )
        shown = cluster.net.run(owner, ["ip", "-4", "address", "show", "dev", "eth0"]).stdout
        line = next(one for one in shown.splitlines() if f"{VIP}/32" in one)
        assert "noprefixroute" in line
        assert "dynamic" in line
        assert line.endswith("eth0:web")


@pytest.mark.parametrize("policy", ["keep", "release"])
def test_the_owner_machine_dies(policy: str) -> None:
    """Another node takes over, once, and never two nodes hold the address."""
    with Cluster(Settings(policy=policy)) as cluster:
        owner = settled(cluster)
        with cluster.watch() as watch, seen_by_a_client(cluster) as probe:
            cluster.kill_machine(owner)
            cluster.wait_for(lambda: cluster.bound_on(VIP) not in (set(), {owner}), 20.0, "a new owner")
            new = settled(cluster)
        assert new != owner
        assert probe.result.answered_by == [owner, new]
        assert watch.result.overlap(ip_address(VIP)).longest_two_ms == 0


def test_the_owner_loses_its_carrier() -> None:
    """MQTT runs over another network, so the owner hands over at once and takes the address off."""
    with Cluster() as cluster:
        owner = settled(cluster)
        with cluster.watch() as watch, seen_by_a_client(cluster) as probe:
            cluster.net.carrier(owner, "eth0", up=False)
            cluster.wait_for(lambda: owner not in cluster.bound_on(VIP), 10.0, "the owner takes it off")
            new = settled(cluster)
        assert new != owner
        assert probe.result.answered_by == [owner, new]
        assert watch.result.overlap(ip_address(VIP)).longest_two_ms == 0
        assert cluster.status(owner)["vips"][0]["role"] == "fault"
        cluster.net.carrier(owner, "eth0", up=True)
        cluster.wait_for(lambda: cluster.status(owner)["vips"][0]["role"] == "backup", 10.0, "the fault is gone")
        assert settled(cluster) == new


def test_the_owner_is_stopped_in_good_order() -> None:
    """SIGTERM: the address is gone when the daemon is, and a backup had it before."""
    with Cluster() as cluster:
        owner = settled(cluster)
        with cluster.watch() as watch, seen_by_a_client(cluster) as probe:
            assert cluster.stop_daemon(owner) == 0
            assert owner not in cluster.bound_on(VIP)
            new = settled(cluster)
        assert new != owner
        assert probe.result.answered_by == [owner, new]
        assert watch.result.overlap(ip_address(VIP)).longest_two_ms < 50


def test_the_broker_is_restarted() -> None:
    """Under keep the only broker may stop and come back: nothing is lost and nobody else takes over."""
    with Cluster() as cluster:
        owner = settled(cluster)
        with cluster.watch() as watch, seen_by_a_client(cluster) as probe:
            cluster.brokers["b1"].stop()
            cluster.wait_for(lambda: cluster.status(owner)["vips"][0]["role"] == "isolated", 15.0, "isolated")
            cluster.brokers["b1"].start()
            cluster.wait_for(lambda: cluster.status(owner)["vips"][0]["role"] == "owner", 15.0, "owner again")
        assert probe.result.answered_by == [owner]
        assert probe.result.longest_gap_ms < 100
        assert watch.result.overlap(ip_address(VIP)).longest_two_ms == 0
        assert settled(cluster) == owner


@pytest.mark.parametrize("policy", ["keep", "release"])
def test_one_of_three_brokers_dies(policy: str) -> None:
    """Nothing happens: a majority is left. The VIP still fails over by it."""
    with Cluster(Settings(brokers=3, policy=policy)) as cluster:
        owner = settled(cluster)
        with seen_by_a_client(cluster) as probe:
            cluster.brokers["b2"].kill()
            cluster.wait_for(lambda: len(cluster.status(owner)["vips"][0]["held_on"]) == 2, 10.0, "held on two")
            assert cluster.status(owner)["vips"][0]["role"] == "owner"
        assert probe.result.answered_by == [owner]
        assert probe.result.longest_gap_ms < 100
        cluster.kill_machine(owner)
        cluster.wait_for(lambda: cluster.bound_on(VIP) not in (set(), {owner}), 20.0, "a new owner")
        assert settled(cluster) != owner


def test_the_owner_daemon_freezes() -> None:
    """The kernel removes the address by itself, then a backup takes over; the thawed daemon takes nothing back."""
    with Cluster() as cluster:
        owner = settled(cluster)
        with cluster.watch() as watch, seen_by_a_client(cluster) as probe:
            cluster.freeze_daemon(owner)
            cluster.wait_for(lambda: owner not in cluster.bound_on(VIP), 8.0, "the kernel removes it")
            cluster.wait_for(lambda: bool(cluster.bound_on(VIP)), 10.0, "a new owner")
            new = next(iter(cluster.bound_on(VIP)))
            cluster.thaw_daemon(owner)
            cluster.wait_for(lambda: cluster.owner("web", owner) == new, 10.0, "the thawed daemon knows")
            assert settled(cluster) == new
        held = watch.result.held[ip_address(VIP)]
        empty_s = held[new][0].start_s - held[owner][-1].end_s
        print(f"frozen: nobody had the address for {empty_s * 1000:.0f} ms, the client no answer: {probe.result.gaps}")
        assert new != owner
        assert probe.result.answered_by == [owner, new]
        assert watch.result.overlap(ip_address(VIP)).longest_two_ms == 0
        assert empty_s <= FROZEN_S


def test_a_daemon_that_is_killed_leaves_nothing_and_comes_back() -> None:
    """After kill -9 the sentinel gives the address up as soon as the next owner announces it."""
    with Cluster() as cluster:
        owner = settled(cluster)
        with cluster.watch() as watch:
            cluster.kill_daemon(owner)
            cluster.wait_for(lambda: cluster.bound_on(VIP) not in (set(), {owner}), 15.0, "a new owner")
            cluster.start_daemon(owner)
            cluster.wait_for(lambda: owner in cluster.live(), 5.0, "started")
            settled(cluster)
        assert watch.result.overlap(ip_address(VIP)).longest_two_ms <= 50


def test_an_address_removed_by_hand_is_put_back() -> None:
    """The owner puts it back within a second and says what removed it; nobody else takes over."""
    with Cluster() as cluster:
        owner = settled(cluster)
        with seen_by_a_client(cluster) as probe:
            cluster.net.run(owner, ["ip", "address", "del", f"{VIP}/32", "dev", "eth0"])
            cluster.wait_for(lambda: cluster.bound_on(VIP) == {owner}, 1.0, "put back")
        assert probe.result.answered_by == [owner]
        assert probe.result.longest_gap_ms < 1000
        assert "was removed: taken off eth0" in cluster.daemons[owner].tail(50)


def test_wrong_sysctls_are_set_at_start() -> None:
    """arp_announce, arp_filter and arp_ignore are what a VIP needs, whatever they were."""
    with Cluster(Settings(nodes=1)) as cluster:
        cluster.wait_settled()
        keys = ["arp_announce", "arp_filter", "arp_ignore"]
        found = [cluster.net.run("n1", ["cat", f"/proc/sys/net/ipv4/conf/eth0/{key}"]).stdout.strip() for key in keys]
        assert found == ["2", "1", "1"]


def test_a_sysctl_that_cannot_be_right_refuses_the_start() -> None:
    """`all` overrules the interface: the daemon names the key, both values and the command, and exits with 4."""
    with Cluster(Settings(nodes=1)) as cluster:
        cluster.wait_settled()
        assert cluster.stop_daemon("n1") == 0
        cluster.net.run("n1", ["sysctl", "-q", "-w", "net.ipv4.conf.all.arp_ignore=8"])
        daemon = cluster.start_daemon("n1")
        assert daemon.wait(15.0) == 4
        assert "sysctl -w net.ipv4.conf.all.arp_ignore=" in daemon.tail(5)
        assert cluster.bound_on(VIP) == set()


def test_both_families_of_one_vip_move_together() -> None:
    """A VIP of an IPv4 and an IPv6 address is on one node, whole, before and after."""
    settings = Settings(vips=(Vip(addresses=(VIP, "fd77::50")),))
    with Cluster(settings) as cluster:
        owner = settled(cluster)
        assert cluster.bound_on("fd77::50") == {owner}
        with cluster.probe("fd77::50") as probe:
            cluster.kill_machine(owner)
            cluster.wait_for(lambda: cluster.bound_on(VIP) not in (set(), {owner}), 20.0, "a new owner")
            new = settled(cluster)
            cluster.wait_for(lambda: cluster.bound_on("fd77::50") == {new}, 5.0, "IPv6 with it")
        assert probe.result.answered_by == [owner, new]
