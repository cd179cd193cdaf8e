"""Checks that fail: who leaves, who waits, and until when no check moves a VIP again."""

from dataclasses import replace
from typing import Any

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.fitness import checked
from floatip.core.messages import Release, Reply, Request, State, Verb, Verdict
from floatip.core.situation import Outbox, Situation
from floatip.core.types import Binding, CheckName, CheckSpec, NodeSpec, Role, VipName
from tests.unit.core.bench import Bench
from tests.unit.core.handing import Handing
from tests.unit.core.stage import WEB, A, B, D, H, L, a_listing, a_spec, a_vip, of, sent

HTTP, DISK = CheckName("http"), CheckName("disk")
DAMPING_S = 10.0
FAILS = "check http fails: 503"


def spec_of(*, weight: int = 0, **vip: Any) -> NodeSpec:
    """Make a node whose VIP depends on one check."""
    check = CheckSpec(name=HTTP, rise=1, fall=1, weight=weight)
    return replace(a_spec(vips=(a_vip(**({"checks": (HTTP,)} | vip)),)), checks=(check,))


def looks(bench: Bench, *, passed: bool) -> list[ef.Effect]:
    """Let the check look once."""
    return bench.give(ev.Checked(check=HTTP, passed=passed, output="" if passed else "503"))


def an_owner(**vip: Any) -> Bench:
    """Make an owner whose check passes."""
    bench = Bench(spec_of(**vip)).connect()
    looks(bench, passed=True)
    bench.run(D + 0.3)
    assert bench.role() is Role.OWNER
    bench.effects.clear()
    return bench


def left_after(bench: Bench, limit_s: float = 15.0) -> float:
    """Let time pass until the VIP is given up; return how long that took."""
    began = bench.now
    while bench.role() is Role.OWNER:
        assert bench.now < began + limit_s
        bench.run(0.01)
    return bench.now - began


# -- what a result does


def test_a_check_that_changes_is_told_to_people_and_peers() -> None:
    """Each change once, with what it said when it failed."""
    s = Situation(spec_of(), lambda: 0.5)
    for check, passed, changes in ((HTTP, True, True), (HTTP, True, False), (DISK, False, False), (HTTP, False, True)):
        s.outbox = Outbox()
        assert checked(s, ev.Checked(check=check, passed=passed, output="" if passed else "503")) is changes
        assert s.outbox.state is changes
    assert [(tell.kind, tell.text, tell.warning) for tell in of(ef.Tell, s.effects)] == [
        (ef.Kind.CHECK, "check http passes", False),
        (ef.Kind.CHECK, "check http fails: 503", True),
    ]


def test_a_check_that_has_not_passed_yet_hinders_a_claim_and_is_told_to_peers() -> None:
    """Its node is no candidate in anybody's eyes, though it has no fault; once it has passed, it claims."""
    bench = Bench(spec_of()).connect()
    bench.run(D + 3.0)
    assert bench.role() is Role.INIT
    pending = "check http has not passed yet"
    assert (bench.vip().faults(bench.now), bench.vip().unfit(bench.now)) == ((), (pending,))
    assert bench.vip().hindrances(bench.now) == (pending,)
    assert [state.vips[0].faults for state in sent(State, bench.effects)][-1] == (pending,)
    looks(bench, passed=True)
    bench.run(L + H)
    assert bench.role() is Role.OWNER
    assert [state.vips[0].faults for state in sent(State, bench.effects)][-1] == ()


def test_a_check_that_has_not_passed_yet_does_not_end_an_office() -> None:
    """Neither one that was inherited from an earlier life, nor one that a new configuration asks about."""
    bench = Bench(spec_of())
    bench.give(ev.Inherited(vip=WEB, interface="eth0"))
    bench.connect().run(D + 2.0)
    assert bench.role() is Role.OWNER
    assert bench.vip().binding.state is Binding.BOUND
    assert of(ef.Unbind, bench.effects) == []


def test_a_candidate_whose_check_fails_withdraws() -> None:
    """Before it has the addresses."""
    bench = Bench(spec_of()).connect()
    looks(bench, passed=True)
    bench.run(D - 0.1)
    bench.echoing.clear()
    bench.run_until(Role.CANDIDATE)
    looks(bench, passed=False)
    assert bench.role() is Role.FAULT
    assert bench.told(f"web CANDIDATE -> BACKUP: {FAILS}")


