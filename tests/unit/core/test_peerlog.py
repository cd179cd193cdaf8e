"""One peer on one broker: its place, its list, its digest."""

import pytest

from floatip.core.messages import Claim, Release
from floatip.core.peerlog import PeerLog
from floatip.core.types import Origin, Policy, Standing, VipName
from tests.unit.core.stage import DEFINITION, TERMS, WEB, A, B, D, a_beat, a_claim, a_digest, a_listing, a_spec

MAIL = VipName("mail")
NEVER = float("-inf")


@pytest.fixture
def log() -> PeerLog:
    """Give a peer that was heard once."""
    return PeerLog(node=B, terms=TERMS, origin=Origin(5, 3, 7))


@pytest.mark.parametrize(
    ("origin", "in_order"),
    [
        (Origin(5, 3, 8), True),
        (Origin(5, 3, 9), False),
        (Origin(5, 3, 7), None),
        (Origin(5, 3, 1), None),
        (Origin(5, 2, 99), None),
        (Origin(4, 9, 99), None),
        (Origin(5, 4, 0), True),
        (Origin(5, 4, 1), False),
        (Origin(6, 1, 0), True),
        (Origin(6, 1, 2), False),
    ],
)
def test_a_place_is_next_or_after_a_gap_or_old(log: PeerLog, origin: Origin, in_order: bool | None) -> None:
    """Consecutive numbers show what was lost; old ones change nothing."""
    before = log.origin
    assert log.place(origin) is in_order
    assert log.origin == (before if in_order is None else origin)


def test_a_new_session_forgets_list_version_and_acknowledgement_but_not_the_list(log: PeerLog) -> None:
    """Only its first full heartbeat says what a new session gives up."""
    log.heartbeat(a_beat(a_listing(), version=4), 11.0)
    log.covers_at = 10.5
    assert log.place(Origin(5, 4, 0))
    assert (log.list_version, log.covers_at) == (None, NEVER)
    assert log.entry_at(WEB) == 11.0


def test_a_full_heartbeat_tells_what_is_new(log: PeerLog) -> None:
    """VIPs that came, went or changed are to be looked at again; the others are not."""
    assert log.heartbeat(a_beat(a_listing(), a_listing(vip=MAIL)), 11.0) == {WEB, MAIL}
    assert log.heartbeat(a_beat(a_listing(), a_listing(vip=MAIL)), 11.2) == set()
    assert log.heartbeat(a_beat(a_listing(term=2), a_listing(vip=MAIL)), 11.4) == {WEB}
    assert log.heartbeat(a_beat(a_listing(term=2)), 11.6) == {MAIL}
    assert log.heartbeat(a_beat(a_listing(Standing.HELD, term=2)), 11.8) == {WEB}
    assert log.heartbeat(a_beat(a_listing(Standing.HELD, term=2, definition="other")), 12.0) == {WEB}


def test_a_digest_that_resolves_renews_the_list(log: PeerLog) -> None:
    """A digest of the version that we have stands for the list."""
    log.heartbeat(a_beat(a_listing(), version=4), 11.0)
    assert log.heartbeat(a_digest(4), 11.2) == set()
    assert log.entry_at(WEB) == 11.2
    assert log.entry_at(MAIL) is None


@pytest.mark.parametrize("known", [False, True])
def test_a_digest_that_does_not_resolve_lists_every_vip(log: PeerLog, known: bool) -> None:
    """It may be listing anything, until a full list arrives."""
    if known:
        log.heartbeat(a_beat(a_listing(), version=4), 11.0)
    log.heartbeat(a_digest(5), 11.2)
    assert log.entry_at(WEB) == log.entry_at(MAIL) == 11.2
    log.heartbeat(a_beat(version=5), 11.4)
    assert log.entry_at(WEB) is None
    assert log.entry_at(MAIL) is None


def test_a_claim_counts_as_listing_and_a_release_ends_it(log: PeerLog) -> None:
    """Between two heartbeats a claim and a release speak for themselves."""
    claim = Claim(bids=(*a_claim(4).bids, *a_claim(2, MAIL).bids))
    assert log.claim(claim, {WEB, MAIL}, 12.0) == {WEB, MAIL}
    entry = log.entries[WEB]
    assert (entry.standing, entry.term, entry.definition, entry.at) == (Standing.CLAIMING, 4, DEFINITION, 12.0)
    assert log.release(Release(vips=(WEB,))) == {WEB}
    assert log.entry_at(WEB) is None
    assert log.entry_at(MAIL) == 12.0


def test_a_peer_blocks_for_the_larger_of_both_intervals(log: PeerLog) -> None:
    """Neither clock may be cut short (rule 4)."""
    assert log.blocks_until(WEB, Policy.KEEP, D) == NEVER
    log.claim(a_claim(), {WEB}, 12.0)
    assert log.blocks_until(WEB, Policy.KEEP, 0.1) == pytest.approx(12.0 + D)
    assert log.blocks_until(WEB, Policy.KEEP, 5.0) == pytest.approx(17.0)
    assert log.blocks_until(WEB, Policy.RELEASE, 0.1) == pytest.approx(12.0 + a_spec(A).terms.release_s)


def test_a_claim_of_a_vip_that_is_unknown_here_is_not_remembered(log: PeerLog) -> None:
    """Names come from other hosts: they must not fill the memory."""
    log.claim(Claim(bids=(*a_claim(4).bids, *a_claim(2, MAIL).bids)), {WEB}, 12.0)
    assert set(log.entries) == {WEB}
