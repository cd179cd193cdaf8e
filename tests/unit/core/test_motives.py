"""Why an owner hands a VIP over though nobody asks for it: it stops, is drained, or a better one is there."""

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.directives import FORCED
from floatip.core.handover import AGAIN_S, PREPARE_S, TRIES
from floatip.core.messages import Release, State, Verdict
from floatip.core.types import DirectiveKind, NodeName, NodeSpec, Role
from tests.unit.core.handing import Handing, order, spec_of
from tests.unit.core.stage import BLINK, WEB, A, B, C, D, H, a_vip, of, sent

DRAINED = order(DirectiveKind.DRAIN, A, "yes")
DRAINED_BY_FORCE = order(DirectiveKind.DRAIN, A, FORCED)


def alone(hand: Handing) -> Handing:
    """Let b have a fault, so that nobody can take the VIP."""
    hand.says(B, hand.state(B, 100, "link down: eth0"))
    return hand


def farewells(hand: Handing) -> list[Release]:
    """What was said when the VIP was given up."""
    return sent(Release, hand.bench.effects)


# -- it stops


def test_one_that_stops_hands_over_to_the_best() -> None:
    """And is gone as soon as that has the addresses."""
    hand = Handing(B, C)
    hand.bench.give(ev.StopAsked())
    assert hand.asked_whom() == [B]
    assert hand.bench.told("hands web to b: a stops")
    hand.replies()
    hand.claims()
    hand.answers()
    hand.bench.run(0.01)
    assert [one.code for one in of(ef.Exit, hand.bench.effects)] == [0]


def test_one_that_stops_leaves_at_once_if_nobody_can_take_it() -> None:
    """Nobody waits for nobody."""
    hand = alone(Handing())
    assert of(ef.Unbind, hand.bench.give(ev.StopAsked()))
    hand.bench.run(0.01)
    assert farewells(hand) == [Release(vips=(WEB,), vacated=True)]
    assert of(ef.Exit, hand.bench.effects)


@pytest.mark.parametrize("frozen_for", [A, B])
def test_one_that_stops_leaves_at_once_what_is_frozen(frozen_for: str) -> None:
    """It is not handed to anybody, whoever may take it."""
    hand = Handing()
    hand.orders(order(DirectiveKind.FREEZE, WEB, frozen_for))
    hand.bench.give(ev.StopAsked())
    hand.bench.run(0.01)
    assert hand.asked() == []
    assert of(ef.Exit, hand.bench.effects)


def test_one_that_stops_in_haste_hands_nothing_over() -> None:
    """It must not be here: another daemon has its name."""
    hand = Handing()
    hand.bench.engine._stop(ef.Exit(code=4, reason="duplicate node name"))
    assert of(ef.Unbind, hand.bench.give(ev.Tick()))
    assert hand.asked() == []


def test_one_that_stops_asks_the_next_and_leaves_if_all_refuse() -> None:
    """To anybody, who may have more luck a moment later."""
    hand = Handing(B, C)
    hand.bench.give(ev.StopAsked())
    hand.replies(B, Verdict.REFUSED, "no")
    assert hand.asked_whom() == [B, C]
    assert of(ef.Unbind, hand.replies(C, Verdict.REFUSED, "no"))
    hand.bench.run(0.01)
    assert farewells(hand) == [Release(vips=(WEB,), vacated=True)]
    assert of(ef.Exit, hand.bench.effects)


def test_one_that_stops_ends_though_nobody_ever_answers() -> None:
    """An end that takes longer is killed."""
    hand = Handing(B, C, NodeName("e"), NodeName("f"))
    hand.bench.give(ev.StopAsked())
    hand.bench.run(TRIES * PREPARE_S + 0.05)
    assert of(ef.Exit, hand.bench.effects)


def test_an_order_to_stop_does_not_disturb_a_move_that_an_operator_asked_for() -> None:
    """It goes where it was to go."""
    hand = Handing(B, C)
    hand.failover(C)
    hand.bench.give(ev.StopAsked())
    hand.bench.run(0.1)
    assert hand.asked_whom() == [C]
    hand.replies(C)
    assert farewells(hand)[0].to == C


# -- it is drained


def test_a_drained_owner_hands_over_to_the_best() -> None:
    """And takes nothing any more."""
    hand = Handing(B, C)
    hand.orders(DRAINED)
    assert hand.asked_whom() == [B]
    hand.replies()
    hand.claims()
    hand.owns()
    hand.answers()
    hand.bench.run(0.1)
    assert hand.role() is Role.BACKUP
    hand.falls_silent()
    hand.falls_silent(C)
    hand.bench.run(5.0)
    assert hand.role() is Role.BACKUP


def test_a_drained_owner_stays_while_nobody_can_take_it() -> None:
    """And hands over when somebody can."""
    hand = alone(Handing())
    hand.orders(DRAINED)
    hand.says(B, hand.state(B, 100, "link down: eth0", directives=(DRAINED,)))
    hand.bench.effects.clear()
    hand.bench.run(3.0)
    assert hand.asked() == []
    assert hand.role() is Role.OWNER
    hand.says(B, hand.state(B, directives=(DRAINED,)))
    hand.bench.run(H + 0.01)
    assert hand.asked_whom() == [B]


def test_a_drained_owner_that_is_forced_leaves_though_nobody_can_take_it() -> None:
    """The operator wants it so."""
    hand = Handing()
    hand.says(B, hand.state(B, 100, "link down: eth0", directives=(DRAINED_BY_FORCE,)))
    hand.bench.run(0.01)
    assert hand.asked() == []
    assert farewells(hand) == [Release(vips=(WEB,), vacated=True)]
    hand.bench.run(3 * D)
    assert hand.role() is Role.BACKUP


