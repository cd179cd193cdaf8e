"""Words that were forged, or are stale: what they must not bring about. A node signs what it says, and may be wrong."""

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.messages import Errand, Reply, Request, Task, Verb, Verdict
from floatip.core.types import Directive, DirectiveKind, Role, Stamp, Standing, VipName
from tests.unit.core.asking import answers
from tests.unit.core.bench import Bench
from tests.unit.core.handing import Handing, spec_of
from tests.unit.core.stage import WEB, A, B, C, Z, a_listing, a_state, of

EPOCH_S = 1_700_000_000
ASK = ev.ErrandAsked(id="x1", at=B, errand=Errand(task=Task.WHO_HAS, address="10.0.0.1"))


def three() -> Bench:
    """Node a, with b and c alive."""
    bench = Bench().connect()
    bench.joined_by(B, a_listing(Standing.OWNER, term=7))
    bench.joined_by(C)
    bench.run(1.3)
    return bench


def test_a_third_nodes_reply_to_an_errand_counts_for_nothing() -> None:
    """Only the node that was asked can answer."""
    bench = three()
    bench.give(ASK)
    peer = bench.beating[next(iter(bench.spec.brokers)), C][0]
    forged = Reply(id="x1", verdict=Verdict.ACCEPTED, text="forged", data="{}")
    assert not answers(bench.hear(peer.says(forged)))


def test_a_third_nodes_reply_to_a_failover_counts_for_nothing() -> None:
    """Only the owner can refuse."""
    bench = three()
    bench.give(ev.FailoverAsked(id="m1", vips=(WEB,)))
    peer = bench.beating[next(iter(bench.spec.brokers)), C][0]
    forged = Reply(id="m1.b", verdict=Verdict.REFUSED, text="forged", vips=(WEB,))
    assert not answers(bench.hear(peer.says(forged)))


def test_a_peers_request_under_the_id_of_our_question_is_no_answer_to_it() -> None:
    """What this node replies to a peer is not what its own operator waits for."""
    bench = three()
    bench.give(ASK)
    peer = bench.beating[next(iter(bench.spec.brokers)), C][0]
    bench.hear(peer.says(Request(id="x1", verb=Verb.ANNOUNCE, at=A, vips=(WEB,))))
    bench.run(0.05)
    assert not answers(bench.effects)


def test_a_word_of_the_targets_former_office_does_not_end_a_handover() -> None:
    """A broker that is late still delivers it: the address would be on nobody."""
    hand = Handing(B, C, spec=spec_of(None, "x:1883", "y:1883", "z:1883"))
    bench, term = hand.bench, hand.bench.vip().term
    bench.beating[Z, B] = bench.beating[Z, B][0], (a_listing(Standing.OWNER, term=term - 1),)
    bench.run(0.3)
    hand.given(B)
    bench.effects.clear()
    bench.run(0.6)
    assert not of(ef.Unbind, bench.effects)


def test_a_stop_after_a_move_that_failed_asks_whoever_else_is_able() -> None:
    """That c refused an operator says nothing of b."""
    hand = Handing(B, C)
    hand.failover(C)
    hand.replies(C, Verdict.REFUSED, "c sees a stranger answer for web")
    hand.bench.effects.clear()
    hand.bench.give(ev.StopAsked())
    hand.bench.run(0.01)
    assert hand.asked_whom() == [B]
    assert hand.role() is Role.OWNER


def test_an_order_expires_though_the_clock_was_set_back() -> None:
    """Later, by as much."""
    bench = Bench(wall_us=EPOCH_S * 1_000_000).connect()
    bench.joined_by(B)
    bench.run(5)
    bench.give(ev.DirectiveAsked(id="d", kind=DirectiveKind.PIN, subjects=(WEB,), value=B, lasts_s=60.0))
    bench.run(1)
    bench.give(ev.WallClock(wall_s=EPOCH_S + 6.0 - 30.0))
    bench.run(60)
    assert bench.engine._s.directives.pinned(WEB) == B
    bench.run(40)
    assert bench.engine._s.directives.pinned(WEB) is None


def test_an_order_expires_behind_another_that_expired_unnoticed() -> None:
    """A revocation that is forgotten changes nothing, and wakes for the next."""
    bench = Bench(wall_us=EPOCH_S * 1_000_000).connect()
    peer = bench.joined_by(B)
    bench.run(5)
    revoked = Directive(kind=DirectiveKind.DRAIN, subject=C, value="", expires_at=EPOCH_S + 25.0, stamp=Stamp(1, B))
    pinned = Directive(kind=DirectiveKind.PIN, subject=WEB, value=B, expires_at=EPOCH_S + 45.0, stamp=Stamp(2, B))
    bench.hear(peer.says(a_state(B, version=9, directives=(revoked, pinned))))
    assert bench.engine._s.directives.pinned(WEB) == B
    bench.run(60)
    assert bench.engine._s.directives.pinned(WEB) is None


def test_a_drain_is_not_proven_while_the_node_owns_what_is_unknown_here() -> None:
    """Not all nodes have the same VIPs configured."""
    bench = Bench().connect()
    peer = bench.joined_by(B, a_listing(Standing.OWNER, term=7, vip=VipName("db")))
    bench.run(3)
    bench.give(ev.DirectiveAsked(id="d", kind=DirectiveKind.DRAIN, subjects=(B,), value="yes"))
    bench.run(0.1)
    bench.hear(peer.says(a_state(B, version=9, directives=bench.engine._s.directives.all())))
    bench.run(3)
    assert answers(bench.effects) == []
