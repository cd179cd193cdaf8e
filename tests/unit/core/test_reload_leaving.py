"""A VIP goes in service, or is something else from now on: it is given up in good order, forgotten, or begun anew."""

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.messages import Claim, Release, Reply, Request, State, Verb, Verdict
from floatip.core.types import DirectiveKind, NodeName, Role, Standing
from tests.unit.core.bench import Bench
from tests.unit.core.handing import Handing, order
from tests.unit.core.reloading import (
    ANEW,
    GONE,
    MAIL,
    MOVED,
    an_owner,
    configured,
    mail,
    of_vips,
    reload,
    stored_terms,
    taken_over,
)
from tests.unit.core.stage import (
    ADDRESS,
    BLINK,
    MACS,
    WEB,
    A,
    B,
    C,
    D,
    H,
    a_listing,
    a_vip,
    binds,
    of,
    sent,
)

# -- gone


def test_an_owner_hands_a_vip_that_goes_to_a_peer_that_still_has_it() -> None:
    """Clients lose nothing; its hands forget it when it is off this host, not before."""
    hand = Handing(B, C)
    bench = hand.bench
    reload(bench, mail())
    assert hand.asked_whom() == [B]
    assert bench.told("hands web to b: a has another configuration of it now")
    assert configured(bench) == [(mail(), a_vip())]
    assert of(ef.Unbind, bench.effects) == []
    taken_over(hand)
    assert configured(bench) == [(mail(), a_vip()), (mail(),)]
    unbind, last = of(ef.Unbind, bench.effects)[-1], of(ef.Configure, bench.effects)[-1]
    assert unbind.vips == (WEB,)
    assert bench.effects.index(unbind) < bench.effects.index(last)
    assert bench.told(GONE)
    assert list(bench.engine._vips) == [MAIL]
    assert stored_terms(bench)[WEB] == 2


def test_peers_are_told_that_it_goes() -> None:
    """Nobody hands it back meanwhile; then this node tells nothing of it any more."""
    hand = Handing()
    reload(hand.bench)
    hand.bench.run(H + 0.01)
    assert [vip.faults for vip in sent(State, hand.bench.effects)[-1].vips] == [("is configured otherwise now",)]
    taken_over(hand)
    hand.bench.run(H + 0.01)
    assert sent(State, hand.bench.effects)[-1].vips == ()


def test_an_owner_lets_go_at_once_if_nobody_else_has_it() -> None:
    """Its addresses go first, then it is forgotten; nothing of it is looked at any more."""
    bench = an_owner()
    assert of(ef.Unbind, reload(bench)) == [ef.Unbind(vips=(WEB,))]
    bench.run(0.01)
    assert bench.engine._vips == {}
    assert sent(Release, bench.effects) == [Release(vips=(WEB,), vacated=True)]
    assert bench.engine.snapshot(bench.now).vips == ()
    for event in (
        ev.Unbound(vip=WEB),
        ev.AddressGone(vip=WEB, address=ADDRESS, cause="late"),
        ev.Answered(vip=WEB, address=ADDRESS, mac=MACS[B], interface="eth0"),
    ):
        assert bench.give(event) == []
    bench.run(5.0)
    assert sent(Claim, bench.effects) == []


def test_an_owner_lets_go_when_nobody_takes_it() -> None:
    """Everybody was asked once."""
    hand = Handing(B, C)
    reload(hand.bench)
    hand.replies(B, Verdict.REFUSED, "busy")
    hand.bench.run(0.01)
    assert hand.asked_whom() == [B, C]
    hand.replies(C, Verdict.REFUSED, "busy")
    hand.bench.run(0.01)
    assert hand.bench.told("a has another configuration of it now, and nobody takes it over")
    assert hand.bench.engine._vips == {}


def test_an_owner_whose_target_falls_silent_lets_go() -> None:
    """It had released it already: it is not kept for good."""
    hand = Handing()
    reload(hand.bench)
    hand.replies()
    hand.falls_silent()
    hand.bench.run(D + 2.0)
    assert of(ef.Unbind, hand.bench.effects)
    assert hand.bench.engine._vips == {}


@pytest.mark.parametrize("frozen_for", [A, B])
def test_a_frozen_vip_is_handed_to_nobody(frozen_for: NodeName) -> None:
    """It is not moved, and it is not here any more."""
    hand = Handing()
    hand.orders(order(DirectiveKind.FREEZE, WEB, frozen_for))
    assert of(ef.Unbind, reload(hand.bench))
    hand.bench.run(0.01)
    assert hand.asked() == []
    assert hand.bench.engine._vips == {}


def test_a_peer_that_means_something_else_by_it_does_not_get_it() -> None:
    """It has read its new configuration before."""
    hand = Handing()
    hand.says(B, of_vips(MOVED, version=9))
    reload(hand.bench, MOVED)
    assert hand.asked() == []
    assert hand.role() is Role.RELEASING


