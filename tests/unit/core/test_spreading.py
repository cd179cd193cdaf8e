"""An operator's order that lasts: from the question until every peer has it, and a drained node is empty."""

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.directives import FORCED, NOBODY
from floatip.core.effects import Outcome
from floatip.core.messages import Release, State, Witnessed
from floatip.core.spreading import PROOF_S, told
from floatip.core.types import BELIEVED, Directive, DirectiveKind, NodeName, Role, Stamp, VipName
from tests.unit.core.asking import a_backup, answers
from tests.unit.core.bench import Bench
from tests.unit.core.handing import Handing, order
from tests.unit.core.stage import BLINK, MACS, WEB, A, B, C, H, X, a_listing, of, sent

PIN, DRAIN, FREEZE = DirectiveKind
PIN_IT = ev.DirectiveAsked(id="d1", kind=PIN, subjects=(WEB,), value=B, timeout_s=2.0)


def drain(node: NodeName, value: str = "yes") -> ev.DirectiveAsked:
    """Ask for a drain."""
    return ev.DirectiveAsked(id="d1", kind=DRAIN, subjects=(node,), value=value, timeout_s=2.0)


def ordered(effects: list[ef.Effect]) -> Directive:
    """The one record in the state that was sent."""
    (record,) = sent(State, effects)[-1].directives
    return record


def confirm(hand: Handing, *nodes: NodeName, witnessed: tuple[Witnessed, ...] = ()) -> list[ef.Effect]:
    """Let peers tell in their states all that this node has ordered."""
    records = hand.bench.engine._s.directives.all()
    return [one for node in nodes for one in hand.says(node, hand.state(node, directives=records, witnessed=witnessed))]


# -- spreading


def test_an_order_goes_out_at_once_and_to_the_disk() -> None:
    """In the state, for all to take over; it is in force here already, and on the record."""
    hand = Handing()
    hand.bench.run(H)
    effects = hand.bench.give(PIN_IT)
    record = ordered(effects)
    assert (record.kind, record.subject, record.value, record.stamp) == (PIN, WEB, B, Stamp(1, A))
    assert of(ef.Store, effects)[-1].stored.directives == (record,)
    assert hand.bench.engine._s.directives.pinned(WEB) == B
    assert [one.text for one in of(ef.Tell, effects) if one.kind is ef.Kind.DIRECTIVE] == ["web prefers b"]


def test_proven_when_every_peer_alive_tells_it_in_its_own_state() -> None:
    """Each is shown as it does."""
    hand = Handing(B, C)
    assert not answers(hand.bench.give(PIN_IT))
    effects = confirm(hand, B)
    assert [one.text for one in of(ef.Progress, effects)] == ["b knows it"]
    assert not answers(effects)
    effects = confirm(hand, C)
    assert [one.text for one in of(ef.Progress, effects)] == ["c knows it"]
    assert answers(effects) == [(Outcome.PROVEN, "web prefers b")]


def test_an_older_order_of_a_peers_is_no_confirmation() -> None:
    """It is about the same thing, but not this."""
    hand = Handing()
    hand.orders(order(PIN, WEB, B, counter=4))
    effects = hand.bench.give(PIN_IT)
    assert not answers(effects + hand.bench.run(0.3))
    assert answers(confirm(hand, B)) == [(Outcome.PROVEN, "web prefers b")]


def test_the_dead_are_not_waited_for() -> None:
    """They will hear of it when they come back."""
    hand = Handing(B, C)
    hand.falls_silent(C)
    hand.bench.run(1.1)
    hand.bench.give(PIN_IT)
    assert answers(confirm(hand, B)) == [(Outcome.PROVEN, "web prefers b")]


def test_unproven_when_a_peer_does_not_confirm_it_in_time() -> None:
    """It is named."""
    hand = Handing(B, C)
    hand.bench.give(PIN_IT)
    confirm(hand, B)
    assert not answers(hand.bench.run(2.0 - BLINK))
    assert answers(hand.bench.run(2 * BLINK)) == [(Outcome.UNPROVEN, "web prefers b; not confirmed by c")]


