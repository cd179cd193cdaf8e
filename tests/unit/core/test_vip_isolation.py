"""One VIP: an owner without a quorum, one that stood still, and an owner that sees another yield."""

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.defence import ALONE_S, LOOKS_S
from floatip.core.messages import Heartbeat
from floatip.core.types import Role, Standing
from tests.unit.core.bench import Bench
from tests.unit.core.stage import (
    ADDRESS,
    BLINK,
    WEB,
    B,
    D,
    L,
    X,
    Y,
    Z,
    a_beat,
    a_listing,
    a_spec,
    binds,
    of,
    renewals,
    sent,
)

THREE = a_spec(brokers=(X, Y, Z))

# -- one that stood still

GAP = ev.Gap(seconds=2.0, why="test")
GONE = ev.AddressGone(vip=WEB, address=ADDRESS, cause="it expired")


def test_an_isolated_owner_that_stood_still_puts_nothing_back() -> None:
    """Others may have taken the VIP, and nobody but a quorum can say."""
    bench = Bench().reach(Role.OWNER)
    bench.give(GAP)
    assert bench.role() is Role.ISOLATED
    effects = bench.give(GONE) + bench.run(0.1)
    assert not binds(effects)
    assert bench.role() is Role.BACKUP
    assert bench.told("web ISOLATED -> RELEASING: it was removed while this node stood still")


def test_an_isolated_owner_that_never_stood_still_puts_it_back() -> None:
    """It has followed what happened, and nobody has shown up."""
    bench = Bench().reach(Role.ISOLATED)
    assert binds(bench.give(GONE))
    assert bench.role() is Role.ISOLATED


def test_with_a_quorum_there_is_no_doubt() -> None:
    """What the others confirmed is put back; and when the quorum is lost later, that is another matter."""
    bench = Bench().reach(Role.OWNER)
    bench.give(GAP)
    bench.connect().run(D + 0.1)
    assert bench.role() is Role.OWNER
    assert binds(bench.give(GONE))
    bench.run(0.1)
    bench.cut()
    bench.run(L)
    assert bench.role() is Role.ISOLATED
    assert binds(bench.give(GONE))
    assert bench.role() is Role.ISOLATED


def test_what_was_removed_in_the_turn_of_the_standstill_is_not_put_back() -> None:
    """The owner learns of both at once, before it has settled for anything."""
    bench = Bench(THREE).reach(Role.OWNER)
    effects = bench.engine.steps([GAP, GONE], bench.now)
    assert not binds(effects)
    assert of(ef.Unbind, effects)
    assert bench.role() is Role.RELEASING


def test_an_isolated_owner_whose_kernel_forgot_it_meanwhile_leaves() -> None:
    """It stood still for longer than the address lasted."""
    bench = Bench().reach(Role.OWNER)
    bench.now += 3.0
    bench.give(GAP)
    assert bench.told("web ISOLATED -> RELEASING: the kernel lifetime ended while this node stood still")


@pytest.mark.parametrize("role", [Role.OWNER, Role.ISOLATED])
def test_an_owner_in_doubt_tells_the_lan_nothing_before_it_has_looked_around(role: Role) -> None:
    """It may have been overtaken: three questions, 0.4 s without an answer, and then in full, whatever was planned."""
    bench = Bench().reach(role)
    bench.run(0.5)
    bench.give(GAP)
    began, probed, times = bench.now, [], []
    effects = bench.give(ev.AnnounceAsked(id="m1", vip=WEB))
    assert not of(ef.Announce, effects)
    before = len(of(ef.Probe, bench.effects))
    while bench.now < began + 3.0:
        effects = bench.run(BLINK)
        probed += [bench.now - began for _ in of(ef.Probe, effects)]
        times += [bench.now - began for _ in of(ef.Announce, effects)]
    assert before >= 1
    assert probed == pytest.approx(LOOKS_S[1:], abs=0.005)
    assert times == pytest.approx([ALONE_S, ALONE_S + 0.05, ALONE_S + 0.25, ALONE_S + 1.0], abs=0.005)
    assert bench.role() is Role.ISOLATED


def test_the_addresses_of_one_in_doubt_are_upheld_and_the_quorum_ends_the_doubt() -> None:
    """It is announced in full again when a quorum says that it is its own."""
    bench = Bench().reach(Role.OWNER)
    bench.give(GAP)
    assert len(renewals(bench.run(70.0))) >= 69
    assert bench.role() is Role.ISOLATED
    effects = bench.connect().run_until(Role.OWNER)
    assert len(of(ef.Announce, effects + bench.run(1.5))) == 4


def test_one_that_stands_still_again_is_in_doubt_again() -> None:
    """What it learnt when it looked around before counts for nothing."""
    bench = Bench().reach(Role.OWNER)
    bench.give(GAP)
    bench.run(1.0)
    assert not bench.vip().doubted
    bench.give(GAP)
    bench.run(ALONE_S - BLINK)
    assert bench.vip().doubted
    assert not binds(bench.give(GONE))
    assert bench.role() is not Role.ISOLATED


def test_an_isolated_owner_that_never_stood_still_goes_on_announcing() -> None:
    """It has followed what happened, and nobody has shown up."""
    bench = Bench().reach(Role.ISOLATED)
    assert of(ef.Announce, bench.give(ev.AnnounceAsked(id="m1", vip=WEB)))


# -- one whose quorum is back


def test_an_isolated_owner_whose_quorum_is_back_says_so_at_once() -> None:
    """In the step of its claim's return: others may be waiting for its silence."""
    bench = Bench().reach(Role.ISOLATED)
    effects: list[ef.Effect] = []
    bench.connect()
    while bench.role() is Role.ISOLATED:
        effects = bench.run(BLINK)
    (beat,) = sent(Heartbeat, effects)
    assert [one.standing for one in beat.listings or ()] == [Standing.OWNER]


# -- terms after a meeting


@pytest.mark.parametrize(("theirs", "ours"), [(9, 10), (1, 1), (0, 1)])
def test_an_owner_that_outlasts_an_isolated_one_takes_a_term_above_its(theirs: int, ours: int) -> None:
    """Who goes first is no matter of terms, but they never fall: the later owner has the higher one."""
    bench = Bench().reach(Role.OWNER)
    peer = bench.joined_by(B, a_listing(Standing.ISOLATED, term=theirs))
    bench.run(1.0)
    assert bench.vip().term == 1
    bench.beating[X, B] = peer, ()
    before = len(bench.effects)
    bench.run(0.5)
    assert bench.role() is Role.OWNER
    assert sent(Heartbeat, bench.effects)[-1].listings == (a_listing(Standing.OWNER, term=ours),)
    assert bool(of(ef.Store, bench.effects[before:])) is (ours != 1)


def test_an_isolated_owner_claims_above_every_term_it_has_heard_of() -> None:
    """And lists the new one from then on."""
    bench = Bench().reach(Role.ISOLATED)
    bench.connect()
    peer = bench.peer()
    bench.hear(peer.says(a_beat(a_listing(Standing.HELD, term=5))))
    bench.hear(peer.says(a_beat()))
    bench.run(D + 0.1)
    assert bench.role() is Role.OWNER
    assert sent(Heartbeat, bench.effects)[-1].listings == (a_listing(Standing.OWNER, term=6),)
