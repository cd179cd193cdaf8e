"""What is measured: one fault on one fresh cluster, at a random moment, as a client sees it."""

import random
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address

from floatip.lab.cluster import Cluster
from floatip.lab.errors import LabError
from floatip.lab.settings import Settings, Vip

VIP = "10.77.0.50"
BASELINE_S = 0.5
TAIL_S = 0.5
LATE_MS = 25.0
"""A probe that was itself this late measured the machine, not the failover: the run is repeated."""
TRIES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run showed, in milliseconds; ``lateness_ms`` is the probe's own."""

    outage_ms: float
    lost: int
    two_owners_ms: float
    lateness_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A fault, the cluster that it strikes, and the outage that is allowed in the median."""

    name: str
    settings: Settings
    strike: Callable[[Cluster, str], None]
    goal_ms: float | None = None


def machine_dies(cluster: Cluster, owner: str) -> None:
    """The owner's host stops: no frame, no heartbeat, no answer."""
    cluster.kill_machine(owner)


def carrier_lost(cluster: Cluster, owner: str) -> None:
    """The owner's cable is pulled; MQTT runs over another network."""
    cluster.net.carrier(owner, "eth0", up=False)


def stopped(cluster: Cluster, owner: str) -> None:
    """The owner's daemon gets SIGTERM."""
    cluster.daemons[owner].terminate()


def port_silent(cluster: Cluster, owner: str) -> None:
    """Both of the owner's ports drop everything, with the link up."""
    for nic in ("eth0", "eth1"):
        cluster.net.silence(owner, nic)


def daemon_killed(cluster: Cluster, owner: str) -> None:
    """The owner's daemon gets SIGKILL; its host lives."""
    cluster.kill_daemon(owner)


def moved_by_hand(cluster: Cluster, owner: str) -> None:
    """An operator at another node moves the VIP."""
    node = next(name for name in cluster.live() if name != owner)
    argv = [sys.executable, "-m", "floatip", "failover", "web", "--socket", str(cluster.home_of(node) / "floatip.sock")]
    subprocess.run(argv, capture_output=True, timeout=30.0, check=True)


CASES = (
    Case(name="machine dies", settings=Settings(), strike=machine_dies, goal_ms=1500),
    Case(
        name="machine dies, 50 ms / 200 ms",
        settings=Settings(heartbeat_ms=50, lease_ms=200),
        strike=machine_dies,
        goal_ms=350,
    ),
    Case(name="both ports silently dead", settings=Settings(), strike=port_silent, goal_ms=1500),
    Case(name="carrier lost", settings=Settings(), strike=carrier_lost, goal_ms=60),
    Case(name="moved by hand", settings=Settings(), strike=moved_by_hand, goal_ms=0),
    Case(name="SIGTERM", settings=Settings(), strike=stopped, goal_ms=0),
    Case(
        name="moved by hand, break-before-make",
        settings=Settings(vips=(Vip(extra={"handover": "break-before-make"}),)),
        strike=moved_by_hand,
        goal_ms=30,
    ),
    Case(name="machine dies, release", settings=Settings(policy="release"), strike=machine_dies),
)


def settled_owner(cluster: Cluster) -> str:
    """The owner, once every node is a candidate."""
    cluster.wait_settled(20.0)
    cluster.wait_for(lambda: _all_listened(cluster), 20.0, "every node is owner or backup")
    (owner,) = cluster.bound_on(VIP)
    return owner


def _all_listened(cluster: Cluster) -> bool:
    try:
        return all(cluster.status(node)["vips"][0]["role"] in {"owner", "backup"} for node in cluster.live())
    except LabError:
        return False


def measure(case: Case, dice: random.Random) -> Run:
    """Strike once; repeat while the probe itself was late."""
    run = _once(case, dice)
    for _ in range(TRIES - 1):
        if run.lateness_ms <= LATE_MS:
            break
        run = _once(case, dice)
    return run


def _once(case: Case, dice: random.Random) -> Run:
    with Cluster(case.settings) as cluster:
        owner = settled_owner(cluster)
        with cluster.watch() as watch, cluster.probe() as probe:
            time.sleep(BASELINE_S + dice.random() * 2 * case.settings.heartbeat_ms / 1000)
            case.strike(cluster, owner)
            cluster.wait_for(lambda: bool(cluster.bound_on(VIP) - {owner}), 20.0, "a new owner")
            time.sleep(TAIL_S)
        seen = probe.result
        unseen = cluster.net.unseen()
        return Run(
            outage_ms=seen.longest_gap_ms,
            lost=seen.lost,
            two_owners_ms=watch.result.overlap(ip_address(VIP), unseen).longest_two_ms,
            lateness_ms=seen.quality.lateness_ms,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """All runs of one case."""

    case: str
    goal_ms: float | None
    runs: list[Run] = field(default_factory=list)
