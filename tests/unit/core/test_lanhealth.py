"""Does the LAN still hear this node: whom it asks, and when."""

from dataclasses import replace
from ipaddress import ip_address, ip_interface

import pytest

from floatip.core.effects import Ask
from floatip.core.lanhealth import MOST_PEERS, ROUND_S
from floatip.core.types import Address, NodeName, Policy, Port
from tests.unit.core.lanscene import B_IP, C_IP, GATEWAY, TRY_S, Scene
from tests.unit.core.stage import MACS, WEB, A, B, C, L, Peer, a_spec, a_state, a_vip


def times_of(asked: list[tuple[float, Ask]], address: Address) -> list[float]:
    """When a host was asked."""
    return [at for at, ask in asked if ask.address == address]


def test_one_that_answers_is_asked_once_a_round() -> None:
    """Three requests a second are enough."""
    asked = Scene(B).run(3 * ROUND_S)
    assert times_of(asked, B_IP) == pytest.approx([100.0, 100.0 + ROUND_S, 100.0 + 2 * ROUND_S])


def test_one_that_does_not_answer_where_another_does_is_asked_once_a_round() -> None:
    """One answer shows that the LAN hears this node; who else is there need not be known in a hurry."""
    scene = Scene(B, C)
    scene.answering = {B_IP}
    asked = scene.run(3 * ROUND_S)
    once_a_round = pytest.approx([100.0, 100.0 + ROUND_S, 100.0 + 2 * ROUND_S])
    assert times_of(asked, C_IP) == once_a_round
    assert times_of(asked, B_IP) == once_a_round


def test_where_nobody_answers_all_are_asked_six_times_a_round() -> None:
    """Every 50 ms: one lost frame, or a burst of loss, is no silence."""
    scene = Scene(B, C)
    scene.answering.clear()
    asked = scene.run(3 * ROUND_S)
    assert pytest.approx(0.05) == TRY_S
    for address in (B_IP, C_IP):
        assert times_of(asked, address) == pytest.approx([100.0 + 0.05 * number for number in range(18)])


def test_the_first_answer_of_a_round_spares_the_others_the_rest_of_it() -> None:
    """Whoever it is from; the next round begins as any."""
    scene = Scene(B, C)
    scene.answering.clear()
    assert len(scene.run(2 * TRY_S)) == 4
    scene.reach(C_IP, mac=MACS[C])
    assert not scene.run(4 * TRY_S - 0.001)
    assert len(scene.run(2 * TRY_S)) == 4


def test_a_host_is_asked_by_its_mac_and_every_second_time_everybody() -> None:
    """It may have another by now; and as long as none is known everybody is asked."""
    scene = Scene(B)
    assert [ask.mac for _, ask in scene.run(ROUND_S)] == [None]
    scene.answering.clear()
    assert [ask.mac for _, ask in scene.run(ROUND_S)] == [MACS[B], None] * 3
    scene.reach(B_IP, mac=MACS[C])
    assert [ask.mac for _, ask in scene.run(2 * ROUND_S)] == [MACS[C], *[MACS[C], None] * 3]


def test_one_that_speaks_by_itself_is_not_asked_again_in_that_round() -> None:
    """Any frame of it will do."""
    scene = Scene(B)
    scene.answering.clear()
    scene.run(0.01)
    scene.reach(B_IP)
    assert not scene.run(ROUND_S - 0.02)


@pytest.mark.parametrize(
    ("gateway", "asks"), [(GATEWAY, True), (ip_address("10.78.0.1"), False), (ip_address("fd77::1"), False)]
)
def test_the_gateway_is_asked_on_the_lan_where_it_is(gateway: Address, asks: bool) -> None:
    """Another subnet cannot be asked by ARP."""
    scene = Scene(spec=replace(a_spec(), gateway=gateway))
    assert [ask.address for _, ask in scene.run(0.01)] == [gateway] * asks