def test_unproven_without_brokers() -> None:
    """Nobody else can have heard of it."""
    hand = Handing()
    hand.bench.cut()
    hand.bench.run(1.5)
    hand.bench.give(PIN_IT)
    text = "web prefers b; no broker is there to tell the others"
    assert answers(hand.bench.run(2.1)) == [(Outcome.UNPROVEN, text)]


def test_overtaken_by_a_higher_stamp_that_says_otherwise() -> None:
    """Two operators at once: the later word counts, and the other is told."""
    hand = Handing()
    hand.bench.give(PIN_IT)
    effects = hand.orders(order(PIN, WEB, C, counter=9))
    assert answers(effects) == [(Outcome.FAILED, "a has said otherwise: web prefers c")]
    assert hand.bench.engine._s.directives.pinned(WEB) == C


def test_a_higher_stamp_that_says_the_same_is_as_good() -> None:
    """Two operators wanted the same."""
    hand = Handing()
    hand.bench.give(PIN_IT)
    assert answers(hand.orders(order(PIN, WEB, B, counter=9))) == [(Outcome.PROVEN, "web prefers b")]


def test_an_order_that_expires_before_anybody_has_it_is_void() -> None:
    """It was too short."""
    hand = Handing()
    hand.bench.give(ev.DirectiveAsked(id="d1", kind=PIN, subjects=(WEB,), value=B, lasts_s=0.5, timeout_s=2.0))
    assert answers(hand.bench.run(0.7)) == [(Outcome.FAILED, "it is void")]


def test_a_stamp_that_was_made_up_keeps_nobody_from_giving_orders() -> None:
    """It is far above all others, and ignored."""
    hand = Handing()
    hand.orders(order(PIN, WEB, C, counter=BELIEVED - 1))
    assert hand.bench.engine._s.directives.pinned(WEB) is None
    hand.bench.give(PIN_IT)
    assert hand.bench.engine._s.directives.pinned(WEB) == B


def test_each_subject_has_its_own_answer() -> None:
    """One order for many VIPs."""
    hand = Handing()
    names = (WEB, VipName("mail"))
    hand.bench.give(ev.DirectiveAsked(id="d1", kind=FREEZE, subjects=names, value=A))
    effects = confirm(hand, B)
    assert [(one.about, one.outcome) for one in of(ef.Answer, effects)] == [
        (WEB, Outcome.PROVEN),
        ("mail", Outcome.PROVEN),
    ]


def test_what_a_peer_knows_is_taken_over_once() -> None:
    """Kept, passed on, told with whose word it was; the second time it is no news."""
    hand = Handing()
    hand.bench.run(H)
    effects = hand.orders(order(DRAIN, C, "yes", counter=3))
    assert hand.bench.told("c is drained: it takes no VIPs (by a)")
    assert of(ef.Store, effects)[-1].stored.directives == (order(DRAIN, C, "yes", counter=3),)
    assert ordered(effects) == order(DRAIN, C, "yes", counter=3)
    hand.bench.run(H)
    assert not of(ef.Store, hand.orders(order(DRAIN, C, "yes", counter=3)))


def test_a_retained_state_of_a_dead_peer_tells_of_orders_too() -> None:
    """All nodes may have been restarted meanwhile."""
    bench = Bench().connect()
    peer = bench.peer(B)
    state = Handing().state(B, directives=(order(PIN, WEB, C),))
    bench.hear(peer.says(state), retained=True)
    assert bench.engine._s.directives.pinned(WEB) == C


# -- a drained node must be empty


def test_a_drain_is_proven_when_witnesses_have_seen_the_new_owners() -> None:
    """Each VIP that has gone is shown."""
    hand = Handing(B, C)
    hand.bench.give(drain(A))
    confirm(hand, B, C)
    assert not answers(hand.bench.effects)
    hand.replies()
    hand.claims()
    hand.owns()
    hand.answers()
    hand.bench.run(H + 0.01)
    assert "b owns web" in [one.text for one in of(ef.Progress, hand.bench.effects)]
    effects = confirm(hand, C, witnessed=(Witnessed(vip=WEB, term=2, mac=MACS[B]),))
    assert answers(effects) == [(Outcome.PROVEN, "a is drained: it takes no VIPs")]


