"""One VIP whose addresses an earlier daemon left in the kernel, under ``keep`` or ``lan`` (design section 5)."""

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.defence import ALONE_S, LOOKS_S
from floatip.core.messages import Claim, Heartbeat, Listing, Release
from floatip.core.types import Binding, NodeName, NodeSpec, Policy, Role, Standing, Stored
from tests.unit.core.bench import RELEASE, Bench
from tests.unit.core.stage import (
    ADDRESS,
    BLINK,
    MACS,
    STRANGER,
    WEB,
    A,
    B,
    C,
    D,
    H,
    Peer,
    X,
    a_beat,
    a_listing,
    a_spec,
    a_state,
    a_vip,
    binds,
    of,
    renewals,
    sent,
)

INHERITED = ev.Inherited(vip=WEB, interface="eth0")
STORED = Stored(incarnation=900, terms=((WEB, 7),), macs=((B, (MACS[B],)), (NodeName("0"), (MACS[C],))))


def an_heir(spec: NodeSpec | None = None, node: NodeName = A) -> Bench:
    """Make one that has just started, and found the addresses."""
    bench = Bench(spec or a_spec(node), stored=STORED)
    bench.give(INHERITED)
    return bench


def listings(effects: list[ef.Effect]) -> list[tuple[Listing, ...]]:
    """What heartbeats listed."""
    return [beat.listings or () for beat in sent(Heartbeat, effects)]


@pytest.mark.parametrize("policy", [Policy.KEEP, Policy.LAN])
def test_it_renews_them_at_once_and_never_adds_them(policy: Policy) -> None:
    """Their lifetime may be nearly over."""
    bench = Bench(a_spec(vips=(a_vip(policy=policy),)), stored=STORED)
    effects = bench.give(INHERITED)
    assert bench.role() is Role.ISOLATED
    (renewal,) = renewals(effects)
    assert (renewal.vip, renewal.interface, renewal.lifetime_s) == (WEB, "eth0", 3)
    effects += bench.run(20.0)
    assert len(renewals(effects)) >= 19
    assert not binds(effects)
    assert not of(ef.Unbind, effects)
    assert bench.told("web INIT -> ISOLATED: its addresses were still here from an earlier life of this node")


def test_it_lists_them_as_isolated_from_its_first_heartbeat_on() -> None:
    """Under the last term it knows, so that nobody takes the VIP for free."""
    bench = an_heir().connect()
    found = listings(bench.run(1.1))
    assert found
    (one,) = found[0]
    assert (one.vip, one.standing, one.term) == (WEB, Standing.ISOLATED, 7)


def test_it_becomes_owner_by_its_own_claim_and_announces_then() -> None:
    """After listening as anybody does, and in full; the addresses stay where they are all the time."""
    bench = an_heir().connect()
    effects = bench.run(D - 0.01)
    assert not sent(Claim, effects)
    effects = bench.run(0.02)
    assert sent(Claim, effects)[0].bids[0].term == 7
    assert bench.role() is Role.OWNER
    assert not bench.vip().doubted
    assert len(of(ef.Announce, effects)) == 1
    assert len(of(ef.Announce, bench.run(1.5))) == 3
    assert not binds(bench.effects)


def test_its_claim_is_above_every_term_it_hears_of() -> None:
    """Somebody may have owned it meanwhile."""
    bench = an_heir().connect()
    peer = bench.peer()
    bench.hear(peer.says(a_beat(a_listing(Standing.HELD, term=11))))
    bench.hear(peer.says(Release(vips=(WEB,))))
    bench.run(D + 0.3)
    assert sent(Claim, bench.effects)[0].bids[0].term == 12


def test_what_goes_away_is_not_put_back() -> None:
    """It ended, or the sentinel gave it up: in both cases somebody else may have it."""
    bench = an_heir()
    effects = bench.give(ev.AddressGone(vip=WEB, address=ADDRESS, cause="its lifetime ended"))
    effects += bench.run(5.0)
    assert not binds(effects)
    assert of(ef.Unbind, effects)
    assert bench.role() is Role.INIT or bench.role() is Role.BACKUP


@pytest.mark.parametrize(("node", "mac"), [(A, MACS[B]), (C, MACS[B])])
def test_it_yields_to_any_peer_on_the_wire(node: NodeName, mac: object) -> None:
    """Whoever has the lower MAC; it knows the peers' from its earlier life."""
    bench = an_heir(node=node)
    effects = bench.give(ev.Answered(vip=WEB, address=ADDRESS, mac=mac))  # type: ignore[arg-type]  # a MAC
    assert of(ef.Unbind, effects)
    assert not of(ef.Announce, effects)
    assert bench.told("b (02:00:00:00:00:0b) has it too, and goes first")


def test_it_does_not_yield_to_a_stranger_and_speaks_against_it_when_its_doubt_is_over() -> None:
    """Until it has looked around it has no word to say on the LAN."""
    bench = an_heir()
    stranger = ev.Answered(vip=WEB, address=ADDRESS, mac=STRANGER, announced=True)
    bench.run(0.1)
    assert not of(ef.Announce, bench.give(stranger) + bench.run(ALONE_S - 0.1 - BLINK))
    assert of(ef.Announce, bench.run(2 * BLINK))
    bench.run(6.0)
    assert len(of(ef.Announce, bench.give(stranger))) == 1
    assert bench.role() is Role.ISOLATED


