"""A planned move, led by the owner: asking the targets, and giving the VIP to one that is ready (design section 7)."""

from itertools import pairwise

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.handover import AGAIN_S, LONGEST_REST_S, LOOKS_S, PREPARE_S, RESERVED_S, TRIES, targets
from floatip.core.messages import Claim, Heartbeat, Release, Reply, Request, Verb, Verdict
from floatip.core.silence import SHOTS
from floatip.core.types import Binding, DirectiveKind, NodeName, Policy, Role, Timing, VipSpec
from tests.unit.core.handing import KEEP, KEEP_BREAK, RELEASE, RELEASE_BREAK, Handing, order, spec_of
from tests.unit.core.stage import BLINK, WEB, A, B, C, H, X, Y, Z, a_vip, of, sent

E_ = NodeName("e")
F_ = NodeName("f")

# -- asking


@pytest.mark.parametrize(("vip", "looks"), [(KEEP, True), (KEEP_BREAK, False), (RELEASE, True), (RELEASE_BREAK, False)])
def test_the_owner_asks_the_target_first(vip: VipSpec, looks: bool) -> None:
    """Whether it is fit, and (where the addresses stay) whether the LAN knows nobody but the owner; all goes on."""
    hand = Handing(spec=spec_of(vip))
    hand.failover()
    (asked,) = hand.asked()
    assert asked == Request(id=asked.id, verb=Verb.PREPARE, at=B, vips=(WEB,), look=looks, expires_s=1.0)
    hand.bench.run(PREPARE_S - 0.01)
    assert hand.role() is Role.OWNER
    assert not sent(Release, hand.bench.effects)
    assert hand.bench.told("hands web to b: an operator moves it")


def test_many_vips_are_asked_for_in_one_request() -> None:
    """A thousand VIPs are not a thousand messages."""
    names = tuple(a_vip(name).name for name in ("web", "mail"))  # type: ignore[arg-type]  # names are strings
    hand = Handing(spec=spec_of())
    hand.bench.engine._s.outbox.prepares[B, True, False] = list(names)
    vips = hand.bench.engine._vips
    vips[names[1]] = vips[WEB]
    hand.bench.engine._desk._ask_to_prepare(7, hand.bench.now)
    (request,) = hand.bench.engine._desk.take_said()
    assert isinstance(request, Request)
    assert request.vips == names


def test_the_best_is_asked_where_the_operator_named_nobody() -> None:
    """By the order of the candidates: pin, priority, name."""
    hand = Handing(B, C, E_)
    hand.says(C, hand.state(C, 120))
    assert targets(hand.bench.engine._s, hand.spec, hand.bench.now) == (C, B, E_)
    hand.orders(order(DirectiveKind.PIN, WEB, E_))
    assert targets(hand.bench.engine._s, hand.spec, hand.bench.now) == (E_, C, B)
    hand.failover()
    assert hand.asked_whom() == [E_]


def test_who_cannot_take_it_is_no_target() -> None:
    """A fault, a drain, another timing, another definition, silence."""
    hand = Handing(B, C, E_, F_)
    hand.orders(order(DirectiveKind.DRAIN, C, "yes"))
    hand.says(B, hand.state(B, 100, "link down: eth0"))
    hand.falls_silent(E_)
    hand.bench.run(1.0)
    slow = spec_of().terms
    assert targets(hand.bench.engine._s, hand.spec, hand.bench.now) == (F_,)
    fast = Timing(heartbeat_s=0.1, lease_s=0.5)
    hand.bench.beating[X, F_][0].terms = type(slow)(
        heartbeat_s=0.1,
        lease_s=0.5,
        keep_s=fast.owner_down_s(Policy.KEEP),
        release_s=fast.owner_down_s(Policy.RELEASE),
        brokers=slow.brokers,
    )
    hand.bench.run(H)
    assert targets(hand.bench.engine._s, hand.spec, hand.bench.now) == ()


# -- a target that refuses, or says nothing


def test_a_named_target_that_refuses_ends_the_move() -> None:
    """Nothing has happened, and the operator learns why; nobody else is asked."""
    hand = Handing(B, C)
    hand.failover(B)
    hand.replies(B, Verdict.REFUSED, "b has a fault: link down: eth0")
    hand.bench.run(1.0)
    assert hand.failed() == ["b has a fault: link down: eth0"]
    assert hand.asked_whom() == [B]
    assert hand.role() is Role.OWNER
    assert not sent(Release, hand.bench.effects)


