"""The one place that decides: start, lives, names, gaps, the end."""

from dataclasses import dataclass

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.messages import Heartbeat, Request, State, Verb
from floatip.core.types import NodeName, Policy, Role, Stored, Timing, VipName
from tests.unit.core.bench import Bench
from tests.unit.core.stage import (
    ADDRESS,
    MACS,
    TERMS,
    WEB,
    A,
    C,
    D,
    H,
    Peer,
    X,
    Y,
    Z,
    a_beat,
    a_claim,
    a_listing,
    a_spec,
    a_vip,
    binds,
    of,
    sent,
)

# -- start


@pytest.mark.parametrize(("stored", "wall_us", "incarnation"), [(0, 1000, 1000), (5000, 1000, 5001), (999, 1000, 1000)])
def test_each_life_has_a_higher_number(stored: int, wall_us: int, incarnation: int) -> None:
    """Higher than the stored one and no lower than the wall clock, so that losing either is safe."""
    bench = Bench(stored=Stored(incarnation=stored), wall_us=wall_us)
    assert bench.engine.incarnation == incarnation
    assert of(ef.Identify, bench.effects) == [ef.Identify(incarnation=incarnation)]
    assert of(ef.Store, bench.effects)[0].stored.incarnation == incarnation


def test_the_life_is_told_before_anything_else() -> None:
    """Sessions are opened under it."""
    assert isinstance(Bench(linked=()).effects[0], ef.Identify)


def test_what_was_stored_is_used_and_stored_again() -> None:
    """Terms and the longest silence ever heard of."""
    stored = Stored(incarnation=1, terms=((WEB, 41),), keep_s=3.0, release_s=4.0)
    bench = Bench(stored=stored).connect()
    kept = of(ef.Store, bench.effects)[-1].stored
    assert (kept.terms, kept.keep_s, kept.release_s) == (((WEB, 41),), 3.0, 4.0)
    bench.run(2.9)
    assert bench.role() is Role.INIT
    bench.run(0.2)
    assert (bench.role(), bench.vip().term) == (Role.OWNER, 42)


def test_before_the_first_event_there_is_nothing_to_wait_for() -> None:
    """A node without a broker has no heartbeat to send."""
    bench = Bench(a_spec(vips=()), linked=())
    assert bench.engine.deadline() is None
    assert not bench.give(ev.Tick())


def test_an_event_of_a_kind_that_nobody_knows_is_a_defect() -> None:
    """It ends the process instead of being overlooked."""

    @dataclass(frozen=True)
    class Odd:
        vip: VipName = WEB

    with pytest.raises(AssertionError, match="Odd"):
        Bench().engine._take(Odd(), 100.0)  # type: ignore[arg-type]  # nobody's event


def test_time_never_falls() -> None:
    """A step that comes with an older time counts as now."""
    bench = Bench().reach(Role.OWNER)
    bench.engine.step(ev.Tick(), bench.now + 5.0)
    assert bench.engine._now == bench.now + 5.0
    bench.engine.step(ev.Tick(), bench.now)
    assert bench.engine._now == bench.now + 5.0


def test_what_concerns_a_vip_that_is_not_configured_concerns_nobody() -> None:
    """Every kind of it."""
    bench, nix = Bench().reach(Role.OWNER), VipName("nix")
    for event in (
        ev.Bound(vip=nix),
        ev.Unbound(vip=nix),
        ev.BindFailed(vip=nix, reason="x"),
        ev.UnbindFailed(vip=nix, reason="x"),
        ev.AddressGone(vip=nix, address=ADDRESS, cause="x"),
        ev.AddressAppeared(vip=nix, address=ADDRESS, cause="x"),
    ):
        assert not bench.give(event)
    bench.hear(Peer().says(a_beat(a_listing(vip=nix))))
    bench.hear(Peer(NodeName("c")).says(a_claim(vip=nix)))


# -- what was asked of it


def test_a_link_that_did_not_change_is_no_news() -> None:
    """Each change is told once."""
    bench = Bench().connect()
    before = len(bench.effects)
    bench.give(ev.LinkChanged(interface="eth0", up=True))
    assert len(bench.effects) == before
    bench.give(ev.LinkChanged(interface="eth0", up=False))
    assert bench.told("eth0 link down")


def test_a_request_for_a_vip_that_is_not_here_is_answered() -> None:
    """It does not end the process."""
    bench = Bench().reach(Role.OWNER)
    nix = Request(id="r", verb=Verb.FAILOVER, at=A, vips=(VipName("nix"),))
    bench.hear(Peer().says(nix))
    bench.run(1.0)
    assert bench.role() is Role.OWNER


def test_a_vip_that_moves_wakes_the_engine_in_time() -> None:
    """The deadline is never later than what is due."""
    bench = Bench().reach(Role.OWNER)
    for _ in range(200):
        deadline = bench.engine.deadline()
        assert deadline is not None
        assert bench.now - 1e-9 <= deadline <= bench.now + H
        bench.run(0.01)


def test_what_many_vips_ask_for_has_one_order_in_every_process() -> None:
    """A seed of the simulator plays the same story again."""
    vips = tuple(a_vip(VipName(f"v{number:02}"), address=f"10.77.0.{number + 50}") for number in range(20))
    bench = Bench(a_spec(vips=vips)).connect()
    bench.run(D + 0.1)
    assert [bind.vip for bind in binds(bench.effects)] == [vip.name for vip in vips]


