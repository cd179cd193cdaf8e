"""The wire against real kernels: what it says convinces them, and it hears what it should and nothing else."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from floatip.lan import arp, ndp
from floatip.lan.heard import Address, Heard, HeardKind
from floatip.lan.lan import Lan
from floatip.lan.wire import Wire
from tests.lab.wire_scene import (
    CLIENT4,
    CLIENT6,
    CLIENT_MAC,
    NODE_MAC,
    SILENCE_S,
    STRANGER_MAC,
    VIP4,
    VIP6,
    Scene,
    send_raw,
    until,
    wired,
)

pytestmark = pytest.mark.lab


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """Join a node and a client."""
    with wired() as scene:
        yield scene


def tha_zero(frame: bytes) -> bytes:
    """Empty the target hardware address of an ARP frame."""
    return frame[:32] + bytes(6) + frame[38:]


@pytest.mark.parametrize(
    ("address", "frame"),
    [
        (VIP4, arp.announcements(VIP4, NODE_MAC)[0]),
        (VIP4, arp.announcements(VIP4, NODE_MAC)[1]),
        (VIP6, ndp.announcements(VIP6, NODE_MAC)[0]),
    ],
    ids=["request-form", "reply-form", "advertisement"],
)
async def test_each_form_moves_a_reachable_neighbour(scene: Scene, address: Address, frame: bytes) -> None:
    """Each frame of an announcement alone makes a client that was sure of another MAC believe ours."""
    scene.teach_client(address, STRANGER_MAC)
    scene.node.run(send_raw, frame)
    await scene.client_learns(address, NODE_MAC)


async def test_reply_form_needs_our_own_mac_as_target(scene: Scene) -> None:
    """The same reply with an empty target MAC moves nothing, so the test above proves what it says."""
    scene.teach_client(VIP4, STRANGER_MAC)
    scene.node.run(send_raw, tha_zero(arp.announcements(VIP4, NODE_MAC)[1]))
    await asyncio.sleep(SILENCE_S)
    assert scene.client_believes(VIP4) == STRANGER_MAC


async def test_announce_convinces_the_client(scene: Scene) -> None:
    """One round sends both ARP forms and one advertisement, counts them, and is not heard by its sender."""
    scene.listen()
    for address in (VIP4, VIP6):
        scene.teach_client(address, STRANGER_MAC)
    assert scene.announce(VIP4, VIP6) == 3
    for address in (VIP4, VIP6):
        await scene.client_learns(address, NODE_MAC)
    await asyncio.sleep(SILENCE_S)
    assert scene.heard == []
    assert (scene.wire.counters.sent, scene.wire.counters.lost) == (3, 0)


@pytest.mark.parametrize("to_mac", [None, CLIENT_MAC], ids=["everybody", "unicast"])
@pytest.mark.parametrize(
    ("address", "kind", "to_us"),
    [(CLIENT4, HeardKind.REPLY, True), (CLIENT6, HeardKind.ANNOUNCEMENT, False)],
    ids=["ipv4", "ipv6"],
)
async def test_probe_of_a_held_address_is_answered(
    scene: Scene, address: Address, kind: HeardKind, to_us: bool, to_mac: str | None
) -> None:
    """A probe of an address that the client has comes back with the client's MAC, and teaches the client nothing."""
    scene.listen().wire.probe(address, to_mac)
    await until(lambda: bool(scene.heard), "the client answers")
    expected = Heard(interface="eth0", address=address, mac=CLIENT_MAC, kind=kind, to_us=to_us)
    assert scene.heard == [expected]
    assert scene.client.ip("neigh show dev eth0") == ""


@pytest.mark.parametrize(
    ("address", "to_mac"), [(VIP4, None), (VIP6, None), (VIP4, CLIENT_MAC), (CLIENT4, STRANGER_MAC)]
)
async def test_probe_of_a_free_address_is_silent(scene: Scene, address: Address, to_mac: str | None) -> None:
    """Nobody answers for an address that nobody has, nor for a MAC that is not there."""
    scene.listen().wire.probe(address, to_mac)
    await asyncio.sleep(SILENCE_S)
    assert scene.heard == []