@pytest.mark.parametrize(
    ("role", "leaves", "anew"),
    [
        *((role, 0, anew) for role in (Role.INIT, Role.BACKUP, Role.FAULT, Role.CANDIDATE) for anew in (False, True)),
        *((role, 1, anew) for role in (Role.ACQUIRING, Role.OWNER) for anew in (False, True)),
        (Role.ISOLATED, 1, False),
    ],
)
def test_whatever_it_is_for_a_vip_it_gives_it_up(role: Role, leaves: int, anew: bool) -> None:
    """What it has of it is removed first, and what it has claimed is released."""
    bench = Bench().reach(role)
    bench.effects.clear()
    reload(bench, *([MOVED] if anew else []))
    bench.echoing = set(bench.spec.brokers)
    bench.run(3 * BLINK)
    if role is Role.ISOLATED and anew:
        assert bench.role() is role  # without a quorum nobody could claim it
        return
    assert [one.vips for one in of(ef.Unbind, bench.effects)] == [(WEB,)] * leaves
    listed = role not in {Role.INIT, Role.BACKUP, Role.FAULT, Role.ISOLATED}
    assert [one.vips for one in sent(Release, bench.effects)] == [(WEB,)] * listed
    assert configured(bench) == [(a_vip(),), ((MOVED,) if anew else ())]
    assert bench.told(ANEW if anew else GONE)
    assert [vip.spec for vip in bench.engine._vips.values()] == [MOVED] * anew


def test_an_owner_that_is_leaving_anyhow_goes_on_leaving() -> None:
    """It is forgotten when the kernel has nothing of it."""
    bench = an_owner()
    bench.unbinding = False
    bench.give(ev.LinkChanged(interface="eth0", up=False))
    reload(bench)
    bench.run(0.01)
    assert list(bench.engine._vips) == [WEB]
    bench.give(ev.Unbound(vip=WEB))
    assert bench.engine._vips == {}


def test_an_isolated_owner_gives_it_up_at_once() -> None:
    """No broker says whether anybody else has it, and it is not wanted here."""
    bench = Bench().reach(Role.ISOLATED)
    bench.effects.clear()
    assert of(ef.Unbind, reload(bench))
    assert bench.told("web ISOLATED -> RELEASING: it is configured otherwise now")
    assert bench.engine._s.last_owners == {WEB: A}


def test_a_claim_that_comes_back_after_all_is_nobodys() -> None:
    """It was released before."""
    bench = Bench().reach(Role.CANDIDATE)
    said = [one.message for one in of(ef.Send, bench.effects)]
    (at,) = (place for place, one in enumerate(said) if isinstance(one.body, Claim))
    reload(bench)
    assert bench.engine._vips == {}
    for message in said[at:]:
        bench.hear(message)
    bench.echoing = set(bench.spec.brokers)
    bench.run(D)
    assert binds(bench.effects) == []


def test_a_target_that_was_asked_before_looks_no_more() -> None:
    """The owner hears nothing, and asks another one."""
    bench = Bench().connect()
    peer = bench.joined_by(B, a_listing(Standing.OWNER, term=7))
    bench.run(D + 0.1)
    asked = Request(id="r1", verb=Verb.PREPARE, at=A, vips=(WEB,), look=True, expires_s=1.0)
    bench.hear(peer.says(asked, bench.seen()))
    assert of(ef.Probe, bench.effects)
    bench.effects.clear()
    reload(bench)
    bench.run(1.0)
    assert of(ef.Probe, bench.effects) == []
    assert sent(Reply, bench.effects) == []


def test_whoever_is_asked_to_take_what_it_gives_up_refuses() -> None:
    """It would have to give it up again."""
    bench = an_owner()
    peer = bench.joined_by(B)
    bench.unbinding = False
    reload(bench)
    bench.hear(peer.says(Request(id="r1", verb=Verb.PREPARE, at=A, vips=(WEB,), expires_s=1.0), bench.seen()))
    assert [one.text for one in sent(Reply, bench.effects)] == ["a gives web up: it is configured otherwise now"]


def test_operators_who_wait_for_a_vip_that_goes_are_answered() -> None:
    """Whether the order was a failover or a drain."""
    hand = Handing()
    hand.failover()
    reload(hand.bench)
    taken_over(hand)
    assert hand.bench.engine._vips == {}
    hand.bench.run(12.0)
    assert [one.outcome for one in of(ef.Answer, hand.bench.effects) if one.id == "m1"] != []
    hand = Handing()
    hand.bench.give(ev.DirectiveAsked(id="d1", kind=DirectiveKind.DRAIN, subjects=(A,), value="yes"))
    reload(hand.bench)
    taken_over(hand)
    hand.bench.run(12.0)
    assert [one.about for one in of(ef.Answer, hand.bench.effects)] == [A]


def test_a_node_that_stops_while_it_gives_up_ends() -> None:
    """Nothing is left of either."""
    bench = an_owner(a_vip(), mail())
    reload(bench, mail())
    bench.give(ev.StopAsked())
    bench.run(0.1)
    assert [one.code for one in of(ef.Exit, bench.effects)] == [0]
