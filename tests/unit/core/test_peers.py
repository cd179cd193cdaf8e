"""What is known of the peers beside any one broker."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from floatip.core.messages import VipState
from floatip.core.peers import MAX_PEERS, Peers
from floatip.core.ranking import Candidate
from floatip.core.types import NodeName, Policy, Timing, VipName
from tests.unit.core.stage import DEFINITION, MACS, STRANGER, WEB, A, B, C, D, L, Peer, a_beat, a_spec, a_state, a_vip

SLOW = a_spec(timing=Timing(heartbeat_s=1.0, lease_s=4.0)).terms


@pytest.fixture
def peers() -> Peers:
    """Give a node that knows nobody."""
    return Peers(L)


def meet(peers: Peers, node: NodeName = B, at: float = 10.0, **state: object) -> Peer:
    """Hear a peer's state at a time."""
    peer = Peer(node)
    message = peer.says(a_state(node, **state))  # type: ignore[arg-type]  # fields of the state
    peers.heard(message, at)
    peers.learn(message)
    return peer


def test_a_peer_lives_for_a_lease_after_its_last_word(peers: Peers) -> None:
    """On any broker."""
    meet(peers)
    assert [peer.node for peer in peers.alive(10.0 + L - 0.01)] == [B]
    assert peers.alive(10.0 + L) == []


def test_a_peer_with_a_longer_lease_lives_longer(peers: Peers) -> None:
    """It speaks as seldom as it said."""
    peers.heard(Peer(B, SLOW).says(a_beat()), 10.0)
    assert peers.alive(13.9)


def test_only_a_live_word_is_proof_of_life(peers: Peers) -> None:
    """A retained state is for display; the peer may be long dead."""
    assert peers.learn(Peer().says(a_state())) == {WEB}
    assert peers.alive(10.0) == []
    assert not peers.known[B].alive(10.0, L)
    assert peers.known[B].state is not None


def test_a_state_counts_if_it_is_newer(peers: Peers) -> None:
    """The older one that a broker brought back does not."""
    peer = Peer(incarnation=2)
    assert peers.learn(peer.says(a_state(version=3, priority=7))) == {WEB}
    assert not peers.learn(peer.says(a_state(version=3, priority=8)))
    assert not peers.learn(Peer(incarnation=1).says(a_state(version=9, priority=9)))
    assert peers.learn(Peer(incarnation=3).says(a_state(version=1, priority=10))) == {WEB}
    assert not peers.learn(peer.says(a_beat()))
    assert peers.known[B].vips[WEB].priority == 10


def test_a_state_tells_which_vips_it_changes(peers: Peers) -> None:
    """The others need not be looked at: those that came, changed or went do."""
    mail = VipName("mail")
    web, same = VipState(vip=WEB, priority=1, definition="x"), VipState(vip=mail, priority=1, definition="x")
    peer = Peer()
    assert peers.learn(peer.says(a_state(version=1, vips=(web, same)))) == {WEB, mail}
    assert peers.learn(peer.says(a_state(version=2, vips=(replace(web, priority=2), same)))) == {WEB}
    assert peers.learn(peer.says(a_state(version=3, vips=(same,)))) == {WEB}
    assert peers.learn(peer.says(a_state(version=4, vips=(same,), faults=("x",)))) == set()


def test_memory_of_peers_is_bounded(peers: Peers) -> None:
    """Of too many names the one that was silent longest is forgotten."""
    for number in range(MAX_PEERS + 1):
        peers.heard(Peer(NodeName(f"n{number}")).says(a_beat()), 1.0 + number)
    assert len(peers.known) == MAX_PEERS
    assert NodeName("n0") not in peers.known
    assert NodeName(f"n{MAX_PEERS}") in peers.known


def test_new_terms_are_news_once(peers: Peers) -> None:
    """A peer that changed its timing is to be looked at."""
    assert peers.heard(Peer().says(a_beat()), 1.0)
    assert not peers.heard(Peer().says(a_beat()), 1.9)
    assert peers.heard(Peer(B, SLOW).says(a_beat()), 3.0)


def test_macs_lead_to_nodes_and_back(peers: Peers) -> None:
    """All MACs of a node count as that node's."""
    meet(peers, B, macs=(MACS[B], MACS[C]))
    peers.heard(Peer(C).says(a_beat()), 10.0)
    assert peers.macs(B) == (MACS[B], MACS[C])
    assert peers.macs(C) == peers.macs(A) == peers.macs(None) == ()
    assert (peers.by_mac(MACS[C]), peers.by_mac(STRANGER)) == (B, None)


@pytest.mark.parametrize(("first", "then"), [(B, C), (C, B)])
def test_of_two_names_for_one_mac_the_one_heard_last_counts(peers: Peers, first: NodeName, then: NodeName) -> None:
    """A machine that was renamed is not who it was."""
    peers.remember(((B, (MACS[A],)), (C, (MACS[A],))))
    meet(peers, first, at=10.0, macs=(MACS[A],))
    meet(peers, then, at=11.0, macs=(MACS[A],))
    assert peers.by_mac(MACS[A]) == then


