"""One broker as one node sees it: rules 5 and 6, listening first and yielding (design 4.4)."""

import pytest

from tests.unit.core.scene import INCARNATION, Scene
from tests.unit.core.stage import WEB, A, D, Peer, a_beat, a_claim


@pytest.fixture
def scene() -> Scene:
    """Give a session that stands and has said nothing."""
    return Scene()


# -- rule 5: listen first --------------------------------------------------------------------------------------------


def test_rule_5_no_claim_before_the_session_has_listened(scene: Scene) -> None:
    """Somebody who owns it must have had time to say so; without a session there is no such time."""
    assert scene.claimable_at() == pytest.approx(D)
    scene.view.session_down()
    assert scene.claimable_at() == float("inf")


def test_rule_5_a_gap_voids_pending_claims_and_listens_anew(scene: Scene) -> None:
    """What was missed may have been a claim."""
    peer = Peer()
    scene.hears(peer.says(a_beat()), 1.0)
    claim = scene.claims(2.0)
    heard = scene.hears(peer.skips().says(a_beat()), 2.1)
    assert (heard.gap, heard.fresh) == (True, True)
    assert scene.claimable_at() == pytest.approx(2.1 + D)
    scene.hears(claim, 2.2)
    assert not scene.held(2.2)


def test_rule_5_a_gap_leaves_a_confirmed_hold(scene: Scene) -> None:
    """Nobody may claim against it anyway."""
    peer = Peer()
    scene.hears(peer.says(a_beat()), 1.0)
    scene.holds(2.0)
    scene.hears(peer.skips().says(a_beat()), 2.1)
    assert scene.held(2.2)


def test_rule_5_a_gap_in_our_own_words_counts_too(scene: Scene) -> None:
    """If the broker drops ours, it may have dropped others'."""
    scene.hears(scene.beats(2.0), 2.0)
    scene.beats(2.2)
    heard = scene.hears(scene.beats(2.4), 2.4)
    assert heard.gap
    assert scene.claimable_at() == pytest.approx(2.4 + D)


def test_rule_5_a_gap_before_our_returning_claim_voids_that_claim(scene: Scene) -> None:
    """The lost message may have stood between."""
    scene.hears(scene.beats(2.0), 2.0)
    scene.beats(2.2)
    scene.hears(scene.claims(2.4), 2.5)
    assert not scene.held(2.5)


def test_rule_5_a_new_session_of_ours_is_no_gap(scene: Scene) -> None:
    """Its numbers begin anew."""
    scene.hears(scene.beats(2.0), 2.0)
    scene.view.session_up(INCARNATION, 2, 2.5)
    assert not scene.hears(scene.beats(2.6), 2.6).gap


@pytest.mark.parametrize(
    ("at", "skipped", "gap"), [(0.3, True, False), (0.7, True, True), (0.7, False, False), (0.3, False, False)]
)
def test_rule_5_a_peer_heard_first_in_mid_session_long_after_ours_began_is_a_gap(
    scene: Scene, at: float, skipped: bool, gap: bool
) -> None:
    """Soon after our own beginning everybody is in mid-session; later we have missed something."""
    peer = Peer().skips() if skipped else Peer()
    heard = scene.hears(peer.says(a_beat()), at)
    assert (heard.gap, heard.new_session, heard.fresh) == (gap, True, True)


@pytest.mark.parametrize(("at", "gap"), [(0.4, False), (0.9, True)])
def test_rule_5_the_first_word_after_our_reconnect_may_come_from_anywhere_for_a_moment(
    scene: Scene, at: float, gap: bool
) -> None:
    """While we were away the peer went on speaking; long after our return it should be in order."""
    peer = Peer()
    scene.hears(peer.says(a_beat()), 0.1)
    scene.view.session_down()
    scene.view.session_up(INCARNATION, 2, 10.0)
    assert scene.hears(peer.skips().skips().says(a_beat()), 10.0 + at).gap is gap
    assert not scene.hears(peer.says(a_beat()), 11.0).gap


# -- rule 6: basis ---------------------------------------------------------------------------------------------------


def test_rule_6_a_claimant_that_had_seen_all_of_ours_has_waited_us_out(scene: Scene) -> None:
    """The holder gives up on this broker."""
    beat = scene.holds(2.0).beats(2.2)
    scene.hears(beat, 2.2)
    scene.hears(Peer().says(a_claim(), {A: beat.origin}), 2.3)
    assert not scene.held(2.3)


@pytest.mark.parametrize("acquainted", [False, True])
def test_rule_6_a_claimant_that_has_not_seen_us_is_void(scene: Scene, acquainted: bool) -> None:
    """Its claim returns blocked by rule 4, so the holder stays."""
    claim = scene.claims(2.0)
    scene.hears(claim, 2.0)
    scene.hears(scene.beats(2.2), 2.2)
    scene.hears(Peer().says(a_claim(), {A: claim.origin} if acquainted else {}), 2.3)
    assert scene.held(2.3)


def test_rule_6_one_who_has_heard_nothing_back_yields_nothing(scene: Scene) -> None:
    """Without an echo there is no hold to yield; the pending claim meets rule 4 when it returns."""
    claim = scene.claims(2.0)
    scene.hears(Peer().says(a_claim(), {A: claim.origin}), 2.1)
    assert not scene.view.lacks(WEB, 2.1)
    scene.hears(claim, 2.2)
    assert scene.view.lacks(WEB, 2.2)


def test_rule_6_a_pending_claim_is_left_to_rule_4(scene: Scene) -> None:
    """Whose claim came first is the broker's word, not the claimant's."""
    beat = scene.beats(1.9)
    scene.hears(beat, 1.9)
    scene.claims(2.0)
    scene.hears(Peer().says(a_claim(), {A: beat.origin}), 2.1)
    assert not scene.view.lacks(WEB, 2.1)
