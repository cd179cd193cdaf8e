"""When which node got its addresses, and when each was first announced on the LAN, for hundreds of them at once.

`python -m tests.bench.burst --out FILE --client HOST NODE...` says "ready", and writes JSON on SIGTERM. It only takes
the time of each message meanwhile, and reads them afterwards. Times are CLOCK_BOOTTIME.
"""

import argparse
import json
import selectors
import socket
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from ipaddress import IPv4Address
from pathlib import Path

from floatip.lab import netlink
from floatip.lab.cluster import CLIENT, Cluster
from floatip.lab.errors import LabError
from floatip.lab.namespace import inside
from floatip.lab.observers import Observer
from floatip.lab.process import Process
from floatip.lab.realtime import Stop, go_realtime, now_s

_ETH_P_ARP = 0x0806
_BUFFER_BYTES = 16 << 20
_START_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BurstResult:
    """For each node when its addresses came, and for each MAC when it first announced an address."""

    bound: Mapping[str, Mapping[str, float]]
    announced: Mapping[str, Mapping[str, float]]

    def last_bound_ms(self, nodes: Collection[str]) -> float:
        """Give the time from the first address added on one of the nodes to the last."""
        times = [at_s for node in nodes for at_s in self.bound.get(node, {}).values()]
        return (max(times) - min(times)) * 1000

    def last_announced_ms(self, macs: Mapping[str, str]) -> float:
        """Give the time from the first address added on one of the nodes to the last one announced for the first time.

        `macs` has the MAC of each node. Raises LabError if one of the addresses was not announced.
        """
        start_s = min(min(self.bound[node].values()) for node in macs if node in self.bound)
        said_s = []
        for node, mac in macs.items():
            said, added = self.announced.get(mac, {}), self.bound.get(node, {})
            if unsaid := added.keys() - said.keys():
                raise LabError(f"{node} has {len(unsaid)} addresses that it did not announce, {min(unsaid)} for one")
            said_s += [said[address] for address in added]
        return (max(said_s) - start_s) * 1000

    @classmethod
    def read(cls, path: Path) -> "BurstResult":
        """Read what the watching process wrote."""
        return cls(**json.loads(path.read_text()))


def start_burst(cluster: Cluster) -> Observer[BurstResult]:
    """Watch the nodes of a cluster, and what its client hears."""
    home = cluster.home_of(CLIENT)
    number = len(list(home.glob("burst-*.log"))) + 1
    out = home / f"burst-{number}.json"
    argv = [sys.executable, "-m", "tests.bench.burst", "--out", str(out), "--client", CLIENT]
    process = Process(None, [*argv, *cluster.settings.node_names], out.with_suffix(".log"))
    return Observer(process, out, BurstResult.read, _START_S)


def bound(heard: Sequence[tuple[float, bytes]]) -> dict[str, float]:
    """Give when each address was added first, of one kernel's messages; renewals of what was there do not count."""
    found: dict[str, float] = {}
    for at_s, data in heard:
        for change in netlink.changes(data):
            if change.present and change.address.version == 4:
                found.setdefault(str(change.address), at_s)
    return found


def announced(heard: Sequence[tuple[float, bytes]]) -> dict[str, dict[str, float]]:
    """Give when each MAC first said that it has an address: ARP with the same address as sender and as target."""
    found: dict[str, dict[str, float]] = {}
    for at_s, frame in heard:
        sender, target = frame[28:32], frame[38:42]
        if len(frame) >= 42 and sender == target:
            found.setdefault(frame[22:28].hex(":"), {}).setdefault(str(IPv4Address(sender)), at_s)
    return found


def _sniffer(host: str) -> socket.socket:
    with inside(host):
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ARP))
        sock.bind(("eth0", _ETH_P_ARP))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
    sock.setblocking(False)
    return sock


def record(client: str, nodes: Sequence[str], out: Path) -> None:
    """Note all messages until told to stop, then write when things were first seen."""
    stop = Stop()
    heard: dict[str, list[tuple[float, bytes]]] = {name: [] for name in (client, *nodes)}
    go_realtime()
    with selectors.DefaultSelector() as selector:
        selector.register(stop, selectors.EVENT_READ)
        sockets = {client: _sniffer(client), **{node: netlink.monitor(node) for node in nodes}}
        for name, sock in sockets.items():
            selector.register(sock, selectors.EVENT_READ, heard[name].append)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while not stop.asked:
            for key, _ in selector.select():
                if isinstance(key.fileobj, socket.socket):
                    _drain(key.fileobj, key.data)
        for sock in sockets.values():
            sock.close()
    result = BurstResult(
        bound={node: times for node in nodes if (times := bound(heard[node]))}, announced=announced(heard[client])
    )
    out.write_text(json.dumps(asdict(result)))


def _drain(sock: socket.socket, note: Callable[[tuple[float, bytes]], None]) -> None:
    try:
        while True:
            data = sock.recv(65536)
            note((now_s(), data))
    except BlockingIOError:
        return


def main(argv: Sequence[str]) -> None:
    """Run as a program."""
    parser = argparse.ArgumentParser(prog="tests.bench.burst")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--client", required=True)
    parser.add_argument("nodes", nargs="+")
    options = parser.parse_args(argv)
    record(options.client, options.nodes, options.out)


if __name__ == "__main__":
    main(sys.argv[1:])
