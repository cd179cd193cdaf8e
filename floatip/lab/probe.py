"""One UDP probe per millisecond to a VIP, and the service on each node that answers it with the node's name.

`python -m floatip.lab.probe answer --node N --port P`, `... client --vip A --port P --rate 1000 --out FILE`: both say
"ready"; the client writes JSON (outage.ProbeResult) when its time is over or it is told to stop (SIGTERM).
Knows: sockets and the clock. Never: waits for an answer; whatever goes wrong on sending is a lost probe.
"""

import argparse
import json
import os
import socket
import struct
import sys
import time
from array import array
from collections.abc import Sequence
from dataclasses import asdict
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

from floatip.lab.outage import NOBODY, ProbeResult, Quality, gaps, segments
from floatip.lab.realtime import Stop, go_realtime, now_s

SHOWN_GAP_MS = 10.0
"""Shorter gaps count in `lost` and `longest_gap_ms`, but are not listed."""
TOO_LATE_S = 0.1
"""An answer that takes longer, as one whose probe waited in a neighbour queue, is no service."""
_PROBE = struct.Struct("!4sQ")  # the run's tag, sequence number; an answer adds the node's name


def answer(node: str, port: int) -> None:
    """Answer each probe from the very address it was sent to, until killed."""
    name = node.encode()
    sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    sock.bind(("::", port))
    go_realtime()
    _say_ready()
    while True:
        data, ancillary, _, source = sock.recvmsg(64, 64)
        asked = [(level, kind, raw[:16] + bytes(4)) for level, kind, raw in ancillary]  # any interface
        try:
            sock.sendmsg([data[: _PROBE.size] + name], asked, socket.MSG_DONTWAIT, source)
        except OSError:  # the address is gone, or the way back: for the client that is a lost probe
            continue


class Volley:
    """The probes sent to one address so far, when, and who answered each; never waits."""

    def __init__(self, vip: IPv4Address | IPv6Address, port: int) -> None:
        family = socket.AF_INET if vip.version == 4 else socket.AF_INET6
        self._sock = socket.socket(family, socket.SOCK_DGRAM)
        self._sock.setblocking(False)
        self._target = (str(vip), port)
        self._names: dict[bytes, int] = {}
        self.clear()

    def clear(self) -> None:
        """Forget all probes: answers to them will not count."""
        self._tag = os.urandom(4)
        self.sent_s = array("d")
        self.answered_by = array("h")
        self.late = self.wrong_source = self.send_errors = 0
        self.round_trip_s = 0.0

    @property
    def nodes(self) -> dict[int, str]:
        """Give the name for each number in `answered_by`."""
        return {number: name.decode() for name, number in self._names.items()}

    def send(self, at_s: float) -> None:
        """Send the next probe."""
        probe = _PROBE.pack(self._tag, len(self.sent_s))
        self.sent_s.append(at_s)
        self.answered_by.append(NOBODY)
        try:
            self._sock.sendto(probe, self._target)
        except OSError:
            self.send_errors += 1

    def take_answers(self) -> None:
        """Note all answers that are here."""
        while True:
            try:
                data, source = self._sock.recvfrom(64)
            except BlockingIOError:
                return
            except OSError:
                continue
            if len(data) <= _PROBE.size:
                continue
            tag, seq = _PROBE.unpack_from(data)
            if tag != self._tag or seq >= len(self.sent_s):
                continue
            if source[:2] != self._target:
                self.wrong_source += 1
                continue
            took_s = now_s() - self.sent_s[seq]
            if took_s > TOO_LATE_S:
                self.late += 1
                continue
            self.round_trip_s = max(self.round_trip_s, took_s)
            self.answered_by[seq] = self._names.setdefault(data[_PROBE.size :], len(self._names))


