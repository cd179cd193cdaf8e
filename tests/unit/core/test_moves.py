"""An operator's failover: from the question to the proof."""

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.effects import Outcome
from floatip.core.handover import RESERVED_S
from floatip.core.messages import Release, Witnessed
from floatip.core.moves import PROOF_S
from floatip.core.types import DirectiveKind, Mac, NodeName, Role, VipName
from tests.unit.core.asking import ASK, a_backup, an_owner, answers
from tests.unit.core.bench import Bench
from tests.unit.core.handing import Handing, order
from tests.unit.core.stage import MACS, WEB, A, B, C, D, H, Peer, X, a_listing, a_state, of

UNSEEN = "but no other node has seen it on the LAN"


def steps(effects: list[ef.Effect]) -> list[str]:
    """What the operator was shown meanwhile."""
    return [one.text for one in of(ef.Progress, effects)]


def moved(hand: Handing, node: NodeName = B, term: int = 2) -> list[ef.Effect]:
    """Let the target take the VIP."""
    before = len(hand.bench.effects)
    hand.claims(node, term)
    hand.owns(node, term)
    hand.answers(node)
    hand.bench.run(H + 0.01)
    return hand.bench.effects[before:]


# -- refused


def test_a_vip_that_is_not_configured_is_refused() -> None:
    """The name is told."""
    asked = an_owner(B).give(ev.FailoverAsked(id="m1", vips=(VipName("nix"),)))
    assert answers(asked) == [(Outcome.REFUSED, "no VIP is named nix here")]


def test_a_vip_that_nobody_owns_is_refused() -> None:
    """There is nothing to move."""
    asked = Bench().connect().give(ASK)
    assert answers(asked) == [(Outcome.REFUSED, "nobody owns web, so there is nothing to move")]


def test_a_move_to_where_it_is_is_done_already() -> None:
    """Asking twice is no error."""
    asked = an_owner(B).give(ev.FailoverAsked(id="m1", vips=(WEB,), to=A))
    assert answers(asked) == [(Outcome.PROVEN, "a owns web already")]


@pytest.mark.parametrize(
    ("peers", "to", "text"),
    [
        ((), None, "no other node can take web now"),
        ((C,), B, "b cannot take web now"),
        ((), B, "b cannot take web now"),
        ((B,), NodeName("nobody"), "nobody cannot take web now"),
    ],
)
def test_an_owner_stays_if_nobody_can_take_it(peers: tuple[NodeName, ...], to: NodeName | None, text: str) -> None:
    """Refused with the reason, and nothing has happened."""
    bench = an_owner(*peers)
    assert answers(bench.give(ev.FailoverAsked(id="m1", vips=(WEB,), to=to))) == [(Outcome.REFUSED, text)]
    assert bench.role() is Role.OWNER


def test_a_node_with_a_fault_cannot_take_it() -> None:
    """It said so in its state."""
    bench = an_owner()
    bench.hear(Peer(B).says(a_state(B, faults=("link down: eth0",))))
    assert answers(bench.give(ASK)) == [(Outcome.REFUSED, "no other node can take web now")]


def test_an_isolated_owner_refuses() -> None:
    """Without a quorum nobody can take over."""
    bench = an_owner(B)
    bench.cut()
    bench.run_until(Role.ISOLATED)
    text = "a is isolated: without a quorum nobody can take web over"
    assert answers(bench.give(ASK)) == [(Outcome.REFUSED, text)]


def test_a_frozen_vip_is_not_moved() -> None:
    """The operator is told how to thaw it."""
    hand = Handing()
    hand.orders(order(DirectiveKind.FREEZE, WEB, A))
    assert answers(hand.failover()) == [(Outcome.REFUSED, "web is frozen: `floatip thaw web` first")]


def test_one_move_at_a_time() -> None:
    """The second is refused, and says where the VIP is going."""
    hand = Handing(B, C)
    hand.failover()
    asked = hand.bench.give(ev.FailoverAsked(id="m2", vips=(WEB,), to=C))
    assert answers(asked) == [(Outcome.REFUSED, "a is handing web over to b already")]


# -- asked at the owner


def test_the_steps_are_shown_as_they_come() -> None:
    """Each of them once, in the order in which they happen."""
    hand = Handing(B, C)
    hand.failover()
    hand.bench.run(0.01)
    hand.replies(text="b is ready, and sees a alone")
    hand.bench.run(0.01)
    moved(hand)
    assert steps(hand.bench.effects) == [
        "a asks b to take web",
        "b is ready, and sees a alone",
        "a releases web to b, and keeps it until then",
        "b claims web (term 2)",
        "b announces web",
        "a has removed web",
        "b owns web (term 2)",
    ]


