"""A daemon that reads its configuration again in service: what changes, and above all what does not."""

import os
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial

import pytest

from floatip.lab.cluster import Cluster
from floatip.lab.settings import Settings, Vip, render
from tests.lab.cluster_scene import VIP, settled, told

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]

WEB = Vip()
OLD = Vip(name="old", addresses=("10.77.0.60",))
NEW = Vip(name="new", addresses=("10.77.0.70", "fd77::70"))
CHANGED = Vip(name="old", addresses=("10.77.0.60", "10.77.0.61"))


def write(cluster: Cluster, node: str, settings: Settings) -> None:
    """Give a node another configuration, which its daemon has not read yet."""
    home = cluster.home_of(node)
    text = render(settings, node, [broker.address for broker in cluster.brokers.values()], home)
    (home / "floatip.toml").write_text(text)


def reload(cluster: Cluster, node: str) -> subprocess.CompletedProcess[str]:
    """Run `floatip reload` on a node."""
    argv = [sys.executable, "-m", "floatip", "reload", "--socket", str(cluster.home_of(node) / "floatip.sock")]
    return subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)


def vips_of(cluster: Cluster, node: str) -> set[str]:
    """The VIPs that a node's daemon knows."""
    return {vip["name"] for vip in cluster.ask(node)["vips"]}


def served(cluster: Cluster, vips: tuple[Vip, ...]) -> bool:
    """Whether all nodes know these VIPs alone, and each is on one node with all of its addresses."""
    homes = [[cluster.bound_on(address) for address in vip.addresses] for vip in vips]
    whole = all(len(home[0]) == 1 and all(one == home[0] for one in home) for home in homes)
    return whole and all(vips_of(cluster, node) == {vip.name for vip in vips} for node in cluster.live())


def test_vips_come_change_and_go_and_the_others_notice_nothing() -> None:
    """A VIP that did not change loses no probe while its neighbours are added, changed and removed."""
    before = Settings(nodes=2, vips=(WEB, OLD))
    with Cluster(before) as cluster:
        settled(cluster)
        time.sleep(2.0)
        with cluster.probe(VIP) as probe:
            for vips, says in (
                ((WEB, OLD, NEW), "vip new is new"),
                ((WEB, CHANGED, NEW), "vip old: addresses"),
                ((WEB, CHANGED), "vip new is gone"),
            ):
                for node in before.node_names:
                    write(cluster, node, replace(before, vips=vips))
                    done = reload(cluster, node)
                    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, says, "")
                cluster.wait_for(partial(served, cluster, vips), 10.0, f"{len(vips)} VIPs on one node each")
            for gone in NEW.addresses:
                assert not cluster.bound_on(gone)
        print(f"lost {probe.result.lost} of {probe.result.sent} probes of a VIP that did not change")
        assert probe.result.lost == probe.result.late
        assert len(probe.result.answered_by) == 1


def test_a_vip_of_which_something_changes_inside_stays_where_it_is() -> None:
    """Priority, preempt and the like change in place: the new ones count at once, and nothing is announced anew."""
    before = Settings(nodes=2)
    with Cluster(before) as cluster:
        owner = settled(cluster)
        other = next(node for node in before.node_names if node != owner)
        time.sleep(2.0)
        with cluster.probe(VIP) as probe:
            better = replace(before, vips=(replace(WEB, extra={"priority": 150, "purpose": "shop", "preempt": True}),))
            write(cluster, other, better)
            cluster.daemons[other].hang_up()
            cluster.wait_for(lambda: cluster.ask(other)["vips"][0]["effective_priority"] == 150, 5.0, "it was read")
            assert cluster.ask(other)["vips"][0]["purpose"] == "shop"
            assert cluster.bound_on(VIP) == {owner}
            write(cluster, owner, replace(before, vips=(replace(WEB, extra={"preempt": True}),)))
            assert reload(cluster, owner).returncode == 0
            cluster.wait_for(lambda: cluster.bound_on(VIP) == {other}, 5.0, "the better one has it")
        assert probe.result.lost == probe.result.late


def test_what_cannot_be_used_is_refused_and_the_daemon_goes_on() -> None:
    """A file with errors, a key that takes a restart, an address that is here for good: each is named."""
    before = Settings(nodes=1)
    with Cluster(before) as cluster:
        settled(cluster)
        write(cluster, "n1", replace(before, vips=(replace(WEB, extra={"priority": 999}), replace(WEB, name="b"))))
        done = reload(cluster, "n1")
        assert done.returncode == 2
        assert "vip[0].priority: found 999" in done.stderr
        assert "10.77.0.50 is also" in done.stderr
        write(cluster, "n1", replace(before, heartbeat_ms=100, extra={"cluster": "other"}))
        done = reload(cluster, "n1")
        assert (done.returncode, done.stdout) == (4, "")
        assert "cluster, timing.heartbeat cannot change in service" in done.stderr
        subprocess.run(
            ["ip", "netns", "exec", "n1", "ip", "address", "add", "10.77.0.70/32", "dev", "eth0"], check=True
        )
        write(cluster, "n1", replace(before, vips=(WEB, NEW)))
        done = reload(cluster, "n1")
        assert done.returncode == 4
        assert "10.77.0.70" in done.stderr
        assert "already there, and not by floatip" in done.stderr
        assert vips_of(cluster, "n1") == {"web"}
        assert cluster.bound_on(VIP) == {"n1"}
        (cluster.home_of("n1") / "floatip.toml").unlink()
        assert reload(cluster, "n1").returncode == 2
        os.mkfifo(cluster.home_of("n1") / "floatip.toml")
        done = reload(cluster, "n1")
        assert done.returncode == 2
        assert "is no regular file" in done.stderr
        assert cluster.ask("n1")["cluster"] == "lab"
        assert not told(cluster, "n1", "stops")
