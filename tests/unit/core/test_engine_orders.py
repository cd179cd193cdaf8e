"""Operators' orders that last, in one engine: over restarts, by the wall clock, and whom they keep from what."""

from ipaddress import ip_address

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.directives import MOST_AHEAD, NOBODY
from floatip.core.messages import Claim, State
from floatip.core.types import Directive, DirectiveKind, NodeName, NodeSpec, Policy, Role, Stamp, Stored
from tests.unit.core.bench import Bench
from tests.unit.core.handing import order
from tests.unit.core.stage import WEB, A, B, C, D, H, L, Peer, a_listing, a_spec, a_state, a_vip, of, sent

PIN, DRAIN, FREEZE = DirectiveKind
WALL_US = 1_800_000_000_000_000
WALL_S = WALL_US / 1e6


def ending(at: float, value: str = "yes") -> Directive:
    """Make a drain of node a that expires then."""
    one = order(DRAIN, A, value)
    return Directive(kind=one.kind, subject=one.subject, value=value, expires_at=at, stamp=one.stamp)


def restarted(*records: Directive, spec: NodeSpec | None = None) -> Bench:
    """Make a node that knows these from its disk."""
    return Bench(spec, stored=Stored(directives=records), wall_us=WALL_US)


# -- memory


def test_orders_survive_a_restart_and_are_told_to_all() -> None:
    """From the disk, in the first state that goes out."""
    bench = restarted(order(PIN, WEB, B)).connect()
    bench.run(1.0)
    assert sent(State, bench.effects)[0].directives == (order(PIN, WEB, B),)
    assert of(ef.Store, bench.effects)[-1].stored.directives == (order(PIN, WEB, B),)


def test_orders_survive_a_restart_however_many_were_given_before() -> None:
    """The counters are high then, and those of the others are near them."""
    drained = order(DRAIN, A, "yes", counter=2 * MOST_AHEAD)
    bench = restarted(order(PIN, WEB, B), drained).connect()
    assert bench.engine._s.directives.all() == (drained, order(PIN, WEB, B))
    later = order(DRAIN, A, "", counter=2 * MOST_AHEAD + 5)
    bench.hear(bench.joined_by(B).says(a_state(B, version=9, directives=(later,))))
    assert not bench.engine._s.directives.drained(A)


def test_orders_that_expired_while_this_node_was_away_are_forgotten() -> None:
    """By the wall clock at its start."""
    bench = restarted(ending(WALL_S - 1.0), order(PIN, WEB, B))
    assert bench.engine._s.directives.all() == (order(PIN, WEB, B),)


def test_an_order_expires_in_time_without_anything_happening() -> None:
    """The engine wakes for it; state and disk say so, and the VIP is taken."""
    bench = restarted(ending(WALL_S + 5.0)).connect()
    bench.run(5.0 - 0.01)
    assert not sent(Claim, bench.effects)
    bench.effects.clear()
    bench.run(2.0)
    assert bench.role() is Role.OWNER
    assert sent(State, bench.effects)[0].directives == ()
    assert of(ef.Store, bench.effects)[0].stored.directives == ()


def test_a_wall_clock_that_is_set_ends_orders_at_their_time() -> None:
    """Somebody has set it forward; set back, they last longer."""
    bench = restarted(ending(WALL_S + 3600.0)).connect()
    bench.run(2.0)
    bench.give(ev.WallClock(wall_s=WALL_S - 7200.0))
    bench.run(2.0)
    assert bench.engine._s.directives.drained(A)
    bench.give(ev.WallClock(wall_s=WALL_S + 3600.0))
    assert not bench.engine._s.directives.drained(A)
    bench.run(2.0)
    assert bench.role() is Role.OWNER


# -- whom they keep from what


