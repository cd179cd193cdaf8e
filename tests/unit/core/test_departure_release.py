"""How an owner under ``release`` parts with a VIP that it has released to a target: every way that fails."""

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.handover import RESERVED_S
from floatip.core.types import Binding, Role, VipSpec
from tests.unit.core.handing import RELEASE, RELEASE_BREAK, Handing, keeping, removed, spec_of
from tests.unit.core.stage import (
    BLINK,
    H,
    X,
    Y,
    Z,
    of,
)

GAP = ev.Gap(seconds=2.0, why="test")


def test_under_release_a_target_that_does_not_claim_is_left_the_vip_nevertheless() -> None:
    """No lease upholds the address any more: it is removed at T."""
    hand = keeping(RELEASE)
    hand.bench.run(RESERVED_S - BLINK)
    assert not of(ef.Unbind, hand.bench.effects)
    hand.bench.run(2 * BLINK)
    assert removed(hand)
    assert hand.failed() == ["b has not claimed web within 1 s"]


def test_under_release_a_target_that_takes_too_long_is_left_the_vip() -> None:
    """At T + 2h, whatever it says."""
    hand = keeping(RELEASE)
    hand.claims()
    hand.bench.run(RESERVED_S + 2 * H - BLINK)
    assert not of(ef.Unbind, hand.bench.effects)
    hand.bench.run(2 * BLINK)
    assert hand.failed() == ["b has not taken web in time"]
    assert removed(hand)


def test_under_release_it_removes_them_at_once_when_it_is_cut_from_the_brokers() -> None:
    """Others count on it."""
    hand = keeping(RELEASE)
    hand.bench.cut()
    assert of(ef.Unbind, hand.bench.effects)
    assert hand.failed() == ["the brokers are out of reach while web is handed over"]


@pytest.mark.parametrize(("lost", "gone"), [((Z,), False), ((Y, Z), True)])
def test_under_release_a_majority_of_the_brokers_is_enough(lost: tuple[str, ...], gone: bool) -> None:
    """One of three may die."""
    hand = keeping(RELEASE, X, Y, Z)
    hand.bench.cut(*lost)  # type: ignore[arg-type]  # names are strings
    assert bool(of(ef.Unbind, hand.bench.effects)) is gone


def test_under_release_it_removes_them_when_its_process_stood_still() -> None:
    """As soon as it can."""
    hand = keeping(RELEASE)
    assert of(ef.Unbind, hand.bench.give(GAP))


@pytest.mark.parametrize("vip", [RELEASE_BREAK])
def test_what_was_removed_before_the_release_needs_no_keeping(vip: VipSpec) -> None:
    """Break before make: whatever becomes of the target, nothing of the VIP is here."""
    hand = Handing(spec=spec_of(vip))
    hand.given()
    hand.bench.run(0.01)
    assert hand.role() is Role.BACKUP
    assert hand.bench.vip().binding.state is Binding.ABSENT