def test_up_to_five_peers_are_asked_living_ones_first() -> None:
    """The same ones each time, so that their silence can be told."""
    peers = [NodeName(f"n{number}") for number in range(9)]
    scene = Scene(*peers)
    for number, node in enumerate(peers):
        scene.s.peers.learn(Peer(node).says(a_state(node, version=2, addresses=(f"10.77.0.{number + 100}",))))
    scene.living = set(peers[2:])
    asked = {ask.address for _, ask in scene.run(ROUND_S)}
    assert len(asked) == MOST_PEERS
    assert asked <= {ip_address(f"10.77.0.{number + 100}") for number in range(2, 9)}
    assert {ask.address for _, ask in scene.run(ROUND_S)} == asked
    scene.living = set(peers[:3])
    scene.now += 2 * L
    asked = {ask.address for _, ask in scene.run(ROUND_S)}
    assert asked >= {ip_address(f"10.77.0.{number + 100}") for number in range(3)}


def test_who_was_last_heard_to_own_something_is_always_asked() -> None:
    """One that nobody asks is taken for silent, and under ``lan`` its VIP for free (4.6); dead or not."""
    peers = [NodeName(f"n{number}") for number in range(9)]
    for number, owner in enumerate(peers):
        scene = Scene(*peers, spec=a_spec(vips=(a_vip(policy=Policy.LAN),)))
        for place, node in enumerate(peers):
            scene.s.peers.learn(Peer(node).says(a_state(node, version=2, addresses=(f"10.77.0.{place + 100}",))))
        scene.s.last_owners[WEB] = owner
        scene.living = set(peers) - {owner}
        assert ip_address(f"10.77.0.{number + 100}") in {ask.address for _, ask in scene.run(ROUND_S)}


def test_a_peer_is_asked_on_each_of_its_addresses_here_and_once_it_answers_on_none() -> None:
    """Up to four: it is there if one of them answers."""
    scene = Scene(B)
    addresses = tuple(f"10.77.0.{number}" for number in range(20, 26))
    scene.s.peers.learn(Peer(B).says(a_state(B, version=2, addresses=addresses)))
    scene.answering = {ip_address(addresses[2])}
    asked = [str(ask.address) for _, ask in scene.run(ROUND_S)]
    assert asked == list(addresses[:4])


@pytest.mark.parametrize(
    ("addresses", "asked"),
    [
        ((), []),
        (("10.78.0.12",), []),
        (("10.78.0.12", "10.77.0.12"), [B_IP]),
        (("nonsense", "", "10.77.0", "999.1.1.1", "10.77.0.12/24", "10.77.0.12"), [B_IP]),
        (("10.77.0.11",), []),
        (("fe80::1%eth0", "fd77::1"), []),
    ],
)
def test_what_a_peer_writes_of_itself_is_read_with_care(addresses: tuple[str, ...], asked: list[Address]) -> None:
    """It may be garbage, of another LAN, or our own address."""
    scene = Scene(B)
    scene.s.peers.learn(Peer(B).says(a_state(B, version=2, addresses=addresses)))
    assert [ask.address for _, ask in scene.run(0.01)] == asked


def test_who_is_no_peer_any_more_is_not_asked() -> None:
    """Nor waited for."""
    scene = Scene(B, C)
    scene.run(ROUND_S)
    del scene.s.peers.known[C]
    scene.living.remove(C)
    assert {ask.address for _, ask in scene.run(ROUND_S)} == {B_IP}


def test_ipv6_lans_are_asked_too() -> None:
    """By the address that is in the subnet."""
    scene = Scene(B)
    scene.s.ports = (Port(interface="eth0", mac=MACS[A], addresses=(ip_interface("fd77::a/64"),)),)
    scene.s.peers.learn(Peer(B).says(a_state(B, version=2, addresses=("10.77.0.12", "fd77::b"))))
    assert [ask.address for _, ask in scene.run(0.01)] == [ip_address("fd77::b")]


def test_nothing_is_asked_where_nobody_wants_to_know() -> None:
    """The check is off, and no VIP is left to the LAN."""
    scene = Scene(B, spec=replace(a_spec(), lan_health=False))
    assert scene.health.settle(100.0) is None
    assert not scene.run(5.0)


def test_without_the_check_the_lan_policy_asks_all_the_same_but_finds_no_fault() -> None:
    """It must know whether the owner is there."""
    scene = Scene(B, C, spec=replace(a_spec(vips=(a_vip(policy=Policy.LAN),)), lan_health=False))
    scene.answering.clear()
    assert scene.run(5.0)
    assert not scene.s.lan_dead
