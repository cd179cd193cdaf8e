"""Packets for an address are counted by a real kernel, and only those."""

import errno
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest

from floatip.lan.heard import Address, LanError
from floatip.lan.traffic import FORGOTTEN_AFTER_S, MOST_SOCKETS, Place, Traffic, TrafficCounter
from tests.lab.namespaces import Namespace, join, require_sandbox
from tests.lab.wire_scene import CLIENT_MAC, NODE_MAC, STRANGER_MAC, send_raw

pytestmark = pytest.mark.lab

V4 = IPv4Address("10.77.0.50")
V6 = IPv6Address("fd77::50")
FLOOD = 500


class Scene:
    """A host with two addresses and a counter, and a client on its cable."""

    def __init__(self, node: Namespace, client: Namespace) -> None:
        self.node = node
        self.client = client
        self.counter = TrafficCounter()
        for prefix in (f"{V4}/16", f"{V6}/64"):
            node.ip(f"addr add {prefix} dev eth0 nodad")

    def look(self, *addresses: Address, now_s: float, interface: str = "eth0") -> list[Traffic | None]:
        """Look at these addresses; give what is told, in their order."""
        places: list[Place] = [(interface, address) for address in addresses]
        found = self.node.run(self.counter.look, places, now_s)
        assert list(found) == places
        return list(found.values())

    def ping(self, address: Address, count: int = 3) -> None:
        """Let the client ping an address, and see that each is answered."""
        done = self.client.shell("ping", "-c", str(count), "-i", "0.01", "-W", "2", str(address))
        assert done.returncode == 0, done.stdout


@pytest.fixture
def scene() -> Iterator[Scene]:
    """Join the two."""
    require_sandbox("ip", "ping")
    with Namespace("node") as node, Namespace("client") as client:
        join(node, client)
        made = Scene(node, client)
        yield made
        made.counter.close()


def udp(target: IPv4Address, to_mac: str) -> bytes:
    """Make an IPv4 frame from the client to an address, sent to a MAC; what is in it matters to nobody."""
    header = bytes.fromhex("4500001c000000004011") + bytes(2) + IPv4Address("10.77.0.2").packed + target.packed
    macs = "".join(mac.replace(":", "") for mac in (to_mac, CLIENT_MAC))
    return bytes.fromhex(macs) + b"\x08\x00" + header + bytes(8)


def test_the_first_look_begins_and_the_next_tells(scene: Scene) -> None:
    """What came before the first look is not known, and is not made up."""
    scene.ping(V4)
    assert scene.look(V4, now_s=100.0) == [None]
    scene.ping(V4, count=3)
    assert scene.look(V4, now_s=107.5) == [Traffic(packets=3, since_s=7.5)]
    scene.ping(V4, count=2)
    assert scene.look(V4, now_s=108.0) == [Traffic(packets=2, since_s=0.5)]
    assert scene.look(V4, now_s=109.0) == [Traffic(packets=0, since_s=1.0)]


def test_each_address_is_counted_for_itself(scene: Scene) -> None:
    """Packets to the host's own address, and those of the other family, are not among them."""
    scene.look(V4, V6, now_s=0.0)
    scene.ping(IPv4Address("10.77.0.1"), count=5)
    scene.ping(IPv6Address("fd77::1"), count=5)
    assert scene.look(V4, V6, now_s=1.0) == [Traffic(packets=0, since_s=1.0)] * 2
    scene.ping(V6, count=3)
    four, six = scene.look(V4, V6, now_s=2.0)
    assert four == Traffic(packets=0, since_s=1.0)
    assert six is not None
    assert 3 <= six.packets <= 5  # neighbour discovery may add one to each direction


def test_what_the_small_buffer_does_not_hold_is_counted_too(scene: Scene) -> None:
    """Nothing is ever read, so nearly everything is dropped: that is how it costs nothing."""
    scene.look(V4, now_s=0.0)
    scene.client.run(send_raw, *[udp(V4, NODE_MAC)] * FLOOD)
    assert scene.look(V4, now_s=1.0) == [Traffic(packets=FLOOD, since_s=1.0)]
    scene.client.run(send_raw, udp(V4, NODE_MAC))
    assert scene.look(V4, now_s=2.0) == [Traffic(packets=1, since_s=1.0)]


