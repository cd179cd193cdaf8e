"""Asking for a host's own address on real kernels: who answers, what is asked from, and that nobody comes to harm."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address

import pytest

from floatip.lan import arp, ndp
from floatip.lan.asked import AskedHosts
from floatip.lan.heard import Address, Heard, HeardKind
from floatip.lan.wire import Wire
from tests.lab.wire_scene import CLIENT4, CLIENT6, CLIENT_MAC, NODE_MAC, SILENCE_S, VIP4, VIP6, Scene, until, wired

pytestmark = pytest.mark.lab

NODE4 = IPv4Address("10.77.0.1")
NODE_LOCAL = IPv6Address("fe80::ff:fe00:1")
OURS = {"ipv4/conf/eth0/arp_ignore": 1, "ipv4/conf/eth0/arp_filter": 1, "ipv4/conf/eth0/arp_announce": 2}
GATEWAY = {
    "ipv4/conf/all/forwarding": 1,
    "ipv6/conf/all/forwarding": 1,
    "ipv4/conf/eth0/proxy_arp": 1,
    "ipv4/conf/eth0/rp_filter": 1,
}
WARY = {"ipv4/conf/eth0/arp_ignore": 2, "ipv4/conf/eth0/drop_gratuitous_arp": 1, "ipv4/conf/eth0/rp_filter": 1}


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """Join a node and a client."""
    with wired() as scene:
        yield scene


def ask(scene: Scene, address: Address, to_mac: str | None = None) -> None:
    """Ask from inside the node's namespace."""
    scene.node.run(scene.wire.ask, address, to_mac)


@contextmanager
def overheard(scene: Scene) -> Iterator[Wire]:
    """Have the client's end of the cable at hand, with what arrives there unread."""
    wire = scene.client.run(Wire, "eth0", lambda _: None)
    try:
        yield wire
    finally:
        wire.close()


def frame_at(wire: Wire, address: Address) -> bytes:
    """Take the next frame of the address's protocol."""
    sock = wire._arp if address.version == 4 else wire._ndp
    assert sock is not None
    return sock.recv(2048)


@pytest.mark.parametrize("to_mac", [None, CLIENT_MAC], ids=["everybody", "unicast"])
@pytest.mark.parametrize("address", [CLIENT4, CLIENT6], ids=["ipv4", "ipv6"])
@pytest.mark.parametrize("sysctls", [{}, OURS, GATEWAY, WARY], ids=["plain", "ours", "gateway", "wary"])
async def test_a_host_answers_for_its_own_address(
    scene: Scene, sysctls: dict[str, int], address: Address, to_mac: str | None
) -> None:
    """A node of ours, a gateway and a cautious host answer one question with one frame, to us alone."""
    for key, value in sysctls.items():
        scene.client.sysctl(key, value)
    ask(scene.listen(), address, to_mac)
    await until(lambda: bool(scene.heard), "the host answers")
    await asyncio.sleep(SILENCE_S / 3)
    answers = [heard for heard in scene.heard if heard.kind is not HeardKind.REQUEST]
    assert answers == [Heard(interface="eth0", address=address, mac=CLIENT_MAC, kind=HeardKind.REPLY, to_us=True)]


@pytest.mark.parametrize(
    "asked", [VIP4, VIP6, IPv4Address("10.77.0.3"), IPv6Address("fd77::3")], ids=["vip4", "vip6", "free4", "free6"]
)
async def test_nobody_answers_for_an_address_that_nobody_has(scene: Scene, asked: Address) -> None:
    """Silence is what a host that is not there says."""
    ask(scene.listen(), asked)
    ask(scene, asked, CLIENT_MAC)
    await asyncio.sleep(SILENCE_S)
    assert [heard for heard in scene.heard if heard.address == asked] == []
    assert scene.wire.counters.sent == 2


async def test_it_asks_from_the_address_in_the_same_subnet(scene: Scene) -> None:
    """A host with several subnets on one LAN asks as a neighbour, and never from a VIP that it holds."""
    scene.node.run(scene.wire.prepare, [VIP4, VIP6])
    scene.node.ip("addr del 10.77.0.1/16 dev eth0")
    scene.node.ip(f"addr add {VIP4}/32 dev eth0 noprefixroute")
    scene.node.ip(f"addr add {VIP6}/128 dev eth0 nodad noprefixroute")
    for own in ("10.78.0.1/24", "10.77.0.1/16"):
        scene.node.ip(f"addr add {own} dev eth0")
    with overheard(scene) as client:
        for asked, sender in ((CLIENT4, NODE4), (IPv4Address("10.78.0.2"), IPv4Address("10.78.0.1"))):
            ask(scene, asked, CLIENT_MAC)
            assert frame_at(client, asked) == arp.request(asked, NODE_MAC, sender, CLIENT_MAC)
        ask(scene, CLIENT6, CLIENT_MAC)
        assert frame_at(client, CLIENT6) == ndp.request(CLIENT6, NODE_MAC, NODE_LOCAL, CLIENT_MAC)


