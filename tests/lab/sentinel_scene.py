"""A daemon that is only the part that has a sentinel, on a host with a cable to a peer, for the tests of the sentinel.

Knows: what the kernel has, and when. Never: floatip's decisions. The host is the sandbox itself.
"""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from pathlib import Path

from floatip.host.addresses import Addresses, Alias
from floatip.host.sentinel import CODE, ROOT, Sentinel, Ward
from floatip.lan.heard import Address
from floatip.sentinel import testament
from tests.lab.namespaces import Namespace, require_sandbox
from tests.lab.wire_scene import send_raw

NIC = "guard0"
OWN_MAC = "02:00:00:00:00:01"
PEER_MAC = "02:00:00:00:00:02"
STRANGER_MAC = "02:00:00:00:00:99"
VIP4 = ip_address("10.77.0.50")
VIP6 = ip_address("fd77::50")
AT_ONCE_S = 0.05
LONG_S = 60
PATIENCE_S = 5.0


class Scene:
    """The kernel of this host, a sentinel, and a peer that can send what it likes."""

    def __init__(self, peer: Namespace) -> None:
        self.warnings: list[str] = []
        self.kernel = Addresses()
        self.kernel.open()
        self.sentinel = Sentinel(self.warnings.append)
        self._peer = peer

    def own(self, *addresses: Address, vip: str = "web", at_once: bool = False, lasts_s: float = LONG_S) -> None:
        """Entrust the addresses of a VIP, then add them, as the daemon does; the kernel keeps them for a minute."""
        aliases = [
            Alias(address=address, prefix=address.max_prefixlen, interface=NIC, label=vip) for address in addresses
        ]
        self.sentinel.hold([Ward(vip, aliases, at_once=at_once, lasts_s=lasts_s)])
        assert [it.error for it in self.kernel.ensure(aliases, LONG_S)] == [None] * len(aliases)

    def here(self) -> set[Address]:
        """The VIPs' addresses that the kernel has."""
        return {it.address for it in self.kernel.present() if it.address in {VIP4, VIP6} or it.label.startswith(NIC)}

    def peer_sends(self, *frames: bytes) -> None:
        """Put frames on the cable at the peer's end."""
        self._peer.run(send_raw, *frames)

    @contextmanager
    def peer_hears(self) -> Iterator[Callable[[], list[bytes]]]:
        """Listen at the peer's end, and give a function that gives what is marked as a testament among all frames."""
        frames: list[bytes] = []
        with self._peer.run(_listener) as ear:

            def marked() -> list[bytes]:
                with suppress(BlockingIOError):
                    while True:
                        frames.append(ear.recv(2048))
                return [it for it in frames if testament.ARP_MARK in it or testament.NDP_MARK in it]

            yield marked

    def dies(self) -> int:
        """End the channel, as the daemon's end does; return the sentinel's pid."""
        pid = self.sentinel.pid
        assert pid is not None
        self.sentinel.part(farewell=False)
        return pid

    async def listening(self, pid: int) -> None:
        """Wait until the sentinel hears each protocol of what it holds."""
        protocols = len({address.version for address in self.here()})
        await until(lambda: _packet_sockets(pid) == protocols, "it listens")


def _listener() -> socket.socket:
    ear = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
    ear.bind(("eth0", 0x0003))
    return ear


def open_files(pid: int) -> dict[int, str]:
    """What a process has open, by descriptor; nothing once it has ended."""
    found = {}
    with suppress(FileNotFoundError):
        for fd in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                found[int(fd.name)] = str(fd.readlink())
    return found


def _packet_sockets(pid: int) -> int:
    """How many sockets of a process are in the kernel's table of packet sockets that hear something."""
    rows = (row.split() for row in Path("/proc/net/packet").read_text().splitlines()[1:])
    hearing = {f"socket:[{row[-1]}]" for row in rows if row[3] != "0000"}
    return len(hearing & set(open_files(pid).values()))


def is_up(pid: int) -> bool:
    """Whether the sentinel has got so far as to give itself its name."""
    return "sentine" in Path(f"/proc/{pid}/comm").read_text()


def rss_kib(pid: int) -> int:
    """The memory of a process that is in RAM, what it shares included."""
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


@contextmanager
def stuck_reader() -> Iterator[int]:
    """Give the end of a pipe into which nothing more goes."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    with suppress(BlockingIOError):
        while True:
            os.write(write, bytes(1 << 12))
    os.set_blocking(write, True)
    try:
        yield write
    finally:
        os.close(read)
        os.close(write)


def start_alone(channel: socket.socket, stderr: int) -> subprocess.Popen[bytes]:
    """Start a sentinel at the end of this channel, as the daemon does."""
    argv = [sys.executable, "-I", "-S", "-c", CODE, ROOT, str(channel.fileno())]
    return subprocess.Popen(argv, pass_fds=[channel.fileno()], stderr=stderr)


def lives(pid: int) -> bool:
    """Whether the process is there, and no zombie."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    return False


async def until(true: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> float:
    """Wait until something is true, and give the seconds that took; fail the test if it never is."""
    start_s = time.monotonic()
    while not true():
        assert time.monotonic() < start_s + patience_s, f"still not after {patience_s} s: {what}"
        await asyncio.sleep(0.001)
    return time.monotonic() - start_s


@contextmanager
def guarded() -> Iterator[Scene]:
    """Lay the cable, and take everything down afterwards."""
    require_sandbox("ip")
    with Namespace("peer") as peer:
        _ip(f"link add {NIC} address {OWN_MAC} type veth peer name eth0 address {PEER_MAC} netns {peer.thread_id}")
        try:
            peer.ip("link set eth0 up")
            Path(f"/proc/sys/net/ipv6/conf/{NIC}/accept_dad").write_text("0")
            Path(f"/proc/sys/net/ipv6/conf/{NIC}/disable_ipv6").write_text("0")
            _ip(f"link set {NIC} up")
            scene = Scene(peer)
            try:
                yield scene
            finally:
                scene.kernel.close()
        finally:
            _ip(f"link delete {NIC}")


def _ip(words: str) -> None:
    subprocess.run(["ip", *words.split()], check=True, timeout=PATIENCE_S, capture_output=True)