async def test_the_filter_lets_nothing_else_through(scene: Scene) -> None:
    """UDP and ping over both protocols reach the node, and not one frame of it the wire's sockets."""
    for near, far, mac in ((scene.node, 2, CLIENT_MAC), (scene.client, 1, NODE_MAC)):
        near.ip(f"neigh replace 10.77.0.{far} lladdr {mac} nud permanent dev eth0")
        near.ip(f"neigh replace fd77::{far} lladdr {mac} nud permanent dev eth0")
    with scene.node.run(socket.socket, socket.AF_INET6, socket.SOCK_DGRAM) as service:
        service.setblocking(False)
        service.bind(("::", 7777))
        for family, target in ((socket.AF_INET, "10.77.0.1"), (socket.AF_INET6, "fd77::1")):
            with scene.client.run(socket.socket, family, socket.SOCK_DGRAM) as client:
                for _ in range(50):
                    client.sendto(b"hello", (target, 7777))
            assert scene.client.shell("ping", "-c", "3", "-i", "0.01", target).returncode == 0
        assert [service.recv(16) for _ in range(100)] == [b"hello"] * 100
    sockets = [sock for sock in (scene.wire._arp, scene.wire._ndp) if sock is not None]
    assert len(sockets) == 2
    for sock in sockets:
        with pytest.raises(BlockingIOError):
            sock.recv(2048)
    for address, sock in zip((VIP4, VIP6), sockets, strict=True):
        frame = (arp if address.version == 4 else ndp).probe(address, CLIENT_MAC)
        scene.client_sends(frame)
        assert sock.recv(2048) == frame


@pytest.mark.parametrize(("vlan", "heard"), [(0, True), (100, False)])
async def test_other_vlans_are_other_lans(scene: Scene, vlan: int, heard: bool) -> None:
    """A frame tagged for another VLAN is not this LAN's, though its tag is off when it gets here; VLAN 0 is none."""
    frame = arp.announcements(VIP4, CLIENT_MAC)[0]
    scene.listen().client_sends(frame[:12] + b"\x81\x00" + vlan.to_bytes(2, "big") + frame[12:])
    await asyncio.sleep(SILENCE_S)
    assert bool(scene.heard) is heard


async def test_frames_to_other_hosts_are_not_heard(scene: Scene) -> None:
    """A frame to another host's MAC, which a port in promiscuous mode is handed, is as little ours as the kernel's."""
    scene.node.ip("link set eth0 promisc on")
    reply = arp.announcements(VIP4, CLIENT_MAC)[1]
    scene.listen().client_sends(bytes.fromhex(STRANGER_MAC.replace(":", "")) + reply[6:], reply)
    await until(lambda: bool(scene.heard), "the broadcast one is heard")
    assert scene.wire.counters.heard == 1


async def test_own_frames_that_come_back_are_not_heard(scene: Scene) -> None:
    """A switch that reflects our own announcement does not make us a stranger to ourselves."""
    scene.listen()
    scene.client_sends(*arp.announcements(VIP4, NODE_MAC), *ndp.announcements(VIP6, NODE_MAC))
    scene.client_sends(arp.announcements(VIP4, STRANGER_MAC)[0])
    await until(lambda: bool(scene.heard), "the stranger is heard")
    assert [heard.mac for heard in scene.heard] == [STRANGER_MAC]
    assert scene.wire.counters.rejected == 0


async def test_malformed_frames_are_counted(scene: Scene) -> None:
    """A frame that says nothing is counted and not reported."""
    scene.listen()
    advertisement = ndp.announcements(VIP6, CLIENT_MAC)[0]
    scene.client_sends(advertisement[:21] + b"\x40" + advertisement[22:])
    await until(lambda: scene.wire.counters.rejected == 1, "the frame is counted")
    assert scene.heard == []


async def test_lan_opens_in_its_namespace(scene: Scene) -> None:
    """A Lan with a real wire probes everybody and one MAC, hears both answers, and knows its own MAC."""
    heard: list[Heard] = []
    lan = Lan(heard.append, wire=lambda name, report, own: scene.node.run(Wire, name, report, own))
    lan.open("eth0")
    try:
        assert lan.macs() == {"eth0": NODE_MAC}
        lan.probe("eth0", CLIENT4, [CLIENT_MAC])
        await until(lambda: len(heard) == 2, "the client answers twice")
        lan.announce("eth0", [VIP4], paced=True)
        assert lan.counters()["eth0"].sent == 4
    finally:
        lan.close()
