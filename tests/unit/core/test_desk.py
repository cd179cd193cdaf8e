"""Where operators' wishes and peers' requests come in, and their answers go out: who gets which."""

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.effects import Outcome
from floatip.core.handover import PREPARE_S
from floatip.core.messages import Errand, Reply, Request, Task, Verb, Verdict
from floatip.core.types import DirectiveKind, Role, VipName
from tests.unit.core.asking import a_backup, a_request, an_owner, answers
from tests.unit.core.bench import Bench
from tests.unit.core.handing import Handing, spec_of
from tests.unit.core.stage import BLINK, MACS, WEB, A, B, C, D, X, Y, Z, of, sent


def test_an_operator_at_this_very_node_is_answered_without_a_message() -> None:
    """What nobody else needs to know is not said."""
    bench = an_owner()
    effects = bench.give(ev.FailoverAsked(id="m1", vips=(WEB,), to=C))
    assert answers(effects) == [(Outcome.REFUSED, "c cannot take web now")]
    assert not sent(Reply, effects)
    assert not sent(Request, effects)


def test_a_peers_operator_is_answered_by_message_and_nobody_here() -> None:
    """The peer shows it."""
    hand = Handing()
    effects = hand.says(B, a_request(to=C))
    assert [one.verdict for one in sent(Reply, effects)] == [Verdict.REFUSED]
    assert not answers(effects)


def test_each_kind_of_wish_finds_its_way() -> None:
    """None is lost."""
    bench = an_owner(B)
    errand = Errand(task=Task.INVENTORY)
    bench.give(ev.FailoverAsked(id="w1", vips=(WEB,), to=C))
    bench.give(ev.AnnounceAsked(id="w2", vip=WEB))
    bench.give(ev.DirectiveAsked(id="w3", kind=DirectiveKind.PIN, subjects=(WEB,), value=B, timeout_s=0.5))
    bench.give(ev.ErrandAsked(id="w4", at=A, errand=errand))
    bench.give(ev.ErrandDone(id="errand 1", done=True, text="done"))
    bench.run(1.0)
    assert {one.id for one in of(ef.Answer, bench.effects)} == {"w1", "w2", "w3", "w4"}


def test_only_the_target_that_was_asked_last_can_start_the_move() -> None:
    """And only of the VIPs it names."""
    hand = Handing(B, C)
    hand.failover(B)
    (asked,) = hand.asked()
    ready = Reply(id=asked.id, verdict=Verdict.ACCEPTED, text="ready", vips=(VipName("mail"),))
    hand.says(B, ready)
    hand.says(C, Reply(id=asked.id, verdict=Verdict.ACCEPTED, text="ready", vips=(WEB,)))
    assert hand.role() is Role.OWNER
    hand.replies(B)
    assert hand.role() is Role.RELEASING


def test_a_late_word_about_an_earlier_question_does_not_start_a_later_move() -> None:
    """What the target saw then is not what it would see now."""
    hand = Handing()
    hand.failover(B)
    hand.bench.run(PREPARE_S + BLINK)
    hand.failover(B)
    first, second = hand.asked()
    hand.says(B, Reply(id=first.id, verdict=Verdict.ACCEPTED, text="ready", vips=(WEB,)))
    assert hand.role() is Role.OWNER
    hand.says(B, Reply(id=second.id, verdict=Verdict.ACCEPTED, text="ready", vips=(WEB,)))
    assert hand.role() is Role.RELEASING


def test_a_target_that_is_ready_when_this_node_is_no_owner_any_more_is_too_late() -> None:
    """Something else has ended the office meanwhile."""
    hand = Handing()
    hand.failover(B)
    hand.bench.give(ev.LinkChanged(interface="eth0", up=False))
    hand.bench.run(0.1)
    hand.replies(B)
    assert hand.role() is Role.FAULT


def test_a_step_is_shown_to_whoever_waits_and_told_to_everybody_once() -> None:
    """On three brokers as on one; another VIP's operator sees nothing."""
    hand = Handing(spec=spec_of(None, X, Y, Z))
    hand.failover(B)
    hand.bench.run(0.01)
    hand.replies(text="b is ready")
    for text in ("a asks b to take web", "b is ready"):
        assert [one.text for one in of(ef.Progress, hand.bench.effects)].count(text) == 1
        assert [one.text for one in of(ef.Tell, hand.bench.effects)].count(text) == 1


def test_an_announcement_on_the_lan_is_a_step_and_an_answer_is_none() -> None:
    """Answers come by the dozen."""
    hand = Handing()
    hand.given()
    hand.bench.run(0.01)
    hand.claims()
    hand.answers(announced=False)
    assert not hand.bench.told("b announces web")
    hand.answers()
    assert hand.bench.told("b announces web")


def test_a_request_that_was_replied_to_is_not_sent_again() -> None:
    """Whatever the reply is."""
    bench, peer = a_backup()
    bench.give(ev.ErrandAsked(id="q1", at=B, errand=Errand(task=Task.INVENTORY)))
    bench.hear(peer.says(Reply(id="q1", verdict=Verdict.ACCEPTED, text="done")))
    assert not sent(Request, bench.run(2.0))


def test_what_is_heard_on_the_lan_is_brought_to_whoever_looks() -> None:
    """A target that was asked whether it sees the owner alone."""
    bench, peer = a_backup()
    bench.run(0.3)
    bench.hear(peer.says(Request(id="r1", verb=Verb.PREPARE, at=A, vips=(WEB,), look=True, expires_s=1.0)))
    bench.give(ev.Answered(vip=WEB, address=bench.spec.vips[0].addresses[0].address, mac=MACS[B]))
    bench.run(0.1)
    assert [one.verdict for one in sent(Reply, bench.effects)] == [Verdict.ACCEPTED]


def test_it_wakes_in_time_for_everything_that_waits() -> None:
    """A request to repeat, an operator to answer, a LAN to ask."""
    bench = Bench().connect()
    bench.run(D + 0.3)
    bench.give(ev.ErrandAsked(id="q1", at=B, errand=Errand(task=Task.INVENTORY), timeout_s=0.05))
    asked_at = bench.now
    deadline = bench.engine.deadline()
    assert deadline is not None
    assert deadline <= asked_at + 0.05
    assert answers(bench.run(0.05 + BLINK))


@pytest.mark.parametrize("verb", list(Verb))
def test_a_request_for_a_vip_that_is_not_here_is_answered(verb: Verb) -> None:
    """It does not end the process."""
    hand = Handing()
    request = Request(id="r1", verb=verb, at=A, vips=(VipName("nix"),))
    assert [one.verdict for one in sent(Reply, hand.says(B, request))] == [Verdict.REFUSED]
    hand.bench.run(1.0)
    assert hand.role() is Role.OWNER


def test_a_wish_for_nothing_is_no_wish() -> None:
    """No VIPs, no subjects: nothing is said, and nobody is asked."""
    bench = an_owner(B)
    before = len(of(ef.Answer, bench.effects))
    bench.give(ev.FailoverAsked(id="w1", vips=()))
    bench.give(ev.DirectiveAsked(id="w2", kind=DirectiveKind.PIN, subjects=(), value=B))
    bench.run(0.5)
    assert not sent(Request, bench.effects)
    assert len(of(ef.Answer, bench.effects)) == before