def test_frames_for_another_host_are_not_counted(scene: Scene) -> None:
    """A switch that floods does not make an address look used; nor does what this host sends itself."""
    scene.look(V4, now_s=0.0)
    scene.client.run(send_raw, udp(V4, STRANGER_MAC))
    assert scene.node.shell("ping", "-c", "1", str(V4)).returncode == 0
    scene.node.run(send_raw, udp(V4, CLIENT_MAC))
    assert scene.look(V4, now_s=1.0) == [Traffic(packets=0, since_s=1.0)]


def test_an_address_no_longer_wanted_is_forgotten(scene: Scene) -> None:
    """Its socket is closed, and the next look at it begins anew."""
    scene.look(V4, V6, now_s=0.0)
    assert scene.look(V6, now_s=1.0) == [Traffic(packets=0, since_s=1.0)]
    assert len(scene.counter._counting) == 1
    assert scene.look(V4, now_s=2.0) == [None]


def test_an_interface_that_goes_and_comes_back_is_counted_anew(scene: Scene) -> None:
    """It has the same name and is another one: the old socket would stay silent for ever."""
    scene.node.ip("link add eth1 type veth peer name p-eth1")
    scene.look(V4, now_s=0.0, interface="eth1")
    scene.node.ip("link del eth1")
    assert scene.look(V4, now_s=1.0, interface="eth1") == [None]
    assert scene.look(V4, now_s=2.0, interface="eth1") == [None]
    scene.node.ip("link add eth1 type veth peer name p-eth1")
    assert scene.look(V4, now_s=3.0, interface="eth1") == [None]
    assert scene.look(V4, now_s=4.0, interface="eth1") == [Traffic(packets=0, since_s=1.0)]
    scene.node.ip("link del eth1")
    scene.node.ip("link add eth1 type veth peer name p-eth1")
    assert scene.look(V4, now_s=5.0, interface="eth1") == [None]


def test_an_interface_that_was_down_goes_on_counting(scene: Scene) -> None:
    """A flap does not end it."""
    scene.look(V4, now_s=0.0)
    scene.node.ip("link set eth0 down")
    scene.node.ip("link set eth0 up")
    scene.ping(V4, count=3)
    assert scene.look(V4, now_s=1.0) == [Traffic(packets=3, since_s=1.0)]


def test_after_a_day_without_a_look_nothing_is_open(scene: Scene) -> None:
    """Whoever looks again begins anew."""
    scene.look(V4, now_s=10.0)
    scene.counter.expire(9.0 + FORGOTTEN_AFTER_S)
    assert len(scene.counter._counting) == 1
    scene.counter.expire(10.0 + FORGOTTEN_AFTER_S)
    assert scene.counter._counting == {}
    assert scene.look(V4, now_s=11.0 + FORGOTTEN_AFTER_S) == [None]


def test_there_are_never_more_sockets_than_the_limit(scene: Scene) -> None:
    """Those beyond it are not counted; those within are, and room that becomes free is used."""
    many = [ip_address(int(IPv4Address("10.78.0.0")) + number) for number in range(MOST_SOCKETS + 2)]
    scene.look(*many, now_s=0.0)
    found = scene.look(*many, now_s=1.0)
    assert found[MOST_SOCKETS:] == [None, None]
    assert None not in found[:MOST_SOCKETS]
    scene.look(*many[1:], now_s=2.0)
    found = scene.look(*many[1:], now_s=3.0)
    assert found[MOST_SOCKETS - 1] == Traffic(packets=0, since_s=1.0)
    assert found[MOST_SOCKETS] is None


def test_without_the_capability_the_reason_is_told(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A count that never comes would look like an address without traffic."""

    def refuse(_interface: str, _address: Address) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("floatip.lan.traffic._open", refuse)
    with pytest.raises(LanError, match=r"10\.77\.0\.50 on eth0 .* CAP_NET_RAW"):
        scene.look(V4, now_s=0.0)


def test_running_out_of_file_descriptors_is_survived(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts what it can, and the rest later."""
    with monkeypatch.context() as patch:

        def refuse(_interface: str, _address: Address) -> None:
            raise OSError(errno.EMFILE, "Too many open files")

        patch.setattr("floatip.lan.traffic._open", refuse)
        assert scene.look(V4, now_s=0.0) == [None]
    assert scene.look(V4, now_s=1.0) == [None]
    assert scene.look(V4, now_s=2.0) == [Traffic(packets=0, since_s=1.0)]
