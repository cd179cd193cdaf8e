"""What an operator asks of one node, and that answers in one word: announce, errands."""

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.effects import Outcome
from floatip.core.messages import Errand, Reply, Request, Task, Verb, Verdict
from floatip.core.requests import AGAIN_S
from floatip.core.types import NodeName, Role, VipName
from tests.unit.core.asking import a_backup, an_owner, answers
from tests.unit.core.bench import Bench
from tests.unit.core.stage import BLINK, WEB, A, B, C, X, Y, Z, a_listing, a_spec, of, sent

ANNOUNCE = ev.AnnounceAsked(id="q1", vip=WEB, timeout_s=2.0)
ERRAND = Errand(task=Task.WHO_HAS, address="10.77.0.99")


def an_errand(at: NodeName, timeout_s: float = 2.0) -> ev.ErrandAsked:
    """Ask for something to be done on a host."""
    return ev.ErrandAsked(id="q1", at=at, errand=ERRAND, timeout_s=timeout_s)


# -- announce


def test_an_owner_announces_at_its_own_operators_word() -> None:
    """No message is needed; the answer comes at once."""
    bench = an_owner(B)
    bench.run(10.0)
    effects = bench.give(ANNOUNCE)
    assert of(ef.Announce, effects)
    assert answers(effects) == [(Outcome.PROVEN, "a announces web again")]
    assert not sent(Request, effects) + sent(Reply, effects)


def test_a_backup_passes_it_on_to_the_owner() -> None:
    """The owner's word is the answer, told once however many brokers bring it."""
    bench = Bench(a_spec(brokers=(X, Y, Z))).connect()
    peers = {broker: bench.joined_by(B, a_listing(term=7), broker=broker) for broker in (X, Y, Z)}
    bench.run(1.5)
    effects = bench.give(ANNOUNCE)
    request = Request(id="q1", verb=Verb.ANNOUNCE, at=B, vips=(WEB,), expires_s=2.0)
    assert sent(Request, effects) == [request] * 3
    assert [one.text for one in of(ef.Progress, effects)] == ["asked b"]
    assert not of(ef.Announce, effects)
    reply = Reply(id="q1", verdict=Verdict.ACCEPTED, text="b announces web again", vips=(WEB,))
    before = len(bench.effects)
    for broker, peer in peers.items():
        bench.hear(peer.says(reply), broker)
    assert answers(bench.effects[before:]) == [(Outcome.PROVEN, "b announces web again")]


@pytest.mark.parametrize("vip", [WEB, VipName("nix")])
def test_what_nobody_owns_is_announced_by_nobody(vip: VipName) -> None:
    """And the operator is told so."""
    effects = Bench().connect().give(ev.AnnounceAsked(id="q1", vip=vip))
    assert answers(effects) == [(Outcome.REFUSED, f"nobody owns {vip}, so nobody can announce it")]


def test_a_role_that_announces_nothing_says_so_to_nobody_else() -> None:
    """One that is about to own it does not know an owner."""
    bench = Bench().reach(Role.ACQUIRING)
    assert answers(bench.give(ANNOUNCE)) == [(Outcome.REFUSED, "nobody owns web, so nobody can announce it")]


# -- errands


def test_an_errand_at_this_node_is_done_here() -> None:
    """Its operator gets what it brought."""
    bench = an_owner(B)
    effects = bench.give(an_errand(A))
    assert of(ef.RunErrand, effects) == [ef.RunErrand(id="errand 1", errand=ERRAND)]
    assert not sent(Request, effects)
    effects = bench.give(ev.ErrandDone(id="errand 1", done=True, text="c has it", data="[1]"))
    assert of(ef.Answer, effects) == [
        ef.Answer(id="q1", about=A, outcome=Outcome.PROVEN, text="c has it", data="[1]"),
    ]
    assert not sent(Reply, effects)


def test_an_errand_elsewhere_is_passed_on_and_its_fruit_brought_back() -> None:
    """As it was said."""
    bench, peer = a_backup()
    effects = bench.give(an_errand(B))
    assert sent(Request, effects) == [Request(id="q1", verb=Verb.ERRAND, at=B, errand=ERRAND, expires_s=2.0)]
    reply = Reply(id="q1", verdict=Verdict.ACCEPTED, text="done", data='{"x":1}')
    assert of(ef.Answer, bench.hear(peer.says(reply))) == [
        ef.Answer(id="q1", about=B, outcome=Outcome.PROVEN, text="done", data='{"x":1}')
    ]


