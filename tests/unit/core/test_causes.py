"""Who owns a VIP now, who did, and why: what programs are told with the sentences."""

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.effects import Cause, Change
from floatip.core.messages import STOPS, Release, VipState
from floatip.core.types import DirectiveKind, NodeName, Role, Standing, Stored
from tests.unit.core.bench import Bench
from tests.unit.core.handing import Handing, order, spec_of
from tests.unit.core.stage import WEB, A, B, C, D, H, Peer, X, a_beat, a_listing, a_state, a_vip, of


def changes(effects: list[ef.Effect]) -> list[Change]:
    """Return what was told of owners."""
    return [tell.change for tell in of(ef.Tell, effects) if tell.change is not None]


@pytest.fixture
def backup() -> Bench:
    """Give a backup of b's, with a third node that could take the VIP."""
    bench = Bench().reach(Role.BACKUP)
    bench.joined_by(C)
    return bench


def taken_by_c(bench: Bench, term: int = 8) -> list[Change]:
    """Let c own the VIP; return what is told of that."""
    bench.beating.pop((X, B), None)
    peer, _ = bench.beating[X, C]
    bench.beating[X, C] = peer, (a_listing(Standing.OWNER, term=term),)
    before = len(bench.effects)
    bench.hear(peer.says(a_beat(a_listing(Standing.OWNER, term=term)), bench.seen()))
    bench.run(D + H)
    return changes(bench.effects[before:])


def test_the_first_owner_comes_after_nobody() -> None:
    """This node is it; nobody was silent before."""
    assert changes(Bench().reach(Role.OWNER).effects) == [Change(owner=A, former=None, cause=Cause.FIRST)]


def test_another_may_be_the_first_too() -> None:
    """One that has listened for long enough knows that nobody was before it."""
    bench = Bench().connect()
    bench.give(ev.LinkChanged(interface="eth0", up=False))
    bench.run(D + H)
    bench.joined_by(C, a_listing(Standing.OWNER, term=1))
    bench.run(H)
    assert changes(bench.effects) == [Change(owner=C, former=None, cause=Cause.FIRST)]


def test_a_newcomer_finds_an_owner_and_no_change(backup: Bench) -> None:
    """It was there before."""
    assert changes(backup.effects) == []
    assert backup.told("b owns web")


def test_a_takeover_says_how_long_the_former_owner_was_silent(backup: Bench) -> None:
    """From its last word to this node's first announcement, which goes out in the same step."""
    heard_at = backup.view().peers[B].heard_at
    backup.beating.clear()
    backup.run_until(Role.OWNER)
    (change,) = changes(backup.effects)
    assert (change.owner, change.former, change.cause) == (A, B, Cause.TAKEOVER)
    assert change.silent_s == pytest.approx(backup.now - heard_at, abs=0.001)
    assert of(ef.Announce, backup.effects)


def test_the_former_owner_may_be_back_before_the_next_one_has_the_address(backup: Bench) -> None:
    """What counts is how it was when this node claimed."""
    heard_at = backup.view().peers[B].heard_at
    backup.beating.clear()
    backup.binding = False
    backup.run_until(Role.ACQUIRING)
    backup.hear(Peer(B, incarnation=2).says(a_beat()))
    backup.give(ev.Bound(vip=WEB))
    (change,) = changes(backup.effects)
    assert change.silent_s == pytest.approx(backup.now - heard_at, abs=0.001)


def test_a_takeover_elsewhere_is_seen(backup: Bench) -> None:
    """With the time until this node heard of it."""
    (change,) = taken_by_c(backup)
    assert (change.owner, change.former, change.cause) == (C, B, Cause.TAKEOVER)
    assert change.silent_s == pytest.approx(0.0, abs=0.3)


@pytest.mark.parametrize(
    ("farewell", "cause"),
    [
        (Release(vips=(WEB,), to=C, reserved_s=1.0, kept=True), Cause.HANDOVER),
        (Release(vips=(WEB,), to=C, reserved_s=1.0, vacated=True), Cause.HANDOVER),
        (Release(vips=(WEB,), to=C, reserved_s=1.0, kept=True, swayed=True), Cause.CHECK),
        (Release(vips=(WEB,), vacated=True, swayed=True), Cause.CHECK),
        (Release(vips=(WEB,), vacated=True), Cause.FAULT),
    ],
)
def test_a_farewell_tells_why(backup: Bench, farewell: Release, cause: Cause) -> None:
    """As much as the former owner says in it."""
    peer, _ = backup.beating.pop((X, B))
    backup.hear(peer.says(farewell, backup.seen()))
    assert taken_by_c(backup) == [Change(owner=C, former=B, cause=cause)]


