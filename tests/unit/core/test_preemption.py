"""A better candidate takes over only if both it and the owner say that it is the better one (design 4.5)."""

from dataclasses import replace

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.messages import Reply, Request, State, Verb, Verdict
from floatip.core.types import CheckName, CheckSpec, DirectiveKind, Role, Standing
from tests.unit.core.bench import Bench
from tests.unit.core.handing import Handing, order, spec_of
from tests.unit.core.stage import MACS, WEB, A, B, D, H, Peer, X, a_listing, a_port, a_spec, a_state, a_vip, of, sent

DISK = CheckName("disk")
WEIGHED = CheckSpec(name=DISK, rise=1, fall=1, weight=-50)
COMES_FIRST = "b comes before a, as that is configured: do priority and placement differ?"


def asked(priority: int, *, preempts: bool) -> list[tuple[Verdict, str]]:
    """What node a, of this priority, replies to b, which owns the VIP with a priority of 100."""
    bench = Bench(a_spec(vips=(a_vip(priority=priority),))).connect()
    bench.joined_by(B, a_listing(Standing.OWNER, term=7, definition=bench.spec.vips[0].definition))
    bench.run(D + 0.1)
    assert bench.role() is Role.BACKUP
    peer, _ = bench.beating[X, B]
    request = Request(id="r1", verb=Verb.PREPARE, at=A, vips=(WEB,), preempts=preempts, expires_s=1.0)
    return [(one.verdict, one.text) for one in sent(Reply, bench.hear(peer.says(request, bench.seen())))]


def test_the_owner_says_that_it_asks_because_the_other_comes_first() -> None:
    """And only then: a drain, an end, or an operator's wish has its own reason."""
    hand = Handing(spec=spec_of(a_vip(preempt=True)))
    hand.says(B, hand.state(B, 150))
    assert [one.preempts for one in hand.asked()] == [True]
    hand = Handing(spec=spec_of(a_vip(preempt=True)))
    hand.failover()
    assert [one.preempts for one in hand.asked()] == [False]
    hand = Handing(spec=spec_of(a_vip(preempt=True)))
    hand.orders(order(DirectiveKind.DRAIN, A, "yes"))
    assert [one.preempts for one in hand.asked()] == [False]


@pytest.mark.parametrize(("priority", "verdict"), [(99, Verdict.REFUSED), (101, Verdict.ACCEPTED)])
def test_a_target_refuses_to_be_preferred_where_the_owner_comes_first(priority: int, verdict: Verdict) -> None:
    """By its own configuration: else they would hand the VIP to and fro for ever."""
    ((said, text),) = asked(priority, preempts=True)
    assert said is verdict
    assert (text == COMES_FIRST) is (verdict is Verdict.REFUSED)


def test_a_target_that_comes_after_the_owner_takes_what_is_moved_for_another_reason() -> None:
    """An operator wants it so."""
    assert [one for one, _ in asked(99, preempts=False)] == [Verdict.ACCEPTED]


def test_the_owners_priority_is_the_one_that_it_tells_of() -> None:
    """In its state, as everywhere."""
    bench = Bench(a_spec(vips=(a_vip(priority=200),))).connect()
    peer = Peer(B)
    bench.hear(peer.says(a_state(B, priority=250, macs=(MACS[B],))))
    bench.beating[X, B] = peer, (a_listing(Standing.OWNER, term=7, definition=bench.spec.vips[0].definition),)
    bench.run(D + 0.3)
    request = Request(id="r1", verb=Verb.PREPARE, at=A, vips=(WEB,), preempts=True, expires_s=1.0)
    (reply,) = sent(Reply, bench.hear(peer.says(request, bench.seen())))
    assert reply.text == COMES_FIRST


def test_the_owner_tells_its_priority_before_it_asks() -> None:
    """Else the target would judge by the one before, and refuse; whatever was told how lately."""
    hand = Handing(spec=replace(spec_of(a_vip(preempt=True, checks=(DISK,))), checks=(WEIGHED,)))
    for _ in range(3):
        hand.bench.give(ev.IdentityChanged(macs=(MACS[A],), addresses=("10.77.0.99",), ports=(a_port(),)))
        hand.bench.run(H / 10)
    effects = hand.bench.give(ev.Checked(check=DISK, passed=False))
    said = [one.message.body for one in of(ef.Send, effects)]
    (told,), (asked,) = sent(State, effects), sent(Request, effects)
    assert told.vips[0].priority == 50
    assert said.index(told) < said.index(asked)
