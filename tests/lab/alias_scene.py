"""What tests of plain aliases ask of a cluster: aliases put there by hand, boot files, and the command line.

Knows: the lab. Never: judges.
"""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from floatip.lab.cluster import Cluster
from floatip.lab.errors import LabError
from floatip.lab.observers import start_answerer
from floatip.lab.settings import Settings, Table

ALIAS = "10.77.0.60"
BOOTED = (sys.executable, str(Path(__file__).parent / "booted_daemon.py"))


def settings(**extra: Table) -> Settings:
    """Three nodes with boot files of their own; ``extra`` are further keys of single nodes' files."""
    return Settings(daemon=BOOTED, extra_by_node=extra)


def argv(cluster: Cluster, node: str, *arguments: str) -> list[str]:
    """The command line that runs a verb on a node."""
    return [sys.executable, "-m", "floatip", *arguments, "--socket", str(cluster.home_of(node) / "floatip.sock")]


def floatip(cluster: Cluster, node: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a verb on a node."""
    return subprocess.run(argv(cluster, node, *arguments), capture_output=True, text=True, timeout=60, check=False)


def migrate(cluster: Cluster, address: str, source: str, target: str) -> subprocess.CompletedProcess[str]:
    """Migrate an address as an operator on the third node does."""
    return floatip(cluster, "n3", "migrate", address, "--from", source, "--to", target)


def add_alias(cluster: Cluster, node: str, *addresses: str) -> None:
    """Add aliases by hand, for good."""
    for address in addresses:
        prefix = 128 if ":" in address else 32
        cluster.net.run(node, ["ip", "addr", "replace", f"{address}/{prefix}", "dev", "eth0"])


def remove_alias(cluster: Cluster, node: str, address: str) -> None:
    """Remove an alias by hand."""
    cluster.net.run(node, ["ip", "addr", "del", f"{address}/{128 if ':' in address else 32}", "dev", "eth0"])


def for_good(cluster: Cluster, node: str, address: str) -> bool:
    """Whether the node has the address without an end."""
    shown = cluster.net.run(node, ["ip", "-o", "addr", "show", "to", address]).stdout
    return "valid_lft forever" in shown


def write_boot_file(cluster: Cluster, node: str, addresses: Iterable[str]) -> Path:
    """Have a node's boot configuration bring these addresses up."""
    path = cluster.home_of(node) / "root/etc/network/interfaces"
    path.parent.mkdir(parents=True, exist_ok=True)
    stanzas = (f"iface eth0 inet static\n    address {address}/32\n" for address in addresses)
    path.write_text("auto eth0\n" + "".join(stanzas))
    return path


def reboot(cluster: Cluster, node: str, at_boot: Iterable[str]) -> None:
    """Let the machine die, and bring it back with what its boot configuration has."""
    cluster.kill_machine(node)
    cluster.wait_for(lambda: not hears(cluster, node), 20.0, f"{node} is taken for dead")
    cluster.net.boot_machine(node)
    add_alias(cluster, node, *at_boot)
    cluster.answerers[node] = start_answerer(cluster.net, node, cluster.home_of(node))
    cluster.start_daemon(node)
    ready(cluster)


def hears(cluster: Cluster, node: str, by: str = "n3") -> bool:
    """Whether a node takes another for alive."""
    return any(one["name"] == node and one["alive"] for one in cluster.ask(by)["nodes"])


def ready(cluster: Cluster) -> None:
    """Wait until every daemon takes all nodes for alive."""

    def all_alive() -> bool:
        try:
            return all(hears(cluster, node, by) for by in cluster.live() for node in cluster.settings.node_names)
        except LabError:
            return False

    cluster.wait_for(all_alive, 20.0, "all nodes hear each other")