async def test_without_an_address_of_its_own_it_claims_none(scene: Scene) -> None:
    """When the host's own address is gone it does not ask from the VIP that is left, whatever the routes say."""
    scene.node.run(scene.wire.prepare, [VIP4])
    scene.node.ip("addr flush dev eth0")
    scene.node.ip(f"addr add {VIP4}/16 dev eth0")
    with overheard(scene) as client:
        ask(scene, CLIENT4, CLIENT_MAC)
        assert frame_at(client, CLIENT4) == arp.probe(CLIENT4, NODE_MAC, CLIENT_MAC)


@pytest.mark.parametrize(
    ("question", "survives"),
    [
        (ndp.request(CLIENT6, NODE_MAC, NODE_LOCAL, CLIENT_MAC), True),
        (ndp.probe(CLIENT6, NODE_MAC, CLIENT_MAC), False),
    ],
    ids=["request", "probe"],
)
async def test_a_host_that_has_just_come_up_keeps_its_address(scene: Scene, question: bytes, survives: bool) -> None:
    """While it looks whether its address is free it does not answer; our probe would take the address from it."""
    scene.client.ip(f"addr del {CLIENT6}/64 dev eth0")
    scene.client.sysctl("ipv6/conf/eth0/accept_dad", 1)
    scene.client.ip(f"addr add {CLIENT6}/64 dev eth0")
    assert scene.wire._ndp is not None
    shown = f"-6 addr show dev eth0 to {CLIENT6}"
    while " tentative" in scene.client.ip(shown) and "dadfailed" not in scene.client.ip(shown):
        scene.wire._ndp.send(question)
        await asyncio.sleep(0.02)
    assert ("dadfailed" not in scene.client.ip(shown)) is survives


async def test_a_node_that_has_just_come_up_asks_nothing_of_ipv6(scene: Scene) -> None:
    """Until it has a link-local address of its own it has nothing to ask from; then it asks, within seconds."""
    scene.node.sysctl("ipv6/conf/eth0/addr_gen_mode", 1)
    scene.node.ip("addr flush dev eth0 scope link")
    ask(scene, CLIENT6, CLIENT_MAC)
    assert (scene.wire.counters.sent, scene.wire.counters.lost) == (0, 1)
    scene.node.ip("addr add fe80::77/64 dev eth0 nodad")
    scene.node.run(scene.wire.reopen)
    ask(scene, CLIENT6, CLIENT_MAC)
    assert (scene.wire.counters.sent, scene.wire.counters.lost) == (1, 1)


async def test_a_question_after_the_mac_changed_comes_from_the_new_one(scene: Scene) -> None:
    """No frame that was made before goes out with the old MAC."""
    ask(scene, CLIENT4)
    scene.node.ip("link set eth0 address 02:00:00:00:00:0b")
    scene.wire.refresh_mac()
    with overheard(scene) as client:
        ask(scene, CLIENT4)
        assert frame_at(client, CLIENT4) == arp.request(CLIENT4, "02:00:00:00:00:0b", NODE4)


async def test_only_the_answer_of_an_asked_host_shows_that_it_hears_us(scene: Scene) -> None:
    """Its own questions and announcements may come from a host that hears nothing."""
    hosts = AskedHosts()
    answers: list[Address] = []
    scene.heard.clear()

    def heard(frame: Heard) -> None:
        if hosts.is_answer(frame, time.monotonic()):
            answers.append(frame.address)

    scene.wire._heard = heard
    hosts.ask("eth0", CLIENT4, time.monotonic())
    scene.listen().client_sends(arp.announcements(VIP4, CLIENT_MAC)[0])
    scene.client_sends(arp.probe(VIP4, CLIENT_MAC))
    scene.client_sends(arp.announcements(CLIENT4, CLIENT_MAC)[0])
    await asyncio.sleep(SILENCE_S)
    assert answers == []
    ask(scene, CLIENT4)
    await until(lambda: answers == [CLIENT4], "the host answers")


async def test_asking_costs_one_system_call(scene: Scene) -> None:
    """A thousand questions to six hosts leave within 50 ms, once each has been asked for."""
    hosts = [IPv4Address(f"10.77.0.{number}") for number in range(2, 8)]

    def ask_all() -> float:
        for host in hosts:
            scene.wire.ask(host, CLIENT_MAC)
        start_s = time.perf_counter()
        for number in range(1000):
            scene.wire.ask(hosts[number % 6], CLIENT_MAC)
        return time.perf_counter() - start_s

    assert min(scene.node.run(ask_all) for _ in range(3)) < 0.05
    assert scene.wire.counters.lost == 0
