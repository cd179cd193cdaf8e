"""One broker as one node sees it: sessions, stale words, acknowledgements."""

import pytest

from floatip.core.messages import Release, Will
from floatip.core.peers import MAX_PEERS
from floatip.core.types import NodeName, Origin
from floatip.core.view import ACKNOWLEDGED_S, NEVER, REMEMBERED, Heard
from tests.unit.core.scene import INCARNATION, Scene
from tests.unit.core.stage import TERMS, WEB, A, B, D, L, Peer, a_beat, a_listing


@pytest.fixture
def scene() -> Scene:
    """Give a session that stands and has said nothing."""
    return Scene()


# -- sessions --------------------------------------------------------------------------------------------------------


def test_a_hold_survives_a_reconnect_within_the_lease(scene: Scene) -> None:
    """The log is the same; heartbeats of the new session renew it."""
    scene.holds(2.0)
    scene.view.session_down()
    scene.view.session_up(INCARNATION, 2, 2.5)
    assert scene.held(2.5)
    scene.hears(scene.beats(2.6), 2.7)
    assert scene.view.held_until(WEB) == pytest.approx(2.6 + L)


def test_a_pending_claim_does_not_survive_the_session(scene: Scene) -> None:
    """What has not come back never will."""
    claim = scene.claims(2.0)
    scene.view.session_down()
    scene.view.session_up(INCARNATION, 2, 2.1)
    assert scene.view.lacks(WEB, 2.1)
    assert not scene.hears(claim, 2.2).echo
    assert not scene.held(2.2)


def test_distrust_ends_every_hold(scene: Scene) -> None:
    """One who stood still may have missed the end of its own office."""
    scene.holds(2.0).view.distrust()
    assert not scene.held(2.0)


def test_given_up_is_gone(scene: Scene) -> None:
    """Giving up twice is no error."""
    view = scene.holds(2.0).view
    view.give_up(WEB)
    view.give_up(WEB)
    assert not scene.held(2.0)


def test_a_claim_that_was_given_up_and_comes_back_holds_nothing(scene: Scene) -> None:
    """Nor does the older of two."""
    old = scene.claims(2.0)
    scene.view.give_up(WEB)
    scene.hears(old, 2.1)
    assert not scene.held(2.1)
    older, newer = scene.claims(2.2), scene.claims(2.3)
    scene.hears(older, 2.4)
    assert not scene.held(2.4)
    scene.hears(newer, 2.5)
    assert scene.held(2.5)


# -- stale and duplicated --------------------------------------------------------------------------------------------


def test_stale_and_duplicated_words_of_a_peer_change_nothing(scene: Scene) -> None:
    """An old word neither blocks, nor releases, nor proves life."""
    peer = Peer()
    listing, release = peer.says(a_beat(a_listing())), peer.says(Release(vips=(WEB,), vacated=True))
    scene.hears(listing, 2.0)
    scene.hears(release, 2.1)
    scene.view.vacancies.clear()
    for old in (listing, release):
        assert scene.hears(old, 3.0) == Heard()
    assert scene.view.peers[B].heard_at == 2.1
    assert not scene.view.vacancies
    assert scene.claimable_at() == pytest.approx(D)


def test_an_echo_counts_once(scene: Scene) -> None:
    """A duplicated echo renews nothing and is no gap."""
    beat = scene.holds(2.0).beats(2.2)
    scene.hears(beat, 2.3)
    until = scene.view.held_until(WEB)
    assert scene.hears(beat, 2.9) == Heard()
    assert (scene.view.held_until(WEB), scene.view.echo_at) == (until, 2.3)


def test_what_says_nothing_of_vips_changes_nothing(scene: Scene) -> None:
    """Such a word proves life, and no more."""
    heard = scene.hears(Peer().says(Will()), 2.0)
    assert (heard.vips, heard.fresh) == (set(), True)
    assert not scene.hears(scene.view.say(Release(vips=(WEB,)), 2.0), 2.1).vips


# -- acknowledgements ------------------------------------------------------------------------------------------------


