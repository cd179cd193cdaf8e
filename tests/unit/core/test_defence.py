"""An owner with a quorum against others that claim its addresses: a stranger, a peer, an isolated owner."""

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.defence import INSISTS_AFTER_S, INSISTS_UNTIL_S, PATROL_EVERY_S
from floatip.core.messages import Heartbeat, State
from floatip.core.types import Role, Standing
from tests.unit.core.bench import Bench
from tests.unit.core.stage import ADDRESS, BLINK, MACS, STRANGER, WEB, B, C, H, Peer, X, a_listing, of, sent


@pytest.mark.parametrize(
    ("role", "mac", "told"),
    [
        (Role.OWNER, STRANGER, "a stranger, 02:00:00:00:00:ff, answers for 10.77.0.50"),
        (Role.BACKUP, STRANGER, "a stranger, 02:00:00:00:00:ff, answers for 10.77.0.50"),
        (Role.OWNER, MACS[C], "c (02:00:00:00:00:0c) answers for 10.77.0.50"),
        (Role.BACKUP, MACS[B], None),
    ],
)
def test_a_mac_that_should_not_answer_is_a_conflict(role: Role, mac: object, told: str | None) -> None:
    """A stranger's always, a peer's when this node owns the VIP; told once a minute."""
    bench = Bench().reach(role)
    for node in (B, C):
        bench.hear(Peer(node, incarnation=0).says(_state_of(node)), retained=True)
    for _ in range(3):
        bench.give(ev.Answered(vip=WEB, address=ADDRESS, mac=mac))  # type: ignore[arg-type]  # a MAC
    conflicts = [tell for tell in of(ef.Tell, bench.effects) if tell.kind is ef.Kind.CONFLICT]
    assert [tell.text for tell in conflicts] == ([told] if told else [])
    assert bench.role() is role


def _state_of(node: object) -> State:
    return State(state_version=2, version="1", macs=(MACS[node],))  # type: ignore[index]  # a node's name


def test_an_owner_defends_its_address_against_another_mac() -> None:
    """Clients that believed the other find back (RFC 5227, section 2.4): at most once a second, and last of all."""
    bench = Bench().reach(Role.OWNER)
    bench.run(10.0)
    foreign = ev.Answered(vip=WEB, address=ADDRESS, mac=STRANGER)
    began, times = bench.now, []
    for _ in range(28):
        times += [bench.now - began for _ in of(ef.Announce, bench.give(foreign))]
        for _ in range(100):
            times += [bench.now - began for _ in of(ef.Announce, bench.run(BLINK))]
    assert times == pytest.approx([0.0, 1.0, 2.0], abs=0.003)
    assert len(of(ef.Announce, bench.run(2.0))) == 1
    assert not of(ef.Announce, bench.run(5.0))


def test_an_address_that_is_not_there_yet_is_not_defended() -> None:
    """No announcement unless bound; and what was planned comes all the same."""
    bench = Bench().reach(Role.OWNER)
    bench.binding = False
    bench.give(ev.AddressGone(vip=WEB, address=ADDRESS, cause="script"))
    assert not of(ef.Announce, bench.give(ev.Answered(vip=WEB, address=ADDRESS, mac=STRANGER)))
    assert len(of(ef.Announce, bench.give(ev.Bound(vip=WEB)) + bench.run(2.0))) == 4


def test_an_owner_announces_anew_when_an_isolated_one_has_yielded() -> None:
    """Clients may have believed the other: in full, once, and not before it is off."""
    bench = Bench().reach(Role.OWNER)
    bench.run(10.0)
    peer = bench.joined_by(B, a_listing(Standing.ISOLATED, term=1))
    assert not of(ef.Announce, bench.run(3.0))
    bench.beating[X, B] = peer, (a_listing(Standing.RELEASING, term=1),)
    assert len(of(ef.Announce, bench.run(2.0))) == 4
    bench.beating[X, B] = peer, ()
    assert len(of(ef.Announce, bench.run(10.0))) == 1
    assert bench.role() is Role.OWNER


# -- a peer's MAC


def an_owner_and_its_peer() -> Bench:
    """Make an owner that knows b's MAC, with all that it announces soon behind it."""
    bench = Bench().reach(Role.OWNER)
    bench.hear(Peer(incarnation=0).says(_state_of(B)), retained=True)
    bench.run(6.0)
    return bench


def hear_b(bench: Bench) -> list[ef.Effect]:
    """Let b announce the address."""
    return bench.give(ev.Answered(vip=WEB, address=ADDRESS, mac=MACS[B], announced=True))


def test_against_a_peer_an_owner_asks_a_broker_first() -> None:
    """It says a heartbeat at once, and defends when that is back: it may have been overtaken."""
    bench = an_owner_and_its_peer()
    effects = hear_b(bench)
    assert len(sent(Heartbeat, effects)) == 1
    assert not of(ef.Announce, effects)
    assert len(of(ef.Announce, bench.run(0.06))) == 1
    assert bench.role() is Role.OWNER