@pytest.mark.parametrize(("verdict", "outcome"), [(Verdict.REFUSED, Outcome.REFUSED), (Verdict.FAILED, Outcome.FAILED)])
def test_the_reason_why_not_is_told(verdict: Verdict, outcome: Outcome) -> None:
    """Whether nothing was begun, or it came to nothing."""
    bench, peer = a_backup()
    bench.give(an_errand(B))
    assert answers(bench.hear(peer.says(Reply(id="q1", verdict=verdict, text="why")))) == [(outcome, "why")]


def test_an_errand_that_this_node_refuses_is_answered_at_once() -> None:
    """The address of a VIP is nobody's errand."""
    errand = Errand(task=Task.REMOVE, address="10.77.0.50")
    effects = an_owner(B).give(ev.ErrandAsked(id="q1", at=A, errand=errand))
    ((outcome, text),) = answers(effects)
    assert outcome is Outcome.REFUSED
    assert "belongs to the VIP web" in text


# -- no answer


def test_a_question_is_asked_again_until_its_time_is_over() -> None:
    """Then the operator is told that nobody answered, once."""
    bench, _ = a_backup()
    bench.give(an_errand(C))
    effects = bench.run(2.0 - BLINK)
    assert len(sent(Request, effects)) == int(2.0 / AGAIN_S)
    assert not answers(effects)
    text = "c has not answered; `floatip status` shows whether it is alive"
    assert answers(bench.run(2 * BLINK)) == [(Outcome.TIMED_OUT, text)]
    effects = bench.run(3.0)
    assert not answers(effects)
    assert not sent(Request, effects)


def test_an_answer_that_comes_too_late_is_none() -> None:
    """The operator was told something else."""
    bench, peer = a_backup()
    bench.give(an_errand(B))
    bench.run(2.1)
    assert not answers(bench.hear(peer.says(Reply(id="q1", verdict=Verdict.ACCEPTED, text="done"))))


def test_an_errand_of_this_host_that_never_ends_is_answered_too() -> None:
    """No operator waits for ever."""
    bench = an_owner(B)
    bench.give(an_errand(A, timeout_s=1.0))
    assert [one for one, _ in answers(bench.run(1.1))] == [Outcome.TIMED_OUT]
    assert not answers(bench.give(ev.ErrandDone(id="errand 1", done=True, text="late")))


# -- not an answer


def test_a_word_of_another_than_the_node_that_was_asked_is_no_answer() -> None:
    """Every node can read the id of the question."""
    bench, peer = a_backup()
    other = bench.joined_by(C)
    bench.give(an_errand(B))
    forged = Reply(id="q1", verdict=Verdict.ACCEPTED, text="forged", data="{}")
    assert not answers(bench.hear(other.says(forged, bench.seen())))
    assert sent(Request, bench.run(AGAIN_S + BLINK))
    assert answers(bench.hear(peer.says(Reply(id="q1", verdict=Verdict.ACCEPTED, text="done"), bench.seen()))) == [
        (Outcome.PROVEN, "done")
    ]


def test_a_request_of_a_peer_with_the_id_of_an_open_question_answers_nothing() -> None:
    """What this node replies to the peer is not for its own operator."""
    bench, _ = a_backup()
    other = bench.joined_by(C)
    bench.run(0.1)
    bench.give(an_errand(B))
    request = Request(id="q1", verb=Verb.ANNOUNCE, at=A, vips=(WEB,))
    assert [one.verdict for one in sent(Reply, bench.hear(other.says(request, bench.seen())))] == [Verdict.REFUSED]
    bench.run(0.1)
    assert not answers(bench.effects)


def test_two_errands_of_one_id_are_not_confused() -> None:
    """An operator's here, and a peer's: each gets what its own has brought."""
    bench = an_owner(B)
    bench.give(an_errand(A))
    peer, _ = bench.beating[X, B]
    bench.hear(peer.says(Request(id="q1", verb=Verb.ERRAND, at=A, errand=ERRAND), bench.seen()))
    assert [one.id for one in of(ef.RunErrand, bench.effects)] == ["errand 1", "errand 2"]
    effects = bench.give(ev.ErrandDone(id="errand 2", done=True, text="the peer's"))
    assert [one.text for one in sent(Reply, effects)] == ["the peer's"]
    assert not answers(effects)
    assert answers(bench.give(ev.ErrandDone(id="errand 1", done=True, text="ours"))) == [(Outcome.PROVEN, "ours")]
