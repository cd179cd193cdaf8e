"""An operator's failover: from the question to the proof."""

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.effects import Outcome
from floatip.core.messages import Release, Reply, Request, Verb, Witnessed
from floatip.core.moves import PROOF_S
from floatip.core.types import Mac, NodeName, Role, Standing, VipName
from tests.unit.core.asking import ASK, a_backup, an_owner, answers
from tests.unit.core.bench import Bench
from tests.unit.core.stage import ADDRESS, MACS, WEB, A, B, C, D, Peer, X, a_beat, a_listing, a_state, of, sent

# -- refused


def test_a_vip_that_is_not_configured_is_refused() -> None:
    """The name is told."""
    asked = an_owner(B).give(ev.FailoverAsked(id="m1", vip=VipName("nix")))
    assert answers(asked) == [(Outcome.REFUSED, "no VIP is named nix here")]


def test_a_vip_that_nobody_owns_is_refused() -> None:
    """There is nothing to move."""
    asked = Bench().connect().give(ASK)
    assert answers(asked) == [(Outcome.REFUSED, "nobody owns web, so there is nothing to move")]


def test_a_move_to_where_it_is_is_done_already() -> None:
    """Asking twice is no error."""
    asked = an_owner(B).give(ev.FailoverAsked(id="m1", vip=WEB, to=A))
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
    assert answers(bench.give(ev.FailoverAsked(id="m1", vip=WEB, to=to))) == [(Outcome.REFUSED, text)]
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
    bench.run(0.9)
    bench.connect()
    bench.hear(Peer(B, session=9).says(a_beat()))
    bench.vip().role = Role.ISOLATED
    bench.view().distrust()
    assert answers(bench.give(ASK)) == [(Outcome.REFUSED, "a is isolated: without a quorum nobody can take over")]


# -- asked at the owner


def test_the_owner_lets_go_before_another_takes_over() -> None:
    """Address off, then the release to that node; the steps are told."""
    bench = an_owner(B, C)
    effects = bench.give(ev.FailoverAsked(id="m1", vip=WEB, to=B))
    assert [one.text for one in of(ef.Progress, effects)] == ["a gives web up"]
    assert of(ef.Unbind, effects)
    assert not sent(Release, effects)
    assert sent(Release, bench.run(0.01)) == [Release(vips=(WEB,), vacated=True, to=B, reserved_s=1.0)]
    assert bench.role() is Role.BACKUP


def test_the_move_is_proven_when_another_node_saw_the_new_owner() -> None:
    """Its word and a witness's."""
    bench = an_owner(B, C)
    bench.give(ASK)
    bench.beating.pop((X, B))
    peer = Peer(B, session=2)
    effects = bench.hear(peer.says(a_beat(a_listing(term=2)), bench.seen()))
    assert [one.text for one in of(ef.Progress, effects)] == ["b owns web (term 2)"]
    assert not answers(effects)
    seen = (Witnessed(vip=WEB, term=2, mac=MACS[B]),)
    effects = bench.hear(Peer(C, session=2).says(a_state(C, version=2, witnessed=seen)))
    assert answers(effects) == [(Outcome.PROVEN, "b owns web, seen on the LAN by c")]


@pytest.mark.parametrize(("term", "mac"), [(1, MACS[B]), (2, MACS[C])])
def test_an_answer_of_an_earlier_term_or_of_another_proves_nothing(term: int, mac: Mac) -> None:
    """The witness saw the new owner's MAC, but long ago; or in this term, but another's MAC."""
    bench = an_owner(B, C)
    bench.give(ASK)
    bench.joined_by(B, a_listing(term=2))
    bench.hear(Peer(B, session=2).says(a_beat(a_listing(term=2))))
    seen = (Witnessed(vip=WEB, term=term, mac=mac),)
    assert not answers(bench.hear(Peer(C, session=2).says(a_state(C, version=2, witnessed=seen))))


def test_an_owner_of_an_earlier_term_is_not_where_it_moved_to() -> None:
    """An isolated one that was there before still says so."""
    bench = an_owner(B)
    bench.joined_by(C, a_listing(Standing.ISOLATED, term=1))
    effects = bench.give(ASK) + bench.run(0.5)
    assert [one.text for one in of(ef.Progress, effects)] == ["a gives web up"]


def test_the_move_is_unproven_when_nobody_saw_the_new_owner() -> None:
    """After a second of looking."""
    bench = an_owner(B)
    bench.give(ASK)
    bench.joined_by(B, a_listing(term=2))
    bench.hear(Peer(B, session=2).says(a_beat(a_listing(term=2))))
    assert not answers(bench.run(PROOF_S - 0.01))
    assert answers(bench.run(0.3)) == [(Outcome.UNPROVEN, "b owns web, but no other node has seen it on the LAN")]


