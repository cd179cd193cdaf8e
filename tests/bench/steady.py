"""What both systems use when nothing happens (CPU, memory, packets of each node), and how long commands take."""

import subprocess
import sys
import time
from pathlib import Path

from floatip.lab import namespace
from floatip.lab.cluster import Cluster
from floatip.lab.realtime import now_s
from tests.bench.results import Load
from tests.bench.systems import System, holders
from tests.bench.tree import cpu_s, memory_mib, tree

QUIET_S = 8.0
"""What a takeover brings with it (further announcements, full lists, questions on the LAN) is over by then."""


def loads(system: System, seconds: float) -> list[Load]:
    """Look on for so long; the owner first."""
    system.settled()
    time.sleep(QUIET_S)
    cluster = system.cluster
    (owner,) = holders(cluster)
    nodes = sorted(cluster.settings.node_names, key=lambda node: node != owner)
    trees = {node: tree(cluster.daemons[node].pid) for node in nodes}
    before = {node: (cpu_s(trees[node]), packets(cluster, node)) for node in nodes}
    start_s = now_s()
    time.sleep(seconds)
    took_s = now_s() - start_s
    found = []
    for node in nodes:
        used_s, (received, sent) = before[node]
        now_received, now_sent = packets(cluster, node)
        found.append(
            Load(
                role="owner" if node == owner else "backup",
                cpu_percent=100 * (cpu_s(trees[node]) - used_s) / took_s,
                rss_mib=memory_mib(trees[node], "Rss"),
                pss_mib=memory_mib(trees[node], "Pss"),
                sent_per_s=(now_sent - sent) / took_s,
                received_per_s=(now_received - received) / took_s,
            )
        )
    return found


def command_ms(system: System, runs: int) -> dict[str, list[float]]:
    """Give how long commands of floatip take that should seem instant, from the process's start to its end."""
    (owner,) = holders(system.cluster)
    socket = str(system.cluster.home_of(owner) / "floatip.sock")
    found: dict[str, list[float]] = {"floatip --help": [], "floatip status": []}
    for _ in range(runs):
        for name, times_ms in found.items():
            words = name.split()[1:]
            argv = [sys.executable, "-m", "floatip", *words, *(["--socket", socket] if words == ["status"] else [])]
            start_s = now_s()
            subprocess.run(argv, capture_output=True, timeout=30.0, check=True)
            times_ms.append((now_s() - start_s) * 1000)
    return found


def packets(cluster: Cluster, node: str) -> tuple[int, int]:
    """Give how many packets all of a node's network cards received and sent so far."""
    with namespace.inside(node):
        lines = Path("/proc/thread-self/net/dev").read_text().splitlines()[2:]
    received = sent = 0
    for line in lines:
        name, _, figures = line.partition(":")
        if name.strip() in cluster.net.hosts[node].nics:
            received += int(figures.split()[1])
            sent += int(figures.split()[9])
    return received, sent
