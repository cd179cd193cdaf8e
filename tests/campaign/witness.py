"""The one process that sees it all: a client of every VIP, and the kernels' word on who has which address.

`python -m tests.campaign.witness --client C --address A... HOST...` probes every address each 5 ms from the client's
namespace, hears every kernel's address changes and the client's neighbour table, and answers questions, a line of
JSON each: `latest` and `report`. Times are CLOCK_BOOTTIME. Knows: sockets. Never: what should be.
"""

import argparse
import errno
import json
import selectors
import socket
import sys
from collections.abc import Callable, Sequence
from functools import partial
from ipaddress import ip_address
from typing import Any

from floatip.lab import namespace, netlink
from floatip.lab.outage import NOBODY, gaps
from floatip.lab.probe import TOO_LATE_S, Volley
from floatip.lab.realtime import go_realtime, now_s
from floatip.lab.watch import Address, Tracker

INTERVAL_S = 0.005
LATEST_S = (0.015, 0.115)
"""How old a probe may be to count for `latest`."""
PORT = 7777


class Witness:
    """What was seen since the last report."""

    def __init__(self, client: str, addresses: Sequence[Address], hosts: Sequence[str]) -> None:
        self._client = client
        self._hosts = hosts
        with namespace.inside(client):
            self._volleys = {address: Volley(address, PORT) for address in addresses}
        self.selector = selectors.DefaultSelector()
        for host in hosts:
            self._listen(netlink.monitor(host), partial(self._address, host))
        self._listen(netlink.monitor(client, neighbours=True), self._neighbour)
        self._beliefs: dict[Address, list[tuple[float, str | None]]] = {address: [] for address in addresses}
        self._begin()

    def _listen(self, sock: socket.socket, take: Callable[[bytes], None]) -> None:
        self.selector.register(sock, selectors.EVENT_READ, take)

    def _begin(self) -> None:
        self._start_s = now_s()
        self._tracker = Tracker(self._volleys, self._hosts)
        self._read_anew(self._start_s)
        self._lateness_s = 0.0
        self._overruns = 0
        for address, mac in netlink.neighbours(self._client).items():
            self._believes(address, mac)
        self._beliefs = {
            address: [(self._start_s, past[-1][1])] if past else [] for address, past in self._beliefs.items()
        }

    def _read_anew(self, at_s: float) -> None:
        for host in self._hosts:
            self._tracker.read_anew(host, netlink.addresses(host), at_s)

    def _address(self, host: str, data: bytes) -> None:
        at_s = now_s()
        for change in netlink.changes(data):
            self._tracker.change(host, change, at_s)

    def _neighbour(self, data: bytes) -> None:
        for belief in netlink.beliefs(data):
            self._believes(belief.address, belief.mac)

    def _believes(self, address: Address, mac: str | None) -> None:
        past = self._beliefs.get(address)
        if past is not None and (not past or past[-1][1] != mac):
            past.append((now_s(), mac))

    def run(self) -> None:
        """Probe and listen until standard input ends."""
        due_s = now_s()
        while True:
            for key, _ in self.selector.select(max(0.0, due_s - now_s())):
                if isinstance(key.fileobj, socket.socket):
                    self._drain(key.fileobj, key.data)
                    continue
                line = sys.stdin.readline()
                if not line:
                    return
                sys.stdout.write(json.dumps(self._answer(line.strip())) + "\n")
                sys.stdout.flush()
            at_s = now_s()
            if at_s >= due_s:
                self._lateness_s = max(self._lateness_s, at_s - due_s)
                due_s = max(due_s + INTERVAL_S, at_s)
                for volley in self._volleys.values():
                    volley.take_answers()
                    volley.send(now_s())

    def _drain(self, sock: socket.socket, take: Callable[[bytes], None]) -> None:
        while True:
            try:
                data = sock.recv(65536)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                self._overruns += 1
                self._read_anew(now_s())
                return
            take(data)

    def _answer(self, question: str) -> dict[str, Any]:
        for volley in self._volleys.values():
            volley.take_answers()
        return {"latest": self._latest, "report": self._report}[question]()

    def _latest(self) -> dict[str, Any]:
        """Who answered the probes of the last moments, for each address; null for those that nobody did."""
        now, found = now_s(), {}
        for address, volley in self._volleys.items():
            nodes, answered = volley.nodes, set()
            for at_s, node in zip(reversed(volley.sent_s), reversed(volley.answered_by), strict=True):
                if now - at_s > LATEST_S[1]:
                    break
                if now - at_s > LATEST_S[0]:
                    answered.add(nodes.get(node))
            found[str(address)] = sorted(answered, key=str)
        return found

    def _report(self) -> dict[str, Any]:
        """All that was seen since the last report; from here on the next one."""
        end_s = now_s()
        held = self._tracker.finish(end_s)
        document = {
            "window": (self._start_s, end_s),
            "held": {
                str(one): {host: [(i.start_s, i.end_s) for i in times] for host, times in by.items()}
                for one, by in held.items()
            },
            "gaps": {str(address): self._gaps(volley, end_s) for address, volley in self._volleys.items()},
            "beliefs": {str(address): past for address, past in self._beliefs.items()},
            "lateness_ms": self._lateness_s * 1000,
            "overruns": self._overruns,
        }
        for volley in self._volleys.values():
            volley.clear()
        self._begin()
        return document

    @staticmethod
    def _gaps(volley: Volley, end_s: float) -> list[tuple[float, float, str | None, str | None]]:
        """Give the gaps; probes whose answer may be on its way do not count as lost."""
        number = len(volley.sent_s)
        while number and volley.answered_by[number - 1] == NOBODY and end_s - volley.sent_s[number - 1] < TOO_LATE_S:
            number -= 1
        found = gaps(volley.sent_s[:number], volley.answered_by[:number], volley.nodes, INTERVAL_S)
        return [(gap.start_s, gap.length_ms, gap.before, gap.after) for gap in found]


def main(argv: Sequence[str]) -> None:
    """Run as a program."""
    parser = argparse.ArgumentParser(prog="tests.campaign.witness", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--client", required=True)
    parser.add_argument("--address", type=ip_address, nargs="+", required=True)
    parser.add_argument("hosts", nargs="+")
    options = parser.parse_args(argv)
    go_realtime()
    witness = Witness(options.client, options.address, options.hosts)
    witness.selector.register(sys.stdin, selectors.EVENT_READ)
    witness.run()


if __name__ == "__main__":
    main(sys.argv[1:])
