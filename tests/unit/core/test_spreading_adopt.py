"""What a node takes over of its peers' orders, and how it follows many of its own: bounded, and by what makes sense."""

import pytest

from floatip.bus.codec import encode
from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.directives import FORCED, YES
from floatip.core.effects import Outcome
from floatip.core.messages import State
from floatip.core.spreading import FEW, MOST_NODES, has
from floatip.core.types import Directive, DirectiveKind, NodeName, Stamp, Standing, VipName
from tests.unit.core.asking import answers
from tests.unit.core.bench import Bench
from tests.unit.core.handing import Handing, order
from tests.unit.core.stage import WEB, A, B, C, H, X, a_listing, a_spec, a_state, a_vip, of

PIN, DRAIN, FREEZE = DirectiveKind


def told_by(*records: Directive) -> tuple[Directive, ...]:
    """What node a keeps of what b knows."""
    bench = Bench().connect()
    bench.hear(bench.joined_by(B).says(a_state(B, version=9, directives=records)))
    return bench.engine._s.directives.all()


def state_of(bench: Bench) -> ef.Send:
    """The state that was sent last."""
    return [one for one in of(ef.Send, bench.effects) if isinstance(one.message.body, State)][-1]


# -- what is taken over


@pytest.mark.parametrize(
    ("record", "kept"),
    [
        (order(PIN, WEB, B), True),
        (order(PIN, "other", B), False),
        (order(FREEZE, WEB, B), True),
        (order(FREEZE, "other", B), False),
        (order(DRAIN, A, YES), True),
        (order(DRAIN, A, FORCED), True),
        (order(DRAIN, A, ""), True),
        (order(DRAIN, A, "perhaps"), False),
        (order(DRAIN, B, YES), True),
        (order(DRAIN, "unknown", YES), True),
    ],
)
def test_only_what_makes_sense_here_is_kept(record: Directive, kept: bool) -> None:
    """VIPs that are known, nodes, and words that mean something."""
    assert told_by(record) == ((record,) if kept else ())


def test_not_everybody_can_be_drained_before_anybody_has_heard_of_it() -> None:
    """Names come from other hosts; nodes that are known can be drained nevertheless."""
    strangers = [order(DRAIN, f"n{number:04}", YES) for number in range(MOST_NODES)]
    bench = Bench().connect()
    peer = bench.joined_by(B)
    for version in (8, 9):
        bench.hear(peer.says(a_state(B, version=version, directives=tuple(strangers))))
        strangers = [order(DRAIN, f"m{number:04}", YES) for number in range(MOST_NODES)]
    assert len(bench.engine._s.directives.all()) == MOST_NODES
    bench.hear(peer.says(a_state(B, version=10, directives=(order(DRAIN, A, YES),))))
    assert bench.engine._s.directives.drained(A)


def test_made_up_orders_do_not_make_a_state_too_long() -> None:
    """It could be sent no more, and no operator's order would reach anybody."""
    bench = Bench().connect()
    peer = bench.joined_by(B)
    bench.run(1.0)
    for version in range(2, 7):
        names = [f"{version}x{number:04}{'s' * 50}" for number in range(900)]
        stamp = Stamp(1, NodeName("n" * 63))
        made_up = tuple(
            Directive(kind=kind, subject=name, value=YES, expires_at=float("inf"), stamp=stamp)
            for kind, name in zip([PIN, DRAIN, FREEZE] * 300, names, strict=True)
        )
        bench.hear(peer.says(a_state(B, version=version, directives=made_up), bench.seen()))
    bench.give(ev.DirectiveAsked(id="d1", kind=DRAIN, subjects=(B,), value=YES))
    bench.run(1.0)
    assert encode(state_of(bench).message)