def test_a_backup_whose_check_fails_has_a_fault_until_it_passes_again() -> None:
    """At once, whatever is damped."""
    bench = Bench(spec_of()).connect()
    looks(bench, passed=True)
    bench.joined_by(B, a_listing(term=7))
    bench.run(D + 0.1)
    bench.engine._s.swayed_at[WEB] = bench.now
    looks(bench, passed=False)
    assert bench.role() is Role.FAULT
    assert bench.told(f"web BACKUP -> FAULT: {FAILS}")
    looks(bench, passed=True)
    assert bench.role() is Role.BACKUP


# -- an owner


def test_an_owner_whose_check_fails_leaves_at_once_and_says_that_a_check_made_it() -> None:
    """The others must know, for no check moves the VIP again soon."""
    bench = an_owner()
    assert of(ef.Unbind, looks(bench, passed=False))
    bench.run(0.01)
    assert sent(Release, bench.effects) == [Release(vips=(WEB,), vacated=True, swayed=True)]
    assert bench.role() is Role.FAULT
    assert bench.engine._s.damped_until(bench.vip().spec) == pytest.approx(bench.now + DAMPING_S, abs=0.1)


def test_an_isolated_owner_whose_check_fails_leaves_too() -> None:
    """Its service is of no use to anybody."""
    bench = an_owner()
    bench.cut()
    bench.run(L + 0.1)
    assert bench.role() is Role.ISOLATED
    looks(bench, passed=False)
    bench.run(0.01)
    assert bench.role() is Role.FAULT
    assert of(ef.Unbind, bench.effects)


def test_an_owner_that_leaves_for_another_reason_is_not_swayed() -> None:
    """A link is down: nothing is damped by that."""
    bench = an_owner()
    bench.give(ev.LinkChanged(interface="eth0", up=False))
    bench.run(0.01)
    assert [one.swayed for one in sent(Release, bench.effects)] == [False]
    assert bench.engine._s.swayed_at == {}


@pytest.mark.parametrize("waited_s", [0.0, 4.0, 9.0])
def test_an_owner_stays_as_long_as_an_earlier_move_by_a_check_damps_it(waited_s: float) -> None:
    """It leaves when that ends, by itself: nothing else happens then."""
    bench = an_owner()
    bench.engine._s.swayed_at[WEB] = bench.now
    bench.run(waited_s)
    looks(bench, passed=False)
    assert left_after(bench) == pytest.approx(DAMPING_S - waited_s, abs=0.02)


def test_an_owner_that_is_damped_wakes_for_nothing_else_at_the_end() -> None:
    """Its own deadline says so: without heartbeats and renewals nothing would wake it."""
    bench = an_owner()
    bench.engine._s.swayed_at[WEB] = bench.now
    looks(bench, passed=False)
    assert (bench.vip()._serve(bench.now) or 0.0) <= bench.now + DAMPING_S
    end = bench.engine._s.damped_until(bench.vip().spec)
    assert bench.vip()._serve(end - 0.001) == pytest.approx(end)


def test_a_check_that_passes_again_in_time_moves_nothing() -> None:
    """It flapped."""
    bench = an_owner()
    bench.engine._s.swayed_at[WEB] = bench.now
    looks(bench, passed=False)
    bench.run(5.0)
    looks(bench, passed=True)
    bench.run(10.0)
    assert bench.role() is Role.OWNER
    assert of(ef.Unbind, bench.effects) == []


def test_a_fault_is_not_damped() -> None:
    """Without its link it serves nobody."""
    bench = an_owner()
    bench.engine._s.swayed_at[WEB] = bench.now
    looks(bench, passed=False)
    bench.give(ev.LinkChanged(interface="eth0", up=False))
    bench.run(0.01)
    assert bench.role() is Role.FAULT


def test_damping_is_as_long_as_it_is_configured_and_each_vips_own() -> None:
    """None at all is possible."""
    bench = an_owner(damping_s=2.5)
    bench.engine._s.swayed_at = {WEB: bench.now, VipName("mail"): bench.now + 100.0}
    looks(bench, passed=False)
    assert left_after(bench) == pytest.approx(2.5, abs=0.02)
    bench = an_owner(damping_s=0.0)
    bench.engine._s.swayed_at[WEB] = bench.now
    looks(bench, passed=False)
    assert bench.role() is not Role.OWNER


# -- what a peer says


