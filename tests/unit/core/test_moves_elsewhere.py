"""An operator's failover that is asked at another node than the owner."""

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.effects import Outcome
from floatip.core.messages import Release, Reply, Request, Verb, Verdict, Witnessed
from floatip.core.moves import FEW, PROOF_S
from floatip.core.situation import Step
from floatip.core.types import Role, Standing, VipName
from tests.unit.core.asking import ASK, a_backup, answers
from tests.unit.core.bench import Bench
from tests.unit.core.stage import ADDRESS, MACS, WEB, A, B, C, D, H, X, a_listing, a_spec, a_state, a_vip, of, sent

UNSEEN = "but no other node has seen it on the LAN"


def steps(effects: list[ef.Effect]) -> list[str]:
    """What the operator was shown meanwhile."""
    return [one.text for one in of(ef.Progress, effects)]


def test_another_node_passes_the_request_on_to_the_owner() -> None:
    """And tells of it."""
    bench, _ = a_backup()
    effects = bench.give(ev.FailoverAsked(id="m1", vips=(WEB,), to=C, timeout_s=5.0))
    request = Request(id="m1.b", verb=Verb.FAILOVER, at=B, vips=(WEB,), to=C, expires_s=5.0)
    assert sent(Request, effects) == [request]
    assert steps(effects) == ["asked b, the owner"]
    assert sent(Request, bench.run(1.0)) == [request]


def test_the_owners_refusal_ends_it() -> None:
    """However many brokers bring it."""
    bench, peer = a_backup()
    bench.give(ASK)
    reply = Reply(id="m1.b", verdict=Verdict.REFUSED, text="not now", vips=(WEB,))
    assert answers(bench.hear(peer.says(reply)) + bench.hear(peer.says(reply))) == [(Outcome.REFUSED, "not now")]
    assert not sent(Request, bench.run(1.0))


def test_what_the_owner_could_not_do_after_all_ends_it() -> None:
    """It had accepted, so something was begun."""
    bench, peer = a_backup()
    bench.give(ASK)
    for verdict in (Verdict.ACCEPTED, Verdict.FAILED):
        bench.hear(peer.says(Reply(id="m1.b", verdict=verdict, text="c says no", vips=(WEB,))))
    assert answers(bench.effects) == [(Outcome.FAILED, "c says no")]


@pytest.mark.parametrize(("id_", "vip"), [("other.b", WEB), ("m1.b", VipName("mail")), ("m1", WEB), ("m10.b", WEB)])
def test_a_reply_to_something_else_is_nothing(id_: str, vip: VipName) -> None:
    """All hear it."""
    bench, peer = a_backup()
    bench.give(ASK)
    effects = bench.hear(peer.says(Reply(id=id_, verdict=Verdict.REFUSED, text="x", vips=(vip,))))
    assert not of(ef.Progress, effects)
    assert not of(ef.Answer, effects)


def test_a_former_owner_that_has_taken_it_again_is_not_where_it_moved_to() -> None:
    """In a later term: the move came to nothing."""
    bench, peer = a_backup()
    bench.give(ev.FailoverAsked(id="m1", vips=(WEB,), timeout_s=1.0))
    bench.beating[X, B] = peer, (a_listing(term=9),)
    bench.run(1.1)
    assert steps(bench.effects) == ["asked b, the owner"]
    assert answers(bench.effects) == [(Outcome.TIMED_OUT, "web is owned by b")]


def test_a_step_of_another_vip_is_not_shown() -> None:
    """Each operator sees what was asked for."""
    bench, _ = a_backup()
    bench.give(ASK)
    bench.engine._desk._moves.tell(Step(VipName("mail"), "b releases mail to c"))
    bench.engine._desk._moves.tell(Step(WEB, "b releases web to c"))
    assert [one.text for one in of(ef.Progress, bench.engine._s.effects)] == ["b releases web to c"]


def test_an_owner_of_an_earlier_term_is_not_where_it_moved_to() -> None:
    """An isolated one that was there before still says so."""
    bench, peer = a_backup()
    bench.joined_by(C, a_listing(Standing.ISOLATED, term=6))
    bench.give(ASK)
    bench.beating[X, B] = peer, ()
    bench.hear(peer.says(Release(vips=(WEB,), to=A, reserved_s=0.0, kept=True)))
    bench.run(0.5)
    assert [text for text in steps(bench.effects) if "owns" in text] == []


