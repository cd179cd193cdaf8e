"""What is heard on the LAN of an owner's address: strangers who answer for it, and neighbours who answer for theirs."""

import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, ip_address
from itertools import pairwise

import pytest

from floatip.lab.cluster import Cluster
from floatip.lab.namespace import inside
from floatip.lab.net import Network
from floatip.lab.realtime import now_s
from floatip.lab.settings import Settings, Vip
from floatip.lan import arp, ndp
from floatip.lan.heard import Address, Heard, HeardKind
from floatip.lan.wire import Wire
from tests.lab.cluster_scene import VIP, events, looked_on, mac_of, settled, told
from tests.lab.wire_scene import STRANGER_MAC, send_raw

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]

VIP6 = "fd77::50"
SOON_S = 1.0
LATE_S = 0.1
"""By how much a busy machine may be late."""
STRANGER = "stranger"
QUIET = Settings(vips=(Vip(addresses=(VIP, VIP6)),), extra={"garp": {"repeat": 1}})
"""The owner announces once when it takes over, and then only when it has a reason."""


@contextmanager
def a_cluster_with_a_stranger() -> Iterator[tuple[Cluster, str]]:
    """Three nodes and a host that is none of them."""
    with Cluster(QUIET) as cluster:
        cluster.net.add_host(STRANGER, 66, {"eth0": "data"})
        owner = settled(cluster)
        time.sleep(0.3)
        yield cluster, owner


def stranger_says(*frames: bytes) -> float:
    """Put frames on the LAN at the stranger's port, and give the time."""
    with inside(STRANGER):
        send_raw(*frames)
    return now_s()


def claims(address: str) -> tuple[bytes, ...]:
    """Give the frames by which the stranger claims an address."""
    wanted = ip_address(address)
    if isinstance(wanted, IPv4Address):
        return arp.announcements(wanted, STRANGER_MAC)
    return ndp.announcements(wanted, STRANGER_MAC)


def test_a_stranger_that_claims_the_addresses() -> None:
    """After each of its claims clients are with the owner again within a second; who it is and where is told."""
    dice = random.Random(3)
    with a_cluster_with_a_stranger() as (cluster, owner):
        right = mac_of(cluster, owner)
        with looked_on(cluster) as client, looked_on(cluster, VIP6) as client6:
            start_s = now_s()
            for _ in range(8):
                stranger_says(*claims(VIP), *claims(VIP6))
                time.sleep(dice.uniform(0.2, 1.2))
            time.sleep(SOON_S)
            for looker in (client, client6):
                assert looker.believes() == right
                assert STRANGER_MAC in {belief.mac for belief in looker.beliefs}  # or nothing has been shown
                assert looker.longest_wrong_s(right, start_s) <= SOON_S + LATE_S
            rounds = client.announced_by(right, start_s)  # of IPv6, answers to probes look like announcements
            assert min(b - a for a, b in pairwise(rounds)) > SOON_S - LATE_S
        assert settled(cluster) == owner
        assert cluster.ask(owner)["vips"][0]["role"] == "owner"
        for address in (VIP, VIP6):
            assert told(cluster, owner, STRANGER_MAC, f"answers for {address}", "on eth0")


def test_a_storm_of_claims() -> None:
    """Two hundred a second: the owner answers once a second, keeps the address, and fills no log."""
    with a_cluster_with_a_stranger() as (cluster, owner):
        right, ended = mac_of(cluster, owner), threading.Event()

        def rage() -> None:
            with inside(STRANGER), socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sock:
                sock.bind(("eth0", 0))
                while not ended.wait(0.01):
                    for frame in claims(VIP):
                        sock.send(frame)

        with looked_on(cluster) as client:
            start_s = now_s()
            raging = threading.Thread(target=rage, name="stranger", daemon=True)
            raging.start()
            time.sleep(5.0)
            ended.set()
            raging.join(5.0)
            stopped_s = now_s()
            time.sleep(SOON_S)
            assert client.believes() == right
            assert client.longest_wrong_s(right, stopped_s) <= SOON_S + LATE_S
            assert 4 <= len(client.announced_by(right, start_s)) <= 7
        assert settled(cluster) == owner
        conflicts = [text for text in events(cluster, owner) if STRANGER_MAC in text]
        assert len(conflicts) == 1