def test_all_orders_that_make_sense_fit_into_one_state() -> None:
    """A thousand VIPs, each pinned and frozen."""
    names = tuple(VipName(f"customer-{number:04}-frontend.prod.example.com") for number in range(1000))
    vips = tuple(a_vip(name, address=f"10.0.{n // 250}.{n % 250}") for n, name in enumerate(names))
    bench = Bench(a_spec(vips=vips)).connect()
    for kind in (PIN, FREEZE):
        bench.give(ev.DirectiveAsked(id=kind, kind=kind, subjects=names, value="node-a.example.com"))
    bench.run(1.0)
    state = state_of(bench).message
    assert isinstance(state.body, State)
    assert len(state.body.directives) == 2000
    assert encode(state)


def test_a_peer_has_an_order_if_it_has_it_or_a_newer_one() -> None:
    """About the same thing."""
    record = order(PIN, WEB, B, counter=4)
    assert [has({(PIN, WEB): Stamp(counter, A)}, record) for counter in (3, 4, 5)] == [False, True, True]
    assert not has({(FREEZE, WEB): Stamp(9, A), (PIN, "mail"): Stamp(9, A)}, record)


# -- how one's own are followed


def test_a_node_that_owns_vips_that_are_unknown_here_is_not_empty() -> None:
    """Whoever drained it wants to switch it off."""
    bench = Bench().connect()
    peer = bench.joined_by(B, a_listing(Standing.OWNER, term=7, vip=VipName("db")))
    bench.run(3.0)
    bench.give(ev.DirectiveAsked(id="d1", kind=DRAIN, subjects=(B,), value=YES, timeout_s=4.0))
    bench.hear(peer.says(a_state(B, version=9, directives=bench.engine._s.directives.all()), bench.seen()))
    assert not answers(bench.run(3.9))
    text = "b is drained: it takes no VIPs; it still owns db: `floatip explain` says why"
    assert answers(bench.run(0.2)) == [(Outcome.TIMED_OUT, text)]


def test_it_is_empty_once_it_lists_them_no_more() -> None:
    """Somebody else has them."""
    bench = Bench().connect()
    peer = bench.joined_by(B, a_listing(Standing.OWNER, term=7, vip=VipName("db")))
    bench.run(3.0)
    bench.give(ev.DirectiveAsked(id="d1", kind=DRAIN, subjects=(B,), value=YES, timeout_s=4.0))
    bench.hear(peer.says(a_state(B, version=9, directives=bench.engine._s.directives.all()), bench.seen()))
    bench.run(1.0)
    bench.beating[X, B] = peer, ()
    bench.run(H + H / 2)
    assert [one for one, _ in answers(bench.effects)] == [Outcome.PROVEN]


def test_a_subject_that_is_named_twice_is_answered_once() -> None:
    """And nobody waits for the other answer."""
    hand = Handing(B)
    hand.bench.give(ev.DirectiveAsked(id="d1", kind=PIN, subjects=(WEB, WEB), value=B))
    hand.says(B, hand.state(B, directives=hand.bench.engine._s.directives.all()))
    hand.bench.run(12.0)
    assert answers(hand.bench.effects) == [(Outcome.PROVEN, "web prefers b")]


@pytest.mark.parametrize("count", [FEW, 100])
def test_many_are_followed_as_surely_as_few(count: int) -> None:
    """They are looked at less often; each has its answer soon, and none is forgotten."""
    names = tuple(VipName(f"v{number}") for number in range(count))
    bench = Bench(a_spec(vips=tuple(a_vip(name, address=f"10.77.1.{n}") for n, name in enumerate(names)))).connect()
    peer = bench.joined_by(B)
    bench.run(2.0)
    bench.give(ev.DirectiveAsked(id="d1", kind=PIN, subjects=names, value=C))
    bench.hear(peer.says(a_state(B, version=9, directives=bench.engine._s.directives.all()), bench.seen()))
    bench.run(H / 4 + 0.01)
    assert [one.outcome for one in of(ef.Answer, bench.effects)] == [Outcome.PROVEN] * count
