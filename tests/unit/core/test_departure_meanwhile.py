"""What comes between while an owner keeps the addresses of a VIP that it has released to a target."""

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.handover import RESERVED_S
from floatip.core.messages import Release
from floatip.core.types import Role, Standing, VipSpec
from tests.unit.core.handing import KEEP, RELEASE, Handing, keeping, removed, spec_of
from tests.unit.core.stage import (
    BLINK,
    WEB,
    A,
    B,
    C,
    L,
    X,
    Y,
    Z,
    a_listing,
    binds,
    of,
    sent,
)

BOTH = pytest.mark.parametrize("vip", [KEEP, RELEASE])


@BOTH
def test_a_lost_link_ends_the_keeping_at_once_and_leaves_it_to_the_target(vip: VipSpec) -> None:
    """Nobody reaches the address here; what was promised to the target holds."""
    hand = keeping(vip)
    assert of(ef.Unbind, hand.bench.give(ev.LinkChanged(interface="eth0", up=False)))
    hand.bench.run(0.01)
    (left,) = sent(Release, hand.bench.effects)
    assert (left.vacated, left.to, left.kept) == (True, B, False)
    assert hand.role() is Role.FAULT


def test_an_order_to_stop_waits_for_the_end_of_the_handover() -> None:
    """And the process ends when the target has the addresses."""
    hand = keeping()
    hand.bench.give(ev.StopAsked())
    hand.bench.run(0.3)
    assert hand.role() is Role.RELEASING
    hand.claims()
    hand.answers()
    assert removed(hand)
    assert [one.code for one in of(ef.Exit, hand.bench.effects)] == [0]


def test_one_that_is_to_stop_does_not_take_the_vip_back() -> None:
    """The target did not claim: the addresses go, and so does the process."""
    hand = keeping()
    hand.bench.give(ev.StopAsked())
    hand.bench.run(RESERVED_S + 0.01)
    assert removed(hand)
    assert not hand.bench.told("ISOLATED")
    assert of(ef.Exit, hand.bench.effects)


def test_an_address_that_is_removed_by_hand_meanwhile_is_not_put_back_and_no_fight() -> None:
    """It was to go anyway."""
    hand = keeping()
    (address,) = hand.spec.addresses
    for _ in range(10):
        hand.bench.give(ev.AddressGone(vip=WEB, address=address.address, cause="deleted by hand"))
    assert not binds(hand.bench.effects)
    assert hand.bench.vip().faults(hand.bench.now) == ()


def test_the_next_move_starts_afresh() -> None:
    """Nothing of a handover that failed is left."""
    hand = keeping()
    hand.bench.run(RESERVED_S + L)
    assert hand.role() is Role.OWNER
    hand.given()
    assert hand.role() is Role.RELEASING
    hand.claims(term=hand.bench.vip().term + 1)
    assert of(ef.Unbind, hand.answers())


def test_the_former_owner_remembers_how_it_parted() -> None:
    """Handed over, or given up: everybody sees the cause."""
    hand = keeping()
    assert hand.bench.engine._s.partings[WEB] == f"{A} handed it over"
    hand = Handing()
    hand.bench.give(ev.LinkChanged(interface="eth0", up=False))
    assert hand.bench.engine._s.partings[WEB] == f"{A} gave it up"


def test_what_the_target_said_of_an_earlier_office_ends_nothing() -> None:
    """A broker that is late still delivers heartbeats in which it is the owner; it has not claimed since."""
    hand = Handing(B, C, spec=spec_of(None, X, Y, Z))
    term = hand.bench.vip().term
    mouth, _ = hand.bench.beating[Z, B]
    hand.bench.beating[Z, B] = mouth, (a_listing(Standing.OWNER, term=term - 1, definition=hand.spec.definition),)
    hand.bench.run(0.3)
    hand.given(B)
    hand.bench.effects.clear()
    hand.bench.run(RESERVED_S - 2 * BLINK)
    assert not of(ef.Unbind, hand.bench.effects)
    assert hand.role() is Role.RELEASING
    hand.bench.run(5 * BLINK)
    assert hand.failed() == ["b has not claimed web within 1 s"]