def test_a_move_that_nobody_saw_is_unproven_when_its_time_is_over() -> None:
    """It is done, so it has not timed out, although a witness would have had more time."""
    bench = an_owner(B)
    bench.give(ev.FailoverAsked(id="m1", vip=WEB, timeout_s=0.5))
    bench.joined_by(B, a_listing(term=2))
    bench.hear(Peer(B, session=2).says(a_beat(a_listing(term=2))))
    assert not answers(bench.run(0.499))
    assert answers(bench.run(0.002)) == [(Outcome.UNPROVEN, "b owns web, but no other node has seen it on the LAN")]


def test_a_new_owner_that_is_gone_again_is_not_where_it_moved_to() -> None:
    """The move goes on until somebody has it; each is told, and the time to look begins anew."""
    bench = an_owner(B, C)
    bench.give(ASK)
    bench.beating.clear()
    first = bench.peer(B)
    first.reconnects()
    effects = bench.hear(first.says(a_beat(a_listing(term=2))))
    effects += bench.run(PROOF_S - 0.1)
    effects += bench.hear(first.says(Release(vips=(WEB,))))
    assert not answers(effects + bench.run(0.5))
    other = bench.peer(C)
    other.reconnects()
    effects += bench.hear(other.says(a_beat(a_listing(term=3))))
    assert not answers(bench.run(PROOF_S - 0.01))
    assert [one.text for one in of(ef.Progress, effects)] == ["b owns web (term 2)", "c owns web (term 3)"]
    assert answers(bench.run(0.02)) == [(Outcome.UNPROVEN, "c owns web, but no other node has seen it on the LAN")]


def test_the_move_times_out_with_the_state_it_was_left_in() -> None:
    """Nobody took it; this node does not take it back at once, for it was told to leave."""
    bench = an_owner(B)
    bench.give(ev.FailoverAsked(id="m1", vip=WEB, timeout_s=1.5))
    effects = bench.run(1.49)
    assert not answers(effects)
    assert bench.role() is Role.BACKUP
    assert answers(bench.run(0.02)) == [(Outcome.TIMED_OUT, "web is owned by nobody")]


def test_an_owner_whose_leave_nobody_took_up_takes_it_back() -> None:
    """Better this node than none."""
    bench = an_owner(B)
    bench.give(ASK)
    bench.beating.clear()
    bench.run(1.0 + D)
    assert bench.role() is Role.BACKUP
    bench.run(0.2)
    assert bench.role() is Role.OWNER
    assert answers(bench.run(10.0)) == [(Outcome.TIMED_OUT, "web is owned by a")]


# -- asked elsewhere


def test_another_node_passes_the_request_on_to_the_owner() -> None:
    """And tells of it."""
    bench, _ = a_backup()
    effects = bench.give(ev.FailoverAsked(id="m1", vip=WEB, to=C, timeout_s=5.0))
    assert sent(Request, effects) == [Request(id="m1", verb=Verb.FAILOVER, at=B, vip=WEB, to=C, expires_s=5.0)]
    assert [one.text for one in of(ef.Progress, effects)] == ["asked b, the owner"]


def test_the_owners_refusal_ends_it() -> None:
    """However many brokers bring it."""
    bench, peer = a_backup()
    bench.give(ASK)
    reply = Reply(id="m1", accepted=False, text="not now")
    assert answers(bench.hear(peer.says(reply)) + bench.hear(peer.says(reply))) == [(Outcome.REFUSED, "not now")]


def test_the_owners_consent_is_told_once() -> None:
    """However many brokers bring it."""
    bench, peer = a_backup()
    bench.give(ASK)
    reply = Reply(id="m1", accepted=True, text="b gives web up")
    effects = bench.hear(peer.says(reply)) + bench.hear(peer.says(reply))
    assert [one.text for one in of(ef.Progress, effects)] == ["b gives web up"]


def test_a_reply_to_somebody_else_is_nothing() -> None:
    """All hear it."""
    bench, peer = a_backup()
    effects = bench.hear(peer.says(Reply(id="other", accepted=True, text="x")))
    assert not of(ef.Progress, effects)
    assert not of(ef.Answer, effects)


def test_the_asker_proves_its_own_takeover_by_others() -> None:
    """The new owner cannot be its own witness."""
    bench, peer = a_backup()
    bench.run(D)
    bench.give(ASK)
    del bench.beating[X, B]
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
    bench.give(ev.FailoverAsked(id="m1", vip=WEB, to=C))
    del bench.beating[X, B]
    bench.hear(peer.says(Release(vips=(WEB,), vacated=True, to=C, reserved_s=1.0)))
    bench.joined_by(C, a_listing(term=8))
    effects = bench.give(ev.Answered(vip=WEB, address=ADDRESS, mac=MACS[C]))
    assert answers(effects + bench.run(0.1)) == [(Outcome.PROVEN, "c owns web, seen on the LAN by a")]