@pytest.mark.parametrize("policy", list(Policy))
@pytest.mark.parametrize(
    ("record", "takes"),
    [
        (order(DRAIN, A, "yes"), False),
        (order(DRAIN, A, ""), True),
        (order(DRAIN, B, "yes"), True),
        (order(FREEZE, WEB, B), False),
        (order(FREEZE, WEB, NOBODY), False),
        (order(FREEZE, WEB, A), True),
        (order(FREEZE, WEB, ""), True),
        (order(FREEZE, "mail", B), True),
        (order(PIN, WEB, B), True),
    ],
)
def test_who_may_claim_a_vip_that_nobody_owns(policy: Policy, record: Directive, takes: bool) -> None:
    """A node that is drained may not, nor anybody but the one for whom it is frozen; a pin keeps nobody away."""
    bench = restarted(record, spec=a_spec(vips=(a_vip(policy=policy),))).connect()
    bench.run(8.0)
    assert (bench.role() is Role.OWNER) is takes
    assert bool(sent(Claim, bench.effects)) is takes


def test_a_frozen_vip_is_not_taken_by_the_word_of_the_lan_either() -> None:
    """Policy lan, without any broker."""
    for record, takes in ((order(FREEZE, WEB, B), False), (order(FREEZE, WEB, A), True)):
        bench = restarted(record, spec=a_spec(vips=(a_vip(policy=Policy.LAN),))).connect()
        bench.joined_by(B, a_listing(definition=bench.spec.vips[0].definition))
        bench.run(3.0)
        bench.beating.clear()
        bench.cut()
        bench.run(10.0)
        assert (bench.role() is Role.ISOLATED) is takes


def test_under_lan_a_drained_neighbour_has_no_rank() -> None:
    """Nobody waits a lease for one that takes nothing."""
    zero, address = NodeName("0"), ip_address("10.77.0.99")
    took_s = []
    for record in (order(DRAIN, zero, ""), order(DRAIN, zero, "yes")):
        bench = restarted(record, spec=a_spec(vips=(a_vip(policy=Policy.LAN),))).connect()
        bench.joined_by(B, a_listing(definition=bench.spec.vips[0].definition))
        bench.run(3.0)
        bench.engine._s.peers.learn(Peer(zero).says(a_state(zero, addresses=(str(address),))))
        bench.answering = {address}
        bench.beating.clear()
        bench.cut()
        began = bench.now
        bench.run_until(Role.ISOLATED)
        took_s.append(bench.now - began)
    assert took_s[0] - took_s[1] == pytest.approx(L, abs=H)


@pytest.mark.parametrize("record", [order(FREEZE, WEB, B), order(DRAIN, A, "yes")])
def test_a_candidate_withdraws_when_it_hears_the_order(record: Directive) -> None:
    """Its claim has not come back yet."""
    bench = Bench().reach(Role.CANDIDATE)
    bench.hear(bench.peer(C).says(a_state(C, directives=(record,))))
    assert bench.role() is Role.BACKUP
    assert bench.told("web CANDIDATE -> BACKUP: a ")


def test_the_last_owner_of_a_frozen_vip_takes_it_again() -> None:
    """So a node can be upgraded: its daemon stops, and nobody moves the VIP meanwhile."""
    frozen = order(FREEZE, WEB, A)
    backup = restarted(frozen, spec=a_spec(B)).connect()
    backup.run(5.0)
    assert not sent(Claim, backup.effects)
    owner = restarted(frozen).connect()
    owner.joined_by(B)
    owner.run(D + 0.2)
    assert owner.role() is Role.OWNER


def test_a_drained_peer_is_not_waited_for() -> None:
    """It has no rank, though it would be the best."""
    bench = restarted(order(DRAIN, NodeName("0"), "yes")).connect()
    bench.hear(bench.joined_by(NodeName("0")).says(a_state(B, version=2, priority=200)))
    bench.run(D + 0.05)
    assert bench.role() is Role.OWNER


