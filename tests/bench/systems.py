"""The two systems under test, told apart in this file alone: how each is started, settled, moved and struck.

Knows: the daemons. Never: measures.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from ipaddress import ip_address
from typing import Protocol

from floatip.lab import netlink, tools
from floatip.lab.cluster import Cluster
from floatip.lab.errors import LabError
from floatip.lab.process import Process
from floatip.lab.settings import DAEMON
from tests.bench.beds import Bed
from tests.bench.tree import tree

SETTLE_S = 60.0
PATIENCE_S = 60.0
"""How long a command may take: 1,000 VIPs are moved in groups."""
_DRAINED = -50
_STATE = re.compile(r"Entering (\w+) STATE")


class System(Protocol):
    """One system on one bed, running."""

    bed: Bed
    cluster: Cluster

    def settled(self) -> str:
        """Wait until one node has all addresses and every other could take over; give the owner."""
        ...

    def move(self, owner: str) -> None:
        """Have the owner's addresses moved to another node, the way an operator would."""
        ...

    def unmove(self, owner: str) -> None:
        """Let the former owner be a candidate again."""
        ...

    def kill_all(self, node: str) -> None:
        """End every process of the node's daemon with SIGKILL."""
        ...

    def clean(self, node: str) -> None:
        """Take off what a daemon that is gone left behind."""
        ...


def realtime() -> tuple[str, ...]:
    """Give the words before a daemon's command that have it run before other work, as far as this machine allows.

    Both systems get them, as the commented lines of floatip's unit do it.
    """
    chrt = shutil.which("chrt", path=tools.search_path())
    words = (chrt, "--rr", "10") if chrt else ()
    if words and subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0:
        return words
    return ()


def holders(cluster: Cluster) -> dict[str, int]:
    """Give for each node how many of the VIPs' addresses its kernel has; nodes with none are left out."""
    wanted = {ip_address(address) for address in cluster.addresses()}
    counts = {n: len(wanted & {one.address for one in netlink.addresses(n)}) for n in cluster.settings.node_names}
    return {node: count for node, count in counts.items() if count}


class Floatip:
    """floatip with mosquitto."""

    name = "floatip"

    def __init__(self, bed: Bed) -> None:
        self.bed = bed
        self.cluster = Cluster(bed.floatip((*realtime(), *DAEMON)))

    def settled(self) -> str:
        """Wait until one node owns all VIPs: if a move has left them on several, they are gathered."""
        self.cluster.wait_for(self._is_settled, SETTLE_S, "every VIP has an owner, and all other nodes are backups")
        while len(held := holders(self.cluster)) > 1:
            fewest = min(held, key=lambda node: held[node])
            self.move(fewest)
            self.unmove(fewest)
            self.cluster.wait_for(self._is_settled, SETTLE_S, "one node has all VIPs again")
        return next(iter(held))

    def _is_settled(self) -> bool:
        time.sleep(self.bed.vips / 2000)  # a daemon that is asked all the time does nothing else
        try:
            told = [self.cluster.ask(node, 10.0)["vips"] for node in self.cluster.settings.node_names]
        except LabError:
            return False
        roles = sorted(vip["role"] for vips in told for vip in vips)
        same = all(len({vip["owner"] for vip in views}) == 1 for views in zip(*told, strict=True))
        count = self.bed.vips
        return same and roles == ["backup"] * 2 * count + ["owner"] * count and self._bound() == count

    def _bound(self) -> int:
        return sum(holders(self.cluster).values())

    def move(self, owner: str) -> None:
        """Move the one VIP by hand from another node, or drain the owner of many."""
        if self.bed.vips == 1:
            self._run(next(node for node in self.cluster.live() if node != owner), "failover", "web")
        else:
            self._run(owner, "drain", "--timeout", f"{PATIENCE_S:.0f}s")

    def unmove(self, owner: str) -> None:
        """End the drain."""
        if self.bed.vips > 1:
            self._run(owner, "undrain")

    def _run(self, node: str, *words: str) -> None:
        argv = [sys.executable, "-m", "floatip", *words, "--socket", str(self.cluster.home_of(node) / "floatip.sock")]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=2 * PATIENCE_S, check=False)
        if done.returncode not in {0, 5}:
            raise LabError(f"{' '.join(words)} on {node} failed with {done.returncode}: {done.stderr}")

    def kill_all(self, node: str) -> None:
        """End daemon and sentinel with SIGKILL."""
        _kill(tree(self.cluster.daemons[node].pid))
        self.cluster.kill_daemon(node)

    def clean(self, node: str) -> None:
        """Do nothing: floatip leaves nothing for others to take off, and a starting daemon takes over the rest."""


