"""Whose turn it is: rank, reservation, farewell (design 4.5)."""

import pytest

from floatip.core.claims import VACANT_S, Turn, free_for_me, order, turn, vacancy
from floatip.core.messages import Release
from floatip.core.ranking import Candidate
from floatip.core.situation import Situation
from floatip.core.types import BrokerName, NodeName, Policy
from floatip.core.view import NEVER
from tests.unit.core.stage import WEB, A, B, C, D, H, L, Peer, X, Y, Z, a_beat, a_claim, a_listing, a_spec, a_state

SPEC = a_spec().vips[0]


class Scene:
    """What node b knows: it has listened on its brokers since 0 s, to peers that could own the VIP."""

    def __init__(self, *peers: NodeName, brokers: tuple[BrokerName, ...] = (X,)) -> None:
        self.s = Situation(a_spec(B, brokers=brokers), lambda: 0.5)
        self.peers = {(broker, peer): Peer(peer) for broker in brokers for peer in peers}
        for view in self.s.all_views():
            view.session_up(9, 1, 0.0)
        for broker, peer in self.peers:
            self.say(peer, a_state(peer), 0.0, broker)

    def say(self, peer: NodeName, body: object, at: float, broker: BrokerName = X) -> None:
        """Hear a peer say this on a broker."""
        message = self.peers[broker, peer].says(body)  # type: ignore[arg-type]  # one of the bodies
        self.s.views[broker].hear(message, {WEB: Policy.KEEP}, at)
        self.s.peers.heard(message, at)
        self.s.peers.learn(message)

    def turn(self, now: float, not_before: float = NEVER, owner_term: int = 1) -> Turn:
        """Look at b's turn, if the last owner's term was this."""
        return turn(self.s, SPEC, now, not_before=not_before, owner_term=owner_term)

    def due(self, now: float, not_before: float = NEVER) -> float:
        """Look when it is b's turn."""
        return self.turn(now, not_before).due


def test_the_first_ranked_claims_at_once_and_each_other_a_heartbeat_later() -> None:
    """So the best one usually claims alone."""
    assert Scene(C).due(0.1) == pytest.approx(D)
    assert Scene(A, C).due(0.1) == pytest.approx(D + H)
    assert Scene(A, NodeName("aa"), C).due(0.1) == pytest.approx(D + 2 * H)


def test_nobody_waits_for_the_dead() -> None:
    """A candidate that fell silent has no rank any more."""
    scene = Scene(A)
    assert scene.due(L - 0.1) == pytest.approx(D + H)
    assert scene.due(L) == pytest.approx(D)


def test_the_owner_itself_has_no_rank() -> None:
    """While it lives the turn does not come; once it is gone, nobody is before b."""
    scene = Scene(A)
    scene.say(A, a_beat(a_listing()), 5.0)
    assert scene.due(5.1) == pytest.approx(5.0 + D)


def test_without_a_majority_there_is_no_turn() -> None:
    """Two of three sessions are enough, one is not."""
    scene = Scene(brokers=(X, Y, Z))
    scene.s.views[Z].session_down()
    assert scene.due(0.1) == pytest.approx(D)
    scene.s.views[Y].session_down()
    assert scene.due(0.1) == float("inf")


def test_a_longer_silence_that_was_ever_heard_of_is_kept() -> None:
    """Rule 5 listens for the largest D, not for its own."""
    scene = Scene()
    scene.s.longest_s[SPEC.policy] = 4.0
    assert scene.due(0.1) == pytest.approx(4.0)


def test_the_turn_is_not_before_a_given_time() -> None:
    """After a failed claim, or while it is ceded."""
    assert Scene(A).due(0.1, not_before=7.0) == pytest.approx(7.0 + H)


def test_the_first_ranked_asks_the_lan_almost_a_lease_before_its_turn_and_the_others_when_it_has_come() -> None:
    """Only the first-ranked candidate probes in advance."""
    first, second = (Scene(peer).turn(0.1) for peer in (C, A))
    assert first.needs_silence
    assert second.needs_silence
    assert first.probe_from == pytest.approx(D - L + H / 2)
    assert second.probe_from == second.due


def test_a_farewell_to_anybody_spares_the_silence_and_the_leavers_rank() -> None:
    """Its addresses are off; it does not claim itself."""
    scene = Scene(A, C)
    scene.say(A, a_beat(a_listing()), 5.0)
    scene.say(A, Release(vips=(WEB,), vacated=True, reserved_s=1.0), 5.1)
    mine = scene.turn(5.1)
    assert (mine.due, mine.probe_from, mine.needs_silence) == (5.1, 5.1, False)
    assert scene.due(5.2, not_before=5.15) == pytest.approx(5.15)