def test_a_pinned_peer_goes_first() -> None:
    """Whatever the priorities; this node waits its turn."""
    bench = restarted(order(PIN, WEB, B), spec=a_spec(vips=(a_vip(priority=250),))).connect()
    bench.joined_by(B)
    bench.run(D + H - 0.02)
    assert not sent(Claim, bench.effects)
    bench.run(2.0)
    assert sent(Claim, bench.effects)


def test_an_isolated_owner_that_is_drained_goes_on() -> None:
    """Nobody else can take the VIP without a quorum."""
    bench = Bench().reach(Role.ISOLATED)
    bench.engine._s.directives.merge([order(DRAIN, A, "yes")])
    bench.run(5.0)
    assert bench.role() is Role.ISOLATED


def test_orders_come_with_the_word_of_a_peer_that_owns_the_vip() -> None:
    """All VIPs are looked at again, whatever the state says of them."""
    bench = Bench().reach(Role.OWNER)
    peer = bench.joined_by(B)
    bench.run(0.2)
    bench.hear(peer.says(a_state(B, version=7, directives=(order(DRAIN, A, "yes"),))), retained=False)
    assert bench.told("hands web to b: a is drained")


# -- the clock that expires them


def test_an_order_expires_in_time_though_the_clock_was_set_back() -> None:
    """The engine is woken anew for it."""
    bench = Bench(wall_us=WALL_US).connect()
    bench.run(5.0)
    bench.give(ev.DirectiveAsked(id="d", kind=PIN, subjects=(WEB,), value=B, lasts_s=60.0))
    bench.run(1.0)
    bench.give(ev.WallClock(wall_s=WALL_S + 6.0 - 30.0))
    bench.run(59.0 + 30.0 - 0.1)
    assert bench.engine._s.directives.pinned(WEB) == B
    bench.run(0.2)
    assert bench.engine._s.directives.pinned(WEB) is None


def test_an_order_that_expires_after_a_revocation_expires_in_time_too() -> None:
    """What changes nothing when it ends must not hide what comes next."""
    bench = Bench(wall_us=WALL_US).connect()
    peer = bench.joined_by(B)
    bench.run(5.0)
    revoked = Directive(kind=DRAIN, subject=B, value="", expires_at=WALL_S + 25.0, stamp=Stamp(1, B))
    pin = Directive(kind=PIN, subject=WEB, value=B, expires_at=WALL_S + 45.0, stamp=Stamp(2, B))
    bench.hear(peer.says(a_state(B, version=9, directives=(revoked, pin)), bench.seen()))
    bench.run(39.9)
    assert bench.engine._s.directives.pinned(WEB) == B
    bench.run(0.2)
    assert bench.engine._s.directives.pinned(WEB) is None


def test_an_old_copy_of_what_was_revoked_keeps_the_revocation_alive() -> None:
    """A broker still has the state of a node that is gone: as long as it comes back, so does the word against it."""
    bench = Bench(wall_us=WALL_US).connect()
    gone = Peer(C).says(a_state(C, version=3, directives=(order(PIN, WEB, C),)))
    bench.hear(gone, retained=True)
    assert bench.engine._s.directives.pinned(WEB) == C
    bench.give(ev.DirectiveAsked(id="u", kind=PIN, subjects=(WEB,), value=""))
    for days in (20, 40, 60):
        bench.give(ev.WallClock(wall_s=WALL_S + days * 86_400.0))
        bench.cut()
        bench.connect()
        bench.hear(gone, retained=True)
        assert bench.engine._s.directives.pinned(WEB) is None


def test_a_node_that_is_drained_from_the_start_is_a_backup_that_takes_nothing() -> None:
    """Once it has listened for long enough, as any other."""
    bench = restarted(order(DRAIN, A, "yes")).connect()
    bench.run(D - 0.1)
    assert bench.role() is Role.INIT
    bench.run(0.2 + H)
    assert bench.role() is Role.BACKUP
    bench.run(5.0)
    assert bench.role() is Role.BACKUP
    assert not sent(Claim, bench.effects)
