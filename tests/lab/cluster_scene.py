"""What tests of a cluster ask of it: who owns, what was told, what a client believes. Knows: the lab. Never: judges."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from floatip.lab.cluster import Cluster
from floatip.lab.errors import LabError
from tests.lab.onlooker import Onlooker

VIP = "10.77.0.50"


def settled(cluster: Cluster) -> str:
    """The owner, once exactly one kernel has the address and every node says so."""
    cluster.wait_settled()
    cluster.wait_for(lambda: agreed(cluster), 10.0, "every node knows the owner")
    return next(iter(cluster.bound_on(VIP)))


def agreed(cluster: Cluster) -> bool:
    """Whether each daemon that runs answers, and names the node whose kernel has the address."""
    try:
        owners = {cluster.ask(node)["vips"][0]["owner"] for node in cluster.live()}
    except LabError:
        return False
    return owners == cluster.bound_on(VIP)


def mac_of(cluster: Cluster, node: str, nic: str = "eth0") -> str:
    """The hardware address of a node's card, as it was made."""
    return cluster.net.hosts[node].nics[nic].mac


def events(cluster: Cluster, node: str) -> list[str]:
    """What `floatip events` shows on a node."""
    argv = [
        sys.executable,
        "-m",
        "floatip",
        "events",
        "--json",
        "--socket",
        str(cluster.home_of(node) / "floatip.sock"),
    ]
    shown = subprocess.run(argv, capture_output=True, text=True, timeout=10.0, check=True).stdout
    return [json.loads(line)["text"] for line in shown.splitlines()]


def told(cluster: Cluster, node: str, *words: str) -> bool:
    """Whether one line of `floatip events` has all of these words."""
    return any(all(word in text for word in words) for text in events(cluster, node))


@contextmanager
def looked_on(cluster: Cluster, address: str = VIP) -> Iterator[Onlooker]:
    """Have the client ask for the address all the time, and look what it believes."""
    with cluster.probe(address, rate=100), Onlooker("client", address) as onlooker:
        yield onlooker