def test_a_named_target_that_is_silent_ends_the_move() -> None:
    """After half a second."""
    hand = Handing(B, C)
    hand.failover(B)
    hand.bench.run(PREPARE_S - BLINK)
    assert hand.failed() == []
    hand.bench.run(2 * BLINK)
    assert hand.failed() == ["b does not answer"]
    assert hand.asked_whom() == [B]


def test_the_next_target_is_asked_where_the_operator_named_nobody() -> None:
    """At once when one refuses, after half a second when one is silent."""
    hand = Handing(B, C, E_)
    hand.failover()
    hand.replies(B, Verdict.REFUSED, "b does not want it")
    assert hand.asked_whom() == [B, C]
    hand.bench.run(PREPARE_S + BLINK)
    assert hand.asked_whom() == [B, C, E_]
    hand.replies(E_)
    assert sent(Release, hand.bench.effects)[-1].to == E_
    assert hand.failed() == []


def test_not_more_than_a_few_are_asked() -> None:
    """The operator waits; the last reason is told."""
    names = [NodeName(f"p{number}") for number in range(TRIES + 2)]
    hand = Handing(*names)
    hand.failover()
    hand.bench.run(TRIES * PREPARE_S + 0.1)
    assert hand.asked_whom() == names[:TRIES]
    assert hand.failed() == [f"{names[TRIES - 1]} does not answer"]


def test_a_word_of_another_than_the_target_is_none() -> None:
    """Nor is one about a question of before, nor one that comes when the next target was asked."""
    hand = Handing(B, C)
    hand.failover()
    hand.replies(C)
    hand.says(B, Reply(id="another", verdict=Verdict.ACCEPTED, text="ready", vips=(WEB,)))
    assert hand.role() is Role.OWNER
    hand.bench.run(PREPARE_S + BLINK)
    first, second = hand.asked()
    assert second.at == C
    hand.says(B, Reply(id=first.id, verdict=Verdict.ACCEPTED, text="ready", vips=(WEB,)))
    assert hand.role() is Role.OWNER
    hand.replies(C)
    assert hand.role() is Role.RELEASING


def test_a_move_that_nobody_waits_for_rests_before_it_is_tried_again() -> None:
    """And its failure is told once."""
    hand = Handing()
    hand.orders(order(DirectiveKind.DRAIN, A, "yes"))
    assert hand.asked_whom() == [B]
    hand.replies(B, Verdict.REFUSED, "no")
    hand.bench.run(AGAIN_S - BLINK)
    assert hand.asked_whom() == [B]
    hand.bench.run(0.3)
    assert hand.asked_whom() == [B, B]
    hand.replies(B, Verdict.REFUSED, "no")
    hand.bench.run(0.1)
    told = [one.text for one in of(ef.Tell, hand.bench.effects) if "is not handed over" in one.text]
    assert told == ["web is not handed over: no"]


# -- giving


@pytest.mark.parametrize("vip", [KEEP, RELEASE])
def test_make_before_break_releases_and_keeps_the_addresses(vip: VipSpec) -> None:
    """The VIP is the target's to claim, the addresses stay, unlisted, until it has them."""
    hand = Handing(spec=spec_of(vip))
    effects = hand.given()
    assert sent(Release, effects) == [Release(vips=(WEB,), to=B, reserved_s=RESERVED_S, kept=True)]
    assert hand.role() is Role.RELEASING
    assert hand.bench.vip().binding.state is Binding.BOUND
    assert not of(ef.Unbind, effects)
    hand.bench.run(0.3)
    beats = sent(Heartbeat, effects)
    assert beats
    assert all(beat.listings == () for beat in beats)


@pytest.mark.parametrize("vip", [KEEP_BREAK, RELEASE_BREAK])
def test_break_before_make_removes_the_addresses_and_releases_then(vip: VipSpec) -> None:
    """Never two that have them; the VIP is listed until they are gone."""
    hand = Handing(spec=spec_of(vip))
    effects = hand.given()
    assert of(ef.Unbind, effects)
    assert not sent(Release, effects)
    effects = hand.bench.run(0.01)
    assert sent(Release, effects) == [Release(vips=(WEB,), vacated=True, to=B, reserved_s=RESERVED_S)]
    assert hand.role() is Role.BACKUP