def test_a_foreign_host_that_is_given_the_address() -> None:
    """It announces the address, and its kernel answers for it: it is told of, and clients come back."""
    with a_cluster_with_a_stranger() as (cluster, owner):
        right = mac_of(cluster, owner)
        with looked_on(cluster) as client:
            start_s = now_s()
            cluster.net.run(STRANGER, ["ip", "address", "add", f"{VIP}/32", "dev", "eth0"])
            cluster.net.run(STRANGER, ["arping", "-q", "-c", "3", "-U", "-I", "eth0", VIP])
            time.sleep(SOON_S)
            assert client.believes() == right
            assert client.longest_wrong_s(right, start_s) <= SOON_S + LATE_S
        assert settled(cluster) == owner
        mac = cluster.net.hosts[STRANGER].nics["eth0"].mac
        assert told(cluster, owner, mac, f"answers for {VIP}", "on eth0")


def answers(host: str, nic: str, asked: Address) -> list[str]:
    """Ask once from a host's card, and give the MACs that answered."""
    heard: list[Heard] = []
    with inside(host):
        wire = Wire(nic, heard.append)
        try:
            wire.ask(asked)
            time.sleep(0.1)
            for sock, parse in ((wire._arp, arp.parse), (wire._ndp, ndp.parse)):
                assert sock is not None
                wire._read_turn(sock, parse)
        finally:
            wire.close()
    return [one.mac for one in heard if one.address == asked and one.kind is HeardKind.REPLY]


def test_a_neighbour_with_two_cards_answers_for_the_one_that_works(network: Network) -> None:
    """The sysctls of a VIP let one card on a LAN answer at a time: whoever asks must ask for each address."""
    for name, number in (("n1", 11), ("n2", 12)):
        host = network.add_host(name, number, {"eth0": "data", "eth2": "data"})
        for nic in host.nics:
            for key in ("arp_ignore=1", "arp_filter=1", "arp_announce=2", "ignore_routes_with_linkdown=1"):
                network.run(name, ["sysctl", "-q", "-w", f"net.ipv4.conf.{nic}.{key}"])
    cards = network.hosts["n2"].nics
    first, second = cards["eth0"], cards["eth2"]
    for nic in ("eth0", "eth2"):
        assert answers("n1", nic, first.ipv4.ip) == [first.mac]
        assert answers("n1", nic, second.ipv4.ip) == []
    network.carrier("n2", "eth0", up=False)
    time.sleep(0.3)
    for nic in ("eth0", "eth2"):
        assert answers("n1", nic, first.ipv4.ip) == []
        assert answers("n1", nic, second.ipv4.ip) == [second.mac]


def test_a_neighbour_that_loses_its_first_card_is_still_there() -> None:
    """It answers by its second one: the owner beside it, whose cables are whole, has no reason to leave."""
    settings = Settings(
        nodes=2,
        vips=(Vip(interfaces=("eth0", "eth2")),),
        nics={"eth0": "data", "eth1": "mgmt", "eth2": "data"},
    )
    with Cluster(settings) as cluster:
        owner = settled(cluster)
        other = next(name for name in cluster.settings.node_names if name != owner)
        time.sleep(SOON_S)
        cluster.net.carrier(other, "eth0", up=False)
        time.sleep(3 * SOON_S)
        assert settled(cluster) == owner
        assert cluster.ask(owner)["vips"][0]["faults"] == []
        assert not told(cluster, owner, "nobody answers")


def test_a_port_that_is_silently_dead() -> None:
    """Its carrier stays and MQTT goes on, but no neighbour answers: the owner says so, and a peer has the address."""
    with Cluster() as cluster:
        owner = settled(cluster)
        time.sleep(SOON_S)
        with looked_on(cluster) as client:
            start_s = now_s()
            cluster.net.silence(owner, "eth0")
            cluster.wait_for(lambda: cluster.bound_on(VIP) not in (set(), {owner}), 5.0, "a peer has it")
            new = settled(cluster)
            time.sleep(SOON_S)
            assert client.believes() == mac_of(cluster, new)
            assert client.longest_wrong_s(mac_of(cluster, new), start_s) < 1.5 + LATE_S
        assert new != owner
        assert told(cluster, owner, "nobody answers on the LAN of eth0")
        cluster.net.heal(owner, "eth0")
        cluster.wait_for(lambda: told(cluster, owner, "the LAN of eth0 answers again"), 5.0, "its LAN is back")
        assert settled(cluster) == new
