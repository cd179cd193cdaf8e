"""Real daemons that end without a word: what their sentinels, the service manager and the next daemon make of it."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path

import pytest

from floatip.lab import tools
from floatip.lab.cluster import Cluster
from floatip.lab.errors import LabError
from floatip.lab.process import Process
from floatip.lab.realtime import now_s
from floatip.lab.settings import Settings, Vip

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]

VIP = "10.77.0.50"
VIP6 = "fd77::50"
DUAL = (Vip(addresses=(VIP, VIP6)),)
DEFECTIVE = Path(__file__).parent / "defective_daemon.py"
LASTING = {"timing": {"kernel_lifetime": "10s"}}
"""So that a slow start of the next daemon is no failure."""
KILLS = int(os.environ.get("FLOATIP_KILLS", "3"))
OFF_WITHIN_MS = 50.0
ALL_WITHIN_S = 0.7
RESTART_S = 0.1
QUIET_S = 0.3


def sentinel_of(daemon: Process) -> int:
    """The pid of the daemon's sentinel."""
    for _ in range(200):
        for pid in Path(f"/proc/{daemon.pid}/task/{daemon.pid}/children").read_text().split():
            with suppress(OSError):
                if b"floatip.sentinel" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    return int(pid)
        time.sleep(0.01)
    raise AssertionError(f"{daemon} has no sentinel")


def role(cluster: Cluster, node: str) -> str:
    """What the node is for the first VIP; "" while it does not answer."""
    with suppress(LabError):
        return str(cluster.status(node)["vips"][0]["role"])
    return ""


def settled(cluster: Cluster) -> str:
    """The owner, once every daemon is owner or backup and one kernel has the addresses."""
    names = cluster.settings.node_names
    cluster.wait_settled()
    cluster.wait_for(
        lambda: sorted(role(cluster, node) for node in names) == ["backup"] * (len(names) - 1) + ["owner"],
        20.0,
        "one owner, and the others are backups",
    )
    (owner,) = cluster.bound_on(VIP)
    return owner


