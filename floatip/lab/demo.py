"""`floatip demo`: a cluster of three, a broker and a client; three things go wrong, and the client tells what it saw.

Knows: the lab. Never: anything outside it: it all happens in private namespaces that end with this process.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from rich.console import Console
from rich.table import Table

from floatip.lab import sandbox
from floatip.lab.cluster import Cluster
from floatip.lab.errors import LabError
from floatip.lab.outage import ProbeResult
from floatip.lab.settings import Settings

VIP = "10.77.0.50"
BROKER = (sys.executable, "-m", "floatip", "broker", "--listen")
NODES = ["n1", "n2", "n3"]
BASELINE_S = 0.5
OVERLAP_MS = 50.0
"""For so long two nodes may have the address: in a planned move the new owner adds before the old one removes."""
SHOWN = frozenset({"role", "owner", "broker", "address"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the client saw of one act."""

    act: str
    probes: ProbeResult
    two_owners_ms: float


class Timeline:
    """Prints what the daemons log while it happens, with the time since the act began."""

    def __init__(self, cluster: Cluster, console: Console) -> None:
        self._console = console
        self._logs = {node: cluster.home_of(node) / "daemon.log" for node in NODES}
        self._read = dict.fromkeys(NODES, 0)
        self._began_s = time.time()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="timeline", daemon=True)
        self._thread.start()

    def act(self, text: str) -> None:
        """Begin an act: times count from here."""
        time.sleep(0.1)
        with self._lock:
            self._drain()
            self._began_s = time.time()
            self._console.print(f"\n[bold]{text}[/bold]")

    def say(self, text: str) -> None:
        """Print something beside what the daemons say."""
        with self._lock:
            self._drain()
            self._console.print(f"  {self._since(time.time())}  {text}", highlight=False)

    def close(self) -> None:
        """Print the rest and stop."""
        self._stop.set()
        self._thread.join()

    def _follow(self) -> None:
        while not self._stop.wait(0.05):
            with self._lock:
                self._drain()

    def _drain(self) -> None:
        lines = [entry for node, log in self._logs.items() for entry in self._news(node, log)]
        for at_s, node, text in sorted(lines):
            self._console.print(f"  {self._since(at_s)}  {node}: {text}", highlight=False)

    def _news(self, node: str, log: Path) -> list[tuple[float, str, str]]:
        with log.open("rb") as file:
            file.seek(self._read[node])
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._read[node] += len(whole)
        found = []
        for line in whole.splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if entry.get("kind") in SHOWN and "BACKUP -> CANDIDATE" not in entry["text"]:
                found.append((_seconds(entry["at"]), node, entry["text"]))
        return found

    def _since(self, at_s: float) -> str:
        return f"{(at_s - self._began_s) * 1000:+6.0f} ms"


def _seconds(stamp: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(stamp).timestamp()


class Demo:
    """The three acts, on one cluster."""

    def __init__(self, cluster: Cluster, console: Console) -> None:
        self._cluster = cluster
        self._console = console
        self._timeline = Timeline(cluster, console)
        self._seen: list[Seen] = []

    def play(self) -> int:
        """Play all acts and print what the client saw; return 0 if it was served all the way through."""
        try:
            self._settled()
            self._timeline.say(f"{self._owner()} owns {VIP}; a client asks it for an answer every millisecond")
            self._act("The owner's machine dies", self._machine_dies)
            self._act("An operator moves the VIP by hand", self._moved_by_hand)
            self._act("The only broker is stopped for three seconds", self._broker_stops)
        finally:
            self._timeline.close()
        self._table()
        return 0 if all(seen.two_owners_ms < OVERLAP_MS and seen.probes.segments for seen in self._seen) else 1

    def _act(self, text: str, fault: Callable[[], None]) -> None:
        with self._cluster.watch(VIP) as watch, self._cluster.probe(VIP) as probe:
            time.sleep(BASELINE_S)
            self._timeline.act(text)
            fault()
            time.sleep(BASELINE_S)
        two_ms = watch.result.overlap(ip_address(VIP)).longest_two_ms
        self._seen.append(Seen(act=text, probes=probe.result, two_owners_ms=two_ms))

    def _machine_dies(self) -> None:
        dead = self._owner()
        self._timeline.say(f"{dead} loses power")
        self._cluster.kill_machine(dead)
        self._cluster.wait_for(
            lambda: self._cluster.bound_on(VIP) not in (set(), {dead}), 10.0, "another node has the address"
        )

    def _moved_by_hand(self) -> None:
        here = next(node for node in self._cluster.live() if node != self._owner())
        socket = self._cluster.home_of(here) / "floatip.sock"
        self._timeline.say(f"$ floatip failover web --to {here}")
        argv = [sys.executable, "-m", "floatip", "failover", "web", "--to", here, "--socket", str(socket)]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=20.0, check=False)
        for line in (done.stdout + done.stderr).splitlines():
            self._console.print(f"             [dim]{line}[/dim]", highlight=False)

    def _broker_stops(self) -> None:
        broker, owner = self._cluster.brokers["b1"], self._owner()
        broker.stop()
        time.sleep(3.0)
        self._timeline.say("the broker is started again")
        broker.start()
        self._cluster.wait_for(lambda: self._role(owner) == "owner", 15.0, f"{owner} has its quorum again")

    def _owner(self) -> str:
        (owner,) = self._cluster.bound_on(VIP)
        return owner

    def _role(self, node: str) -> str:
        return str(self._cluster.status(node)["vips"][0]["role"])

    def _settled(self) -> None:
        self._cluster.wait_settled()
        self._cluster.wait_for(self._all_listened, 10.0, "all nodes are candidates")

    def _all_listened(self) -> bool:
        try:
            return all(self._role(node) in {"owner", "backup"} for node in NODES)
        except LabError:
            return False

    def _table(self) -> None:
        table = Table(title="What the client saw", title_justify="left")
        for heading in ("what happened", "answered by", "probes", "lost", "longest gap", "two owners for"):
            table.add_column(heading, justify="left" if heading in {"what happened", "answered by"} else "right")
        for seen in self._seen:
            probes = seen.probes
            table.add_row(
                seen.act,
                " -> ".join(probes.answered_by),
                str(probes.sent),
                str(probes.lost),
                f"{probes.longest_gap_ms:.0f} ms",
                f"{seen.two_owners_ms:.0f} ms",
            )
        self._console.print()
        self._console.print(table)


def main() -> int:
    """Go into the sandbox, if not there yet, and play; return the exit code."""
    if not sandbox.is_inside():
        try:
            return sandbox.reexec_in_sandbox(["demo"])
        except LabError as error:
            sys.stderr.write(f"floatip: {error}\n")
            return 1
    console = Console(width=None if sys.stdout.isatty() else 110)
    console.print("Three nodes (n1 n2 n3), a broker and a client start in network namespaces of their own ...")
    began_s = time.monotonic()
    settings = Settings(nodes=3, brokers=1, broker=BROKER, extra={"log": {"format": "json", "level": "info"}})
    try:
        with Cluster(settings) as cluster:
            code = Demo(cluster, console).play()
    except LabError as error:
        sys.stderr.write(f"floatip: {error}\n")
        return 1
    console.print(f"\nIt took {time.monotonic() - began_s:.0f} s, and nothing of it is left on this machine.")
    return code
