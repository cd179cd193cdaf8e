"""What the engine tells of itself at one moment."""

import pytest

from floatip.core import events as ev
from floatip.core.messages import Release
from floatip.core.snapshot import ConflictSnapshot, Snapshot, VipSnapshot
from floatip.core.types import DirectiveKind, Policy, Role, Standing, Timing
from tests.unit.core.bench import Bench
from tests.unit.core.handing import Handing, order
from tests.unit.core.stage import (
    ADDRESS,
    MACS,
    STRANGER,
    TERMS,
    WEB,
    A,
    B,
    C,
    D,
    Peer,
    X,
    Y,
    Z,
    a_beat,
    a_listing,
    a_spec,
    a_state,
)


def look(bench: Bench) -> tuple[Snapshot, VipSnapshot]:
    """Take a snapshot, and the VIP in it."""
    snapshot = bench.engine.snapshot(bench.now)
    (vip,) = snapshot.vips
    return snapshot, vip


def test_an_owner_tells_of_itself() -> None:
    """Who owns what, since when, seen by whom."""
    bench = Bench().reach(Role.OWNER)
    bench.joined_by(C)
    bench.run(1.0)
    snapshot, vip = look(bench)
    assert (snapshot.cluster, snapshot.node, snapshot.quorum) == ("test", A, True)
    assert (vip.name, vip.addresses, vip.role, vip.owner, vip.term) == (WEB, ("10.77.0.50/32",), Role.OWNER, A, 1)
    assert (vip.bound, vip.interface, vip.isolated, vip.held_on) == (True, "eth0", False, (X,))
    assert (vip.candidates, vip.effective_priority) == ((A, C), 100)
    assert (vip.isolated_owners, vip.definition_differs, vip.faults, vip.conflicts) == ((), (), (), ())
    assert vip.since_s == pytest.approx(1.3, abs=0.01)


def test_a_backup_tells_of_the_owner() -> None:
    """As far as it knows; it is a witness too."""
    bench = Bench().reach(Role.BACKUP)
    bench.give(ev.Answered(vip=WEB, address=ADDRESS, mac=MACS[B]))
    _, vip = look(bench)
    assert (vip.role, vip.owner, vip.term, vip.bound, vip.interface) == (Role.BACKUP, B, 7, False, None)
    assert (vip.verified_by, vip.held_on, vip.candidates) == ((A,), (), (A, B))


def test_one_that_knows_of_no_owner_says_so() -> None:
    """Nobody since no time."""
    _, vip = look(Bench().connect())
    assert (vip.role, vip.owner, vip.term, vip.since_s, vip.verified_by) == (Role.INIT, None, 0, None, ())


def test_isolated_owners_are_named() -> None:
    """This node, and a peer."""
    bench = Bench().reach(Role.ISOLATED)
    snapshot, vip = look(bench)
    assert (snapshot.quorum, vip.owner, vip.isolated, vip.isolated_owners) == (False, A, True, (A,))
    bench = Bench().connect()
    bench.joined_by(B, a_listing(Standing.ISOLATED, term=7))
    snapshot, vip = look(bench)
    assert (snapshot.quorum, vip.owner, vip.isolated, vip.isolated_owners) == (True, B, True, (B,))


def test_brokers_are_told_with_their_round_trip() -> None:
    """A majority of sessions is the quorum; one that listens is not of full use yet."""
    bench = Bench(a_spec(brokers=(X, Y, Z))).connect(X, Y)
    bench.run(D + 0.1)
    bench.cut(Y)
    snapshot, _ = look(bench)
    assert not snapshot.quorum
    assert [(one.name, one.connected, one.listening) for one in snapshot.brokers] == [
        (X, True, False),
        (Y, False, True),
        (Z, False, True),
    ]
    assert [one.rtt_ms for one in snapshot.brokers] == [1.0, None, None]


def test_nodes_are_told_with_when_they_were_heard() -> None:
    """This one first; one that was never heard alive has no time."""
    bench = Bench().reach(Role.OWNER)
    bench.hear(Peer(C).says(a_state(C, faults=("link down: eth0",))), retained=True)
    bench.hear(Peer(B).says(a_beat()))
    bench.run(0.25)
    snapshot, _ = look(bench)
    found = [(one.name, one.alive, one.last_heard_ms, one.faults, one.version) for one in snapshot.nodes]
    assert found == [
        (A, True, 0, (), "0"),
        (B, True, 250, (), ""),
        (C, False, None, ("link down: eth0",), "1.0"),
    ]
    bench.run(2.0)
    assert [one.alive for one in look(bench)[0].nodes] == [True, False, False]


def test_what_hinders_this_node_is_told() -> None:
    """Of the VIP, and of the node."""
    bench = Bench().connect()
    slow = a_spec(timing=Timing(lease_s=2.0)).terms
    bench.hear(Peer(terms=slow).says(a_beat(a_listing(definition="other"))))
    snapshot, vip = look(bench)
    differs = f"timing differs: b waits {slow.owner_down_s(Policy.KEEP):.3g} s for an owner, this node less"
    assert snapshot.nodes[0].faults == (differs,)
    assert vip.faults == (differs, "definition differs from that of b")
    assert (vip.definition_differs, vip.candidates) == ((B,), ())
    assert slow.keep_s > TERMS.keep_s


