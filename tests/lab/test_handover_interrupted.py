"""Planned moves in the middle of which something dies: one owner within two seconds, and nothing half done.

`FLOATIP_INTERRUPTIONS` says how many there are; `make campaign` makes 50.
"""

import json
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address

import pytest

from floatip.lab.cluster import Cluster
from floatip.lab.settings import Settings
from tests.lab.cluster_scene import VIP, agreed

pytestmark = [pytest.mark.lab, pytest.mark.timeout(900)]

INTERRUPTIONS = int(os.environ.get("FLOATIP_INTERRUPTIONS", "8"))
WITHIN_S = 2.0
MOVE_S = 0.06
"""A move is over by then, if nothing interrupts it."""
COMMAND_S = 0.5
"""So is a whole command, with its start."""
OVERLAP_MS = 60.0
SENTINEL_MS = 350.0
"""An owner killed at the moment of the announcement leaves its addresses to a sentinel that hears a later one."""


@dataclass(frozen=True, slots=True)
class Move:
    """One planned move: who leads it, to whom, at whose request."""

    cluster: Cluster
    owner: str
    target: str
    asker: str

    def ask(self) -> socket.socket:
        """Ask for it, and do not wait."""
        asking = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        asking.connect(str(self.cluster.home_of(self.asker) / "floatip.sock"))
        asking.sendall(json.dumps({"v": 1, "ask": "failover", "vips": ["web"], "to": self.target}).encode() + b"\n")
        return asking


def kill_owner(move: Move, rng: random.Random) -> None:
    """The owner's daemon is killed."""
    with move.ask():
        time.sleep(rng.uniform(0.0, MOVE_S))
        move.cluster.kill_daemon(move.owner)


def kill_target(move: Move, rng: random.Random) -> None:
    """The target's daemon is killed."""
    with move.ask():
        time.sleep(rng.uniform(0.0, MOVE_S))
        move.cluster.kill_daemon(move.target)


def kill_broker(move: Move, rng: random.Random) -> None:
    """The only broker is killed."""
    with move.ask():
        time.sleep(rng.uniform(0.0, MOVE_S))
        move.cluster.brokers["b1"].kill()


def kill_command(move: Move, rng: random.Random) -> None:
    """The operator's command is killed."""
    path = str(move.cluster.home_of(move.asker) / "floatip.sock")
    argv = [sys.executable, "-m", "floatip", "failover", "web", "--to", move.target, "--socket", path]
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as command:
        time.sleep(rng.uniform(0.1, COMMAND_S))
        command.kill()


KINDS: tuple[Callable[[Move, random.Random], None], ...] = (kill_owner, kill_target, kill_broker, kill_command)


def mend(cluster: Cluster, *, broker: bool = False) -> None:
    """Start again what was killed, and wait until every node could take over."""
    if broker:
        cluster.brokers["b1"].start()
    for node in cluster.settings.node_names:
        if node not in cluster.live():
            cluster.start_daemon(node)
    cluster.wait_for(lambda: len(cluster.live()) == 3 and agreed(cluster), 20.0, "all nodes know the owner")
    time.sleep(2.0)


def test_a_move_that_is_interrupted_at_any_moment_leaves_one_owner() -> None:
    """Owner, target, broker and command are killed in turn, at random moments of a move."""
    seed = random.SystemRandom().getrandbits(32)
    rng = random.Random(seed)
    print(f"interruptions: seed {seed}")
    with Cluster(Settings()) as cluster:
        cluster.wait_settled()
        mend(cluster)
        for number in range(INTERRUPTIONS):
            (owner,) = cluster.bound_on(VIP)
            target = rng.choice([node for node in cluster.settings.node_names if node != owner])
            asker = next(node for node in cluster.settings.node_names if node not in {owner, target})
            kind = KINDS[number % len(KINDS)]
            with cluster.watch() as watch:
                kind(Move(cluster, owner, target, asker), rng)
                killed_at = time.monotonic()
                while time.monotonic() < killed_at + WITHIN_S:
                    time.sleep(0.05)
                bound = cluster.bound_on(VIP)
                owners = {cluster.ask(node)["vips"][0]["owner"] for node in cluster.live()}
            overlap = watch.result.overlap(ip_address(VIP))
            told = f"seed {seed}, {number}: {kind.__name__}, {owner} to {target}: bound on {bound}, owners {owners}"
            print(f"{told}; two for {overlap.longest_two_ms:.1f} ms, none for {overlap.longest_none_ms:.1f} ms")
            assert len(bound) == 1, told
            # without a broker the others cannot know who owns it
            assert (owners - {None} if kind is kill_broker else owners) == bound, told
            assert overlap.longest_two_ms < (SENTINEL_MS if kind is kill_owner else OVERLAP_MS), told
            mend(cluster, broker=kind is kill_broker)
