"""Does the LAN still hear this node: what silence says of an interface, and what peers are told."""

from dataclasses import replace
from ipaddress import ip_address, ip_interface

import pytest

from floatip.core.effects import Ask
from floatip.core.lanhealth import FINE_S, LOST_S, ROUND_S
from floatip.core.types import Address, NodeName, Port, Timing
from tests.unit.core.lanscene import B_IP, C_IP, GATEWAY, TRY_S, Scene
from tests.unit.core.stage import MACS, OWN, A, B, C, D, L, Peer, a_beat, a_port, a_spec, a_state, of

DEAD_S = LOST_S + ROUND_S


def test_a_lan_on_which_nobody_answers_is_dead_after_three_rounds_and_one() -> None:
    """Although a peer's is fine, and has been a round longer than it takes to notice; told once, and in the state."""
    scene = Scene(B, C)
    scene.run(2 * ROUND_S)
    scene.answering.clear()
    last_heard_at = scene.s.reached[B]
    scene.dead_after()
    assert scene.now - last_heard_at == pytest.approx(DEAD_S, abs=TRY_S + 0.02)
    assert scene.s.lan_dead == {"eth0"}
    assert scene.s.outbox.state
    scene.run(5.0)
    assert scene.told() == ["nobody answers on the LAN of eth0"]


@pytest.mark.parametrize("answers", [B_IP, C_IP, GATEWAY])
def test_one_that_answers_is_enough(answers: Address) -> None:
    """The others may be down."""
    scene = Scene(B, C, spec=replace(a_spec(), gateway=GATEWAY))
    scene.answering = {answers}
    scene.run(10.0)
    assert not scene.s.lan_dead


@pytest.mark.parametrize(("fine", "living"), [((), (B, C)), ((B, C), ()), ((B,), (C,))])
def test_only_a_living_peer_whose_lan_is_fine_makes_ours_dead(fine: tuple[NodeName, ...], living: object) -> None:
    """A switch that is off is no fault of this node's."""
    scene = Scene(B, C, fine=fine)
    scene.run(ROUND_S)
    scene.living = set(living)  # type: ignore[call-overload]  # some of the peers
    scene.now += 2 * L
    scene.answering.clear()
    scene.run(10.0)
    assert not scene.s.lan_dead


SLOW = Timing(heartbeat_s=1.0, lease_s=3.0)


@pytest.mark.parametrize("said_last_s", [0.0, 0.1, 0.2])
@pytest.mark.parametrize("timing", [Timing(), SLOW])
def test_the_last_word_of_a_peer_that_died_makes_nobodys_lan_dead(timing: Timing, said_last_s: float) -> None:
    """Two nodes, and one of them loses power: it falls silent on both ways, and the other must serve on."""
    scene = Scene(B, spec=a_spec(timing=timing))
    scene.run(3 * ROUND_S)
    scene.answering.clear()
    scene.run(said_last_s)
    scene.living.clear()
    scene.run(5.0)
    assert not scene.s.lan_dead


def test_a_lan_without_anybody_to_ask_is_not_dead() -> None:
    """Nor is it fine."""
    scene = Scene()
    scene.run(5.0)
    assert not scene.s.lan_dead
    assert not scene.s.lan_fine


def test_a_lan_heals_with_the_first_frame() -> None:
    """Told, and in the state; and whoever owns something is to announce it."""
    scene = Scene(B, C)
    scene.answering.clear()
    scene.dead_after()
    scene.s.outbox.state = scene.health.healed = False
    scene.reach(C_IP)
    assert scene.health.healed
    scene.run(0.01)
    assert not scene.s.lan_dead
    assert scene.s.outbox.state
    assert scene.told()[-1] == "the LAN of eth0 answers again"


