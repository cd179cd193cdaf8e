"""What this node does at another's request, or an operator's: verbs to deeds, or why not."""

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.effects import Outcome
from floatip.core.messages import Errand, Reply, Request, Task, Verb, Verdict
from floatip.core.types import DirectiveKind, Role, Timing, VipName
from tests.unit.core.asking import ASK, a_backup, a_request, an_owner, answers
from tests.unit.core.bench import Bench
from tests.unit.core.handing import Handing, order, spec_of
from tests.unit.core.stage import WEB, A, B, C, X, Y, Z, a_beat, a_spec, a_vip, of, sent

VIP_ADDRESS = "10.77.0.50"
MOVE_IT = "10.77.0.50 belongs to the VIP web: `floatip failover web` moves it"

OTHER = Errand(task=Task.ADD, address="2001:db8::51")


def an_errand(task: Task, address: str = "10.77.0.99") -> Request:
    """Make a request for an errand at node a."""
    return Request(id="r1", verb=Verb.ERRAND, at=A, errand=Errand(task=task, address=address))


def asked(bench: Bench, request: Request) -> list[ef.Effect]:
    """Let b pass a request on."""
    peer, _ = bench.beating[X, B]
    return bench.hear(peer.says(request, bench.seen()))


# -- failover


def test_a_peers_request_is_carried_out_once_and_answered_everywhere() -> None:
    """However many brokers bring it."""
    hand = Handing(spec=spec_of(None, X, Y, Z))
    effects = hand.says(B, a_request())
    accepted = Reply(id="r1", verdict=Verdict.ACCEPTED, text="a hands it over", vips=(WEB,))
    assert sent(Reply, effects) == [accepted] * 3
    assert len([one for one in of(ef.Tell, effects) if one.kind is ef.Kind.OPERATOR]) == 1
    assert len(hand.asked()) == 3


def test_a_failure_is_replied_to_whoever_asked() -> None:
    """When it is known, and once."""
    hand = Handing(C, B)
    hand.says(B, a_request(to=C))
    hand.replies(C, Verdict.REFUSED, "c does not want it")
    hand.bench.run(1.0)
    failed = Reply(id="r1", verdict=Verdict.FAILED, text="c does not want it", vips=(WEB,))
    assert sent(Reply, hand.bench.effects)[1:] == [failed]


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        (a_request(to=C), "c cannot take web now"),
        (a_request(vip=VipName("nix")), "a does not own nix"),
    ],
)
def test_a_peers_request_that_cannot_be_is_answered_with_the_reason(request_: Request, text: str) -> None:
    """Asker and operator learn why."""
    bench = an_owner(B)
    refused = Reply(id="r1", verdict=Verdict.REFUSED, text=text, vips=request_.vips)
    assert sent(Reply, asked(bench, request_)) == [refused]
    assert bench.role() is Role.OWNER


def test_an_isolated_owner_hands_nothing_over() -> None:
    """One broker of three brings the request; without a quorum nobody could take the VIP."""
    hand = Handing(spec=spec_of(None, X, Y, Z))
    hand.bench.cut(Y, Z)
    hand.bench.run_until(Role.ISOLATED)
    text = "a is isolated: without a quorum nobody can take web over"
    assert [(one.verdict, one.text) for one in sent(Reply, hand.says(B, a_request()))] == [(Verdict.REFUSED, text)]


def test_a_vip_that_is_on_its_way_is_not_sent_another_way() -> None:
    """The second asker learns where it goes."""
    hand = Handing(B, C)
    hand.failover(B)
    text = "a is handing web over to b already"
    assert [one.text for one in sent(Reply, hand.says(C, a_request(to=C)))] == [text]
    assert hand.asked_whom() == [B]


def test_a_frozen_vip_is_not_handed_over() -> None:
    """Whoever asks."""
    hand = Handing()
    hand.orders(order(DirectiveKind.FREEZE, WEB, A))
    (reply,) = sent(Reply, hand.says(B, a_request()))
    assert reply.verdict is Verdict.REFUSED
    assert "frozen" in reply.text
    assert hand.asked() == []


def test_of_several_vips_each_has_its_reply() -> None:
    """Those of one kind together."""
    bench = an_owner(B)
    nix, nox = VipName("nix"), VipName("nox")
    request = Request(id="r1", verb=Verb.FAILOVER, at=A, vips=(nix, WEB, nox))
    replies = sent(Reply, asked(bench, request))
    assert [(one.verdict, one.vips) for one in replies] == [
        (Verdict.REFUSED, (nix,)),
        (Verdict.ACCEPTED, (WEB,)),
        (Verdict.REFUSED, (nox,)),
    ]


def test_a_request_that_nobody_waits_for_any_more_is_not_heeded() -> None:
    """It is as old as what its asker had heard of the owner, and the operator has long been told something else."""
    bench = an_owner(B)
    peer, _ = bench.beating.pop((X, B))
    heard_at = bench.view().peers[B].covers_at
    bench.run(heard_at + 9.9 - bench.now)
    replies = sent(Reply, bench.hear(peer.says(a_request("r1", to=C))))
    assert [reply.text for reply in replies] == ["c cannot take web now"]
    bench.run(heard_at + 10.1 - bench.now)
    assert not sent(Reply, bench.hear(peer.says(a_request("r2"))))
    assert bench.role() is Role.OWNER


def test_a_request_of_one_that_never_heard_the_owner_is_not_heeded() -> None:
    """It may be a recording; what another broker brings with a place of ours in it is."""
    bench = an_owner(B)
    other = bench.peer(C)
    bench.hear(other.says(a_beat()))
    assert not bench.hear(other.says(a_request("r1")))
    assert bench.role() is Role.OWNER
    replies = sent(Reply, bench.hear(other.says(a_request("r1"), bench.seen())))
    assert [one.verdict for one in replies] == [Verdict.ACCEPTED]


