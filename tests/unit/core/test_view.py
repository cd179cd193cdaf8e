"""One broker as one node sees it: rules 1 to 6, each by its name (design 4.4)."""

import pytest

from floatip.core.messages import Bid, Claim, Release
from floatip.core.types import Standing, VipName
from floatip.core.view import NEVER
from tests.unit.core.scene import Scene
from tests.unit.core.stage import WEB, B, C, D, L, Peer, a_beat, a_claim, a_digest, a_listing


@pytest.fixture
def scene() -> Scene:
    """Give a session that stands and has said nothing."""
    return Scene()


# -- rule 1: held ----------------------------------------------------------------------------------------------------


def test_rule_1_the_own_claim_must_come_back(scene: Scene) -> None:
    """A claim holds nothing until it returns."""
    claim = scene.claims(2.0)
    assert not scene.held(2.0)
    assert not scene.view.lacks(WEB, 2.0)
    heard = scene.hears(claim, 2.3)
    assert (heard.vips, heard.echo, heard.fresh) == ({WEB}, True, False)
    assert scene.held(2.3)


def test_rule_1_the_lease_counts_from_the_sending_not_from_the_return(scene: Scene) -> None:
    """What others count from is not later than when we spoke."""
    scene.hears(scene.claims(2.0), 2.3)
    assert scene.view.held_until(WEB) == pytest.approx(2.0 + L)
    beat = scene.beats(2.5)
    scene.hears(beat, 2.9)
    assert scene.view.held_until(WEB) == pytest.approx(2.5 + L)
    assert scene.view.fresh_at(WEB) == 2.5


def test_rule_1_a_claim_that_comes_back_after_a_lease_holds_nothing(scene: Scene) -> None:
    """Its lease would have ended before it began."""
    claim = scene.claims(2.0)
    scene.hears(claim, 2.0 + L)
    assert not scene.held(2.0 + L)
    assert scene.view.lacks(WEB, 2.0 + L)


def test_rule_1_a_heartbeat_sent_before_the_claim_renews_nothing(scene: Scene) -> None:
    """It said nothing of the VIP, so nobody was blocked by it."""
    beat, claim = scene.beats(2.0), scene.claims(2.1)
    scene.hears(beat, 2.2)
    scene.hears(claim, 2.2)
    assert scene.view.held_until(WEB) == pytest.approx(2.1 + L)


def test_what_is_not_claimed_is_not_held(scene: Scene) -> None:
    """Heartbeats alone hold nothing."""
    scene.hears(scene.beats(2.0), 2.1)
    assert (scene.view.held_until(WEB), scene.view.fresh_at(WEB)) == (NEVER, NEVER)
    assert scene.view.lacks(WEB, 2.1)


# -- rule 2: the one-way door ----------------------------------------------------------------------------------------


def test_rule_2_a_late_heartbeat_reopens_nothing(scene: Scene) -> None:
    """The hold lapsed for an instant; the heartbeat that was on its way comes too late."""
    scene.holds(2.0)
    beat = scene.beats(2.9)
    scene.hears(beat, 3.05)
    assert not scene.held(3.05)
    assert scene.view.lacks(WEB, 3.05)


def test_rule_2_nobody_need_look_for_a_hold_to_lapse(scene: Scene) -> None:
    """A hold that nobody asked about in its last moment is gone all the same."""
    scene.holds(2.0)
    assert scene.view.lacks(WEB, 3.0)
    scene.hears(scene.beats(3.5), 3.6)
    assert not scene.view.held(WEB, 3.6)


def test_rule_2_a_new_claim_brings_it_back(scene: Scene) -> None:
    """Only a new claim does."""
    scene.holds(2.0)
    assert not scene.held(3.0)
    scene.holds(3.2)


def test_lapse_leaves_pending_claims_and_live_holds_alone(scene: Scene) -> None:
    """One VIP's lease says nothing of another's."""
    scene.holds(2.0)
    mail = scene.view.say(a_claim(vip=VipName("mail")), 2.9)
    scene.view.lapse(3.0)
    assert not scene.view.lacks(VipName("mail"), 3.0)
    scene.hears(mail, 3.1)
    assert scene.view.held(VipName("mail"), 3.1)


# -- rule 4: blocked -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [a_claim(), a_beat(a_listing(Standing.CLAIMING)), a_digest(9)])
def test_rule_4_a_listing_blocks_for_the_owner_down_interval(scene: Scene, body: object) -> None:
    """A claim that returns after a peer's word counts for nothing."""
    claim = scene.claims(2.0)
    scene.hears(Peer().says(body), 2.1)  # type: ignore[arg-type]  # one of the bodies
    assert scene.claimable_at() == pytest.approx(2.1 + D)
    scene.hears(claim, 2.2)
    assert not scene.held(2.2)
    assert scene.view.lacks(WEB, 2.2)


def test_rule_4_after_the_interval_the_claim_counts(scene: Scene) -> None:
    """Silence for D is leave to claim."""
    scene.hears(Peer().says(a_beat(a_listing())), 2.0)
    scene.holds(2.0 + D + 0.001)