def test_what_three_brokers_say_is_given_once() -> None:
    """On each of them."""
    hand = Handing(spec=spec_of(None, X, Y, Z))
    assert len(hand.failover() and hand.asked()) == 3
    assert len(sent(Release, hand.replies())) == 3
    assert hand.role() is Role.RELEASING


def test_an_owner_that_has_become_isolated_meanwhile_gives_nothing() -> None:
    """Nobody could take it; the operator is told at once."""
    hand = Handing()
    hand.failover(B)
    hand.bench.cut()
    hand.bench.run_until(Role.ISOLATED)
    hand.bench.run(BLINK)
    assert hand.failed()
    assert hand.bench.vip().handover.order is None


def test_a_fault_while_it_asks_ends_the_move_at_once() -> None:
    """Whoever waits is told; the VIP is given up to anybody."""
    hand = Handing()
    hand.failover(B)
    hand.bench.give(ev.LinkChanged(interface="eth0", up=False))
    hand.bench.run(0.01)
    assert hand.failed() == ["link down: eth0"]
    assert sent(Release, hand.bench.effects)[-1] == Release(vips=(WEB,), vacated=True)
    assert hand.role() is Role.FAULT


def test_one_that_gave_the_vip_away_leaves_it_to_the_target() -> None:
    """Break before make: it is the target's until T; then it is better this node than none, if the LAN is silent."""
    hand = Handing(spec=spec_of(KEEP_BREAK))
    hand.given()
    hand.falls_silent()
    hand.bench.run(RESERVED_S - 0.01)
    assert hand.role() is Role.BACKUP
    assert not sent(Claim, hand.bench.effects)
    assert len(of(ef.Probe, hand.bench.effects)) >= SHOTS
    hand.bench.run(0.1)
    assert hand.role() is Role.OWNER


# -- how long it waits


def test_a_move_that_nobody_waits_for_rests_longer_each_time() -> None:
    """Up to a minute: a target that always refuses is not asked every moment, nor does it fill the log."""
    hand = Handing()
    hand.orders(order(DirectiveKind.DRAIN, A, "yes"))
    asked_at: list[float] = []
    for _ in range(4000):
        if len(hand.asked()) > len(asked_at):
            asked_at.append(hand.bench.now)
            hand.replies(B, Verdict.REFUSED, "b has a fault: timing differs")
        hand.bench.run(0.05)
    pauses = [later - before for before, later in pairwise(asked_at)]
    assert pauses == pytest.approx([2.0, 4.0, 8.0, 16.0, 32.0, LONGEST_REST_S, LONGEST_REST_S], abs=2 * H)
    told = [one.text for one in of(ef.Tell, hand.bench.effects) if "is not handed over" in one.text]
    assert told == ["web is not handed over: b has a fault: timing differs"]


def test_the_rest_is_short_again_after_a_move_that_went_on() -> None:
    """The next failure is another."""
    hand = Handing()
    hand.orders(order(DirectiveKind.DRAIN, A, "yes"))
    hand.replies(B, Verdict.REFUSED, "no")
    hand.bench.run(AGAIN_S + H)
    hand.replies()
    assert hand.role() is Role.RELEASING
    hand.bench.run(RESERVED_S + 3 * BLINK)
    ended_at, asked = hand.bench.now, len(hand.asked())
    while len(hand.asked()) == asked:
        hand.bench.run(BLINK)
    assert hand.bench.now - ended_at == pytest.approx(AGAIN_S, abs=H)


@pytest.mark.parametrize(("rtt_s", "waits_s"), [(0.001, PREPARE_S), (0.25, LOOKS_S + 6 * 0.25)])
def test_where_the_brokers_are_slow_a_target_has_more_time(rtt_s: float, waits_s: float) -> None:
    """To look, and for question and answer to go to and fro; and the VIP is reserved for longer."""
    hand = Handing()
    rtts = hand.bench.view().rtts
    rtts.extend([rtt_s] * (rtts.maxlen or 0))
    hand.failover(B)
    hand.bench.run(waits_s - BLINK)
    assert hand.failed() == []
    rtts.extend([rtt_s] * (rtts.maxlen or 0))
    hand.replies()
    assert sent(Release, hand.bench.effects)[0].reserved_s == pytest.approx(max(RESERVED_S, 6 * rtt_s))
