"""One VIP: what hinders it, what others do to its addresses, and its bookkeeping."""

from collections.abc import Callable
from typing import cast

import pytest

from floatip.core import events as ev
from floatip.core.incidents import REFUSED_S
from floatip.core.messages import Release, State
from floatip.core.types import Policy, Role, Standing, Timing
from floatip.core.vip import Vip
from tests.unit.core.bench import Bench
from tests.unit.core.stage import (
    ADDRESS,
    WEB,
    A,
    B,
    C,
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
    a_vip,
    sent,
)

Act = Callable[[Bench], object]
THREE = a_spec(brokers=(X, Y, Z))


# -- hindrances


def test_one_whose_definition_differs_from_a_listed_one_claims_nothing() -> None:
    """Two nodes would serve different things under one name."""
    bench = Bench().connect()
    bench.joined_by(B, a_listing(Standing.HELD, definition="other"))
    bench.run(3 * D)
    assert bench.role() is Role.INIT
    assert bench.vip().hindrances(bench.now) == ("definition differs from that of b",)
    bench.beating.clear()
    bench.run(2 * D)
    assert bench.role() is Role.OWNER


def test_one_with_the_smaller_owner_down_interval_claims_nothing() -> None:
    """It would not wait for the others long enough."""
    bench = Bench().connect()
    bench.joined_by(B, terms=a_spec(timing=Timing(lease_s=2.0)).terms)
    bench.run(5.0)
    assert bench.role() is Role.INIT
    assert bench.vip().hindrances(bench.now) == ("timing differs: b waits 2.24 s for an owner, this node less",)


def test_under_release_one_with_slow_brokers_claims_nothing() -> None:
    """It could promise the kernel nothing."""
    bench = Bench(a_spec(vips=(a_vip(policy=Policy.RELEASE),))).connect()
    bench.view().rtts.extend([H + 0.01] * 15)
    bench.echoing.clear()
    bench.run(5.0)
    assert bench.role() is Role.INIT
    assert bench.vip().hindrances(bench.now) == ("brokers too slow: the median echo takes longer than 0.2 s",)


def test_a_hindrance_that_comes_with_a_claim_in_the_air_withdraws_it() -> None:
    """The other was first."""
    bench = Bench().reach(Role.CANDIDATE)
    bench.hear(Peer(terms=a_spec(timing=Timing(lease_s=2.0)).terms).says(a_beat()))
    assert bench.role() is Role.BACKUP


def test_an_owner_with_a_hindrance_stays_owner_but_claims_no_more_brokers() -> None:
    """Raising the timing in service must not move a VIP."""
    bench = Bench(THREE).connect(X, Y)
    bench.run(D + 0.1)
    bench.connect(Z)
    bench.joined_by(B, terms=a_spec(brokers=(X, Y, Z), timing=Timing(lease_s=2.0)).terms)
    bench.run(5.0)
    assert bench.role() is Role.OWNER
    assert [view.broker for view in bench.vip().bidding.held_on(bench.now)] == [X, Y]


def test_two_faults_are_told_together() -> None:
    """All reasons at once."""
    bench = Bench().reach(Role.ACQUIRING)
    bench.give(ev.BindFailed(vip=WEB, reason="no"))
    bench.give(ev.LinkChanged(interface="eth0", up=False))
    bench.run(0.1)
    assert bench.told("-> FAULT: address refused: no; link down: eth0")


# -- trouble with addresses


def test_a_refused_address_is_left_to_others_for_a_while() -> None:
    """It is a fault that passes by itself."""
    bench = Bench().reach(Role.ACQUIRING)
    bench.binding = True
    bench.give(ev.BindFailed(vip=WEB, reason="no"))
    refused_at = bench.now
    bench.run(0.1)
    assert bench.role() is Role.FAULT
    assert sent(State, bench.effects)[-1].vips[0].faults == ("address refused: no",)
    bench.run_until(Role.OWNER)
    assert bench.now >= refused_at + REFUSED_S


def test_five_removals_are_a_fight_and_the_vip_is_left_to_a_peer() -> None:
    """Something else on this host does not want the address here."""
    bench = Bench().reach(Role.OWNER)
    for _ in range(5):
        assert bench.role() is Role.OWNER
        bench.give(ev.AddressGone(vip=WEB, address=ADDRESS, cause="script"))
        bench.run(0.21)
    assert bench.role() is Role.FAULT
    assert bench.told("address fight: something keeps removing it")
    assert any(release.vacated for release in sent(Release, bench.effects))
    bench.run(59.0)
    assert bench.role() is Role.FAULT
    bench.run(5.0)
    assert bench.role() is Role.OWNER


def test_a_flush_of_the_interface_is_one_removal() -> None:
    """However often whoever does it looks again at once, and finds what was put back."""
    bench = Bench().reach(Role.OWNER)
    for _ in range(4):
        for _ in range(10):
            bench.give(ev.AddressGone(vip=WEB, address=ADDRESS, cause="flush"))
            bench.run(0.018)
        bench.run(1.0)
    assert bench.role() is Role.OWNER


# -- bookkeeping


def test_since_when_the_owner_is_in_office() -> None:
    """For this node from its own start, for a peer since it was first heard to own it."""
    bench = Bench().reach(Role.OWNER)
    assert bench.vip().owner_since(bench.now) == pytest.approx(100.0 + D, abs=0.01)
    bench = Bench().connect()
    bench.run(0.5)
    assert bench.vip().owner_since(bench.now) == bench.now
    bench.joined_by(B, a_listing(term=7))
    bench.run(3.0)
    assert bench.vip().owner_since(bench.now) == pytest.approx(100.5)


def test_office_goes_on_through_isolation() -> None:
    """The term has not changed."""
    bench = Bench().reach(Role.OWNER)
    since = bench.vip().owner_since(bench.now)
    bench.cut()
    bench.run(L)
    assert bench.vip().owner_since(bench.now) == since


def test_a_backup_is_soon_one_whatever_its_rank() -> None:
    """Nobody stays INIT for longer than it listens."""
    bench = Bench(a_spec(C)).connect()
    bench.joined_by(A, a_listing())
    bench.joined_by(B)
    bench.run(D + H)
    assert bench.role() is Role.BACKUP


def test_a_hindered_node_looks_again_each_heartbeat() -> None:
    """Nobody wakes it when a peer that hindered it dies."""
    bench = Bench().connect()
    bench.run(D - 0.1)
    bench.hear(Peer(terms=a_spec(timing=Timing(lease_s=1.7)).terms).says(a_beat()))
    bench.echoing.clear()
    bench.run(1.7 - 0.01)
    assert bench.role() is Role.INIT
    bench.run(H + 0.02)
    assert bench.role() is Role.BACKUP


def test_a_role_that_nobody_knows_is_a_defect() -> None:
    """It ends the process instead of being overlooked."""
    bench = Bench().reach(Role.BACKUP)
    bench.vip().role = cast("Role", "odd")
    with pytest.raises(AssertionError, match="odd"):
        bench.give(ev.AnnounceAsked(id="m1", vip=WEB))


def test_a_machine_that_does_not_settle_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends the process instead of spinning; the kernel's lifetimes are the net below it."""
    bench = Bench().reach(Role.BACKUP)

    def flip(vip: Vip, _: float) -> None:
        vip.role = Role.FAULT if vip.role is Role.BACKUP else Role.BACKUP

    monkeypatch.setattr(Vip, "_settle_once", flip)
    with pytest.raises(AssertionError, match="web does not settle: backup, absent"):
        bench.give(ev.Tick(), ev.AnnounceAsked(id="m1", vip=WEB))