def test_under_release_the_silence_is_that_of_release() -> None:
    """Each VIP waits for its own policy's D."""
    mail = VipName("mail")
    bench = Bench(a_spec(vips=(a_vip(), a_vip(mail, address="10.77.0.51", policy=Policy.RELEASE)))).connect()
    bench.run(D + 0.1)
    assert (bench.role(), bench.vip(mail).role) == (Role.OWNER, Role.INIT)
    bench.run(Timing().owner_down_s(Policy.RELEASE) - D)
    assert bench.vip(mail).role is Role.OWNER


def test_a_new_hardware_address_is_announced() -> None:
    """Clients know the old one; the same one again is no news."""
    bench = Bench().reach(Role.OWNER)
    bench.run(10.0)
    assert not of(ef.Announce, bench.give(ev.IdentityChanged(macs=(MACS[A],), addresses=("10.77.0.12",))))
    assert of(ef.Announce, bench.give(ev.IdentityChanged(macs=(MACS[C],), addresses=("10.77.0.12",))))


def test_a_node_that_sees_no_hardware_address_keeps_the_one_it_knew() -> None:
    """An interface that is away for a moment comes back with the same one: peers are told of it all the time."""
    bench = Bench().reach(Role.OWNER)
    bench.run(10.0)
    gone, back = (ev.IdentityChanged(macs=macs, addresses=("10.77.0.12",)) for macs in ((), (MACS[A],)))
    effects = bench.give(gone) + bench.run(1.0) + bench.give(back) + bench.run(1.0)
    assert not of(ef.Announce, effects)
    assert {state.macs for state in sent(State, effects)} == {(MACS[A],)}
    assert of(ef.Announce, bench.give(gone, ev.IdentityChanged(macs=(MACS[C],), addresses=("10.77.0.12",))))


def test_events_that_came_together_are_taken_before_anything_settles() -> None:
    """A link that was lost and found again in one turn is no fault."""
    bench = Bench().reach(Role.OWNER)
    down, up = (ev.LinkChanged(interface="eth0", up=up) for up in (False, True))
    bench.engine.steps([down, up], bench.now)
    assert bench.role() is Role.OWNER
    bench.engine.steps([up, down], bench.now)
    assert bench.role() is Role.RELEASING


def test_one_broker_that_is_down_does_not_make_the_node_talk_more() -> None:
    """A heartbeat each h on each broker that is up."""
    bench = Bench(a_spec(brokers=(X, Y, Z))).connect(X, Y)
    bench.run(D + 0.5)
    assert len(sent(Heartbeat, bench.run(2.0))) == pytest.approx(20, abs=2)
    assert len(sent(State, bench.effects)) == 2


def test_a_state_that_is_news_costs_no_heartbeat() -> None:
    """Each broker is spoken to each h, whatever else happens just then."""
    bench = Bench(a_spec(brokers=(X, Y, Z)))
    for broker in (X, Y, Z):
        bench.connect(broker).run(0.07)
    bench.run(1.0)
    said_at = dict.fromkeys((X, Y, Z), bench.now)
    for number in range(400):
        effects = bench.run(0.0051)
        if number % 2:
            effects += bench.give(ev.IdentityChanged(macs=(), addresses=(str(number),)))
        for one in of(ef.Send, effects):
            said_at[one.broker] = bench.now
        assert max(bench.now - at for at in said_at.values()) < H + 0.01


# -- sessions and peers


def test_a_lost_session_is_told_once() -> None:
    """Losing what is lost is nothing; nor is a word that comes afterwards."""
    bench = Bench().connect()
    bench.cut()
    assert bench.told("lost x:1883: cut")
    before = len(bench.effects)
    bench.cut()
    bench.hear(Peer().says(a_claim()))
    assert len(bench.effects) == before
    assert not bench.view().peers


def test_the_longest_silence_that_a_peer_goes_by_is_remembered() -> None:
    """Rule 5 needs it after a restart too."""
    bench = Bench().reach(Role.OWNER)
    slow = a_spec(timing=Timing(lease_s=2.0)).terms
    effects = bench.hear(Peer(terms=slow).says(a_beat()))
    stored = of(ef.Store, effects)[-1].stored
    assert (stored.keep_s, stored.release_s) == (slow.keep_s, slow.release_s)
    assert not of(ef.Store, bench.hear(Peer(NodeName("c"), terms=slow).says(a_beat())))


def test_a_longer_silence_is_forgotten_when_nobody_goes_by_it_any_more() -> None:
    """A majority was listened to for as long, so that nobody can be left who waits for it."""
    slow = a_spec(timing=Timing(heartbeat_s=0.2, lease_s=4.0)).terms
    bench = Bench(stored=Stored(keep_s=slow.keep_s, release_s=slow.release_s)).connect()
    bench.run(1.0)
    bench.hear(Peer(terms=slow).says(a_beat()))
    heard_at = bench.now
    bench.joined_by(C)
    bench.run(slow.keep_s - 0.1)
    assert bench.engine._s.longest_s[Policy.KEEP] == slow.keep_s
    bench.run(heard_at + slow.release_s + 0.5 - bench.now)
    assert bench.engine._s.longest_s == {policy: TERMS.owner_down_s(policy) for policy in Policy}
    stored = of(ef.Store, bench.effects)[-1].stored
    assert (stored.keep_s, stored.release_s) == (TERMS.keep_s, TERMS.release_s)