@pytest.mark.parametrize("swayed", [True, False])
def test_a_peer_that_left_because_of_a_check_damps_its_successor(swayed: bool) -> None:
    """Two nodes whose services flap do not throw the VIP to and fro; after any other farewell nothing is damped."""
    bench = Bench(spec_of()).connect()
    looks(bench, passed=True)
    peer = bench.joined_by(B, a_listing(term=7))
    bench.run(D + 0.1)
    bench.joined_by(B)
    bench.hear(peer.says(Release(vips=(WEB, VipName("mail")), vacated=True, swayed=swayed), bench.seen()))
    heard_at = bench.now
    assert bench.engine._s.swayed_at == ({WEB: heard_at} if swayed else {})
    bench.run_until(Role.OWNER)
    looks(bench, passed=False)
    if swayed:
        left_after(bench)
        assert bench.now == pytest.approx(heard_at + DAMPING_S, abs=0.02)
    assert bench.role() is not Role.OWNER


# -- weights


def weighed(**vip: Any) -> Handing:
    """Make an owner with a priority of 100 that loses 50 with its check, and a peer of 80."""
    spec = spec_of(weight=-50, priority=100, **({"preempt": True} | vip))
    hand = Handing(spec=spec)
    hand.says(B, hand.state(B, 80))
    assert hand.asked() == []
    return hand


def test_a_weight_makes_a_better_one_of_a_peer_and_the_owner_hands_over() -> None:
    """It goes on serving meanwhile; the others are told the priority it has now, and why."""
    hand = weighed()
    looks(hand.bench, passed=False)
    assert hand.asked_whom() == [B]
    assert hand.bench.told("hands web to b: b comes first")
    hand.bench.run(H + 0.01)
    (told,) = sent(State, hand.bench.effects)[-1].vips
    assert (told.priority, told.faults, told.notes) == (50, (), ("check http fails, priority -50: 503",))
    hand.replies()
    (left,) = [one for one in sent(Release, hand.bench.effects) if one.to == B]
    assert (left.kept, left.swayed) == (True, True)
    assert hand.bench.engine._s.swayed_at == {WEB: hand.bench.now}


def test_without_preempt_a_weight_moves_nothing() -> None:
    """It only counts when somebody is to be chosen."""
    hand = weighed(preempt=False)
    looks(hand.bench, passed=False)
    hand.bench.run(3.0)
    assert hand.asked() == []


@pytest.mark.parametrize("checks", [(), (HTTP,)])
def test_a_handover_to_a_better_one_damps_only_if_checks_weigh(checks: tuple[CheckName, ...]) -> None:
    """Where priorities are fixed nothing flaps."""
    hand = Handing(spec=spec_of(weight=-50, preempt=True, checks=checks))
    looks(hand.bench, passed=True)
    hand.says(B, hand.state(B, 150))
    hand.bench.run(0.01)
    hand.replies()
    (left,) = [one for one in sent(Release, hand.bench.effects) if one.to == B]
    assert left.swayed is bool(checks)
    assert (WEB in hand.bench.engine._s.swayed_at) is bool(checks)


def test_an_operators_move_damps_nothing() -> None:
    """It was no check's."""
    hand = weighed()
    hand.given()
    (left,) = [one for one in sent(Release, hand.bench.effects) if one.to == B]
    assert not left.swayed
    assert hand.bench.engine._s.swayed_at == {}


@pytest.mark.parametrize(("checks", "due_s"), [((HTTP,), DAMPING_S), ((), 1.0)])
def test_a_better_one_waits_for_the_end_of_damping_where_checks_weigh(
    checks: tuple[CheckName, ...], due_s: float
) -> None:
    """And is asked right then."""
    hand = Handing(spec=spec_of(weight=-50, preempt=True, preempt_delay_s=1.0, checks=checks))
    looks(hand.bench, passed=True)
    swayed_at = hand.bench.engine._s.swayed_at[WEB] = hand.bench.now
    hand.says(B, hand.state(B, 150))
    hand.bench.run(due_s - 0.01)
    assert hand.asked() == []
    while not hand.asked():
        assert hand.bench.now < swayed_at + due_s + 0.05
        hand.bench.run(0.005)


def test_a_target_counts_its_own_weights() -> None:
    """It refuses to be preferred if it is not the better one itself, just now."""
    bench = Bench(spec_of(weight=-50, priority=120)).connect()
    peer = bench.joined_by(B, a_listing(term=7))
    looks(bench, passed=True)
    bench.run(D + 0.1)
    request = Request(id="r1", verb=Verb.PREPARE, at=A, vips=(WEB,), preempts=True, expires_s=1.0)
    (reply,) = sent(Reply, bench.hear(peer.says(request, bench.seen())))
    assert reply.verdict is Verdict.ACCEPTED
    looks(bench, passed=False)
    (reply,) = sent(Reply, bench.hear(peer.says(replace(request, id="r2"), bench.seen())))
    assert (reply.verdict, reply.text[:19]) == (Verdict.REFUSED, "b comes before a, a")