def test_each_message_tells_what_was_seen_of_each_peer(scene: Scene) -> None:
    """Heartbeats acknowledge each other (4.7)."""
    told = Peer().says(a_beat())
    scene.hears(told, 2.0)
    beat = scene.beats(2.1)
    assert (beat.sender, beat.origin, beat.terms) == (A, Origin(INCARNATION, 1, 0), TERMS)
    assert beat.seen == {B: told.origin}
    assert scene.beats(2.2).origin.seq == 1


def test_a_session_knows_how_much_was_said_in_it(scene: Scene) -> None:
    """Whoever has heard more has heard it of another."""
    assert scene.view.said == Origin(INCARNATION, 1, -1)
    assert scene.beats(2.0).origin == scene.view.said == Origin(INCARNATION, 1, 0)
    scene.view.session_down()
    scene.view.session_up(INCARNATION + 1, 2, 3.0)
    assert scene.view.said == Origin(INCARNATION + 1, 2, -1)


def test_a_peer_covers_what_it_says_it_has_seen_of_this_session(scene: Scene) -> None:
    """Only of this session; and an older acknowledgement takes nothing back."""
    peer, first, second = Peer(), scene.beats(2.0), scene.beats(2.2)
    for seen, covers_at in (
        ({}, NEVER),
        ({A: Origin(INCARNATION, 0, 5)}, NEVER),
        ({A: Origin(INCARNATION - 1, 1, 0)}, NEVER),
        ({A: second.origin}, 2.2),
        ({A: first.origin}, 2.2),
        ({A: Origin(INCARNATION, 1, 77)}, 2.2),
    ):
        scene.hears(peer.says(a_beat(), seen), 2.5)
        assert scene.view.peers[B].covers_at == covers_at


def test_send_times_are_remembered_for_a_while_only(scene: Scene) -> None:
    """Memory is bounded."""
    for number in range(REMEMBERED + 10):
        scene.hears(scene.beats(2.0), 2.0 + number)
    assert len(scene.view._sent_at) == REMEMBERED
    assert not scene.view._sent


def test_the_round_trip_is_the_median_of_the_echoes(scene: Scene) -> None:
    """One slow echo does not make a slow broker."""
    assert scene.view.rtt_s() is None
    for delay_s in (0.001, 0.002, 0.5):
        scene.hears(scene.beats(2.0), 2.0 + delay_s)
    assert scene.view.rtt_s() == pytest.approx(0.002)
    scene.view.session_down()
    assert scene.view.rtt_s() is None


def test_a_peer_that_fell_silent_long_ago_is_acknowledged_no_more(scene: Scene) -> None:
    """What is said does not grow with all who ever were."""
    scene.hears(Peer().says(a_beat()), 2.0)
    assert B in scene.beats(2.0 + ACKNOWLEDGED_S - 1).seen
    assert scene.beats(2.0 + ACKNOWLEDGED_S).seen == {}


def test_a_peer_that_says_something_older_is_told_what_was_heard_of_it(scene: Scene) -> None:
    """It has forgotten its own number: unless it learns of the later one, it will never be heard again."""
    scene.hears(Peer(incarnation=9).says(a_beat()), 2.0)
    now = 2.0 + 2 * ACKNOWLEDGED_S
    assert scene.beats(now).seen == {}
    assert scene.hears(Peer(incarnation=3).says(a_beat()), now) == Heard()
    assert scene.beats(now + ACKNOWLEDGED_S - 1).seen == {B: Origin(9, 1, 0)}
    assert scene.view.peers[B].heard_at == 2.0
    assert scene.beats(now + ACKNOWLEDGED_S).seen == {}


def test_memory_of_peers_is_bounded(scene: Scene) -> None:
    """Of too many names the one that was silent longest is forgotten."""
    for number in range(MAX_PEERS + 1):
        scene.hears(Peer(NodeName(f"n{number}")).says(a_beat()), 1.0 + number)
    assert len(scene.view.peers) == MAX_PEERS
    assert NodeName("n0") not in scene.view.peers