def test_one_host_that_is_back_is_a_heal_although_the_others_were_there() -> None:
    """A part of the LAN was split off; one that never was away is no news."""
    scene = Scene(B, C)
    scene.answering = {B_IP}
    scene.run(2.0)
    assert not scene.health.healed
    scene.reach(C_IP)
    assert scene.health.healed


def test_a_frame_of_one_that_was_not_asked_says_nothing() -> None:
    """Nor does one on another interface."""
    scene = Scene(B)
    scene.run(0.01)
    for address, interface in ((C_IP, "eth0"), (B_IP, "eth1")):
        scene.now += 5.0
        scene.reach(address, interface)
    assert not scene.health.healed
    assert C not in scene.s.reached


def test_a_stall_begins_anew() -> None:
    """Nobody was asked meanwhile: their silence is ours, and their answer no heal."""
    scene = Scene(B, C)
    scene.run(2 * ROUND_S)
    for _ in range(5):
        scene.now += 2 * LOST_S
        scene.health.settle(scene.now)
        assert not scene.s.lan_dead
    scene.reach(B_IP)
    assert not scene.health.healed
    scene.answering.clear()
    scene.health.settle(scene.now)
    assert scene.dead_after() > LOST_S - ROUND_S


def two_lans(*eth1: NodeName) -> Scene:
    """Have a second interface, and on its LAN these peers."""
    scene = Scene(B, C)
    port = Port(interface="eth1", mac=MACS[A], addresses=(ip_interface("10.78.0.11/24"),))
    scene.s.ports, scene.s.links = (a_port(), port), {"eth0": True, "eth1": True}
    for node in eth1:
        addresses = (str(OWN[node].ip), str(ON_ETH1[node]))
        scene.s.peers.learn(Peer(node).says(a_state(node, version=2, addresses=addresses, lan_fine=True)))
    return scene


ON_ETH1 = {B: ip_address("10.78.0.12"), C: ip_address("10.78.0.13")}


def test_each_interface_is_judged_by_itself() -> None:
    """A silent port is one port; and the other may serve."""
    scene = two_lans(B, C)
    scene.answering = set(ON_ETH1.values())
    scene.run(3.0)
    assert scene.s.lan_dead == {"eth0"}
    scene.answering = {B_IP}
    scene.run(3.0)
    assert scene.s.lan_dead == {"eth1"}


# -- who vouches for a LAN


def test_a_peer_that_nobody_else_can_have_answered_vouches_for_no_lan() -> None:
    """Of two nodes alone on a LAN each is all that the other hears; both are asked elsewhere, too."""
    scene = two_lans(B)
    scene.answering = {B_IP, C_IP}
    scene.run(10.0)
    assert not scene.s.lan_dead


@pytest.mark.parametrize("gateway", [GATEWAY, None])
def test_of_two_nodes_the_gateway_makes_the_others_word_count(gateway: Address | None) -> None:
    """It is what may have answered the other one, though not this node."""
    scene = Scene(B, spec=replace(a_spec(), gateway=gateway))
    scene.answering.clear()
    scene.run(10.0)
    assert scene.s.lan_dead == ({"eth0"} if gateway else set())


def test_a_peer_that_is_not_there_vouches_for_no_lan() -> None:
    """C alone is fine, on another LAN than this; B is not."""
    scene = Scene(B, C, fine=())
    scene.s.peers.learn(Peer(C).says(a_state(C, version=2, addresses=("10.78.0.13",), lan_fine=True)))
    scene.s.peers.learn(Peer(NodeName("d")).says(a_state(NodeName("d"), addresses=("10.77.0.14",))))
    scene.answering.clear()
    scene.run(10.0)
    assert not scene.s.lan_dead
    scene.s.peers.learn(Peer(B).says(a_state(B, version=3, addresses=(str(B_IP),), lan_fine=True)))
    scene.run(LOST_S)
    assert scene.s.lan_dead == {"eth0"}


