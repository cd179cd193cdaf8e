"""The lives of an engine: born again, woken too late, coming to its end."""

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.messages import Claim, Release
from floatip.core.types import Origin, Role, Standing, VipName
from tests.unit.core.bench import Bench
from tests.unit.core.stage import (
    WEB,
    A,
    B,
    D,
    H,
    L,
    Peer,
    X,
    Y,
    Z,
    a_beat,
    a_listing,
    a_spec,
    a_state,
    a_vip,
    of,
    ours,
    sent,
)

# -- born again


@pytest.mark.parametrize("by_peer", [False, True])
def test_one_that_is_known_by_a_later_life_is_reborn_above_it(by_peer: bool) -> None:
    """Stored number and clock were lost: nobody would listen to a lower one."""
    bench = Bench(wall_us=1000).reach(Role.OWNER)
    if by_peer:
        effects = bench.hear(Peer().says(a_beat(), {A: Origin(7000, 1, 5)}))
    else:
        effects = bench.hear(ours(7000, 0, a_state(A)), retained=True)
    assert bench.engine.incarnation == 7001
    assert of(ef.Identify, effects) == [ef.Identify(incarnation=7001)]
    assert of(ef.Store, effects)[-1].stored.incarnation == 7001
    assert bench.role() is Role.ISOLATED
    bench.connect()
    assert not of(ef.Send, bench.run(3.9 * H))
    said = of(ef.Send, bench.run(H))
    assert {send.message.origin.incarnation for send in said} == {7001}


# -- gaps


def test_one_that_stood_still_begins_every_session_anew() -> None:
    """It trusts nothing that it believed before."""
    bench = Bench(a_spec(brokers=(X, Y, Z))).connect(X, Y)
    bench.run(D + 0.1)
    effects = bench.give(ev.Gap(seconds=7.25, why="the machine slept"))
    assert [one.broker for one in of(ef.Reconnect, effects)] == [X, Y]
    assert bench.told("stood still for 7.2 s (the machine slept); begins anew")
    assert all(view.session is None for view in bench.engine._s.all_views())
    assert bench.role() is Role.ISOLATED


@pytest.mark.parametrize(("late_s", "stood_still"), [(L - 0.001, False), (L + 0.001, True)])
def test_one_that_is_woken_a_lease_too_late_knows_that_it_stood_still(late_s: float, stood_still: bool) -> None:
    """Whoever else noticed it: holds may be long gone, and what waited in the queue is as old."""
    bench = Bench().reach(Role.OWNER)
    beat = bench.view().say(a_beat(a_listing()), bench.now)
    woken_at = bench.engine._now
    bench.now = (bench.engine.deadline() or 0.0) + late_s
    effects = bench.hear(beat)
    assert bench.told(f"stood still for {bench.now - woken_at:.1f} s (it was woken too late)") is stood_still
    assert bool(of(ef.Reconnect, effects)) is stood_still
    assert (bench.view().session is None) is stood_still
    assert (bench.view().echo_at == bench.now) is not stood_still


def test_a_standstill_that_two_noticed_is_one() -> None:
    """Host and engine look at different clocks; a heartbeat later it is another one."""
    bench = Bench().reach(Role.OWNER)
    bench.now += 5.0
    gap = ev.Gap(seconds=5.0, why="the clocks differ")
    assert of(ef.Reconnect, bench.give(gap))
    told = [tell.text for tell in of(ef.Tell, bench.effects) if "stood still for" in tell.text]
    assert len(told) == 1
    assert "it was woken too late" in told[0]
    bench.connect()
    bench.now += H - 0.001
    assert not of(ef.Reconnect, bench.give(gap))
    bench.now += 0.002
    assert of(ef.Reconnect, bench.give(gap))


def test_one_that_waits_for_nothing_cannot_be_late() -> None:
    """There was nothing to wake it for."""
    bench = Bench(a_spec(vips=()), linked=())
    assert bench.engine.deadline() is None
    bench.now += 100.0
    assert not bench.give(ev.Tick())


# -- the end


def test_it_ends_at_once_when_it_owns_nothing() -> None:
    """Nothing to give up."""
    bench = Bench().reach(Role.BACKUP)
    assert of(ef.Exit, bench.give(ev.StopAsked())) == [ef.Exit(code=0, reason="stopped")]


def test_it_ends_after_the_address_is_off_and_everybody_was_told() -> None:
    """In this order, and once."""
    bench = Bench().reach(Role.OWNER)
    effects = bench.give(ev.StopAsked(), ev.StopAsked()) + bench.run(1.0)
    order = [
        type(one.message.body if isinstance(one, ef.Send) else one).__name__
        for one in effects
        if isinstance(one, ef.Unbind | ef.Exit) or (isinstance(one, ef.Send) and isinstance(one.message.body, Release))
    ]
    assert order == ["Unbind", "Release", "Exit"]


def test_it_claims_nothing_while_it_ends() -> None:
    """Another VIP is still on its way out."""
    mail = VipName("mail")
    bench = Bench(a_spec(vips=(a_vip(), a_vip(mail, address="10.77.0.51")))).connect()
    peer = bench.joined_by(B, a_listing(Standing.OWNER, vip=mail))
    bench.run(2 * D)
    bench.unbinding = False
    before = len(bench.effects)
    bench.give(ev.StopAsked())
    bench.beating.clear()
    bench.hear(peer.says(Release(vips=(mail,), vacated=True)))
    bench.run(3.0)
    assert not sent(Claim, bench.effects[before:])
    assert not of(ef.Exit, bench.effects)


def test_the_first_reason_to_end_is_the_reason() -> None:
    """A namesake that is found while it stops does not change the code."""
    bench = Bench(wall_us=1000).reach(Role.RELEASING)
    bench.hear(ours(2000))
    bench.give(ev.Unbound(vip=WEB))
    assert [one.code for one in of(ef.Exit, bench.effects)] == [0]


# -- held up


def test_one_that_is_held_up_says_so_now_and_then() -> None:
    """With how long it was; a little late is nothing, and a storm is told of once in ten seconds."""
    bench = Bench().reach(Role.OWNER)
    for late_s in (0.09, 0.11, 0.2, 0.3):
        bench.now = (bench.engine.deadline() or 0.0) + late_s
        bench.give(ev.Tick())
        bench.run(0.5)
    told = [tell.text for tell in of(ef.Tell, bench.effects) if tell.kind is ef.Kind.CLOCK]
    assert told == ["was held up for 0.11 s: claims nothing before it has read what came meanwhile"]
    bench.run(10.0)
    bench.now = (bench.engine.deadline() or 0.0) + 0.5
    bench.give(ev.Tick())
    assert bench.told("was held up for 0.50 s")