def test_rule_4_a_release_ends_the_block(scene: Scene) -> None:
    """A peer that gives up needs not be waited out."""
    peer = Peer()
    scene.hears(peer.says(a_claim()), 2.0)
    heard = scene.hears(peer.says(Release(vips=(WEB,))), 2.1)
    assert heard.vips == {WEB}
    scene.holds(2.2)


def test_rule_4_a_full_heartbeat_without_it_ends_the_block(scene: Scene) -> None:
    """What is listed no more is released."""
    peer = Peer()
    scene.hears(peer.says(a_beat(a_listing())), 2.0)
    scene.hears(peer.says(a_beat(version=2)), 2.1)
    scene.holds(2.2)


@pytest.mark.parametrize("reborn", [False, True])
def test_rule_4_a_later_life_releases_by_its_first_full_heartbeat_alone(scene: Scene, reborn: bool) -> None:
    """What comes before the list says nothing about it."""
    scene.hears(Peer().says(a_beat(a_listing())), 2.0)
    later = Peer(incarnation=2) if reborn else Peer(session=2)
    scene.hears(later.says(Release(vips=())), 2.1)
    assert scene.claimable_at() == pytest.approx(2.0 + D)
    scene.hears(later.says(a_digest(1)), 2.2)
    assert scene.claimable_at() == pytest.approx(2.2 + D)
    scene.hears(later.says(a_beat()), 2.3)
    assert scene.claimable_at() == pytest.approx(D)


def test_rule_4_one_peers_release_does_not_unblock_another(scene: Scene) -> None:
    """Each peer speaks for itself."""
    scene.hears(Peer(B).says(a_beat(a_listing())), 2.0)
    scene.hears(Peer(C).says(Release(vips=(WEB,), vacated=True)), 2.1)
    assert scene.claimable_at() == pytest.approx(2.0 + D)


def test_an_owners_farewell_is_remembered(scene: Scene) -> None:
    """Who left which term, whom for and until when: only if it was there, and its addresses are off its kernel."""
    peer = Peer()
    for release in (Release(vips=(WEB,), vacated=True), a_beat(a_listing(term=6)), Release(vips=(WEB,))):
        scene.hears(peer.says(release), 2.0)
        assert not scene.view.vacancies
    scene.hears(peer.says(a_beat(a_listing(term=7))), 2.0)
    scene.hears(peer.says(Release(vips=(WEB,), vacated=True, to=C, reserved_s=1.0)), 2.1)
    left = scene.view.vacancies[WEB]
    assert (left.by, left.term, left.to, left.at, left.reserved_until) == (B, 7, C, 2.1, 3.1)


def test_a_farewell_that_keeps_the_addresses_is_remembered_and_a_second_ends_that(scene: Scene) -> None:
    """The second comes when nothing of the owner is listed any more, and needs no term of its own."""
    peer = Peer()
    scene.hears(peer.says(a_beat(a_listing(term=7))), 2.0)
    scene.hears(peer.says(Release(vips=(WEB,), to=C, reserved_s=1.0, kept=True)), 2.1)
    left = scene.view.vacancies[WEB]
    assert (left.kept, left.by, left.term, left.to, left.reserved_until) == (True, B, 7, C, 3.1)
    scene.hears(peer.says(a_beat(version=2)), 2.2)
    scene.hears(peer.says(Release(vips=(WEB,), vacated=True)), 2.3)
    left = scene.view.vacancies[WEB]
    assert (left.kept, left.by, left.term, left.to, left.at) == (False, B, 7, None, 2.3)


def test_a_second_farewell_of_another_is_none(scene: Scene) -> None:
    """Only the one that kept the addresses can say that they are gone."""
    peer = Peer()
    scene.hears(peer.says(a_beat(a_listing(term=7))), 2.0)
    scene.hears(peer.says(Release(vips=(WEB,), to=C, reserved_s=1.0, kept=True)), 2.1)
    scene.hears(Peer(C).says(Release(vips=(WEB,), vacated=True)), 2.2)
    assert scene.view.vacancies[WEB].kept


def test_one_that_keeps_what_it_never_owned_says_nothing(scene: Scene) -> None:
    """It was not there."""
    scene.hears(Peer().says(Release(vips=(WEB,), to=C, reserved_s=1.0, kept=True)), 2.0)
    assert not scene.view.vacancies


# -- what is not ours


def test_vips_that_are_unknown_here_do_not_fill_the_memory(scene: Scene) -> None:
    """Claims and farewells of them are nobody's business here, however many names somebody makes up."""
    names = [VipName(f"v{number}") for number in range(300)]
    peer = Peer()
    scene.hears(peer.says(Claim(bids=tuple(Bid(vip=name, term=1, definition="00") for name in names))), 2.0)
    scene.hears(peer.says(Release(vips=tuple(names), vacated=True, to=C, reserved_s=86_400.0)), 2.1)
    assert scene.view.vacancies == {}
    assert scene.view.peers[B].entries == {}
