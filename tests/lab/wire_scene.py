"""A node with a wire, a cable and a client, for the tests of the wire.

Knows: what the client believes and what the wire heard. Never: what either should.
"""

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address
from typing import Self

from floatip.lan.heard import Address, Heard
from floatip.lan.wire import Wire
from tests.lab.namespaces import Namespace, join, require_sandbox

NODE_MAC = "02:00:00:00:00:01"
CLIENT_MAC = "02:00:00:00:00:02"
STRANGER_MAC = "02:00:00:00:00:99"
VIP4 = IPv4Address("10.77.0.50")
VIP6 = IPv6Address("fd77::50")
CLIENT4 = IPv4Address("10.77.0.2")
CLIENT6 = IPv6Address("fd77::2")
SILENCE_S = 0.3
PATIENCE_S = 5


class CountingWire(Wire):
    """A wire that counts how often the loop woke it."""

    turns = 0

    def _read_turn(self, sock: socket.socket, parse: Callable[[bytes, str, str], Heard | None]) -> None:
        self.turns += 1
        super()._read_turn(sock, parse)


class Scene:
    """A node with a wire on eth0 that listens, a cable, and a client."""

    def __init__(self, node: Namespace, client: Namespace) -> None:
        self.node = node
        self.client = client
        self.heard: list[Heard] = []
        self.wire = node.run(CountingWire, "eth0", self.heard.append)

    def listen(self) -> Self:
        """Start to hear."""
        self.wire.start(asyncio.get_running_loop())
        return self

    def announce(self, *addresses: Address) -> int:
        """Announce inside the node's namespace."""
        return self.node.run(self.wire.announce, addresses)

    def client_sends(self, *frames: bytes) -> None:
        """Put frames on the cable at the client's end."""
        self.client.run(send_raw, *frames)

    def client_believes(self, address: Address) -> str:
        """Read the MAC for an address from the client's neighbour table."""
        words = self.client.ip(f"neigh show {address} dev eth0").split()
        return words[words.index("lladdr") + 1] if "lladdr" in words else ""

    async def client_learns(self, address: Address, mac: str) -> None:
        """Wait until the client believes that a MAC has an address."""
        await until(lambda: self.client_believes(address) == mac, f"the client believes that {mac} has {address}")

    def teach_client(self, address: Address, mac: str, state: str = "reachable") -> None:
        """Make the client sure that a MAC has an address."""
        self.client.ip(f"neigh replace {address} lladdr {mac} nud {state} dev eth0")


def send_raw(*frames: bytes) -> None:
    """Send frames out of eth0 of the calling thread's namespace."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sock:
        sock.bind(("eth0", 0))
        for frame in frames:
            sock.send(frame)


async def until(true: Callable[[], bool], what: str) -> None:
    """Wait until something is true; fail the test, saying what was awaited, if it never is."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline_s, f"still not after {PATIENCE_S} s: {what}"
        await asyncio.sleep(0.01)


@contextmanager
def wired() -> Iterator[Scene]:
    """Lay the cable, open the wire, and close all of it afterwards."""
    require_sandbox("ip", "ping", "setpriv")
    with Namespace("node") as node, Namespace("client") as client:
        join(node, client)
        scene = Scene(node, client)
        try:
            yield scene
        finally:
            scene.wire.close()
