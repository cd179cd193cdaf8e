"""How an owner parts with a VIP that it has released to a target and still keeps: every way that ends (section 7)."""

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.handover import RESERVED_S
from floatip.core.messages import Claim
from floatip.core.types import Binding, Role, Standing, VipSpec
from tests.unit.core.handing import KEEP, RELEASE, Handing, keeping, removed
from tests.unit.core.stage import (
    BLINK,
    MACS,
    WEB,
    B,
    C,
    D,
    H,
    X,
    Y,
    Z,
    a_beat,
    a_listing,
    of,
    renewals,
    sent,
)

GAP = ev.Gap(seconds=2.0, why="test")
BOTH = pytest.mark.parametrize("vip", [KEEP, RELEASE])


def took_back(hand: Handing) -> bool:
    """Whether it kept the addresses all the time, and claims the VIP again."""
    kept = not of(ef.Unbind, hand.bench.effects) and hand.bench.vip().binding.state is Binding.BOUND
    return kept and bool(sent(Claim, hand.bench.effects))


# -- taken


@BOTH
def test_taken_when_the_targets_mac_announces_the_addresses(vip: VipSpec) -> None:
    """At once; that is what costs clients nothing."""
    hand = keeping(vip)
    hand.claims()
    hand.bench.run(0.01)
    assert not of(ef.Unbind, hand.bench.effects)
    assert of(ef.Unbind, hand.answers())
    assert hand.bench.told("b announces web on the LAN: removes web here")
    assert removed(hand)
    assert hand.role() is Role.BACKUP
    assert hand.failed() == []


def test_a_mac_that_only_answers_has_not_taken_it() -> None:
    """Clients leave us when they hear the announcement; and an answer may be that of a dead node's kernel."""
    hand = keeping()
    hand.claims()
    hand.answers(announced=False)
    hand.bench.give(
        ev.Answered(vip=WEB, address=hand.spec.addresses[0].address, mac=MACS[B], announced=True, testament=True)
    )
    hand.bench.run(0.1)
    assert not of(ef.Unbind, hand.bench.effects)
    assert hand.role() is Role.RELEASING


def test_another_mac_than_the_targets_ends_nothing() -> None:
    """A third node's answer is not the target's."""
    hand = keeping()
    hand.bench.hear(hand.bench.peer(C).says(hand.state(C)))
    hand.claims()
    hand.answers(C)
    hand.bench.run(0.1)
    assert not of(ef.Unbind, hand.bench.effects)


def test_taken_when_another_peer_owns_it_by_its_word_and_announces_it() -> None:
    """The target has died, and a third node was faster to know than this one."""
    hand = Handing(B, C)
    hand.given()
    hand.claims()
    hand.says_it_owns(C, term=3)
    assert not of(ef.Unbind, hand.bench.effects)
    hand.answers(C)
    assert hand.bench.told("c announces web on the LAN: removes web here")
    assert removed(hand)


@BOTH
def test_taken_when_the_target_says_again_after_a_heartbeat_that_it_owns_it(vip: VipSpec) -> None:
    """The LAN may lose every announcement; by then it has added the addresses."""
    hand = keeping(vip)
    hand.claims()
    hand.bench.run(0.01)
    hand.says_it_owns()
    said_at = hand.bench.now
    hand.falls_silent()
    hand.bench.run(H - BLINK)
    hand.says_it_owns()
    hand.bench.run(3 * H)
    assert not of(ef.Unbind, hand.bench.effects)
    hand.says_it_owns()
    assert hand.bench.now >= said_at + H
    hand.bench.run(H / 2 + BLINK)
    assert hand.bench.told("b owns web: removes web here")
    assert removed(hand)


def test_a_target_that_says_so_and_takes_it_back_within_a_heartbeat_has_not_taken_it() -> None:
    """Its kernel refused the address."""
    hand = keeping()
    hand.claims()
    hand.owns()
    hand.bench.run(H)
    hand.releases()
    hand.bench.run(0.3)
    assert took_back(hand)