class Keepalived:
    """keepalived, VRRP version 3."""

    name = "keepalived"

    def __init__(self, bed: Bed) -> None:
        self.bed = bed
        self.cluster: Cluster = KeepalivedCluster(bed)

    def settled(self) -> str:
        """Wait until one node is master with all addresses, and the others are backups."""
        self.cluster.wait_for(self._is_settled, SETTLE_S, "one node is master, and has all addresses")
        (owner,) = holders(self.cluster)
        return owner

    def _is_settled(self) -> bool:
        time.sleep(self.bed.vips / 2000)
        names = self.cluster.settings.node_names
        states = {node: state(self.cluster, node) for node in names}
        masters = [node for node in names if states[node] == "MASTER"]
        if len(self.cluster.live()) != len(names) or sorted(states.values()) != ["BACKUP", "BACKUP", "MASTER"]:
            return False
        return holders(self.cluster) == {masters[0]: self.bed.vips}

    def move(self, owner: str) -> None:
        """Lower the owner's priority below all others', which are put back to their own."""
        for node in sorted(self.cluster.settings.node_names, key=lambda node: node == owner):
            weight = _DRAINED if node == owner else 0
            (self.cluster.home_of(node) / "weight").write_text(f"{weight}\n")

    def unmove(self, owner: str) -> None:
        """Do nothing: the former owner stays the least until the next move, since VRRP would move back."""

    def kill_all(self, node: str) -> None:
        """End both processes with SIGKILL."""
        self.cluster.kill_daemon(node)

    def clean(self, node: str) -> None:
        """Take off the addresses of a killed daemon."""
        ours = {ip_address(address) for address in self.cluster.addresses()}
        left = [one.address for one in netlink.addresses(node) if one.address in ours]
        batch = "".join(f"addr del {address}/32 dev eth0\n" for address in left)
        if batch:
            path = self.cluster.home_of(node) / "left"
            path.write_text(batch)
            self.cluster.net.run(node, [tools.find("ip"), "-batch", str(path)])


def state(cluster: Cluster, node: str) -> str:
    """Give the state that the node's keepalived said last."""
    said = _STATE.findall((cluster.home_of(node) / "keepalived.log").read_text(errors="replace"))
    return said[-1] if said else ""


class KeepalivedCluster(Cluster):
    """The lab's cluster with keepalived in the place of floatip's daemon; a fault strikes its two processes at once.

    Killed alone its parent would have the child end in good order, and its child would be started again.
    """

    def __init__(self, bed: Bed) -> None:
        tools.require("keepalived")
        self._bed = bed
        super().__init__(bed.keepalived())

    def start_daemon(self, node: str) -> Process:
        """Start the node's keepalived; it logs to a file, since without a syslogd a log line may stall it."""
        home = self.home_of(node)
        (home / "weight").write_text("0\n")
        (home / "keepalived.conf").write_text(self._bed.keepalived_conf(node, str(home / "weight")))
        for name in ("keepalived.log", "k.pid", "vrrp.pid"):
            (home / name).unlink(missing_ok=True)
        argv = [*realtime(), tools.find("keepalived"), "--dont-fork", "--log-console", "--no-syslog", "--vrrp"]
        argv += ["-f", str(home / "keepalived.conf"), "-p", str(home / "k.pid"), "-r", str(home / "vrrp.pid")]
        self.daemons[node] = self.net.spawn(node, argv, home / "keepalived.log")
        return self.daemons[node]

    def kill_daemon(self, node: str) -> None:
        """End both processes with SIGKILL."""
        _kill(tree(self.daemons[node].pid))
        self.daemons[node].kill()

    def freeze_daemon(self, node: str) -> None:
        """Stop both processes with SIGSTOP."""
        for pid in tree(self.daemons[node].pid):
            os.kill(pid, signal.SIGSTOP)

    def thaw_daemon(self, node: str) -> None:
        """Let both go on."""
        for pid in tree(self.daemons[node].pid):
            os.kill(pid, signal.SIGCONT)


def _kill(pids: list[int]) -> None:
    """Stop all of them first, so that none does anything about the end of another; then kill them."""
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


SYSTEMS: dict[str, type[Floatip] | type[Keepalived]] = {"floatip": Floatip, "keepalived": Keepalived}