def test_the_move_is_proven_when_another_node_saw_the_new_owner() -> None:
    """Its word and a witness's."""
    hand = Handing(B, C)
    hand.given()
    assert not answers(moved(hand))
    seen = (Witnessed(vip=WEB, term=2, mac=MACS[B]),)
    effects = hand.says(C, hand.state(C, witnessed=seen))
    assert answers(effects) == [(Outcome.PROVEN, "b owns web, seen on the LAN by c")]


@pytest.mark.parametrize(("term", "mac"), [(1, MACS[B]), (2, MACS[C])])
def test_an_answer_of_an_earlier_term_or_of_another_proves_nothing(term: int, mac: Mac) -> None:
    """The witness saw the new owner's MAC, but long ago; or in this term, but another's MAC."""
    hand = Handing(B, C)
    hand.given()
    moved(hand)
    seen = (Witnessed(vip=WEB, term=term, mac=mac),)
    assert not answers(hand.says(C, hand.state(C, witnessed=seen)))


def test_the_move_is_unproven_when_nobody_saw_the_new_owner() -> None:
    """After a second of looking."""
    hand = Handing()
    hand.given()
    effects = moved(hand)
    while not (ended := answers(effects)):
        assert len(effects) < 2000
        effects += hand.bench.run(0.1)
    assert ended == [(Outcome.UNPROVEN, f"b owns web, {UNSEEN}")]
    (told,) = [one for one in of(ef.Progress, effects) if one.text == "b owns web (term 2)"]
    assert told.about == WEB


def test_a_move_that_nobody_saw_is_unproven_when_its_time_is_over() -> None:
    """It is done, so it has not timed out, although a witness would have had more time."""
    hand = Handing()
    hand.failover(timeout_s=0.5)
    hand.replies()
    assert not answers(moved(hand))
    hand.bench.run(0.4)
    assert answers(hand.bench.effects) == [(Outcome.UNPROVEN, f"b owns web, {UNSEEN}")]


def test_a_move_that_failed_is_told_as_soon_as_it_has() -> None:
    """With the reason; this node has the VIP again."""
    hand = Handing()
    hand.given()
    hand.bench.run(RESERVED_S + 0.05)
    assert answers(hand.bench.effects) == [(Outcome.FAILED, "b has not claimed web within 1 s")]
    assert hand.role() is Role.OWNER


def test_a_new_owner_that_is_not_the_one_that_was_named_is_a_failure() -> None:
    """It moved, but not where the operator wanted it."""
    bench, peer = a_backup()
    bench.run(D)
    bench.give(ev.FailoverAsked(id="m1", vips=(WEB,), to=A))
    bench.joined_by(C, a_listing(term=8))
    bench.beating[X, B] = peer, ()
    bench.hear(peer.says(Release(vips=(WEB,))))
    seen = (Witnessed(vip=WEB, term=8, mac=MACS[C]),)
    bench.hear(peer.says(a_state(B, version=3, witnessed=seen)))
    bench.run(0.1)
    assert answers(bench.effects) == [(Outcome.FAILED, "c owns web, not a: the move failed")]


def test_a_new_owner_that_is_gone_again_is_not_where_it_moved_to() -> None:
    """The move goes on until somebody has it; each is told, and the time to look begins anew."""
    bench, peer = a_backup()
    bench.give(ev.FailoverAsked(id="m1", vips=(WEB,)))
    bench.beating[X, B] = peer, ()
    bench.hear(peer.says(Release(vips=(WEB,), to=C, reserved_s=60.0, kept=True)))
    first = bench.joined_by(C, a_listing(term=8))
    effects = bench.run(PROOF_S - 0.1)
    bench.beating[X, C] = first, ()
    effects += bench.hear(first.says(Release(vips=(WEB,))))
    assert not answers(effects + bench.run(0.5))
    bench.joined_by(NodeName("e"), a_listing(term=9))
    effects += bench.run(PROOF_S - 0.1)
    assert not answers(bench.effects)
    bench.run(0.3)
    owners = [text for text in steps(bench.effects) if "owns" in text]
    assert owners == ["c owns web (term 8)", "e owns web (term 9)"]
    assert answers(bench.effects) == [(Outcome.UNPROVEN, f"e owns web, {UNSEEN}")]


def test_the_move_times_out_with_the_state_it_was_left_in() -> None:
    """Nobody took it."""
    bench, peer = a_backup()
    bench.give(ev.FailoverAsked(id="m1", vips=(WEB,), timeout_s=1.0))
    bench.run(0.99)
    assert not answers(bench.effects)
    assert answers(bench.run(0.02)) == [(Outcome.TIMED_OUT, "web is owned by b")]
    bench.give(ev.FailoverAsked(id="m2", vips=(WEB,), timeout_s=1.0))
    bench.beating[X, B] = peer, ()
    bench.hear(peer.says(Release(vips=(WEB,), vacated=True, to=C, reserved_s=60.0)))
    assert answers(bench.run(1.01)) == [(Outcome.TIMED_OUT, "web is owned by nobody")]