def test_a_target_that_is_no_owner_for_a_while_must_say_so_anew_for_a_heartbeat() -> None:
    """What it said before was about another try."""
    hand = keeping()
    hand.claims()
    hand.falls_silent()
    hand.says_it_owns()
    hand.bench.run(H / 2)
    hand.says(B, a_beat(a_listing(Standing.HELD, term=2), version=2))
    hand.bench.run(H)
    hand.says_it_owns()
    hand.bench.run(H - BLINK)
    hand.says_it_owns()
    hand.bench.run(H / 2)
    assert not of(ef.Unbind, hand.bench.effects)
    hand.says_it_owns()
    hand.bench.run(H / 2 + BLINK)
    assert hand.bench.told("b owns web: removes web here")


def test_whoever_took_it_is_told_that_the_addresses_are_gone_by_every_broker() -> None:
    """The target announces once more then."""
    hand = keeping(KEEP, X, Y, Z)
    hand.claims()
    hand.answers()
    assert removed(hand)


# -- not taken: under keep it keeps the addresses and claims again


def test_a_target_that_does_not_claim_in_time_loses_it_again() -> None:
    """At T; the operator is told."""
    hand = keeping()
    hand.bench.run(RESERVED_S - BLINK)
    assert hand.role() is Role.RELEASING
    hand.bench.run(5 * BLINK)
    assert hand.failed() == ["b has not claimed web within 1 s"]
    assert hand.role() is Role.OWNER
    assert took_back(hand)


def test_a_target_that_gives_it_up_again_loses_it_at_once() -> None:
    """Without waiting for T."""
    hand = keeping()
    hand.claims()
    hand.bench.run(0.1)
    hand.releases()
    hand.bench.run(5 * BLINK)
    assert hand.failed() == ["b has given web up again, or has fallen silent"]
    assert took_back(hand)
    assert hand.role() is Role.OWNER


def test_a_target_that_falls_silent_after_its_claim_loses_it_after_the_owner_down_interval() -> None:
    """Not before: it may have the addresses; the claim of the former owner waits as anybody's."""
    hand = keeping()
    hand.claims()
    hand.bench.run(0.05)
    claimed_at = hand.bench.view().peers[B].heard_at
    hand.falls_silent()
    hand.bench.run(claimed_at + D - BLINK - hand.bench.now)
    assert hand.role() is Role.RELEASING
    hand.bench.run(H)
    assert hand.failed() == ["b has given web up again, or has fallen silent"]
    assert took_back(hand)


def test_a_target_that_claims_in_time_may_take_longer() -> None:
    """While it goes on saying that it claims."""
    hand = keeping()
    hand.bench.run(RESERVED_S - 0.05)
    hand.claims()
    hand.bench.run(1.0)
    assert hand.role() is Role.RELEASING


def test_the_addresses_are_renewed_by_timer_meanwhile() -> None:
    """Nobody's heartbeat upholds them now."""
    hand = keeping()
    hand.bench.run(RESERVED_S - 0.1)
    assert renewals(hand.bench.effects)
    assert all(bind.not_after == float("inf") for bind in renewals(hand.bench.effects))
    assert not of(ef.Announce, hand.bench.effects)


def test_cut_from_the_brokers_it_keeps_them_until_the_target_announces() -> None:
    """Policy keep: the LAN is the second witness."""
    hand = keeping()
    hand.bench.cut()
    hand.bench.run(0.5)
    assert hand.bench.vip().binding.state is Binding.BOUND
    assert of(ef.Unbind, hand.answers())
    hand.bench.run(0.01)
    assert hand.role() is Role.BACKUP


def test_cut_from_the_brokers_it_is_isolated_when_the_time_is_over() -> None:
    """Policy keep: nobody took the address, as far as it can see."""
    hand = keeping()
    hand.bench.cut()
    hand.bench.run(RESERVED_S - BLINK)
    assert hand.role() is Role.RELEASING
    hand.bench.run(0.1)
    assert hand.role() is Role.ISOLATED
    assert not of(ef.Unbind, hand.bench.effects)


def test_one_whose_process_stood_still_trusts_nothing_and_says_nothing_on_the_lan() -> None:
    """Whatever was agreed is long over: it is isolated, and in doubt until it has looked around."""
    hand = keeping()
    hand.bench.give(GAP)
    assert hand.role() is Role.ISOLATED
    assert hand.bench.vip().doubted
    assert hand.failed() == ["this node stood still"]
    assert not of(ef.Announce, hand.bench.run(0.3))
