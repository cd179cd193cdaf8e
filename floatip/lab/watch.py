"""Watches from one process which host has an address bound, and when: the kernels' word, on one clock.

`python -m floatip.lab.watch --address A... --out FILE HOST...` says "ready", and writes JSON on SIGTERM.
Knows: address messages of several namespaces. Never: changes anything. Times are CLOCK_BOOTTIME.
"""

import argparse
import errno
import json
import selectors
import socket
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

from floatip.lab import netlink
from floatip.lab.intervals import Interval, Overlap, overlap, without
from floatip.lab.realtime import Stop, go_realtime, now_s

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchResult:
    """Who held which address when; `overruns` counts how often the kernel dropped messages (then it was read anew)."""

    window: Interval
    held: Mapping[Address, Mapping[str, Sequence[Interval]]]
    overruns: int

    def overlap(self, address: Address, unseen: Mapping[str, Sequence[Interval]] | None = None) -> Overlap:
        """Measure double and missing ownership; `unseen` are the times in which nobody could reach a host."""
        return overlap(without(self.held[address], unseen or {}, self.window), self.window)

    @classmethod
    def read(cls, path: Path) -> "WatchResult":
        """Read what the watching process wrote."""
        raw = json.loads(path.read_text())
        held = {
            ip_address(address): {host: tuple(Interval(**one) for one in times) for host, times in hosts.items()}
            for address, hosts in raw["held"].items()
        }
        return cls(window=Interval(**raw["window"]), held=held, overruns=raw["overruns"])


class Tracker:
    """Turns entries that come and go into intervals; an address is held while any entry of it is there."""

    def __init__(self, addresses: Iterable[Address], hosts: Iterable[str]) -> None:
        self._held: dict[Address, dict[str, list[Interval]]] = {one: {host: [] for host in hosts} for one in addresses}
        self._entries: dict[tuple[Address, str], set[tuple[int, int]]] = {}
        self._since_s: dict[tuple[Address, str], float] = {}

    def change(self, host: str, change: netlink.Change, at_s: float) -> None:
        """Take in one message of a host's kernel."""
        if change.address not in self._held:
            return
        key, entry = (change.address, host), (change.index, change.prefix)
        entries = self._entries.setdefault(key, set())
        if change.present:
            entries.add(entry)
            self._since_s.setdefault(key, at_s)
        else:
            entries.discard(entry)
            if not entries:
                self._end(key, at_s)

    def read_anew(self, host: str, found: Sequence[netlink.Change], at_s: float) -> None:
        """Take in the whole table of a host."""
        there = {one.address for one in found}
        for key in [key for key in self._entries if key[1] == host]:
            self._entries[key].clear()
            if key[0] not in there:
                self._end(key, at_s)
        for one in found:
            self.change(host, one, at_s)

    def finish(self, at_s: float) -> dict[Address, dict[str, list[Interval]]]:
        """End what is still held and give all intervals."""
        for key in list(self._since_s):
            self._end(key, at_s)
        return self._held

    def _end(self, key: tuple[Address, str], at_s: float) -> None:
        since_s = self._since_s.pop(key, None)
        if since_s is not None:
            self._held[key[0]][key[1]].append(Interval(start_s=since_s, end_s=at_s))


def watch(addresses: Sequence[Address], hosts: Sequence[str], out: Path) -> None:
    """Watch until told to stop, then write the result."""
    stop = Stop()
    tracker = Tracker(addresses, hosts)
    overruns = 0
    go_realtime()
    with selectors.DefaultSelector() as selector:
        selector.register(stop, selectors.EVENT_READ, "")
        for host in hosts:
            selector.register(netlink.monitor(host), selectors.EVENT_READ, host)
        start_s = now_s()
        for host in hosts:
            tracker.read_anew(host, netlink.addresses(host), start_s)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while not stop.asked:
            for key, _ in selector.select():
                if key.data and not _drain(key.fileobj, key.data, tracker):  # type: ignore[arg-type]
                    overruns += 1
                    tracker.read_anew(key.data, netlink.addresses(key.data), now_s())
        end_s = now_s()
        for registered in list(selector.get_map().values()):
            if isinstance(registered.fileobj, socket.socket):
                registered.fileobj.close()
    held = tracker.finish(end_s)
    shown = {str(one): {host: [asdict(i) for i in times] for host, times in by.items()} for one, by in held.items()}
    window = asdict(Interval(start_s=start_s, end_s=end_s))
    out.write_text(json.dumps({"window": window, "held": shown, "overruns": overruns}))


def _drain(sock: socket.socket, host: str, tracker: Tracker) -> bool:
    """Read all that waits; False if the kernel had to drop messages."""
    while True:
        try:
            data = sock.recv(65536)
        except BlockingIOError:
            return True
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
            return False
        at_s = now_s()
        for change in netlink.changes(data):
            tracker.change(host, change, at_s)


def main(argv: Sequence[str]) -> None:
    """Run as a program."""
    parser = argparse.ArgumentParser(prog="floatip.lab.watch", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--address", type=ip_address, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("hosts", nargs="+")
    options = parser.parse_args(argv)
    watch(options.address, options.hosts, options.out)


if __name__ == "__main__":
    main(sys.argv[1:])