def test_conflicts_are_told_with_the_peer_if_it_is_one() -> None:
    """A stranger has no name."""
    bench = Bench().reach(Role.OWNER)
    bench.joined_by(B)
    for mac in (STRANGER, MACS[B]):
        bench.give(ev.Answered(vip=WEB, address=ADDRESS, mac=mac))
        bench.run(1.1)
    _, vip = look(bench)
    assert vip.conflicts == (
        ConflictSnapshot(address="10.77.0.50", mac=STRANGER, peer=None),
        ConflictSnapshot(address="10.77.0.50", mac=MACS[B], peer=B),
    )


def test_a_peer_that_does_not_hear_this_node_is_told() -> None:
    """It lives and has acknowledged nothing for long: a one-way fault (4.7)."""
    bench = Bench().reach(Role.OWNER)
    peer = bench.peer()
    for _ in range(25):
        bench.hear(peer.says(a_beat()))
        bench.run(0.2)
    assert look(bench)[0].nodes[1].faults == ("does not hear a",)
    bench.hear(peer.says(a_beat(), bench.seen()))
    assert look(bench)[0].nodes[1].faults == ()
    bench.run(5.0)
    assert look(bench)[0].nodes[1].faults == ()


def test_how_far_a_peer_is_behind_is_told() -> None:
    """By the newest word of this node that it has acknowledged; of this node itself there is nothing to say."""
    bench = Bench().reach(Role.OWNER)
    peer = bench.peer()
    bench.hear(peer.says(a_beat()))
    assert [one.lag_ms for one in look(bench)[0].nodes] == [None, None]
    bench.hear(peer.says(a_beat(), bench.seen()))
    lag_ms = look(bench)[0].nodes[1].lag_ms
    assert lag_ms is not None
    assert 0 <= lag_ms <= TERMS.heartbeat_s * 1000
    bench.run(0.15)
    assert look(bench)[0].nodes[1].lag_ms == lag_ms + 150


def test_whether_the_lan_answers_a_peer_is_told() -> None:
    """By its own word."""
    bench = Bench().reach(Role.OWNER)
    bench.hear(Peer(C).says(a_state(C, lan_fine=True)), retained=True)
    assert [(one.name, one.lan_fine) for one in look(bench)[0].nodes] == [(A, False), (C, True)]


def test_what_is_known_of_an_owner_that_is_not_heard() -> None:
    """Who it was, and whose MAC answered when this node last looked, until it looks again in vain."""
    bench = Bench().reach(Role.BACKUP)
    bench.give(ev.Answered(vip=WEB, address=ADDRESS, mac=MACS[B]))
    bench.cut(X)
    bench.run(D + 0.1)
    _, vip = look(bench)
    assert (vip.owner, vip.last_owner, vip.answered_by) == (None, B, B)
    bench.run(12.0)
    _, vip = look(bench)
    assert (vip.owner, vip.last_owner, vip.answered_by) == (None, B, None)


def test_operators_orders_are_told() -> None:
    """Which nodes are drained, where the VIP is pinned to, for whom it is frozen, and what follows for each node."""
    hand = Handing(B)
    snapshot, vip = look(hand.bench)
    assert [one.drained for one in snapshot.nodes] == [False, False]
    assert (vip.pinned_to, vip.frozen_for) == (None, None)
    kinds = DirectiveKind
    hand.orders(order(kinds.DRAIN, B, "yes"), order(kinds.PIN, WEB, C), order(kinds.FREEZE, WEB, A))
    snapshot, vip = look(hand.bench)
    assert [(one.name, one.drained) for one in snapshot.nodes] == [(A, False), (B, True)]
    assert (vip.pinned_to, vip.frozen_for) == (C, A)
    assert [(one.node, one.rank) for one in vip.nodes] == [(A, 0), (B, None)]


def test_a_handover_is_told_until_the_next_owner_has_the_vip() -> None:
    """Who leads it, to whom, and how far it is."""
    hand = Handing(B)
    assert look(hand.bench)[1].handover is None
    hand.failover(B)
    hand.bench.run(0.1)
    asked = look(hand.bench)[1].handover
    assert asked is not None
    assert (asked.by, asked.to, asked.stage) == (A, B, "asked")
    assert asked.since_s == pytest.approx(0.099, abs=0.002)
    hand.replies()
    hand.bench.run(0.01)
    released = look(hand.bench)[1].handover
    assert released is not None
    assert (released.by, released.to, released.stage) == (A, B, "released")
    hand.claims()
    hand.owns()
    hand.answers()
    hand.bench.run(0.3)
    assert look(hand.bench)[1].owner == B
    assert look(hand.bench)[1].handover is None


def test_a_handover_between_others_is_told_too() -> None:
    """As this node has heard of it."""
    bench = Bench().connect()
    peer = bench.joined_by(B, a_listing(term=7))
    bench.hear(peer.says(Release(vips=(WEB,), to=C, reserved_s=1.0, kept=True)))
    bench.beating[X, B] = peer, ()
    handover = look(bench)[1].handover
    assert handover is not None
    assert (handover.by, handover.to, handover.stage) == (B, C, "released")
