"""A whole cluster: real daemons on nodes, real brokers, a client, in a network of the lab.

Knows: `floatip run`, `floatip status --json`, and what the kernels say. Never: decides who owns.
"""

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from ipaddress import ip_address, ip_interface
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from floatip.lab import netlink
from floatip.lab.broker import Broker
from floatip.lab.errors import LabError
from floatip.lab.net import Network
from floatip.lab.observers import Probe, Watch, start_answerer, start_probe, start_watch
from floatip.lab.process import Process, tail
from floatip.lab.settings import Settings, node_number, render

CLIENT = "client"
_CLIENT_NUMBER = 9
_STATUS_TIMEOUT_S = 5.0
_POLL_S = 0.01


class Cluster:
    """Nodes n1.. (10.77.0.11..), brokers b1.. (.1..) and a client (.9); use as context manager.

    When the block ends by an exception, the end of every log goes to standard error. Nothing is left behind.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.net = Network()
        self.home = Path(tempfile.mkdtemp(prefix="floatip-lab-", dir="/run"))
        self.brokers: dict[str, Broker] = {}
        self.daemons: dict[str, Process] = {}
        self.answerers: dict[str, Process] = {}
        self._watches: list[Process] = []
        try:
            self._build()
        except BaseException:
            self._remove()
            raise

    def _build(self) -> None:
        for index, name in enumerate(self.settings.node_names, start=1):
            self.net.add_host(name, node_number(index), self.settings.nics)
        for number, name in enumerate(self.settings.broker_names, start=1):
            host = self.settings.broker_hosts.get(name, name)
            if host == name:
                self.net.add_host(name, number)
            nic = next(n for n in self.net.hosts[host].nics.values() if n.network == self.settings.mqtt)
            self.brokers[name] = Broker(
                self.net,
                host,
                str(nic.ipv4.ip),
                self.home_of(name),
                self.settings.broker,
                persistent=self.settings.broker_persistence,
                config=self.settings.mosquitto,
                port=self.settings.port,
            )
        addresses = [broker.address for broker in self.brokers.values()]
        for name in self.settings.node_names:
            home = self.home_of(name)
            (home / "state").mkdir()
            (home / "floatip.toml").write_text(render(self.settings, name, addresses, home))
        self.net.add_host(CLIENT, _CLIENT_NUMBER, {"eth0": "data"})
        self.home_of(CLIENT)

    def home_of(self, host: str) -> Path:
        """Give the folder with the configuration, state, socket and logs of a host."""
        home = self.home / host
        home.mkdir(exist_ok=True)
        return home

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop(grace_s=0.0, show_logs=True)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.stop(show_logs=kind is not None)

    def start(self) -> None:
        """Start brokers, services and daemons; returns when brokers accept and services answer."""
        for broker in self.brokers.values():
            broker.start()
        for name in self.settings.node_names:
            self.answerers[name] = start_answerer(self.net, name, self.home_of(name))
        for answerer in self.answerers.values():
            answerer.wait_for_line("ready", timeout_s=10.0)
        for name in self.settings.node_names:
            self.start_daemon(name)

    def stop(self, *, grace_s: float = 3.0, show_logs: bool = False) -> None:
        """End all daemons (SIGTERM, after the grace SIGKILL), then everything else, and remove it all."""
        try:
            running = [daemon for daemon in self.daemons.values() if daemon.alive]
            for daemon in running:
                daemon.terminate()
                daemon.thaw()
            deadline_s = time.monotonic() + grace_s
            for daemon in running:
                daemon.stop(max(0.0, deadline_s - time.monotonic()))
        finally:
            if show_logs:
                sys.stderr.write(self.logs() + "\n")
            self._remove()

    def _remove(self) -> None:
        for watch in self._watches:
            watch.kill()
        self.net.close()
        shutil.rmtree(self.home, ignore_errors=True)

    # Daemons and machines

    def start_daemon(self, node: str) -> Process:
        """Start the node's daemon; returns at once."""
        home = self.home_of(node)
        argv = [*self.settings.daemon, str(home / "floatip.toml")]
        self.daemons[node] = self.net.spawn(node, argv, home / "daemon.log")
        return self.daemons[node]

    def stop_daemon(self, node: str, timeout_s: float = 10.0) -> int:
        """End the daemon in good order (SIGTERM) and give its exit code."""
        self.daemons[node].terminate()
        return self.daemons[node].wait(timeout_s)

    def kill_daemon(self, node: str) -> None:
        """End the daemon, and only it, with SIGKILL."""
        self.daemons[node].kill()

    def freeze_daemon(self, node: str) -> None:
        """Stop the daemon, and only it, with SIGSTOP."""
        self.daemons[node].freeze()

    def thaw_daemon(self, node: str) -> None:
        """Let the daemon go on."""
        self.daemons[node].thaw()

    def kill_machine(self, node: str) -> None:
        """Let the node's machine die."""
        self.net.kill_machine(node)

    def boot_machine(self, node: str) -> None:
        """Bring a dead node back, with its brokers, its service and its daemon; its files survived."""
        self.net.boot_machine(node)
        for broker in self.brokers.values():
            if broker.host == node:
                broker.start()
        self.answerers[node] = start_answerer(self.net, node, self.home_of(node))
        self.start_daemon(node)

    # What is so

    def live(self) -> list[str]:
        """Name the nodes whose daemon runs."""
        return [name for name, daemon in self.daemons.items() if daemon.alive]

    def status(self, node: str) -> dict[str, Any]:
        """Give the document of `floatip status --json` of the node's daemon; raises LabError if it does not answer."""
        path = str(self.home_of(node) / "floatip.sock")
        argv = [sys.executable, "-m", "floatip", "status", "--json", "--socket", path]
        try:
            done = subprocess.run(argv, capture_output=True, text=True, timeout=_STATUS_TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired as error:
            raise LabError(f"{node}: no status within {_STATUS_TIMEOUT_S} s\n{self.daemons[node].tail()}") from error
        if done.returncode != 0:
            raise LabError(f"{node}: status failed with {done.returncode}: {done.stderr.strip()}")
        document: dict[str, Any] = json.loads(done.stdout)
        return document

    def ask(self, node: str, timeout_s: float = 1.0) -> dict[str, Any]:
        """Give the same document without a process for it: what polling needs; raises LabError if none comes."""
        path = self.home_of(node) / "floatip.sock"
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
                asking.settimeout(timeout_s)
                asking.connect(str(path))
                asking.sendall(b'{"v":1,"ask":"status"}\n')
                with asking.makefile("rb") as answer:
                    reply = json.loads(answer.readline())
            document: dict[str, Any] = reply["result"]
        except (OSError, ValueError, KeyError) as error:
            raise LabError(f"{node}: no status at {path}: {error!r}") from error
        return document

    def owner(self, vip: str, node: str | None = None) -> str | None:
        """Name the owner of a VIP as this node says, or else the first node with a running daemon that answers."""
        failures = []
        for name in [node] if node else self.live():
            try:
                vips = {one["name"]: one for one in self.status(name)["vips"]}
            except LabError as error:
                failures.append(str(error))
                continue
            if vip not in vips:
                raise LabError(f"{name} knows no VIP {vip!r}; it has {sorted(vips)}")
            owner: str | None = vips[vip]["owner"]
            return owner
        raise LabError(f"no daemon answers: {'; '.join(failures) or 'none runs'}")

    def bound_on(self, address: str) -> set[str]:
        """Name the nodes whose kernel has the address."""
        return netlink.bound_on(self.settings.node_names, ip_address(address))

    def addresses(self) -> list[str]:
        """Give all addresses of all VIPs, without prefix and interface."""
        written = [address for vip in self.settings.vips for address in vip.addresses]
        return [str(ip_interface(address.partition("@")[0]).ip) for address in written]

    def wait_for(self, predicate: Callable[[], bool], timeout_s: float, what: str) -> float:
        """Wait until it is so and give the seconds it took; raises LabError with all logs after the timeout."""
        start_s = time.monotonic()
        while not predicate():
            if time.monotonic() - start_s > timeout_s:
                bound = {address: sorted(self.bound_on(address)) for address in self.addresses()[:5]}
                raise LabError(f"not within {timeout_s} s: {what}; bound: {bound}\n{self.logs()}")
            time.sleep(_POLL_S)
        return time.monotonic() - start_s

    def wait_settled(self, timeout_s: float = 15.0) -> None:
        """Wait until every address is on exactly one node."""
        for address in self.addresses():
            self.wait_for(
                lambda address=address: len(self.bound_on(address)) == 1,  # type: ignore[misc]
                timeout_s,
                f"{address} on exactly one node",
            )

    # Measuring

    def probe(self, address: str | None = None, *, rate: int = 1000, settle_s: float = 5.0) -> Probe:
        """Start the client's probe of an address (default: the first VIP's).

        `with cluster.probe() as probe: ...`, then `probe.result`; raises LabError if nobody answers within `settle_s`.
        """
        home = self.home_of(CLIENT)
        return start_probe(self.net, home, address or self.addresses()[0], source=CLIENT, rate=rate, settle_s=settle_s)

    def watch(self, *addresses: str) -> Watch:
        """Start watching who has the addresses (default: all): `with cluster.watch() as watch: ...`."""
        watch = start_watch(self.settings.node_names, self.home_of(CLIENT), addresses or self.addresses())
        self._watches.append(watch.process)
        return watch

    def logs(self, lines: int = 20) -> str:
        """Give the end of every log."""
        return "\n".join(tail(log, lines) for log in sorted(self.home.glob("*/*.log")))