def start_cleanup(cluster: Cluster, node: str, result: str = "success") -> subprocess.Popen[str]:
    """Start what the unit starts as soon as its main process has ended, with systemd's word for how that was."""
    argv = [tools.find("ip"), "netns", "exec", node, sys.executable, "-m", "floatip", "cleanup", "-c"]
    return subprocess.Popen(
        [*argv, str(cluster.home_of(node) / "floatip.toml")],
        env={**os.environ, "SERVICE_RESULT": result},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_kill_9_costs_clients_nothing_and_leaves_nothing() -> None:
    """Under keep, by the unit's order of events: the next owner serves before the sentinel lets go, 50 ms later."""
    with Cluster() as cluster:
        for _ in range(KILLS):
            owner = settled(cluster)
            with cluster.watch() as watch, cluster.probe() as probe:
                time.sleep(QUIET_S)
                cluster.kill_daemon(owner)
                killed_s = now_s()
                cleanup = start_cleanup(cluster, owner, "signal")
                said, _ = cleanup.communicate(timeout=10.0)
                time.sleep(RESTART_S)
                cluster.start_daemon(owner)
                cluster.wait_for(lambda owner=owner: owner not in cluster.bound_on(VIP), 5.0, "off")  # type: ignore[misc]
                (new,) = cluster.bound_on(VIP)
                time.sleep(2 * QUIET_S)
            held = watch.result.held[ip_address(VIP)]
            assert new != owner
            assert probe.result.lost == 0, probe.result.gaps
            assert probe.result.answered_by == [owner, new]
            assert (cleanup.returncode, "Traceback" in said) == (0, False), said
            assert watch.result.overlap(ip_address(VIP)).longest_two_ms <= OFF_WITHIN_MS
            assert held[owner][-1].end_s - killed_s < ALL_WITHIN_S


def test_under_release_the_address_goes_with_the_daemon() -> None:
    """Kill -9: off within 50 ms, and never two owners."""
    with Cluster(Settings(nodes=2, policy="release", vips=DUAL)) as cluster:
        owner = settled(cluster)
        with cluster.watch() as watch:
            cluster.kill_daemon(owner)
            killed_s = now_s()
            cluster.wait_for(lambda: cluster.bound_on(VIP) not in (set(), {owner}), 10.0, "a new owner")
        for address in (VIP, VIP6):
            assert (watch.result.held[ip_address(address)][owner][-1].end_s - killed_s) * 1000 < OFF_WITHIN_MS
            assert watch.result.overlap(ip_address(address)).longest_two_ms == 0


def test_the_next_daemon_goes_on_where_the_last_one_ended() -> None:
    """Under keep it takes the sentinel's part over: both addresses never leave the kernel, and it is owner again."""
    with Cluster(Settings(nodes=1, vips=DUAL, extra=LASTING)) as cluster:
        settled(cluster)
        with cluster.watch() as watch, cluster.probe() as probe:
            time.sleep(QUIET_S)
            cluster.kill_daemon("n1")
            cluster.start_daemon("n1")
            cluster.wait_for(lambda: role(cluster, "n1") == "owner", 15.0, "owner again")
            time.sleep(QUIET_S)
        assert probe.result.lost == 0
        for address in (VIP, VIP6):
            assert len(watch.result.held[ip_address(address)]["n1"]) == 1
        assert cluster.bound_on(VIP) == {"n1"}
        log = cluster.daemons["n1"].tail(100)
        assert "floatip sentinel: another daemon takes over web" in log
        assert "goes on with what an earlier daemon left" in log


def test_without_a_broker_a_crash_costs_nothing_either() -> None:
    """By the unit's order of events, when nobody could take over: the next daemon goes on as isolated owner."""
    with Cluster(Settings(nodes=2, extra=LASTING)) as cluster:
        owner = settled(cluster)
        cluster.brokers["b1"].kill()
        cluster.wait_for(lambda: role(cluster, owner) == "isolated", 5.0, "isolated")
        with cluster.watch() as watch, cluster.probe() as probe:
            time.sleep(QUIET_S)
            cluster.kill_daemon(owner)
            said, _ = start_cleanup(cluster, owner, "signal").communicate(timeout=10.0)
            time.sleep(RESTART_S)
            cluster.start_daemon(owner)
            cluster.wait_for(lambda: role(cluster, owner) == "isolated", 15.0, "isolated again")
            time.sleep(QUIET_S)
        assert "leaves its addresses to the sentinel" in said
        assert probe.result.lost == 0, probe.result.gaps
        assert len(watch.result.held[ip_address(VIP)][owner]) == 1


def test_what_is_not_configured_any_more_is_removed_before_the_next_daemon_speaks() -> None:
    """Another address, another name: what the sentinel held is taken off, and not only when its lifetime ends."""
    with Cluster(Settings(nodes=1, extra={"timing": {"kernel_lifetime": "60s"}})) as cluster:
        settled(cluster)
        config = cluster.home_of("n1") / "floatip.toml"
        config.write_text(config.read_text().replace(VIP, "10.77.0.51").replace('"web"', '"other"'))
        cluster.kill_daemon("n1")
        cluster.start_daemon("n1")
        cluster.wait_for(lambda: cluster.bound_on(VIP) == set(), 10.0, "the old one is off")
        cluster.wait_for(lambda: cluster.bound_on("10.77.0.51") == {"n1"}, 10.0, "the new one is up")


def test_daemon_and_sentinel_killed() -> None:
    """Nobody is left to remove it: the lifetime ends it."""
    with Cluster(Settings(nodes=1)) as cluster:
        settled(cluster)
        sentinel = sentinel_of(cluster.daemons["n1"])
        os.kill(sentinel, signal.SIGKILL)
        cluster.kill_daemon("n1")
        took_s = cluster.wait_for(lambda: cluster.bound_on(VIP) == set(), 6.0, "the kernel removes it")
        assert took_s > 1.0


def test_a_sentinel_that_is_killed_is_replaced() -> None:
    """The daemon says so and starts another, which does what the first would have done."""
    with Cluster(Settings(nodes=1, policy="release")) as cluster:
        settled(cluster)
        daemon = cluster.daemons["n1"]
        first = sentinel_of(daemon)
        os.kill(first, signal.SIGKILL)
        cluster.wait_for(lambda: f"process {first}, ended by signal 9; starts another" in daemon.tail(5), 2.0, "said")
        cluster.wait_for(lambda: sentinel_of(daemon) != first, 2.0, "another")
        cluster.kill_daemon("n1")
        assert cluster.wait_for(lambda: cluster.bound_on(VIP) == set(), 1.0, "removed") < 0.2


def test_a_frozen_daemon_has_not_ended() -> None:
    """SIGSTOP: the sentinel leaves the address to its lifetime; thawed in time, the daemon goes on."""
    with Cluster(Settings(nodes=1, policy="release")) as cluster:
        settled(cluster)
        daemon = cluster.daemons["n1"]
        sentinel = sentinel_of(daemon)
        with cluster.watch() as watch:
            cluster.freeze_daemon("n1")
            time.sleep(0.5)
            assert cluster.bound_on(VIP) == {"n1"}
            cluster.thaw_daemon("n1")
            time.sleep(QUIET_S)
        assert len(watch.result.held[ip_address(VIP)]["n1"]) == 1
        assert sentinel_of(daemon) == sentinel
        assert "sentinel" not in daemon.tail(100)


def test_cleanup_waits_for_the_sentinel_then_removes_what_is_left() -> None:
    """Beside a daemon it is refused; after one it waits for the sentinel, which a peer can relieve, and says so."""
    with Cluster(Settings(nodes=1, extra={"timing": {"kernel_lifetime": "1s", "lease": "600ms"}})) as cluster:
        settled(cluster)
        beside = start_cleanup(cluster, "n1")
        assert "another floatip" in beside.communicate(timeout=10.0)[0]
        assert beside.returncode == 4
        assert cluster.bound_on(VIP) == {"n1"}
        cluster.kill_daemon("n1")
        after = start_cleanup(cluster, "n1")
        said = after.communicate(timeout=10.0)[0]
        assert after.returncode == 0, said
        assert "holds web: waits for its end" in said
        assert "the sentinel removed web: its kernel lifetime has ended" in said
        assert cluster.bound_on(VIP) == set()


def test_a_daemon_that_starts_meanwhile_is_not_kept_out_by_a_cleanup() -> None:
    """The daemon takes over from the sentinel, and the cleanup that waited for that one leaves it alone."""
    with Cluster(Settings(nodes=1, extra=LASTING)) as cluster:
        settled(cluster)
        cluster.kill_daemon("n1")
        cleanup = start_cleanup(cluster, "n1")
        time.sleep(QUIET_S)
        cluster.start_daemon("n1")
        said = cleanup.communicate(timeout=10.0)[0]
        assert cleanup.returncode == 4, said
        cluster.wait_for(lambda: role(cluster, "n1") == "owner", 15.0, "owner again")
        assert cluster.bound_on(VIP) == {"n1"}


def test_a_defect_is_a_death() -> None:
    """The daemon ends by an exception: no farewell, so under keep the next owner serves first, as after kill -9."""
    with Cluster(Settings(nodes=2, daemon=(sys.executable, str(DEFECTIVE)))) as cluster:
        owner = settled(cluster)
        (other,) = set(cluster.settings.node_names) - {owner}
        with cluster.watch() as watch, cluster.probe() as probe:
            time.sleep(QUIET_S)
            os.kill(cluster.daemons[owner].pid, signal.SIGUSR1)
            assert cluster.daemons[owner].wait(5.0) == 1
            cluster.wait_for(lambda: cluster.bound_on(VIP) == {other}, 5.0, "the other has it")
            time.sleep(QUIET_S)
        assert probe.result.lost == 0, probe.result.gaps
        assert watch.result.overlap(ip_address(VIP)).longest_two_ms <= OFF_WITHIN_MS
        assert "defect: the daemon ends" in cluster.daemons[owner].tail(50)