class Client:
    """The probing side: sends on time, and takes in answers just before each send."""

    def __init__(self, vip: IPv4Address | IPv6Address, port: int, rate: int) -> None:
        self._vip = vip
        self._port = port
        self._interval_s = 1 / rate
        self._stop = Stop()
        self._volley = Volley(vip, port)
        self._skipped = 0
        self._lateness_s = 0.0

    def settle(self, timeout_s: float) -> None:
        """Probe now and then until somebody answers, so that the run begins with a service that works."""
        deadline_s = now_s() + timeout_s
        while not self._volley.nodes:
            if self._stop.asked or now_s() > deadline_s:
                raise SystemExit(f"no answer from {self._vip} port {self._port} within {timeout_s} s")
            self._volley.send(now_s())
            time.sleep(0.005)
            self._volley.take_answers()
        self._volley.clear()

    def run(self, duration_s: float | None) -> ProbeResult:
        """Say "ready", probe until told to stop or the time is over, wait for the last answers, and sum up."""
        realtime = go_realtime()
        _say_ready()
        cpu_s = time.process_time()
        due_s = start_s = now_s()
        end_s = start_s + duration_s if duration_s else float("inf")
        while not self._stop.asked and due_s < end_s:
            at_s = now_s()
            if at_s < due_s:
                time.sleep(due_s - at_s)
                at_s = now_s()
            behind_s = at_s - due_s
            self._lateness_s = max(self._lateness_s, behind_s)
            missed = int(behind_s / self._interval_s)
            self._skipped += missed
            due_s += (1 + missed) * self._interval_s
            self._volley.take_answers()
            self._volley.send(now_s())
        end_s = now_s()
        cpu_s = time.process_time() - cpu_s
        while now_s() < end_s + TOO_LATE_S:
            time.sleep(0.001)
            self._volley.take_answers()
        return self._result(start_s, end_s, realtime=realtime, cpu_percent=100 * cpu_s / (end_s - start_s))

    def _result(self, start_s: float, end_s: float, *, realtime: bool, cpu_percent: float) -> ProbeResult:
        volley = self._volley
        nodes = volley.nodes
        found = gaps(volley.sent_s, volley.answered_by, nodes, self._interval_s)
        return ProbeResult(
            start_s=start_s,
            end_s=end_s,
            sent=len(volley.sent_s),
            lost=sum(gap.lost for gap in found),
            late=volley.late,
            wrong_source=volley.wrong_source,
            send_errors=volley.send_errors,
            longest_gap_ms=max((gap.length_ms for gap in found), default=0.0),
            gaps=[gap for gap in found if gap.length_ms >= SHOWN_GAP_MS],
            segments=segments(volley.sent_s, volley.answered_by, nodes),
            quality=Quality(
                lateness_ms=self._lateness_s * 1000,
                skipped=self._skipped,
                realtime=realtime,
                round_trip_ms=volley.round_trip_s * 1000,
                cpu_percent=cpu_percent,
            ),
        )


def _say_ready() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()


def main(argv: Sequence[str]) -> None:
    """Run as a program."""
    parser = argparse.ArgumentParser(prog="floatip.lab.probe", description=(__doc__ or "").splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    answering = verbs.add_parser("answer", help="answer probes on every address of this host")
    answering.add_argument("--node", required=True)
    answering.add_argument("--port", type=int, default=7777)
    probing = verbs.add_parser("client", help="probe a VIP")
    probing.add_argument("--vip", type=ip_address, required=True)
    probing.add_argument("--port", type=int, default=7777)
    probing.add_argument("--rate", type=int, default=1000, help="probes per second")
    probing.add_argument("--out", type=Path, required=True)
    probing.add_argument("--duration", type=float, help="seconds; default: until SIGTERM")
    probing.add_argument("--settle", type=float, default=0.0, help="wait so many seconds for a first answer")
    options = parser.parse_args(argv)
    if options.verb == "answer":
        answer(options.node, options.port)
        return
    client = Client(options.vip, options.port, options.rate)
    if options.settle:
        client.settle(options.settle)
    options.out.write_text(json.dumps(asdict(client.run(options.duration))))


if __name__ == "__main__":
    main(sys.argv[1:])