def test_candidates_live_have_no_fault_and_mean_the_same(peers: Peers) -> None:
    """All others could not take the VIP."""
    spec = a_vip()
    meet(peers, NodeName("fit"), priority=50)
    meet(peers, NodeName("dead"), at=1.0)
    meet(peers, NodeName("faulty"), faults=("link down",))
    meet(peers, NodeName("other"), vips=(VipState(vip=WEB, priority=1, definition="other"),))
    meet(peers, NodeName("none"), vips=(VipState(vip=VipName("mail"), priority=1, definition=DEFINITION),))
    peers.heard(Peer(NodeName("mute")).says(a_beat()), 10.0)
    peers.learn(Peer(NodeName("retained")).says(a_state(NodeName("retained"))))
    assert peers.candidates(spec, D, 10.1) == [Candidate(node=NodeName("fit"), priority=50)]


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize(
    ("leases_s", "mine_s", "able_s"),
    [
        ((0.9, 1.0), 1.0, (1.0,)),
        ((1.0, 1.0), 1.0, (1.0, 1.0)),
        ((0.9, 1.0, 3.0), 1.0, (3.0,)),
        ((1.0, 3.0), 5.0, ()),
        ((0.9, 1.0), 0.9, (1.0,)),
    ],
)
def test_one_that_waits_less_than_the_others_is_no_candidate(
    peers: Peers, policy: Policy, leases_s: tuple[float, ...], mine_s: float, able_s: tuple[float, ...]
) -> None:
    """It would claim nothing: its D is smaller than that of this node, or of a living peer."""

    def timing(lease_s: float) -> Timing:
        return Timing(heartbeat_s=lease_s / 5, lease_s=lease_s)

    spec = a_vip(policy=policy)
    vips = (VipState(vip=WEB, priority=100, definition=spec.definition),)
    for number, lease_s in enumerate(leases_s):
        peer = Peer(NodeName(f"{number}: {lease_s}"), a_spec(timing=timing(lease_s)).terms)
        message = peer.says(a_state(peer.node, vips=vips))
        peers.heard(message, 10.0)
        peers.learn(message)
    able = peers.candidates(spec, timing(mine_s).owner_down_s(policy), 10.1)
    assert [one.node.split()[1] for one in able] == [str(lease_s) for lease_s in able_s]


def test_a_dead_peer_that_waited_longer_keeps_nobody_out(peers: Peers) -> None:
    """Only the living have a say."""
    peers.heard(Peer(C, SLOW).says(a_beat()), 1.0)
    meet(peers, at=10.0)
    assert [one.node for one in peers.candidates(a_vip(), D, 10.1)] == [B]
    peers.heard(Peer(C, SLOW).says(a_beat()), 10.0)
    assert peers.candidates(a_vip(), D, 10.1) == []


# -- whose hardware addresses are known

OLD, NEW = (MACS[B],), (MACS[C], STRANGER)


def test_what_an_earlier_life_knew_counts_until_the_peer_tells(peers: Peers) -> None:
    """It is no proof of life."""
    peers.remember(((B, OLD), (C, NEW)))
    assert peers.by_mac(MACS[B]) == B
    assert peers.by_mac(STRANGER) == C
    assert peers.alive(10.0) == []
    meet(peers, macs=(MACS[A],))
    assert (peers.by_mac(MACS[A]), peers.by_mac(MACS[B])) == (B, None)


def test_one_that_tells_nothing_of_its_macs_is_left_out(peers: Peers) -> None:
    """And the order is the same in every life."""
    meet(peers, C, macs=NEW)
    meet(peers, macs=())
    meet(peers, A, macs=OLD)
    assert peers.all_macs() == ((A, OLD), (C, NEW))
    assert (peers.macs(C), peers.macs(B), peers.macs(NodeName("nix")), peers.macs(None)) == (NEW, (), (), ())


def test_only_a_newer_state_is_news(peers: Peers) -> None:
    """What is known already need not be stored or passed on again."""
    peer = Peer()
    for message, news in (
        (peer.says(a_state(version=2)), True),
        (peer.says(a_state(version=2)), False),
        (peer.says(a_state(version=1)), False),
        (peer.says(a_beat()), False),
        (peer.says(a_state(version=3)), True),
    ):
        peers.news = False
        peers.learn(message)
        assert peers.news is news


def test_a_peers_addresses_are_those_that_are_addresses(peers: Peers) -> None:
    """It may have written anything."""
    meet(peers, addresses=("10.77.0.12", "fd77::b", "nonsense", "10.77.0.12/24", "", "10.77.0.0x1"))
    assert peers.known[B].addresses == (ip_address("10.77.0.12"), ip_address("fd77::b"))


def test_a_peer_is_back_when_it_is_heard_after_a_silence_of_its_lease(peers: Peers) -> None:
    """A shorter one is none."""
    peers.heard(Peer().says(a_beat()), 10.0)
    peers.heard(Peer(C, SLOW).says(a_beat()), 10.0)
    for at, back_at in ((10.0 + L - 0.01, 10.0), (11.0 + L, 11.0 + L), (11.1 + L, 11.0 + L)):
        peers.heard(Peer().says(a_beat()), at)
        assert peers.known[B].back_at == back_at
    peers.heard(Peer(C, SLOW).says(a_beat()), 13.9)
    assert peers.known[C].back_at == 10.0


def test_the_roll_tells_who_fell_silent_once(peers: Peers) -> None:
    """And when to call it again: a lease after the first of the living was heard."""
    peers.heard(Peer().says(a_beat()), 1.0)
    peers.heard(Peer(C).says(a_beat()), 1.5)
    assert peers.silent_at(1.5) == pytest.approx(2.0)
    assert not peers.call_roll(1.9)
    assert peers.call_roll(2.1)
    assert not peers.lives(B)
    assert peers.lives(C)
    assert not peers.call_roll(2.1)
    assert peers.silent_at(2.1) == pytest.approx(2.5)
    assert peers.heard(Peer().says(a_beat()), 2.2), "it is back, which is news"
    assert peers.call_roll(9.0)
    assert peers.silent_at(9.0) is None