def test_force_is_not_used_where_somebody_can_take_it() -> None:
    """It costs clients nothing then."""
    hand = Handing()
    hand.orders(DRAINED_BY_FORCE)
    assert hand.asked_whom() == [B]
    assert hand.role() is Role.OWNER


def test_a_drain_that_is_revoked_ends_the_wish() -> None:
    """What was asked already goes on."""
    hand = Handing()
    hand.orders(DRAINED)
    hand.replies(B, Verdict.REFUSED, "no")
    hand.orders(order(DirectiveKind.DRAIN, A, "", counter=2))
    hand.bench.run(AGAIN_S + 1.0)
    assert hand.asked_whom() == [B]
    assert hand.role() is Role.OWNER


# -- it is frozen


@pytest.mark.parametrize("frozen_for", [A, B, "-"])
def test_a_frozen_vip_is_neither_drained_nor_preempted(frozen_for: str) -> None:
    """It is not moved by itself, whoever it is frozen for."""
    hand = Handing(spec=spec_of(a_vip(preempt=True)))
    hand.says(B, hand.state(B, 200, directives=(order(DirectiveKind.FREEZE, WEB, frozen_for), DRAINED)))
    hand.bench.run(3.0)
    assert hand.asked() == []
    assert hand.role() is Role.OWNER


# -- a better one is there


def preempting(delay_s: float = 0.0) -> NodeSpec:
    """Make node a, which gives way to a better one."""
    return spec_of(a_vip(preempt=True, preempt_delay_s=delay_s))


def test_an_owner_gives_way_to_a_better_candidate() -> None:
    """One that is no better changes nothing."""
    hand = Handing(B, C, spec=preempting())
    hand.says(B, hand.state(B, 100))
    assert hand.asked() == []
    hand.says(C, hand.state(C, 101))
    assert hand.asked_whom() == [C]
    assert hand.bench.told("hands web to c: c comes first")


def test_an_owner_stays_where_nothing_is_said_of_preemption() -> None:
    """Owners are sticky."""
    hand = Handing()
    hand.says(B, hand.state(B, 200, directives=(order(DirectiveKind.PIN, WEB, B),)))
    hand.bench.run(3.0)
    assert hand.asked() == []


def test_a_pinned_node_is_better_than_any_priority() -> None:
    """For an owner that gives way."""
    hand = Handing(spec=preempting())
    hand.says(B, hand.state(B, 1, directives=(order(DirectiveKind.PIN, WEB, B),)))
    assert hand.asked_whom() == [B]


def test_it_waits_until_the_other_was_better_for_long_enough() -> None:
    """To the moment; and the wait begins anew when it was not for a while, or another is best."""
    hand = Handing(B, C, spec=preempting(3.0))
    hand.says(B, hand.state(B, 150))
    hand.bench.run(2.9)
    hand.says(B, hand.state(B, 90))
    hand.says(B, hand.state(B, 150))
    hand.bench.run(2.9)
    hand.says(C, hand.state(C, 160))
    hand.bench.run(3.0 - BLINK)
    assert hand.asked() == []
    hand.bench.run(2 * BLINK)
    assert hand.asked_whom() == [C]


def test_one_that_refuses_to_be_preferred_is_asked_again_later() -> None:
    """Nobody else is: the others are no better than this node."""
    hand = Handing(B, C, spec=preempting())
    hand.says(B, hand.state(B, 150))
    hand.replies(B, Verdict.REFUSED, "no")
    hand.bench.run(AGAIN_S - BLINK)
    assert hand.asked_whom() == [B]
    hand.bench.run(1.0)
    assert hand.asked_whom()[:2] == [B, B]
    assert hand.role() is Role.OWNER


# -- it stops while, or just after, something else was tried


def test_one_that_stops_soon_after_a_failed_move_asks_nevertheless() -> None:
    """What an operator wanted of one target says nothing of the others, and there is no time to rest."""
    hand = Handing(B, C)
    hand.failover(C)
    hand.replies(C, Verdict.REFUSED, "c sees a stranger answer for web")
    assert hand.failed()
    hand.bench.effects.clear()
    hand.bench.give(ev.StopAsked())
    assert hand.asked_whom() == [B]
    assert not of(ef.Unbind, hand.bench.effects)


def test_one_that_stops_asks_the_others_when_the_target_of_an_operator_is_silent() -> None:
    """The operator is told that it failed; the VIP goes to whoever can take it."""
    hand = Handing(B, C)
    hand.failover(C)
    hand.bench.effects.clear()
    hand.bench.give(ev.StopAsked())
    hand.bench.run(PREPARE_S + 0.01)
    assert hand.failed() == ["c does not answer"]
    assert hand.asked_whom() == [B]
    hand.replies()
    assert farewells(hand)[0].to == B


def test_nobody_hands_a_vip_to_a_node_that_stops() -> None:
    """It says so in its state, as a fault; its own VIPs go to others."""
    hand = Handing(B, C)
    hand.bench.give(ev.StopAsked())
    hand.bench.run(0.01)
    assert [one.faults for one in sent(State, hand.bench.effects)[-1].vips] == [("stops",)]
    hand = Handing(B, C)
    hand.says(B, hand.state(B, 100, "stops"))
    hand.failover()
    assert hand.asked_whom() == [C]
