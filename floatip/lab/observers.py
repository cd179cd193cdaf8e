"""The measuring processes of one run, as the lab starts and stops them: the client's probe and the address watcher.

Knows: how to start them in the right place and read what they wrote. Never: measures itself.
"""

import sys
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Generic, Self, TypeVar

from floatip.lab.errors import LabError
from floatip.lab.net import Network
from floatip.lab.outage import ProbeResult
from floatip.lab.process import Process
from floatip.lab.watch import WatchResult

PROBE_PORT = 7777
R = TypeVar("R")
_START_S = 10.0
_STOP_S = 10.0


def start_answerer(net: Network, host: str, home: Path) -> Process:
    """Start the service that clients probe, on every address of the host; it says "ready" in its log."""
    return net.spawn(host, _module("probe", "answer", "--node", host, "--port", str(PROBE_PORT)), home / "answerer.log")


class Observer(Generic[R]):
    """A process that says "ready", and writes its result when told to stop; use as context manager, then read `result`.

    Raises LabError with the end of its log if it does not get ready, or fails.
    """

    def __init__(self, process: Process, out: Path, read: Callable[[Path], R], start_timeout_s: float) -> None:
        self.process = process
        self._out = out
        self._read = read
        self._result: R | None = None
        try:
            process.wait_for_line("ready", start_timeout_s)
        except LabError:
            process.stop(grace_s=0.5)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> R:
        """Tell it to stop, wait until it has written, and give the result."""
        if self._result is None:
            self.process.terminate()
            if self.process.wait(_STOP_S) != 0:
                raise LabError(f"{self.process} failed with {self.process.exit_code}\n{self.process.tail()}")
            self._result = self._read(self._out)
        return self._result

    @property
    def result(self) -> R:
        """Give the result of a stopped observer."""
        if self._result is None:
            raise LabError(f"{self.process} still measures; remedy: stop() it before reading the result")
        return self._result


Probe = Observer[ProbeResult]
Watch = Observer[WatchResult]


def start_probe(
    net: Network, home: Path, vip: str, *, source: str = "client", rate: int = 1000, settle_s: float = 5.0
) -> Probe:
    """Probe an address from a host, `rate` times a second, from the first answer on.

    Raises LabError if none comes within `settle_s`; with 0 the run begins at once, whoever answers.
    """
    out = _fresh(home, "probe")
    target = ("--vip", vip, "--port", str(PROBE_PORT), "--rate", str(rate))
    argv = _module("probe", "client", *target, "--settle", str(settle_s), "--out", str(out))
    return Observer(net.spawn(source, argv, out.with_suffix(".log")), out, ProbeResult.read, _START_S + settle_s)


def start_watch(hosts: Sequence[str], home: Path, addresses: Sequence[str]) -> Watch:
    """Watch who of the hosts has these addresses."""
    out = _fresh(home, "watch")
    plain = [str(ip_address(address)) for address in addresses]
    argv = _module("watch", "--address", *plain, "--out", str(out), *hosts)
    return Observer(Process(None, argv, out.with_suffix(".log")), out, WatchResult.read, _START_S)


def _module(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", f"floatip.lab.{name}", *arguments]


def _fresh(home: Path, stem: str) -> Path:
    """Give a file name not yet taken in the folder."""
    number = 1
    while (home / f"{stem}-{number}.log").exists():
        number += 1
    return home / f"{stem}-{number}.json"
