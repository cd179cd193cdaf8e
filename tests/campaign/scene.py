"""A cluster under the eyes of the witness, a stranger on its LAN. Knows: how to find things in it. Never: judges."""

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Self

from floatip.lab import namespace, netlink
from floatip.lab.cluster import CLIENT, Cluster
from floatip.lab.errors import LabError
from floatip.lab.intervals import Interval
from floatip.lab.process import Process
from floatip.lab.realtime import now_s
from tests.campaign.layout import Layout
from tests.campaign.seen import WitnessProcess

STRANGER = "stranger"
STRANGER_NUMBER = 8
CLEANUP_S = 15.0
Entry = netlink.Change


class Scene:
    """Use as context manager; what it started is gone afterwards."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.cluster = Cluster(layout.settings())
        self.witness: WitnessProcess | None = None
        self.vips = {vip.name: tuple(vip.addresses) for vip in self.cluster.settings.vips}
        self.nodes = self.cluster.settings.node_names
        self.broken: list[Interval] = []
        """When the LAN was not whole; the last one has no end while that lasts."""
        self._broken_since_s: float | None = None

    def __enter__(self) -> Self:
        try:
            self.cluster.net.add_host(STRANGER, STRANGER_NUMBER, {"eth0": "data"})
            self.cluster.start()
            log = self.cluster.home_of(CLIENT) / "witness.log"
            self.witness = WitnessProcess(CLIENT, self.cluster.addresses(), self.nodes, log)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End everything, at once."""
        if self.witness is not None:
            self.witness.close()
        self.cluster.stop(grace_s=0.0)

    @property
    def eyes(self) -> WitnessProcess:
        """Give the witness, which runs."""
        if self.witness is None:
            raise LabError("the scene was not entered")
        return self.witness

    # What is so

    def entries(self, host: str) -> list[Entry]:
        """List the entries of VIPs in a host's kernel."""
        ours = {ip_address(address) for addresses in self.vips.values() for address in addresses}
        return [entry for entry in netlink.addresses(host) if entry.address in ours]

    def owners(self, vip: str) -> list[str]:
        """Name the nodes whose kernel has the first address of a VIP."""
        first = ip_address(self.vips[vip][0])
        return [node for node in self.nodes if any(entry.address == first for entry in self.entries(node))]

    def interface(self, node: str, index: int) -> str:
        """Name an interface of a node."""
        with namespace.inside(node):
            return socket.if_indextoname(index)

    def sentinels(self, node: str) -> list[int]:
        """Give the pids of the sentinels that run on a node."""
        return [pid for pid in namespace.pids(node) if "floatip.sentinel" in command_of(pid)]

    def up(self) -> bool:
        """Say whether every daemon that lives answers."""
        try:
            return all(self.status(node) for node in self.cluster.live())
        except LabError:
            return False

    # Choosing

    def any_vip(self, dice: Random) -> str:
        """Choose a VIP."""
        return dice.choice(sorted(self.vips))

    def any_node(self, dice: Random, among: Sequence[str] | None = None) -> str:
        """Choose a node: mostly one that owns something."""
        nodes = list(among or self.nodes)
        owners = [node for node in nodes if self.entries(node)]
        return dice.choice(owners if owners and dice.random() < 0.7 else nodes)

    # Doing

    def lan_breaks(self) -> None:
        """Note that from now on the LAN is not whole."""
        self._broken_since_s = now_s()

    def lan_heals(self) -> None:
        """Note that it is whole again."""
        if self._broken_since_s is not None:
            self.broken.append(Interval(start_s=self._broken_since_s, end_s=now_s()))
            self._broken_since_s = None

    def ip(self, host: str, words: str) -> None:
        """Run `ip` in a host; raises LabError if it fails."""
        self.cluster.net.run(host, ["ip", *words.split()])

    def cleanup(self, node: str) -> None:
        """Run what the unit runs after a daemon was killed, to its end."""
        argv = [
            "env",
            "SERVICE_RESULT=signal",
            sys.executable,
            "-m",
            "floatip",
            "cleanup",
            "-c",
            str(self.cluster.home_of(node) / "floatip.toml"),
        ]
        self.cluster.net.run(node, argv, timeout_s=CLEANUP_S)

    def floatip(self, node: str, *words: str, timeout_s: float = 20.0) -> subprocess.CompletedProcess[str]:
        """Run a verb of an operator on a node; its exit code is the caller's to judge."""
        argv = [sys.executable, "-m", "floatip", *words, "--socket", str(self.cluster.home_of(node) / "floatip.sock")]
        return subprocess.run(argv, capture_output=True, text=True, timeout=timeout_s, check=False)

    def start_daemon(self, node: str) -> None:
        """Start a daemon whose former life is over."""
        if not self.cluster.daemons[node].alive:
            self.cluster.start_daemon(node)

    def busy_loops(self, number: int) -> list[Process]:
        """Start programs that do nothing as fast as they can."""
        null = Path(os.devnull)
        return [Process(None, ["sh", "-c", "while :; do :; done"], null) for _ in range(number)]

    def status(self, node: str) -> dict[str, Any]:
        """Give a daemon's status document."""
        return self.cluster.ask(node)


def command_of(pid: int) -> str:
    """Give the command line of a process, empty if it is gone."""
    try:
        return Path("/proc", str(pid), "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