def test_a_dead_lan_for_which_nobody_vouches_any_more_is_not_taken_for_dead() -> None:
    """After D: the switch is off by now, and this node may be all that is left; told, and in the state."""
    scene = Scene(B, C)
    scene.answering.clear()
    scene.dead_after()
    scene.s.outbox.state = False
    scene.fine.clear()
    scene.tell_states(version=2)
    scene.run(D - TRY_S - 0.02)
    assert scene.s.lan_dead == {"eth0"}
    scene.run(2 * TRY_S + 0.02)
    assert not scene.s.lan_dead
    assert scene.s.outbox.state
    assert scene.told()[1:] == ["the LAN of eth0 is silent, and nobody says any more that it is fine"]


def test_a_link_that_is_down_is_no_lan() -> None:
    """That is a fault of its own; up again it has all its time."""
    scene = Scene(B, C)
    scene.answering.clear()
    scene.dead_after()
    scene.s.links["eth0"] = False
    assert not scene.run(2.0)
    assert not scene.s.lan_dead
    scene.s.links["eth0"] = True
    assert scene.dead_after() == pytest.approx(DEAD_S, abs=TRY_S + 0.02)


# -- what peers are told


def test_peers_are_told_whether_the_lan_is_fine() -> None:
    """It is while somebody answers on each interface."""
    scene = Scene(B, C)
    scene.run(0.15)
    assert (scene.s.lan_fine, scene.s.outbox.state) == (True, True)
    scene.s.outbox.state = False
    scene.run(2.0)
    assert (scene.s.lan_fine, scene.s.outbox.state) == (True, False)
    scene.answering.clear()
    silent_since = scene.s.reached[B]
    while scene.s.lan_fine:
        scene.run(0.01)
    assert scene.now - silent_since == pytest.approx(FINE_S, abs=TRY_S + 0.02)
    assert scene.s.outbox.state


BROKER_S = 0.05
"""How long a state may be on its way."""


@pytest.mark.parametrize("younger_s", [0.0, ROUND_S - 0.01])
def test_a_switch_that_is_off_makes_no_lan_dead(younger_s: float) -> None:
    """Two nodes: each tells as soon as it knows that nobody answers, and neither may take the other's LAN for fine."""
    scene = Scene(B)
    scene.run(3 * ROUND_S + 0.001)
    scene.answering.clear()
    scene.run(younger_s + FINE_S + TRY_S + BROKER_S)
    scene.fine.clear()
    scene.tell_states(version=2)
    scene.run(5.0)
    assert not scene.s.lan_dead


@pytest.mark.parametrize("after_s", [0.03, 0.06, 0.09])
def test_a_peer_that_is_back_and_fine_makes_no_lan_dead_before_it_was_asked(after_s: float) -> None:
    """Two nodes, and one of them stood still: our silence was its own, and it answers the next question."""
    scene = Scene(B)
    scene.run(3 * ROUND_S)
    scene.answering.clear()
    scene.living.clear()
    scene.run(2.0 + after_s)
    scene.living.add(B)
    scene.s.peers.heard(scene.mouths[B].says(a_beat()), scene.now)
    scene.answering = {B_IP}
    scene.run(0.5)
    assert scene.told() == []


@pytest.mark.parametrize(
    ("peers", "answers", "up", "fine"),
    [
        ((C,), True, True, True),
        ((C,), False, True, False),
        ((C,), True, False, False),
        ((), True, True, False),
    ],
    ids=["both-answer", "silent", "link-down", "nobody-there"],
)
def test_one_interface_is_not_enough_to_be_fine(
    peers: tuple[NodeName, ...], answers: bool, up: bool, fine: bool
) -> None:
    """A peer takes the word for any LAN that it shares with this node: each has to answer."""
    scene = two_lans(*peers)
    scene.answering |= set(ON_ETH1.values()) if answers else set()
    scene.s.links["eth1"] = up
    scene.run(2.0)
    assert scene.s.lan_fine is fine


