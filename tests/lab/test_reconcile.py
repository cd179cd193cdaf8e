"""What others do to an owner's address, and to its interface: put right within a second, with the cause named."""

import contextlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, ip_address

import pytest

from floatip.lab import netlink
from floatip.lab.cluster import Cluster
from floatip.lab.errors import LabError
from floatip.lab.namespace import inside
from floatip.lab.realtime import now_s
from floatip.lab.settings import Settings, Vip
from floatip.lan import arp
from tests.lab.cluster_scene import VIP, events, looked_on, mac_of, settled, told
from tests.lab.onlooker import Onlooker
from tests.lab.wire_scene import send_raw

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]

VIP6 = "fd77::50"
SOON_S = 1.0
LATE_S = 0.1
"""By how much a busy machine may be late."""
BOTH = Settings(vips=(Vip(addresses=(VIP, VIP6)),))
NEW_MAC = "02:aa:bb:cc:dd:01"


def give_back(cluster: Cluster, node: str) -> None:
    """Do as a network manager does after a flush: the host's own addresses are put back."""
    nic = cluster.net.hosts[node].nics["eth0"]
    cluster.net.run(node, ["ip", "address", "replace", str(nic.ipv4), "dev", "eth0", "brd", "+"])
    cluster.net.run(node, ["ip", "address", "replace", str(nic.ipv6), "dev", "eth0", "nodad"])


def everything_on(cluster: Cluster, node: str) -> bool:
    """Whether this node's kernel, and no other, has each address of the VIPs."""
    return all(cluster.bound_on(address) == {node} for address in cluster.addresses())


def entries(cluster: Cluster, node: str) -> list[str]:
    """The entries of the VIP in a node's kernel, with their prefixes."""
    return [f"{one.address}/{one.prefix}" for one in netlink.addresses(node) if one.address == ip_address(VIP)]


REMOVALS = (
    f"address del {VIP}/32 dev eth0",
    "address flush dev eth0",
    "-4 address flush dev eth0",
    "address flush dev eth0 label eth0:web",
)


def test_an_address_that_another_program_removes_is_put_back() -> None:
    """The owner has all of it again within a second, announces it, says who took it, and nobody else takes over."""
    with Cluster(BOTH) as cluster:
        owner = settled(cluster)
        with looked_on(cluster) as client:
            for command in REMOVALS:
                start_s = now_s()
                cluster.net.run(owner, ["ip", *command.split()])
                give_back(cluster, owner)
                cluster.wait_for(lambda: everything_on(cluster, owner), SOON_S, f"put back after {command}")
                cluster.wait_for(
                    lambda at_s=start_s: bool(client.announced_by(mac_of(cluster, owner), at_s)),  # type: ignore[misc]
                    SOON_S,
                    f"announced after {command}",
                )
                time.sleep(0.7)
                assert client.believes() == mac_of(cluster, owner)
            assert client.longest_wrong_s(mac_of(cluster, owner), 0.0) == 0.0
        assert settled(cluster) == owner
        removals = [text for text in events(cluster, owner) if f"{VIP} was removed: taken off eth0 by" in text]
        assert len(removals) >= len(REMOVALS)


@pytest.mark.parametrize(
    ("mac", "down_s"), [("", 0.3), (NEW_MAC, 0.3), ("", 0.0)], ids=["as-it-was", "another-mac", "blip"]
)
def test_an_interface_that_is_taken_down_and_up_again(mac: str, down_s: float) -> None:
    """The address moves while the link is down: at every moment one node serves it, and clients find that one."""
    with Cluster(BOTH) as cluster:
        owner = settled(cluster)
        with looked_on(cluster) as client, cluster.watch() as watch:
            start_s = now_s()
            cluster.net.run(owner, ["ip", "link", "set", "dev", "eth0", "down"])
            time.sleep(down_s)
            if mac:
                cluster.net.run(owner, ["ip", "link", "set", "dev", "eth0", "address", mac])
            cluster.net.run(owner, ["ip", "link", "set", "dev", "eth0", "up"])
            give_back(cluster, owner)
            time.sleep(SOON_S)
            new = settled(cluster)
            right = NEW_MAC if mac and new == owner else mac_of(cluster, new)
            assert everything_on(cluster, new)
            assert client.believes() == right
            assert client.longest_wrong_s(right, start_s + down_s) < SOON_S
        assert watch.result.overlap(ip_address(VIP)).longest_two_ms < 50
        if down_s:
            assert new != owner
            assert told(cluster, owner, "link down: eth0")


def test_a_new_hardware_address_is_announced_at_once() -> None:
    """A card that gets another MAC in service: clients are on it within a second, for both families."""
    with Cluster(BOTH) as cluster:
        owner = settled(cluster)
        with looked_on(cluster) as client, looked_on(cluster, VIP6) as client6:
            start_s = now_s()
            cluster.net.run(owner, ["ip", "link", "set", "dev", "eth0", "address", NEW_MAC])
            time.sleep(SOON_S)
            for looker in (client, client6):
                assert looker.believes() == NEW_MAC
                assert looker.announced_by(NEW_MAC, start_s)[0] - start_s < SOON_S
        assert settled(cluster) == owner