def test_the_asker_proves_its_own_takeover_by_others() -> None:
    """The new owner cannot be its own witness."""
    bench, peer = a_backup()
    bench.run(D)
    bench.give(ASK)
    bench.beating[X, B] = peer, ()
    bench.hear(peer.says(Release(vips=(WEB,), vacated=True, to=A, reserved_s=1.0)))
    bench.run(0.1)
    assert bench.role() is Role.OWNER
    assert not of(ef.Answer, bench.effects)
    seen = (Witnessed(vip=WEB, term=8, mac=MACS[A]),)
    effects = bench.hear(peer.says(a_state(B, version=2, witnessed=seen)))
    assert answers(effects) == [(Outcome.PROVEN, "a owns web, seen on the LAN by b")]


def test_the_asker_is_a_witness_itself() -> None:
    """It saw the new owner's MAC."""
    bench, peer = a_backup()
    bench.give(ev.FailoverAsked(id="m1", vips=(WEB,), to=C))
    bench.beating[X, B] = peer, ()
    bench.hear(peer.says(Release(vips=(WEB,), vacated=True, to=C, reserved_s=1.0)))
    bench.joined_by(C, a_listing(term=8))
    effects = bench.give(ev.Answered(vip=WEB, address=ADDRESS, mac=MACS[C]))
    assert answers(effects + bench.run(0.1)) == [(Outcome.PROVEN, "c owns web, seen on the LAN by a")]


def test_several_vips_go_in_one_request_to_each_owner() -> None:
    """And each has its own answer."""
    bench, _ = a_backup()
    effects = bench.give(ev.FailoverAsked(id="m1", vips=(WEB, VipName("nix"), VipName("nox"))))
    assert [one.about for one in of(ef.Answer, effects)] == ["nix", "nox"]
    assert [one.vips for one in sent(Request, effects)] == [(WEB,)]


def test_a_word_of_another_than_the_owner_ends_nothing() -> None:
    """Every node can read the id of the request."""
    bench, peer = a_backup()
    other = bench.joined_by(C)
    bench.give(ASK)
    forged = Reply(id="m1.b", verdict=Verdict.REFUSED, text="forged", vips=(WEB,))
    assert not answers(bench.hear(other.says(forged, bench.seen())))
    assert sent(Request, bench.run(1.0))
    assert answers(bench.hear(peer.says(forged, bench.seen()))) == [(Outcome.REFUSED, "forged")]


def test_a_refusal_of_what_was_accepted_is_none() -> None:
    """The owner has forgotten that it was asked already, and is handing the VIP over."""
    bench, peer = a_backup()
    bench.give(ASK)
    for verdict in (Verdict.ACCEPTED, Verdict.REFUSED):
        bench.hear(peer.says(Reply(id="m1.b", verdict=verdict, text="already", vips=(WEB,)), bench.seen()))
    assert not answers(bench.effects)


def test_many_moves_are_followed_as_surely_as_few() -> None:
    """They are looked at less often; each has its answer soon, and none is forgotten."""
    names = tuple(VipName(f"v{number}") for number in range(5 * FEW))
    vips = tuple(a_vip(name, address=f"10.77.1.{number}") for number, name in enumerate(names))
    definitions = {vip.name: vip.definition for vip in vips}
    bench = Bench(a_spec(vips=vips)).connect()
    peer = bench.joined_by(B, *(a_listing(term=7, vip=name, definition=definitions[name]) for name in names))
    bench.run(1.1)
    bench.give(ev.FailoverAsked(id="m1", vips=names))
    bench.beating[X, B] = peer, ()
    bench.hear(peer.says(Release(vips=names, vacated=True, to=C, reserved_s=30.0), bench.seen()))
    bench.joined_by(C, *(a_listing(term=8, vip=name, definition=definitions[name]) for name in names))
    assert not answers(bench.run(PROOF_S))
    bench.run(H / 4)
    assert [one.outcome for one in of(ef.Answer, bench.effects)] == [Outcome.UNPROVEN] * len(names)