def test_a_farewell_to_anybody_keeps_the_rank_among_the_rest() -> None:
    """The best backup goes first."""
    scene = Scene(A, C)
    scene.say(C, a_beat(a_listing()), 4.9)
    scene.say(C, Release(vips=(WEB,), vacated=True), 5.0)
    scene.say(A, a_state(A, version=2), 5.0)
    assert scene.due(5.0) == pytest.approx(5.0 + H)


def test_a_farewell_to_me_is_my_turn_whatever_my_rank() -> None:
    """It was left to this node by name."""
    scene = Scene(A, C)
    scene.say(C, a_beat(a_listing()), 5.0)
    scene.say(C, Release(vips=(WEB,), vacated=True, to=B, reserved_s=1.0), 5.1)
    mine = scene.turn(5.1)
    assert (mine.due, mine.probe_from, mine.needs_silence) == (5.1, 5.1, False)


def test_a_farewell_to_another_is_respected_and_the_lan_asked() -> None:
    """Until its reservation has ended for two heartbeats only it and the former owner may claim."""
    scene = Scene(A, C)
    scene.say(A, a_beat(a_listing()), 4.9)
    scene.say(A, Release(vips=(WEB,), vacated=True, to=C, reserved_s=0.8), 5.0)
    mine = scene.turn(5.1)
    assert mine.needs_silence
    assert mine.due == pytest.approx(5.8 + 2 * H)


def test_a_farewell_is_soon_stale() -> None:
    """Somebody else may have come and gone since."""
    scene = Scene(A)
    scene.say(A, a_beat(a_listing()), 4.9)
    scene.say(A, Release(vips=(WEB,), vacated=True), 5.0)
    assert vacancy(scene.s, SPEC, 1, 5.0 + VACANT_S - 0.01) is not None
    assert vacancy(scene.s, SPEC, 1, 5.0 + VACANT_S) is None


def test_a_farewell_to_somebody_counts_until_its_reservation_has_ended_for_two_heartbeats() -> None:
    """A claim that was made in time may still be on its way."""
    scene = Scene(A)
    scene.say(A, a_beat(a_listing()), 4.9)
    scene.say(A, Release(vips=(WEB,), vacated=True, to=B, reserved_s=2.0), 5.0)
    assert vacancy(scene.s, SPEC, 1, 7.0 + 2 * H - 0.01) is not None
    assert vacancy(scene.s, SPEC, 1, 7.0 + 2 * H) is None
    assert not scene.turn(6.99).needs_silence
    assert scene.turn(7.0).due == pytest.approx(7.0 + 2 * H)


def test_the_newest_farewell_of_all_brokers_counts() -> None:
    """One broker may not have brought it yet."""
    scene = Scene(A, C, brokers=(X, Y, Z))
    for peer, at, broker in ((A, 5.0, X), (C, 5.1, Y)):
        scene.say(peer, a_beat(a_listing()), 4.9, broker)
        scene.say(peer, Release(vips=(WEB,), vacated=True), at, broker)
    left = vacancy(scene.s, SPEC, 1, 5.2)
    assert left is not None
    assert left.by == C


def test_the_farewell_of_one_that_was_overtaken_says_nothing() -> None:
    """Another owned the VIP after it, and its addresses may be on the LAN still."""
    scene = Scene(A, C)
    scene.say(A, a_beat(a_listing(term=7)), 4.9)
    scene.say(A, Release(vips=(WEB,), vacated=True, to=B, reserved_s=1.0), 5.0)
    for owner_term, fresh in ((6, True), (7, True), (8, False)):
        assert (vacancy(scene.s, SPEC, owner_term, 5.1) is not None) is fresh
        assert scene.turn(5.1, owner_term=owner_term).needs_silence is not fresh


def test_the_farewell_of_one_that_was_not_there_is_none() -> None:
    """Nobody knows from which term it speaks."""
    scene = Scene(A)
    scene.say(A, Release(vips=(WEB,), vacated=True, to=B, reserved_s=1.0), 5.0)
    assert vacancy(scene.s, SPEC, 0, 5.0) is None


def test_only_free_brokers_are_claimed() -> None:
    """Blocked ones, and those without a session, are left out."""
    scene = Scene(C, brokers=(X, Y, Z))
    scene.say(C, a_claim(), 2.0, Y)
    scene.s.views[Z].session_down()
    assert [view.broker for view in free_for_me(scene.s, SPEC, 2.1)] == [X]
    assert free_for_me(scene.s, SPEC, 1.0) == []


def test_the_order_is_that_of_the_ranking_with_or_without_me() -> None:
    """A node with a fault is no candidate."""
    scene = Scene(A, C)
    assert order(scene.s, SPEC, 0.1, fit=True) == (A, B, C)
    assert order(scene.s, SPEC, 0.1, fit=False) == (A, C)
    assert order(scene.s, SPEC, 0.1, fit=True, without=A) == (B, C)
    assert scene.s.peers.candidates(SPEC, D, 0.1) == [Candidate(node=A, priority=100), Candidate(node=C, priority=100)]