def test_an_address_added_by_hand_elsewhere_is_removed() -> None:
    """Whatever the prefix and the interface: gone within a second, the cause told, clients with the owner again."""
    with Cluster(BOTH) as cluster:
        owner = settled(cluster)
        other = next(name for name in cluster.settings.node_names if name != owner)
        right, wrong = mac_of(cluster, owner), mac_of(cluster, other)
        with looked_on(cluster) as client:
            start_s = now_s()
            for added in (
                f"{VIP}/32 dev eth0",
                f"{VIP}/24 dev eth0",
                f"{VIP}/32 dev eth1",
                f"{VIP6}/64 dev eth0 nodad",
            ):
                cluster.net.run(other, ["ip", "address", "add", *added.split()])
                with inside(other):
                    send_raw(*arp.announcements(IPv4Address(VIP), wrong))
                cluster.wait_for(lambda: everything_on(cluster, owner), SOON_S, f"{added} is removed")
                time.sleep(0.4)
            time.sleep(SOON_S)
            assert client.believes() == right
            assert wrong in {belief.mac for belief in client.beliefs}  # or nothing has been shown
            assert client.longest_wrong_s(right, start_s) < SOON_S + LATE_S
        assert settled(cluster) == owner
        assert told(cluster, other, f"{VIP} appeared: put on eth0 by", "removed")
        assert told(cluster, other, f"{VIP} appeared: put on eth1 by", "removed")


def test_the_owner_keeps_no_second_entry_of_its_address() -> None:
    """An entry with another prefix, or for good, would outlive the owner: only the leased one may be there."""
    with Cluster() as cluster:
        owner = settled(cluster)
        cluster.net.run(owner, ["ip", "address", "add", f"{VIP}/24", "dev", "eth0"])
        cluster.wait_for(lambda: entries(cluster, owner) == [f"{VIP}/32"], SOON_S, "the second entry is removed")
        cluster.net.run(owner, ["ip", "address", "change", f"{VIP}/32", "dev", "eth0", "valid_lft", "forever"])
        cluster.wait_for(lambda: "dynamic" in shown(cluster, owner), SOON_S, "it has a lifetime again")
        assert settled(cluster) == owner


def shown(cluster: Cluster, node: str) -> str:
    """What `ip address` says of the VIP."""
    return cluster.net.run(node, ["ip", "address", "show", "dev", "eth0", "to", VIP]).stdout


@contextmanager
def repeated(cluster: Cluster, node: str, command: str, every_s: float) -> Iterator[None]:
    """Run `ip` with these words on a node again and again, as a program that disagrees with us."""
    ended = threading.Event()

    def fight() -> None:
        while not ended.wait(every_s):
            with contextlib.suppress(LabError):  # there may be nothing to remove
                cluster.net.run(node, ["ip", *command.split()])

    fighter = threading.Thread(target=fight, name="fighter", daemon=True)
    fighter.start()
    try:
        yield
    finally:
        ended.set()
        fighter.join(5.0)


def test_a_program_that_keeps_removing_it_loses_it_to_another_node() -> None:
    """It is a fault of that node, told as a fight; a peer has the address, and serves it."""
    with Cluster() as cluster:
        owner = settled(cluster)
        with looked_on(cluster) as client, repeated(cluster, owner, f"address del {VIP}/32 dev eth0", 0.05):
            cluster.wait_for(
                lambda: any("address fight" in text for text in events(cluster, owner)), 10.0, "the fight is told"
            )
            cluster.wait_for(lambda: cluster.bound_on(VIP) not in (set(), {owner}), 5.0, "a peer has it")
            new = settled(cluster)
            time.sleep(SOON_S)
            assert client.believes() == mac_of(cluster, new)
            assert settled(cluster) == new != owner
        assert cluster.ask(owner)["vips"][0]["role"] == "fault"


def test_an_interface_that_is_flushed_again_and_again_and_then_left_alone() -> None:
    """A network manager takes two seconds of flushes to settle; a second later the address is served, by whomever."""
    with Cluster() as cluster:
        owner = settled(cluster)
        with cluster.probe() as probe, Onlooker("client", VIP) as client:
            end_s = now_s() + 2.0
            while now_s() < end_s:
                cluster.net.run(owner, ["ip", "address", "flush", "dev", "eth0"])
                give_back(cluster, owner)
                time.sleep(0.3)
            quiet_s = now_s()
            time.sleep(2.0)
            new = settled(cluster)
            assert client.believes() == mac_of(cluster, new)
            assert client.longest_wrong_s(mac_of(cluster, new), quiet_s) < SOON_S
        late = [gap for gap in probe.result.gaps if gap.start_s + gap.length_ms / 1000 > quiet_s + SOON_S]
        assert late == []
