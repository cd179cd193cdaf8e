"""The daemon as the shipped unit starts it: an ordinary user with two capabilities, a system read-only."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from floatip.lab import namespace, tools
from floatip.lab.cluster import Cluster
from floatip.lab.settings import Settings
from tests.lab import as_service
from tests.lab.cluster_scene import VIP, looked_on, mac_of, settled
from tests.shipped import DEPLOY, service

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]

WANTED = {"ipv4/conf/eth0/arp_announce": 2, "ipv4/conf/eth0/arp_filter": 1, "ipv4/conf/eth0/arp_ignore": 1}
NETWORK_CAPABILITIES = 1 << 12 | 1 << 13

Start = Callable[[Settings], Cluster]


def settings(*without: str, nodes: int = 1, env: Sequence[str] = ()) -> Settings:
    """Nodes whose daemons are started as the unit starts them, and may be slow to start again."""
    daemon = [*(["env", *env] if env else []), *as_service.words("ExecStart", *without)]
    return Settings(nodes=nodes, daemon=daemon, extra={"timing": {"kernel_lifetime": "10s"}})


def sysctls(cluster: Cluster, node: str) -> dict[str, int]:
    """Read what the kernel of a node has for the settings that count."""
    script = "import sys; print([int(open('/proc/sys/net/' + key).read()) for key in sys.argv[1:]])"
    shown = cluster.net.run(node, [as_service.words("")[0], "-c", script, *WANTED]).stdout
    return dict(zip(WANTED, json.loads(shown), strict=True))


def status_of(pid: int) -> dict[str, str]:
    """Read what the kernel says of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def after_the_end(cluster: Cluster, node: str, result: str, status: str) -> str:
    """Run ExecStopPost as systemd does, with its words for how the daemon ended; return what was said."""
    argv = [tools.find("ip"), "netns", "exec", node, *as_service.words("ExecStopPost")]
    done = subprocess.run(
        [*argv, str(cluster.home_of(node) / "floatip.toml")],
        env={**os.environ, "PATH": tools.search_path(), "SERVICE_RESULT": result, "EXIT_STATUS": status},
        capture_output=True,
        text=True,
        timeout=30.0,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_an_ordinary_user_owns_announces_takes_over_and_leaves(start_cluster: Start) -> None:
    """All that an owner does to kernel and LAN; when it is killed, the other takes over, as unprivileged."""
    cluster = start_cluster(settings(nodes=2))
    owner = settled(cluster)
    daemon = cluster.daemons[owner]
    status = status_of(daemon.pid)
    assert {int(number) for number in status["Uid"].split()} == {as_service.user()}
    assert {int(status[key], 16) for key in ("CapEff", "CapPrm", "CapInh", "CapAmb", "CapBnd")} == {
        NETWORK_CAPABILITIES
    }
    assert status["NoNewPrivs"] == "1"
    assert sysctls(cluster, owner) == WANTED
    (other,) = {"n1", "n2"} - {owner}
    cluster.wait_for(lambda: cluster.ask(owner)["vips"][0]["candidates"] == ["n1", "n2"], 10.0, "both are candidates")
    with looked_on(cluster) as onlooker:
        daemon.kill()
        after_the_end(cluster, owner, "signal", "KILL")
        cluster.wait_for(lambda: cluster.bound_on(VIP) == {other}, 10.0, "the other has it, and it alone")
        cluster.wait_for(lambda: bool(onlooker.announced_by(mac_of(cluster, other))), 5.0, "the client was told")
    assert cluster.stop_daemon(other) == 0
    assert cluster.bound_on(VIP) == set()


def test_the_service_manager_is_told_and_may_reload(start_cluster: Start) -> None:
    """READY, WATCHDOG and STOPPING reach it; a reload leaves the owner where it is; a stop ends with 0."""
    with TemporaryDirectory(dir="/run") as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        door = Path(folder, "notify")
        manager.bind(str(door))
        manager.settimeout(20.0)
        for place in (door, door.parent):
            place.chmod(0o777)
        cluster = start_cluster(settings(env=(f"NOTIFY_SOCKET={door}", "WATCHDOG_USEC=400000")))
        daemon = cluster.daemons["n1"]
        assert manager.recv(4096) == b"READY=1"
        assert manager.recv(4096) == b"WATCHDOG=1"
        settled(cluster)
        reload = [*as_service.words("ExecReload"), str(cluster.home_of("n1") / "floatip.toml")]
        assert cluster.net.run("n1", ["env", f"MAINPID={daemon.pid}", *reload]).stdout == "nothing has changed\n"
        assert b"WATCHDOG=1" in {manager.recv(4096) for _ in range(4)}
        assert settled(cluster) == "n1"
        daemon.terminate()
        while (word := manager.recv(4096)) != b"STOPPING=1":
            assert word.partition(b"=")[0] in {b"WATCHDOG", b"STATUS", b"RELOADING", b"READY"}
        assert daemon.wait(10.0) == 0
    assert cluster.bound_on(VIP) == set()


def test_what_a_killed_daemon_left_is_seen_to_by_the_same_user(start_cluster: Start) -> None:
    """The sentinel holds it for the next daemon; when both are killed, ExecStopPost needs no root to take it away."""
    cluster = start_cluster(settings())
    settled(cluster)
    cluster.kill_daemon("n1")
    assert "leaves its addresses to the sentinel" in after_the_end(cluster, "n1", "signal", "KILL")
    assert cluster.bound_on(VIP) == {"n1"}
    daemon = cluster.start_daemon("n1")
    cluster.wait_for(lambda: "goes on with what an earlier daemon left" in daemon.tail(50), 10.0, "the next goes on")
    settled(cluster)
    for pid in namespace.pids("n1"):
        if as_service_of(pid) in {"run", "sentinel"}:
            os.kill(pid, signal.SIGKILL)
    assert cluster.bound_on(VIP) == {"n1"}
    assert f"removed {VIP}/32 on eth0" in after_the_end(cluster, "n1", "signal", "KILL")
    assert cluster.bound_on(VIP) == set()


def as_service_of(pid: int) -> str:
    """Say what of floatip a process is: its last argument, or that it is the sentinel."""
    arguments = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    return "sentinel" if any("floatip.sentinel" in it for it in arguments) else arguments[-2]


@pytest.mark.parametrize("capability", ["CAP_NET_ADMIN", "CAP_NET_RAW"])
def test_without_one_of_its_capabilities_it_is_refused(start_cluster: Start, capability: str) -> None:
    """The start ends with 4, and names the capability that is missing and the line for the unit."""
    daemon = start_cluster(settings(capability)).daemons["n1"]
    assert daemon.wait(20.0) == 4, daemon.tail()
    assert f"this process lacks {capability}:" in daemon.tail()
    assert f"AmbientCapabilities={service()['AmbientCapabilities'][0]}" in daemon.tail()


def test_where_it_may_set_no_sysctl_it_needs_those_that_are_shipped(start_cluster: Start) -> None:
    """A container has /proc/sys read-only: the start is refused, unless the host has the values of sysctl.d."""
    cluster = start_cluster(settings("sysctls"))
    daemon = cluster.daemons["n1"]
    assert daemon.wait(20.0) == 4, daemon.tail()
    assert "sysctl -w net.ipv4.conf.eth0.arp_announce=2" in daemon.tail()
    assert set(sysctls(cluster, "n1").values()) == {0}
    shipped = DEPLOY / "sysctl.d" / "60-floatip.conf"
    cluster.net.run("n1", [tools.find("sysctl"), "-q", "-p", str(shipped)])
    cluster.start_daemon("n1")
    assert settled(cluster) == "n1"