def test_an_owner_asks_now_and_then_whether_another_has_its_address() -> None:
    """A host that never announces itself would not be noticed: every 30 s, everybody."""
    bench = Bench().reach(Role.OWNER)
    began, times = bench.now, []
    for _ in range(7000):
        times += [bench.now - began for _ in of(ef.Probe, bench.run(0.01))]
    assert len(times) == 2
    assert times == pytest.approx([PATROL_EVERY_S, 2 * PATROL_EVERY_S], abs=1.5)
    assert of(ef.Probe, bench.effects)[-1] == ef.Probe(vip=WEB, interface="eth0")


def test_an_echo_of_something_older_confirms_nothing() -> None:
    """It was sent before the peer was heard."""
    bench = an_owner_and_its_peer()
    bench.echoing.clear()
    bench.run(0.3)
    older = of(ef.Send, bench.effects)[-1].message
    (asked,) = of(ef.Send, hear_b(bench))
    assert not of(ef.Announce, bench.hear(older) + bench.run(0.06))
    assert of(ef.Announce, bench.hear(asked.message) + bench.run(0.06))


def test_an_owner_that_no_broker_confirms_says_nothing_on_the_lan() -> None:
    """Not even one round; when its lease has ended it is isolated, asks, and yields to the answer."""
    bench = an_owner_and_its_peer()
    bench.echoing.clear()
    effects = hear_b(bench) + bench.run(0.7)
    assert bench.role() is Role.OWNER
    assert not of(ef.Probe, effects)
    asked = bench.run_until(Role.ISOLATED)
    assert of(ef.Probe, asked) == [ef.Probe(vip=WEB, interface="eth0")]
    answered = bench.give(ev.Answered(vip=WEB, address=ADDRESS, mac=MACS[B]))
    assert of(ef.Unbind, answered)
    assert not of(ef.Announce, effects + asked + answered)
    assert bench.told("web ISOLATED -> RELEASING: b (02:00:00:00:00:0b) has it too, and goes first")


def test_a_peer_that_is_gone_when_the_lease_has_ended_costs_nothing_but_time() -> None:
    """It announced once and answers no question: 3 to 4 s after that the LAN is told in full who is here."""
    bench = an_owner_and_its_peer()
    bench.echoing.clear()
    heard_at = bench.now
    hear_b(bench)
    bench.run_until(Role.ISOLATED)
    assert not of(ef.Announce, bench.run(heard_at + INSISTS_UNTIL_S - 0.01 - bench.now))
    times = []
    while bench.now < heard_at + INSISTS_UNTIL_S + 2.1:
        times += [bench.now - heard_at - INSISTS_UNTIL_S for _ in of(ef.Announce, bench.run(0.01))]
    assert bench.role() is Role.ISOLATED
    assert [at - times[0] for at in times] == pytest.approx([0.0, 0.05, 0.25, 1.0], abs=0.02)
    assert times[0] <= 1.02


def flooded() -> list[ef.Effect]:
    """Let b announce the address a hundred times a second, for ten seconds; return what an owner does."""
    bench = an_owner_and_its_peer()
    effects: list[ef.Effect] = []
    for _ in range(1000):
        effects += hear_b(bench) + bench.run(0.01)
    return effects


def test_against_a_peer_that_floods_the_lan_an_owner_defends_seldom() -> None:
    """About once a second, and once more to insist."""
    assert len(of(ef.Announce, flooded())) <= 2 * 11


def test_against_a_peer_that_floods_the_lan_an_owner_asks_no_broker_more_often() -> None:
    """Than once for each time that it defends; the heartbeats that it says anyway will do."""
    assert len(sent(Heartbeat, flooded())) <= 10.0 / H + 12


def test_against_a_peer_an_owner_insists() -> None:
    """An isolated one with the higher MAC yields only to an announcement 0.2 s to 3 s after its own (4.6 (c))."""
    bench = an_owner_and_its_peer()
    hear_b(bench)
    assert of(ef.Announce, bench.run(INSISTS_AFTER_S))
    assert of(ef.Announce, bench.run(INSISTS_UNTIL_S - INSISTS_AFTER_S))


def test_after_a_heal_an_owner_announces_in_full_at_once() -> None:
    """It need not look around: it has the quorum."""
    bench = an_owner_and_its_peer()
    bench.give(ev.LinkChanged(interface="eth1", up=True), ev.LinkChanged(interface="eth1", up=False))
    assert not of(ef.Announce, bench.run(0.1))
    effects = bench.give(ev.LinkChanged(interface="eth1", up=True))
    assert len(of(ef.Announce, effects)) == 1
    assert len(of(ef.Announce, bench.run(2.0))) == 3
    assert not of(ef.Probe, effects)


def test_a_new_owner_that_hears_the_dead_ones_sentinel_announces_and_stays() -> None:
    """Its announcement is what the sentinel waits for."""
    bench = an_owner_and_its_peer()
    assert of(ef.Announce, bench.give(ev.Answered(vip=WEB, address=ADDRESS, mac=MACS[B], testament=True)))
    bench.run(1.0)
    assert bench.role() is Role.OWNER