def test_a_drain_is_unproven_when_nobody_has_seen_the_new_owner() -> None:
    """After a second of looking."""
    hand = Handing()
    hand.bench.give(drain(A))
    confirm(hand, B)
    hand.replies()
    hand.claims()
    hand.owns()
    hand.answers()
    hand.bench.run(PROOF_S + H + 0.2)
    text = "a is drained: it takes no VIPs, but no other node has seen the new owners on the LAN"
    assert answers(hand.bench.effects) == [(Outcome.UNPROVEN, text)]


def test_a_drain_times_out_while_the_node_still_owns_something() -> None:
    """It says what, and where to look."""
    hand = Handing()
    hand.bench.give(drain(A))
    confirm(hand, B)
    hand.bench.run(2.1)
    text = "a is drained: it takes no VIPs; it still owns web: `floatip explain` says why"
    assert answers(hand.bench.effects) == [(Outcome.TIMED_OUT, text)]


def test_a_drain_is_followed_from_any_node() -> None:
    """Until somebody else owns what the drained node had."""
    bench, peer = a_backup()
    bench.give(drain(B))
    records = bench.engine._s.directives.all()
    bench.hear(peer.says(Handing().state(B, directives=records)))
    bench.beating[X, B] = peer, ()
    bench.hear(peer.says(Release(vips=(WEB,), to=C, reserved_s=1.0, kept=True)))
    assert not answers(bench.run(0.5))
    bench.joined_by(C, a_listing(term=8))
    bench.hear(bench.beating[X, C][0].says(Handing().state(C, directives=records)))
    bench.give(ev.Answered(vip=WEB, address=bench.spec.vips[0].addresses[0].address, mac=MACS[C]))
    bench.run(0.3)
    assert answers(bench.effects) == [(Outcome.PROVEN, "b is drained: it takes no VIPs")]


def test_a_forced_drain_does_not_wait_for_a_new_owner() -> None:
    """There may be none."""
    hand = Handing()
    hand.says(B, hand.state(B, 100, "link down: eth0"))
    hand.bench.give(drain(A, FORCED))
    records = hand.bench.engine._s.directives.all()
    hand.says(B, hand.state(B, 100, "link down: eth0", directives=records))
    hand.bench.run(0.3)
    assert hand.role() is Role.BACKUP
    assert answers(hand.bench.effects) == [(Outcome.PROVEN, "a is drained: it takes no VIPs")]
    assert "nobody owns web" in [one.text for one in of(ef.Progress, hand.bench.effects)]


def test_a_drain_that_moves_nothing_is_proven_when_all_know_it() -> None:
    """Nobody has to be seen on the LAN for it."""
    hand = Handing(B, C)
    hand.bench.give(drain(C))
    confirm(hand, B, C)
    assert answers(hand.bench.effects) == [(Outcome.PROVEN, "c is drained: it takes no VIPs")]


def test_a_drain_that_is_revoked_is_an_order_like_any_other() -> None:
    """The node need not be empty."""
    hand = Handing()
    hand.bench.give(drain(A, ""))
    assert answers(confirm(hand, B)) == [(Outcome.PROVEN, "a may take VIPs again")]


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (PIN, B, "x prefers b"),
        (PIN, "", "x prefers no node any more"),
        (DRAIN, "yes", "x is drained: it takes no VIPs"),
        (DRAIN, "", "x may take VIPs again"),
        (FREEZE, A, "x is frozen: only a may take it"),
        (FREEZE, "", "x is frozen no longer"),
    ],
)
def test_an_order_is_told_in_one_sentence(kind: DirectiveKind, value: str, text: str) -> None:
    """What it means, not how it is written down."""
    assert told(order(kind, "x", value)) == text
    assert told(order(FREEZE, "x", NOBODY))
