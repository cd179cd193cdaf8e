"""The wire while its interface changes, while it is flooded, and when it has much to say."""

import asyncio
import socket
import sys
import time
from collections.abc import AsyncIterator
from ipaddress import ip_address

import pytest

from floatip.lan import arp, ndp
from floatip.lan.heard import Address, LanError
from floatip.lan.wire import FRAMES_PER_TURN, Wire
from tests.lab.namespaces import join
from tests.lab.wire_scene import (
    CLIENT4,
    CLIENT_MAC,
    NODE_MAC,
    SILENCE_S,
    STRANGER_MAC,
    VIP4,
    VIP6,
    Scene,
    until,
    wired,
)

pytestmark = pytest.mark.lab


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """Join a node and a client."""
    with wired() as scene:
        yield scene


async def test_link_down_and_up(scene: Scene) -> None:
    """While the link is down announcements are lost, without an error or a busy loop; afterwards all works again."""
    scene.listen()
    scene.node.ip("link set eth0 down")
    await asyncio.sleep(SILENCE_S)
    assert scene.announce(VIP4, VIP6) == 0
    scene.wire.probe(VIP4)
    assert scene.wire.counters.lost == 4
    assert scene.wire.turns <= 4
    scene.node.ip("link set eth0 up")
    await until(lambda: "LOWER_UP" in scene.node.ip("link show eth0"), "the carrier is back")
    scene.wire.probe(CLIENT4)
    await until(lambda: bool(scene.heard), "the client answers again")
    assert scene.announce(VIP4) == 2


async def test_opened_while_down(scene: Scene) -> None:
    """A wire opened on an interface that is down hears as soon as it is up."""
    scene.node.ip("link set eth0 down")
    scene.node.run(scene.wire.reopen)
    scene.listen()
    await asyncio.sleep(0.05)
    scene.node.ip("link set eth0 up")
    await until(lambda: "LOWER_UP" in scene.node.ip("link show eth0"), "the carrier is back")
    scene.client_sends(arp.announcements(VIP4, CLIENT_MAC)[0])
    await until(lambda: bool(scene.heard), "the announcement is heard")


async def test_interface_deleted_and_made_anew(scene: Scene) -> None:
    """A deleted interface loses frames and says so when reopened; its successor works, with its own MAC."""
    scene.listen()
    scene.node.run(scene.wire.prepare, [VIP4])
    scene.node.ip("link del eth0")
    await asyncio.sleep(SILENCE_S)
    assert scene.announce(VIP4) == 0
    assert scene.wire.turns <= 4
    with pytest.raises(LanError, match=r"interface eth0: .*`ip link`"):
        scene.node.run(scene.wire.reopen)
    assert scene.announce(VIP4) == 0
    join(scene.node, scene.client)
    scene.node.ip("link set eth0 address 02:00:00:00:00:0a")
    index = scene.node.run(socket.if_nametoindex, "eth0")
    scene.node.run(scene.wire.reopen)
    assert (scene.wire.index, scene.wire.mac) == (index, "02:00:00:00:00:0a")
    scene.teach_client(VIP4, STRANGER_MAC)
    assert scene.announce(VIP4) == 2
    await scene.client_learns(VIP4, "02:00:00:00:00:0a")
    scene.wire.probe(CLIENT4)
    await until(lambda: bool(scene.heard), "the client answers the new link")


async def test_mac_change_is_noticed(scene: Scene) -> None:
    """Prepared frames are built anew when the interface gets another MAC, before the next announcement."""
    scene.node.run(scene.wire.prepare, [VIP4, VIP6])
    assert scene.wire.refresh_mac() is False
    scene.node.ip("link set eth0 address 02:00:00:00:00:0b")
    for address in (VIP4, VIP6):
        scene.teach_client(address, NODE_MAC)
    assert scene.announce(VIP4, VIP6) == 3
    assert scene.wire.mac == "02:00:00:00:00:0b"
    for address in (VIP4, VIP6):
        await scene.client_learns(address, "02:00:00:00:00:0b")


@pytest.mark.parametrize("forwarding", [0, 1])
async def test_router_flag_follows_forwarding(scene: Scene, forwarding: int) -> None:
    """The advertisement says what the kernel's own would: router if, and only if, the host forwards IPv6."""
    client = scene.client.run(Wire, "eth0", lambda _: None)
    try:
        scene.node.run(scene.wire.prepare, [VIP6])
        scene.node.sysctl("ipv6/conf/eth0/forwarding", forwarding)
        scene.announce(VIP6)
        assert client._ndp is not None
        frame = client._ndp.recv(2048)
    finally:
        client.close()
    assert frame == ndp.announcements(VIP6, NODE_MAC, router=bool(forwarding))[0]


async def test_a_storm_takes_a_bounded_turn(scene: Scene) -> None:
    """However much waits, one turn of the loop reads a bounded number of frames, and the rest comes later."""
    frame = arp.announcements(VIP4, CLIENT_MAC)[0]
    scene.client_sends(*[frame] * (FRAMES_PER_TURN * 2))
    assert scene.wire._arp is not None
    scene.wire._read_turn(scene.wire._arp, arp.parse)
    assert len(scene.heard) == FRAMES_PER_TURN
    scene.listen()
    await until(lambda: len(scene.heard) == FRAMES_PER_TURN * 2, "the rest is heard")


async def test_what_is_ready_stays_so_while_more_is_built_bit_by_bit(scene: Scene) -> None:
    """A thousand addresses whose frames were thrown away could not be announced for seconds."""
    assert scene.node.run(scene.wire.prepare, [VIP4, VIP6]) == 0
    ready = dict(scene.wire._frames)
    more = [ip_address("10.77.9.1"), ip_address("10.77.9.2"), VIP6]
    assert scene.node.run(scene.wire.prepare, more, 1) == 1
    assert scene.wire._frames.keys() == {ip_address("10.77.9.1"), VIP6}
    assert scene.wire._frames[VIP6] is ready[VIP6]
    assert scene.node.run(scene.wire.prepare, more, 1) == 0
    assert scene.wire._frames.keys() == set(more)


async def test_a_thousand_addresses_at_once(scene: Scene) -> None:
    """A thousand prepared IPv4 addresses leave within 100 ms, two frames each, and none is lost on the way out."""
    addresses: list[Address] = [ip_address(0x0A4D0400 + i) for i in range(1000)]
    scene.node.run(scene.wire.prepare, addresses)
    start_s = time.perf_counter()
    assert scene.announce(*addresses) == 2000
    assert time.perf_counter() - start_s < 0.1


async def test_many_addresses_are_all_heard(scene: Scene) -> None:
    """All addresses of a round are heard at the far end, each first once, and then each once more."""
    addresses: list[Address] = [ip_address(0x0A4D0400 + i) for i in range(100)]
    scene.listen()
    sender = scene.client.run(Wire, "eth0", lambda _: None)
    try:
        scene.client.run(sender.announce, addresses)
        await until(lambda: len(scene.heard) == 200, "all frames are heard")
    finally:
        sender.close()
    assert [heard.address for heard in scene.heard] == addresses * 2


async def test_without_the_capability_the_error_says_how_to_get_it(scene: Scene) -> None:
    """A process without CAP_NET_RAW is told the name of the capability and of the unit setting that grants it."""
    program = "from floatip.lan.wire import Wire; Wire('eth0', print)"
    done = scene.node.shell(
        "setpriv", "--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all", sys.executable, "-c", program
    )
    assert done.returncode == 1
    assert "LanError: interface eth0: a packet socket needs CAP_NET_RAW" in done.stderr
    assert "AmbientCapabilities" in done.stderr
