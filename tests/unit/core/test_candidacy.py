"""Every node beside one VIP: its place among the candidates, or why it is none."""

from floatip.core.candidacy import candidacy, candidates
from floatip.core.snapshot import CandidateSnapshot
from floatip.core.types import DirectiveKind, NodeName, Policy, Role, Timing
from tests.unit.core.bench import Bench
from tests.unit.core.handing import Handing, order, spec_of
from tests.unit.core.stage import WEB, A, B, C, X, a_spec, a_state, a_vip

PIN, DRAIN, FREEZE = DirectiveKind
Row = tuple[NodeName, int | None, tuple[str, ...]]


def rows(hand: Handing) -> list[Row]:
    """Look at all nodes: name, place, reasons."""
    bench = hand.bench
    return [(one.node, one.rank, one.reasons) for one in candidacy(bench.engine._s, bench.vip(), bench.now)]


def best_first(bench: Bench) -> tuple[NodeName, ...]:
    """Look at the candidates."""
    return candidates(bench.engine._s, bench.vip(), bench.now)


def test_candidates_have_places_and_no_reasons() -> None:
    """The best is first, and has place 0."""
    hand = Handing(B, C)
    hand.says(C, hand.state(C, 120))
    assert rows(hand) == [(C, 0, ()), (A, 1, ()), (B, 2, ())]
    assert best_first(hand.bench) == (C, A, B)
    bench = hand.bench
    first = candidacy(bench.engine._s, bench.vip(), bench.now)[0]
    assert first == CandidateSnapshot(node=C, rank=0, priority=120, reasons=())


def test_the_owner_is_a_candidate_itself() -> None:
    """Though it could not claim now; one that has a fault and is not in office is none."""
    assert best_first(Bench().reach(Role.OWNER)) == (A,)
    assert best_first(Bench().reach(Role.FAULT)) == ()


def test_an_owner_that_could_not_claim_now_is_one_still() -> None:
    """A peer waits longer for an owner: that hinders claims, not offices."""
    hand = Handing(B)
    hand.bench.beating[X, B][0].terms = a_spec(B, timing=Timing(lease_s=2.0)).terms
    hand.bench.run(0.3)
    assert hand.bench.vip().hindrances(hand.bench.now)
    assert best_first(hand.bench) == (A, B)


def test_a_fault_is_the_reason() -> None:
    """A peer's, as it told it, and one's own."""
    hand = Handing(B)
    hand.says(B, hand.state(B, 100, "check web failed"))
    assert rows(hand) == [(A, 0, ()), (B, None, ("check web failed",))]
    bench = Bench().reach(Role.FAULT)
    (mine,) = candidacy(bench.engine._s, bench.vip(), bench.now)
    assert (mine.rank, mine.reasons) == (None, ("link down: eth0",))


def test_an_order_is_the_reason() -> None:
    """Drained, frozen for another, or pinned: that is why one comes first."""
    hand = Handing(B, C)
    hand.orders(order(DRAIN, B, "yes"), order(PIN, WEB, C))
    assert rows(hand) == [(C, 0, ("pinned to it",)), (A, 1, ()), (B, None, ("drained",))]
    hand.orders(order(FREEZE, WEB, A))
    assert rows(hand) == [
        (A, 0, ()),
        (B, None, ("drained", "frozen for a")),
        (C, None, ("pinned to it", "frozen for a")),
    ]


def test_an_owner_that_is_drained_is_no_candidate() -> None:
    """It is on its way out."""
    hand = Handing(B)
    hand.orders(order(DRAIN, A, "yes"))
    assert rows(hand) == [(B, 0, ()), (A, None, ("drained",))]
    assert best_first(hand.bench) == (B,)


def test_silence_is_the_reason() -> None:
    """With its length; of one never heard alive, since this node started."""
    hand = Handing(B)
    hand.bench.hear(hand.bench.peer(C).says(hand.state(C)), retained=True)
    hand.falls_silent()
    hand.bench.run(2.0)
    silent_s = hand.bench.now - hand.bench.view().peers[B].heard_at
    assert rows(hand)[1:] == [
        (B, None, (f"silent for {silent_s:.1f} s",)),
        (C, None, ("silent since the start of this node",)),
    ]


def test_another_configuration_is_the_reason() -> None:
    """Addresses, policy or timing."""
    hand = Handing(B, C, spec=spec_of(a_vip(policy=Policy.LAN)))
    hand.says(B, a_state(B, version=50))
    hand.bench.beating[X, C][0].terms = a_spec(C, timing=Timing(heartbeat_s=0.1, lease_s=0.5)).terms
    hand.bench.run(0.3)
    found = {node: reasons for node, _, reasons in rows(hand)}
    assert found[B] == ("other addresses or policy configured",)
    assert found[C] == ("other timing configured",)


def test_a_peer_that_has_not_the_vip_is_not_listed() -> None:
    """It cannot take it, and need not say why."""
    hand = Handing(B)
    bench = hand.bench
    bench.joined_by(C)
    bench.hear(bench.beating[X, C][0].says(hand.state(C)))
    bench.engine._s.peers.known[C].vips.clear()
    assert [node for node, _, _ in rows(hand)] == [A, B]


def test_one_that_stops_says_so() -> None:
    """It takes nothing any more."""
    hand = Handing(B)
    hand.bench.engine._s.stopping = True
    assert rows(hand)[0] == (A, 0, ("it stops",))