NEW = ip_address("10.77.0.99")


@pytest.mark.parametrize("what", ["new-address", "held-up"])
def test_a_lan_that_is_dead_is_dead_until_somebody_answers(what: str) -> None:
    """That there is somebody new to ask, or that nobody was asked for a while, is no answer."""
    scene = Scene(B, C)
    scene.run(3 * ROUND_S)
    scene.answering.clear()
    scene.dead_after()
    if what == "new-address":
        state = a_state(B, version=9, addresses=(str(OWN[B].ip), str(NEW)), lan_fine=True)
        scene.s.peers.learn(scene.mouths[B].says(state))
    else:
        scene.now += ROUND_S + 0.1
    for _ in range(20):
        scene.run(0.05)
        assert scene.s.lan_dead
    scene.answering = {B_IP}
    scene.run(ROUND_S)
    assert not scene.s.lan_dead


def test_it_is_deaf_when_all_that_live_and_answered_before_are_silent() -> None:
    """Gateway and living peers alike; one that is dead by MQTT, or never answered, is not missed."""
    scene = Scene(B, C, fine=(), spec=replace(a_spec(), gateway=GATEWAY))
    scene.answering = {B_IP, GATEWAY}
    scene.run(5 * ROUND_S)
    scene.answering = {GATEWAY}
    scene.run(2 * LOST_S)
    assert not scene.s.lan_deaf
    scene.answering = {B_IP}
    scene.run(2 * LOST_S)
    scene.answering = set()
    scene.run(LOST_S - 2 * ROUND_S)
    assert not scene.s.lan_deaf
    scene.run(2 * ROUND_S + 0.1)
    assert scene.s.lan_deaf == {"eth0"}
    scene.answering = {GATEWAY}
    scene.run(ROUND_S)
    assert not scene.s.lan_deaf


def test_the_silence_of_the_only_peer_is_no_deafness_if_it_dies() -> None:
    """Two nodes without a gateway: it falls silent here and by MQTT at once, and not for a moment is that our fault."""
    scene = Scene(B)
    scene.run(3 * ROUND_S)
    scene.answering.clear()
    scene.living.clear()
    for _ in range(200):
        scene.run(0.01)
        assert not scene.s.lan_deaf


@pytest.mark.parametrize("lease_s", [0.2, 0.5, 1.0, 3.0])
def test_a_short_lease_finds_a_dead_lan_in_proportion(lease_s: float) -> None:
    """Whoever wants an owner replaced within 0.2 s must know of a silent port as soon; above a second it is enough."""
    timing = Timing(heartbeat_s=lease_s / 4, lease_s=lease_s)
    scene, pace = Scene(B, C, spec=a_spec(timing=timing)), min(1.0, lease_s)
    scene.run(3 * ROUND_S)
    scene.answering.clear()
    answered_at = scene.now
    scene.dead_after()
    patience_s = pace * LOST_S + max(pace * ROUND_S, lease_s / 4)
    assert scene.now - answered_at <= patience_s + pace * ROUND_S + 0.02


@pytest.mark.parametrize("lease_s", [0.2, 1.0])
def test_one_that_answers_is_asked_once_a_round_and_nothing_else_is_done(lease_s: float) -> None:
    """Two looks a round: to ask, and to see whether it answered."""
    scene = Scene(B, C, spec=a_spec(timing=Timing(heartbeat_s=lease_s / 4, lease_s=lease_s)))
    scene.run(1.0)
    round_s, looks = ROUND_S * min(1.0, lease_s), 0
    for _ in range(10):
        again_at = scene.health.settle(scene.now)
        for ask in of(Ask, scene.s.effects):
            scene.reach(ask.address)
        scene.s.effects = []
        assert again_at is not None
        assert again_at - scene.now <= round_s + 1e-9
        looks, scene.now = looks + 1, again_at
    assert looks == 10
    assert not scene.s.lan_dead
