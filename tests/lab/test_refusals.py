"""What floatip will not do, and how it says so: starts that are refused, messages that are not believed."""

import sys
from pathlib import Path

import pytest

from floatip.bus.signing import generate_key
from floatip.lab.cluster import Cluster
from floatip.lab.settings import Settings, Vip

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]

VIP = "10.77.0.50"
INTRUDER = Path(__file__).parent / "intruder.py"


def test_a_second_daemon_on_one_host_is_refused() -> None:
    """It exits with 4 and names the one that runs; the first is not disturbed."""
    with Cluster(Settings(nodes=1)) as cluster:
        cluster.wait_settled()
        first = cluster.daemons["n1"]
        second = cluster.start_daemon("n1")
        cluster.daemons["n1"] = first
        assert second.wait(15.0) == 4
        assert "floatip" in second.tail(3)
        assert first.alive
        assert cluster.bound_on(VIP) == {"n1"}


def test_an_interface_that_is_not_there_is_refused() -> None:
    """The daemon exits with 4, names the interface and how to look."""
    with Cluster(Settings(nodes=1, vips=(Vip(interfaces=("eth7",)),))) as cluster:
        daemon = cluster.daemons["n1"]
        assert daemon.wait(15.0) == 4
        assert "interface eth7: not on this host" in daemon.tail(3)
        assert "ip link" in daemon.tail(3)


def test_an_address_of_somebody_else_is_refused() -> None:
    """A permanent address is left alone: the daemon exits with 4; cleanup --force removes it."""
    with Cluster(Settings(nodes=1)) as cluster:
        cluster.wait_settled()
        assert cluster.stop_daemon("n1") == 0
        cluster.net.run("n1", ["ip", "address", "add", f"{VIP}/16", "dev", "eth0"])
        daemon = cluster.start_daemon("n1")
        assert daemon.wait(15.0) == 4
        assert f"ip address delete {VIP}/16 dev eth0" in daemon.tail(3)
        assert cluster.bound_on(VIP) == {"n1"}
        cleanup = [sys.executable, "-m", "floatip", "cleanup", "-c", str(cluster.home_of("n1") / "floatip.toml")]
        cluster.net.run("n1", [*cleanup, "--force"])
        assert cluster.bound_on(VIP) == set()
        cluster.start_daemon("n1")
        cluster.wait_settled()


def test_without_a_broker_the_daemon_keeps_trying_and_says_so_once() -> None:
    """No broker at the start: one line, no VIP; as soon as there is one, the VIP is up."""
    with Cluster(Settings(nodes=1)) as cluster:
        cluster.wait_settled()
        assert cluster.stop_daemon("n1") == 0
        cluster.brokers["b1"].stop()
        daemon = cluster.start_daemon("n1")
        cluster.wait_for(lambda: "cannot reach" in daemon.tail(50), 10.0, "it says so")
        cluster.wait_for(lambda: cluster.status("n1")["quorum"] is False, 5.0, "no quorum")
        assert daemon.tail(200).count("cannot reach") == 1
        assert cluster.bound_on(VIP) == set()
        cluster.brokers["b1"].start()
        cluster.wait_settled()


def test_without_its_capabilities_the_daemon_is_refused() -> None:
    """Without CAP_NET_ADMIN and CAP_NET_RAW it exits with 4 and names the ways to get them."""
    with Cluster(Settings(nodes=1)) as cluster:
        cluster.wait_settled()
        assert cluster.stop_daemon("n1") == 0
        argv = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", sys.executable, "-m", "floatip", "run", "-c"]
        home = cluster.home_of("n1")
        daemon = cluster.net.spawn("n1", [*argv, str(home / "floatip.toml")], home / "bare.log")
        assert daemon.wait(15.0) == 4
        assert "CAP_NET_ADMIN and CAP_NET_RAW" in daemon.tail(3)


def test_an_intruder_at_the_broker_changes_nothing(tmp_path: Path) -> None:
    """Garbage, forgeries, replays, future versions and huge messages: dropped, counted, told once a kind."""
    key, wrong = tmp_path / "cluster.key", tmp_path / "wrong.key"
    generate_key(key)
    generate_key(wrong)
    with Cluster(Settings(extra={"security": {"keys": [str(key)]}})) as cluster:
        cluster.wait_settled()
        (owner,) = cluster.bound_on(VIP)
        cluster.wait_for(lambda: len(cluster.status(owner)["nodes"]) == 3, 10.0, "all know each other")
        before = cluster.status(owner)["vips"][0]
        with cluster.watch() as watch, cluster.probe() as probe:
            done = cluster.net.run(
                "b1", [sys.executable, str(INTRUDER), cluster.brokers["b1"].address, str(wrong)], timeout_s=60.0
            )
        assert "published" in done.stdout
        after = cluster.status(owner)["vips"][0]
        assert (after["owner"], after["term"], after["role"]) == (owner, before["term"], "owner")
        assert probe.result.answered_by == [owner]
        assert probe.result.longest_gap_ms < 100
        assert watch.result.held
        log = cluster.daemons[owner].tail(400)
        for reason in ("bad signature", "too large", "garbled"):
            assert log.count(f": {reason}") >= 1, reason
        assert log.count("dropped a message") < 20
        assert all(daemon.alive for daemon in cluster.daemons.values())
