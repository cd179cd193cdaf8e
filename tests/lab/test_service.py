"""What a service manager and an operator's script get to see of a real daemon."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from floatip.lab.cluster import Cluster
from floatip.lab.settings import Settings

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]

VIP = "10.77.0.50"


def floatip(cluster: Cluster, node: str, *argv: str) -> subprocess.CompletedProcess[str]:
    """Run the command line against a node's daemon."""
    command = [sys.executable, "-m", "floatip", *argv, "--socket", str(cluster.home_of(node) / "floatip.sock")]
    return subprocess.run(command, capture_output=True, text=True, timeout=30.0, check=False)


def test_systemd_is_told_of_readiness_life_and_stop(tmp_path: Path) -> None:
    """READY=1 once it runs, WATCHDOG=1 while it lives, STOPPING=1 when it is told to end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, Cluster(Settings(nodes=1)) as cluster:
        cluster.wait_settled()
        assert cluster.stop_daemon("n1") == 0
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(10.0)
        home = cluster.home_of("n1")
        env = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "400000"}
        argv = [*cluster.settings.daemon, str(home / "floatip.toml")]
        cluster.daemons["n1"] = cluster.net.spawn("n1", argv, home / "notified.log", env=env)
        assert manager.recv(4096) == b"READY=1"
        for _ in range(5):
            assert manager.recv(4096) == b"WATCHDOG=1"
        cluster.daemons["n1"].terminate()
        words = [manager.recv(4096)]
        while words[-1] == b"WATCHDOG=1":
            words.append(manager.recv(4096))
        assert words[-1] == b"STOPPING=1"
        assert cluster.daemons["n1"].wait(10.0) == 0


def test_a_failover_by_hand_ends_with_the_proof() -> None:
    """Exit 0 and a witness for a move; 4 and the reason for what cannot be done; the other nodes say the same."""
    with Cluster() as cluster:
        cluster.wait_settled()
        (owner,) = cluster.bound_on(VIP)
        asker, target = sorted(set(cluster.settings.node_names) - {owner})
        cluster.wait_for(
            lambda: len(cluster.status(asker)["vips"][0]["candidates"]) == 3, 10.0, "all three are candidates"
        )
        with cluster.watch() as watch:
            moved = floatip(cluster, asker, "failover", "web", "--to", target)
        assert (moved.returncode, moved.stderr) == (0, "")
        assert f"{target} owns web, seen on the LAN by" in moved.stdout
        assert cluster.bound_on(VIP) == {target}
        assert watch.result.overruns == 0
        status = json.loads(floatip(cluster, owner, "status", "--json").stdout)
        assert status["schema"] == 1
        assert status["vips"][0]["owner"] == target
        assert status["vips"][0]["verified_by"]
        again = floatip(cluster, asker, "failover", "web", "--to", target)
        assert again.returncode == 0
        unknown = floatip(cluster, asker, "failover", "nix")
        assert unknown.returncode == 4
        assert "no VIP of" in unknown.stderr
        events = floatip(cluster, target, "events", "--json").stdout.splitlines()
        assert any("ACQUIRING -> OWNER" in json.loads(line)["text"] for line in events)


def test_two_operators_at_once() -> None:
    """Both ask at the same moment for different targets: one wins, the other is told, one owner is left."""
    with Cluster() as cluster:
        cluster.wait_settled()
        (owner,) = cluster.bound_on(VIP)
        first, second = sorted(set(cluster.settings.node_names) - {owner})
        cluster.wait_for(
            lambda: len(cluster.status(first)["vips"][0]["candidates"]) == 3, 10.0, "all three are candidates"
        )
        asked = [
            subprocess.Popen(
                [sys.executable, "-m", "floatip", "failover", "web", "--to", node, "--socket",
                 str(cluster.home_of(node) / "floatip.sock")],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            )
            for node in (first, second)
        ]  # fmt: skip
        said = [one.communicate(timeout=30.0)[0] for one in asked]
        assert all(one.returncode in {0, 4, 5, 6} for one in asked), said
        assert any(one.returncode == 0 for one in asked), said
        cluster.wait_settled()
        assert cluster.bound_on(VIP) <= {first, second}


def test_nobody_answers_without_a_daemon(tmp_path: Path) -> None:
    """Exit 3, and the sentence names the socket."""
    command = [sys.executable, "-m", "floatip", "status", "--socket", str(tmp_path / "none.sock")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30.0, check=False)
    assert done.returncode == 3
    assert str(tmp_path / "none.sock") in done.stderr