@pytest.mark.parametrize("term", [3, 9])
def test_it_yields_to_the_word_of_an_owner_that_hears_it(term: int) -> None:
    """Whatever the terms (4.6 (a)); and from then on it says nothing on the LAN, though more was planned."""
    bench = an_heir().connect()
    assert len(of(ef.Announce, bench.run(1.0))) == 3
    before = len(bench.effects)
    bench.joined_by(B, a_listing(Standing.OWNER, term=term))
    bench.run(5.0)
    assert bench.told("web ISOLATED -> RELEASING: b owns it")
    assert not of(ef.Announce, bench.effects[before:])


def test_it_asks_the_lan_who_else_has_them() -> None:
    """At once, and twice again: the next owner may be there already, and one frame may be lost."""
    bench = an_heir()
    assert of(ef.Probe, bench.effects) == [ef.Probe(vip=WEB, interface="eth0")]
    bench.run(LOOKS_S[-1] + BLINK)
    assert of(ef.Probe, bench.effects) == [ef.Probe(vip=WEB, interface="eth0")] * len(LOOKS_S)


def test_without_a_broker_it_goes_on_and_the_lan_is_told_when_nobody_else_has_them() -> None:
    """Clients may believe one that is gone: in full, 0.4 s after it began to ask, and now and then for ever."""
    bench = an_heir()
    began, times = bench.now, []
    while bench.now < began + 70.0:
        times += [bench.now - began for _ in of(ef.Announce, bench.run(0.01))]
    assert times == pytest.approx([ALONE_S + at for at in (0.0, 0.05, 0.25, 1.0, 5.0, 65.0)], abs=0.02)
    assert bench.role() is Role.ISOLATED
    assert not bench.vip().doubted


def test_what_goes_away_after_its_doubt_is_put_back() -> None:
    """By then it has followed what happened, and nobody has shown up."""
    bench = an_heir()
    bench.run(ALONE_S + 0.01)
    assert binds(bench.give(ev.AddressGone(vip=WEB, address=ADDRESS, cause="script")))
    assert bench.role() is Role.ISOLATED


def test_a_fault_takes_them_off() -> None:
    """As from any owner."""
    bench = an_heir()
    assert of(ef.Unbind, bench.give(ev.LinkChanged(interface="eth0", up=False)))
    bench.run(0.1)
    assert bench.role() is Role.FAULT


def test_a_stop_takes_them_off() -> None:
    """And ends when they are."""
    bench = an_heir()
    assert of(ef.Unbind, bench.give(ev.StopAsked()))
    assert of(ef.Exit, bench.run(0.1))


def test_a_kernel_that_does_not_renew_them_ends_it() -> None:
    """It tries again as long as the lifetime given at the start lasts, and lets go before that ends."""
    bench = an_heir()
    effects = bench.effects
    while not of(ef.Unbind, bench.effects):
        assert bench.now < 102.0
        if renewals(effects):
            bench.give(ev.BindFailed(vip=WEB, reason="no such device"))
        effects = bench.run(0.01)
    assert len(renewals(bench.effects)) > 10
    bench.run(0.1)
    assert bench.vip().binding.state is Binding.ABSENT


@pytest.mark.parametrize("role", [Role.BACKUP, Role.FAULT, Role.OWNER])
def test_it_is_told_of_at_the_start_or_never(role: Role) -> None:
    """Later it says nothing that this life does not know better."""
    bench = Bench().reach(role)
    assert not renewals(bench.give(INHERITED))
    assert bench.role() is role


def test_under_release_nothing_is_inherited() -> None:
    """Nobody may have an address that no broker confirms."""
    bench = Bench(RELEASE)
    assert not bench.give(INHERITED)
    assert (bench.role(), bench.vip().binding.state) == (Role.INIT, Binding.ABSENT)


def test_they_stay_on_the_interface_where_they_are() -> None:
    """Although another one comes first."""
    spec = a_spec(vips=(a_vip(interfaces=("eth0", "eth1")),))
    bench = Bench(spec, stored=STORED, linked=("eth0", "eth1"))
    effects = bench.give(ev.Inherited(vip=WEB, interface="eth1")) + bench.run(3.0)
    assert {bind.interface for bind in renewals(effects)} == {"eth1"}
    assert not binds(effects)


def test_an_isolated_heir_meets_a_later_owner_that_is_isolated_too() -> None:
    """The higher term goes first (4.6 (b))."""
    bench = an_heir().connect()
    bench.run(1.0)
    bench.joined_by(B, a_listing(Standing.ISOLATED, term=8))
    bench.run(3 * H)
    assert bench.told("b is isolated too, and goes first")


def test_the_macs_of_an_earlier_life_are_replaced_by_what_the_peer_tells() -> None:
    """And stored again, for the next life and the sentinel."""
    bench = an_heir().connect()
    assert of(ef.Acquaint, bench.effects)[-1].macs == (MACS[C], MACS[B])
    new = (MACS[B], MACS[A])
    bench.hear(Peer().says(a_state(B, macs=new)))
    assert of(ef.Acquaint, bench.effects)[-1].macs == (MACS[C], *new)
    assert of(ef.Store, bench.effects)[-1].stored.macs == ((NodeName("0"), (MACS[C],)), (B, new))
    before = len(bench.effects)
    bench.hear(Peer(incarnation=2).says(a_state(B, macs=new)), X)
    assert not of(ef.Acquaint, bench.effects[before:])
