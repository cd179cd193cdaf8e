"""The scripts in docs/examples do what they say, with real daemons."""

import subprocess
import sys
from pathlib import Path

import pytest

from floatip.lab.cluster import Cluster
from floatip.lab.settings import Settings
from tests.lab.alias_scene import add_alias, ready
from tests.lab.cluster_scene import VIP, settled

pytestmark = [pytest.mark.lab, pytest.mark.timeout(180)]

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
ALIASES = ["10.77.0.61", "10.77.0.62", "10.77.0.63"]


def test_a_cluster_is_rebooted_node_by_node_and_no_client_notices(tmp_path: Path) -> None:
    """Each node but the script's own is drained, dies, comes back, and is undrained."""
    asked = tmp_path / "asked"
    asked.touch()
    with Cluster(Settings()) as cluster:
        settled(cluster)
        ready(cluster)
        socket = str(cluster.home_of("n1") / "floatip.sock")
        argv = [sys.executable, str(EXAMPLES / "rolling_reboot.py"), f"sh -c 'echo {{node}} >> {asked}'"]
        with (
            cluster.probe() as probe,
            subprocess.Popen([*argv, "--socket", socket], stdout=subprocess.PIPE, text=True) as script,
        ):
            for number, node in enumerate(("n2", "n3"), 1):
                cluster.wait_for(lambda number=number: len(asked.read_text().split()) == number, 60.0, "a reboot")  # type: ignore[misc]
                assert asked.read_text().split()[-1] == node
                assert node not in cluster.bound_on(VIP)
                cluster.kill_machine(node)
                cluster.wait_for(
                    lambda node=node: any(  # type: ignore[misc]
                        one["name"] == node and not one["alive"] for one in cluster.ask("n1")["nodes"]
                    ),
                    20.0,
                    "the others know",
                )
                cluster.boot_machine(node)
            told, _ = script.communicate(timeout=60)
            assert script.returncode == 0, told
        assert probe.result.lost == 0
        assert "n2 may take VIPs again" in told
        assert "n3 may take VIPs again" in told
        assert not any(node["drained"] for node in cluster.ask("n1")["nodes"])


def test_a_list_of_addresses_moves_and_what_cannot_is_told() -> None:
    """The exit code says that some are left; the rest has moved."""
    with Cluster(Settings()) as cluster:
        ready(cluster)
        add_alias(cluster, "n1", *ALIASES)
        argv = [sys.executable, str(EXAMPLES / "move_addresses.py"), "--from", "n1", "--to", "n2", "--socket"]
        done = subprocess.run(
            [*argv, str(cluster.home_of("n3") / "floatip.sock")],
            input="\n".join([*ALIASES, "10.77.0.64"]),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 1
        assert "10.77.0.64 is not migrated: neither n1 nor n2 has it" in done.stderr
        assert "so that a reboot does not undo it:" in done.stdout
        for address in ALIASES:
            assert cluster.bound_on(address) == {"n2"}