def test_one_that_does_not_own_it_says_so() -> None:
    """The asker knew something old."""
    bench, _ = a_backup()
    assert [one.text for one in sent(Reply, asked(bench, a_request()))] == ["a does not own web"]


def test_a_request_to_another_node_is_not_ours() -> None:
    """All hear it."""
    assert not asked(an_owner(B), a_request(at=C))


def test_a_node_whose_timing_differs_cannot_take_it() -> None:
    """It would claim nothing, and the VIP would be down until this node takes it back."""
    bench = an_owner()
    timing = Timing(heartbeat_s=0.1, lease_s=0.5)
    bench.joined_by(B, terms=a_spec(B, timing=timing).terms)
    assert answers(bench.give(ASK)) == [(Outcome.REFUSED, "no other node can take web now")]


# -- announce


def test_an_owner_announces_at_a_peers_request() -> None:
    """In full; and says so."""
    bench = an_owner(B)
    bench.run(10.0)
    effects = asked(bench, Request(id="r1", verb=Verb.ANNOUNCE, at=A, vips=(WEB,)))
    accepted = Reply(id="r1", verdict=Verdict.ACCEPTED, text="a announces web again", vips=(WEB,))
    assert sent(Reply, effects) == [accepted]
    assert len(of(ef.Announce, effects + bench.run(2.0))) == 4


@pytest.mark.parametrize("vip", [WEB, VipName("nix")])
def test_one_that_does_not_own_it_announces_nothing(vip: VipName) -> None:
    """And says why."""
    bench, _ = a_backup()
    effects = asked(bench, Request(id="r1", verb=Verb.ANNOUNCE, at=A, vips=(vip,)))
    assert [(one.verdict, one.text) for one in sent(Reply, effects)] == [(Verdict.REFUSED, f"a does not own {vip}")]
    assert not of(ef.Announce, effects + bench.run(2.0))


# -- errands


@pytest.mark.parametrize("task", list(Task))
def test_an_errand_is_done_on_this_host_once(task: Task) -> None:
    """By whatever broker it comes; it is told, and what came of it is replied."""
    bench = an_owner(B)
    request = an_errand(task)
    effects = asked(bench, request) + asked(bench, request)
    assert of(ef.RunErrand, effects) == [ef.RunErrand(id="errand 1", errand=Errand(task=task, address="10.77.0.99"))]
    assert bench.told(f"an operator at b asks for {task} of 10.77.0.99")
    assert not sent(Reply, effects)
    effects = bench.give(ev.ErrandDone(id="errand 1", done=True, text="done", data='{"a":1}'))
    assert sent(Reply, effects) == [Reply(id="r1", verdict=Verdict.ACCEPTED, text="done", data='{"a":1}')]


def test_an_errand_that_failed_is_replied_with_the_reason() -> None:
    """The host knows why."""
    bench = an_owner(B)
    asked(bench, an_errand(Task.ADD))
    effects = bench.give(ev.ErrandDone(id="errand 1", done=False, text="no such interface"))
    assert sent(Reply, effects) == [Reply(id="r1", verdict=Verdict.FAILED, text="no such interface")]


@pytest.mark.parametrize("task", [Task.ADD, Task.REMOVE, Task.ANNOUNCE])
def test_the_address_of_a_vip_is_nobodys_errand(task: Task) -> None:
    """Whether this node owns it or not."""
    for bench in (an_owner(B), a_backup()[0]):
        effects = asked(bench, an_errand(task, VIP_ADDRESS))
        assert [(one.verdict, one.text) for one in sent(Reply, effects)] == [(Verdict.REFUSED, MOVE_IT)]
        assert not of(ef.RunErrand, effects)


@pytest.mark.parametrize("address", ["2001:db8::50", "2001:DB8:0::50", "2001:db8::50%eth0"])
def test_the_address_of_a_vip_is_known_in_every_spelling(address: str) -> None:
    """With a zone or without."""
    bench = Bench(spec_of(a_vip(address="2001:db8::50"))).reach(Role.OWNER)
    bench.joined_by(B)
    bench.run(0.1)
    assert not of(ef.RunErrand, asked(bench, an_errand(Task.ADD, address)))
    assert of(ef.RunErrand, asked(bench, Request(id="r2", verb=Verb.ERRAND, at=A, errand=OTHER)))


def test_anybody_may_ask_who_has_the_address_of_a_vip() -> None:
    """To look changes nothing."""
    assert of(ef.RunErrand, asked(an_owner(B), an_errand(Task.WHO_HAS, VIP_ADDRESS)))


@pytest.mark.parametrize("address", ["", "web", "10.77.0", "10.77.0.99/24", "10.77.0.300"])
def test_what_is_no_address_is_refused(address: str) -> None:
    """Before any host sees it; an inventory needs none."""
    effects = asked(an_owner(B), an_errand(Task.ADD, address))
    assert [one.text for one in sent(Reply, effects)] == [f"{address!r} is not an address"]
    assert not of(ef.RunErrand, effects)
    assert of(ef.RunErrand, asked(an_owner(B), an_errand(Task.INVENTORY, address)))


def test_an_errand_without_an_errand_is_refused() -> None:
    """Somebody forgot it."""
    effects = asked(an_owner(B), Request(id="r1", verb=Verb.ERRAND, at=A))
    assert [one.text for one in sent(Reply, effects)] == ["no errand was named"]


def test_the_question_whether_it_is_ready_is_no_operators() -> None:
    """It is told as a step of the handover."""
    bench, _ = a_backup()
    asked(bench, Request(id="r1", verb=Verb.PREPARE, at=A, vips=(WEB,), expires_s=1.0))
    assert not bench.told("an operator")