def test_one_that_stops_or_is_drained_says_so_before(backup: Bench) -> None:
    """In its state."""
    vip = VipState(vip=WEB, priority=100, definition=a_listing(Standing.OWNER).definition, faults=(STOPS,))
    peer, _ = backup.beating.pop((X, B))
    backup.hear(peer.says(a_state(B, version=9, vips=(vip,))))
    backup.hear(peer.says(Release(vips=(WEB,), to=C, reserved_s=1.0, kept=True), backup.seen()))
    assert [change.cause for change in taken_by_c(backup)] == [Cause.STOP]


def test_the_drain_of_the_former_owner_is_known() -> None:
    """It is an order that everybody keeps."""
    bench = Bench().reach(Role.BACKUP)
    bench.joined_by(C)
    peer, _ = bench.beating.pop((X, B))
    drain = order(DirectiveKind.DRAIN, B, "yes")
    bench.hear(peer.says(a_state(B, version=9, directives=(drain,))))
    bench.hear(peer.says(Release(vips=(WEB,), to=C, reserved_s=1.0, kept=True), bench.seen()))
    assert [change.cause for change in taken_by_c(bench)] == [Cause.DRAIN]


def test_the_same_owner_with_another_term_is_no_change(backup: Bench) -> None:
    """Nor is one that becomes isolated."""
    peer, _ = backup.beating[X, B]
    backup.hear(peer.says(a_beat(a_listing(Standing.ISOLATED, term=9)), backup.seen()))
    backup.run(H)
    assert changes(backup.effects) == []


def test_what_an_earlier_life_left_is_no_change() -> None:
    """It was this node's before."""
    bench = Bench(stored=Stored(incarnation=900, terms=((WEB, 7),)))
    bench.give(ev.Inherited(vip=WEB, interface="eth0"))
    assert bench.role() is Role.ISOLATED
    bench.connect().run(D + 1.0)
    assert bench.role() is Role.OWNER
    assert changes(bench.effects) == []


# -- what the former owner itself knows -------------------------------------------------------------------------------


def parted(hand: Handing, node: NodeName = B) -> list[Change]:
    """Let the target have the VIP, and see what the former owner tells of that."""
    hand.claims(node)
    hand.says_it_owns(node)
    hand.answers(node)
    hand.owns(node)
    hand.bench.run(D + H)
    return changes(hand.bench.effects)


def test_it_knows_that_an_operator_moved_it() -> None:
    """A manual failover."""
    hand = Handing()
    hand.given()
    assert parted(hand) == [Change(owner=B, former=A, cause=Cause.HANDOVER)]


def test_it_knows_that_it_was_drained() -> None:
    """It leads the handover."""
    hand = Handing()
    hand.orders(order(DirectiveKind.DRAIN, A, "yes"))
    hand.replies()
    assert parted(hand) == [Change(owner=B, former=A, cause=Cause.DRAIN)]


def test_it_knows_that_another_came_first() -> None:
    """By preemption."""
    hand = Handing(spec=spec_of(a_vip(preempt=True)))
    hand.says(B, hand.state(B, 150))
    hand.replies()
    assert parted(hand) == [Change(owner=B, former=A, cause=Cause.PREEMPT)]


def test_it_knows_that_it_had_a_fault() -> None:
    """It gave the VIP up at once."""
    hand = Handing()
    hand.bench.give(ev.LinkChanged(interface="eth0", up=False))
    assert parted(hand) == [Change(owner=B, former=A, cause=Cause.FAULT)]


def test_one_that_stops_notes_why() -> None:
    """It may still be there when the next owner is."""
    hand = Handing()
    hand.bench.give(ev.StopAsked())
    hand.replies()
    assert hand.bench.engine._s.parted[WEB] is Cause.STOP
