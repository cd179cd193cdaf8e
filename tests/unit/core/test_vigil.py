"""What is awaited for all VIPs at once: nobody looks at a VIP while it comes, and all look when it is missed."""

import pytest

from floatip.core import effects as ef
from floatip.core.messages import Claim
from floatip.core.types import BrokerName, Policy, Role, Standing, Timing, VipName
from floatip.core.vigil import patience_s
from floatip.core.vip import Vip
from tests.unit.core.bench import Bench
from tests.unit.core.stage import (
    WEB,
    A,
    B,
    C,
    D,
    H,
    L,
    X,
    a_beat,
    a_digest,
    a_listing,
    a_spec,
    a_state,
    a_vip,
    of,
    sent,
)

Y, Z = BrokerName("y"), BrokerName("z")


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Give the times at which the VIP was looked at."""
    times: list[float] = []
    settle = Vip.settle

    def counted(self: Vip, now: float) -> float | None:
        times.append(now)
        return settle(self, now)

    monkeypatch.setattr(Vip, "settle", counted)
    return times


def a_backup(*brokers: BrokerName, policy: Policy = Policy.KEEP) -> Bench:
    """Give a backup that has listened for long enough; node b owns the VIP, on all brokers."""
    spec = a_spec(brokers=brokers or (X,), vips=(a_vip(policy=policy),))
    bench = Bench(spec).connect()
    for broker in spec.brokers:
        bench.joined_by(B, a_listing(Standing.OWNER, term=7, definition=spec.vips[0].definition), broker=broker)
    bench.run(8.0)
    assert bench.role() is Role.BACKUP
    return bench


@pytest.mark.parametrize("policy", [Policy.KEEP, Policy.RELEASE])
def test_a_backup_sleeps_while_its_owners_lists_come(policy: Policy, looks: list[float]) -> None:
    """But for the look at the LAN, every 10 s, which nobody answers here: six in all."""
    bench = a_backup(policy=policy)
    looks.clear()
    bench.run(20.0)
    assert len(looks) <= 2 * 6


def test_an_owner_sleeps_while_its_heartbeats_come_back(looks: list[float]) -> None:
    """Leases and lifetimes are renewed without it."""
    bench = Bench().reach(Role.OWNER)
    bench.run(10.0)
    looks.clear()
    renewed = of(ef.Renew, bench.run(20.0))
    assert len(renewed) >= 19
    assert len(looks) <= 2


@pytest.mark.parametrize(("late_s", "asks"), [(0.31, 0), (0.33, 1)])
def test_a_list_that_is_a_little_late_is_waited_for(late_s: float, asks: int) -> None:
    """By half a heartbeat and what clocks may differ: then the LAN is asked, so that it is known by D."""
    assert patience_s(Timing()) == pytest.approx(D - L + H / 2) == pytest.approx(0.32)
    bench = a_backup()
    del bench.beating[X, B]
    heard_at = bench.view().peers[B].listed_at
    bench.run(heard_at + late_s - bench.now)
    assert len(of(ef.Probe, bench.effects[-asks:] if asks else [])) == asks
    probes = [one for one in bench.run(D) if isinstance(one, ef.Probe)]
    assert len(probes) + asks == 8


@pytest.mark.parametrize("lost", [(X, Y), (Y, Z), (X, Z)])
def test_an_owner_that_a_majority_hears_no_more_is_succeeded_though_one_broker_still_brings_its_lists(
    lost: tuple[BrokerName, BrokerName],
) -> None:
    """Each broker is awaited for itself."""
    bench = a_backup(X, Y, Z)
    for broker in lost:
        del bench.beating[broker, B]
    heard_at = max(bench.view(broker).peers[B].listed_at for broker in lost)
    bench.run(heard_at + D - 0.01 - bench.now)
    assert bench.role() is Role.BACKUP
    claims = sent(Claim, bench.run(0.05))
    assert len(claims) == 2


def test_an_owner_that_a_minority_hears_no_more_is_left_alone() -> None:
    """It has a majority still."""
    bench = a_backup(X, Y, Z)
    del bench.beating[Y, B]
    assert not sent(Claim, bench.run(10.0))
    assert bench.role() is Role.BACKUP


def test_whoever_listens_to_others_as_well_still_notes_that_the_owner_is_gone() -> None:
    """Another's list keeps the VIP from us, but it is that other's then."""
    bench = a_backup()
    definition = bench.spec.vips[0].definition
    bench.joined_by(C, a_listing(Standing.ISOLATED, term=8, definition=definition))
    bench.run(1.0)
    assert bench.vip().succession.last_owner == B
    del bench.beating[X, B]
    bench.run(D + 0.1)
    assert bench.vip().succession.last_owner == C


def test_a_vip_that_an_owner_gives_up_is_taken_at_once() -> None:
    """What a list says is heard, not only that it comes."""
    bench = a_backup()
    peer, _ = bench.beating[X, B]
    bench.beating[X, B] = peer, ()
    assert sent(Claim, bench.run(H + L))


def test_the_wait_of_a_better_candidate_begins_anew_when_it_was_away() -> None:
    """Its owner sleeps, and is woken when a peer falls silent or comes back."""
    spec = a_spec(vips=(a_vip(preempt=True, preempt_delay_s=5.0),))
    bench = Bench(spec).connect()
    bench.run(8.0)
    peer = bench.joined_by(B, broker=X)
    bench.hear(peer.says(a_state(B, version=2, priority=200), bench.seen()))
    bench.run(3.0)
    assert bench.vip().handover.target is None
    gone = bench.beating.pop((X, B))
    bench.run(3.0)
    assert bench.vip().handover.target is None
    bench.beating[X, B] = gone
    bench.run(4.0)
    assert bench.vip().handover.target is None
    bench.run(1.5)
    assert bench.vip().handover.target == B


def test_an_owner_whose_heartbeats_come_back_no_more_looks_in_time() -> None:
    """When the lease ends, to the moment."""
    bench = Bench().reach(Role.OWNER)
    bench.run(5.0)
    bench.echoing.clear()
    ends_at = bench.view().held_until(WEB)
    bench.run(ends_at - bench.now)
    assert bench.role() is Role.OWNER
    bench.run(0.0011)
    assert bench.role() is Role.ISOLATED
    assert bench.spec.node == A


def test_an_owner_that_rests_on_a_claim_and_on_what_has_lapsed_looks_when_the_claim_does() -> None:
    """Of three brokers one has been silent for a lease, and one has confirmed the claim and nothing since."""
    bench = Bench(a_spec(brokers=(X, Y, Z))).connect(X, Y)
    bench.run(3.5)
    bench.connect(Z)
    while not any(send.broker == Z for send in of(ef.Send, bench.run(0.001)) if isinstance(send.message.body, Claim)):
        assert bench.now < 110.0
    bench.cut(X)
    bench.echoing.discard(X)
    bench.run(0.003)
    bench.echoing.discard(Z)
    bench.run(bench.view(Z).held_until(WEB) - bench.now)
    assert bench.role() is Role.OWNER
    bench.run(0.002)
    assert bench.role() is Role.ISOLATED


def test_an_isolated_owner_yields_as_soon_as_an_owner_is_seen_to_hear_it() -> None:
    """That is in its heartbeats, whose list says nothing new."""
    bench = Bench().reach(Role.OWNER)
    bench.cut()
    bench.run(13.0)
    assert bench.role() is Role.ISOLATED
    peer = bench.peer(B)
    bench.connect()
    bench.hear(peer.says(a_state(B)))
    bench.hear(peer.says(a_beat(a_listing(Standing.OWNER, term=9))))
    for _ in range(3):
        bench.run(H)
        bench.hear(peer.says(a_beat(a_listing(Standing.OWNER, term=9)), bench.seen()))
    assert bench.role() is not Role.ISOLATED


@pytest.mark.parametrize("policy", [Policy.KEEP, Policy.RELEASE])
def test_a_list_that_resolves_a_digest_frees_whatever_is_not_on_it(policy: Policy) -> None:
    """Until then the digest stood for a list of everything; nothing else tells a VIP that it is free."""
    web, other = a_vip(policy=policy), a_vip(VipName("other"), address="10.77.1.1", policy=policy)
    bench = Bench(a_spec(vips=(web, other))).connect()
    peer = bench.peer(B)
    for _ in range(20):
        bench.hear(peer.says(a_digest(7), bench.seen()))
        bench.run(H)
    assert bench.role() is not Role.OWNER
    listing = a_listing(vip=other.name, definition=other.definition, term=3)
    bench.beating[X, B] = peer, (listing,)
    bench.hear(peer.says(a_beat(listing, version=7), bench.seen()))
    claims = sent(Claim, bench.run(L))
    assert [bid.vip for claim in claims for bid in claim.bids] == [WEB]
