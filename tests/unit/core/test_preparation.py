"""The target's side of a planned move: whether this node is fit, and whether the LAN knows the owner alone."""

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.messages import Body, Release, Reply, Request, Verb, Verdict
from floatip.core.preparation import LOOKS_S, PATIENCE_S, SETTLED_S
from floatip.core.types import Binding, DirectiveKind, Mac, NodeName, Role, Standing, VipName
from tests.unit.core.bench import Bench
from tests.unit.core.handing import order
from tests.unit.core.stage import (
    ADDRESS,
    BLINK,
    MACS,
    STRANGER,
    WEB,
    A,
    B,
    C,
    D,
    X,
    Y,
    Z,
    a_claim,
    a_listing,
    a_spec,
    a_state,
    of,
    sent,
)

READY = Reply(id="r1", verdict=Verdict.ACCEPTED, text="a is ready, and sees b alone", vips=(WEB,))


class Target:
    """Node a, backup of b's."""

    def __init__(self, *brokers: str) -> None:
        self.bench = Bench(a_spec(brokers=brokers or (X,))).connect()  # type: ignore[arg-type]  # names are strings
        for broker in self.bench.spec.brokers:
            self.bench.joined_by(B, a_listing(Standing.OWNER, term=7), broker=broker)
        self.bench.run(D + 0.1)
        assert self.bench.role() is Role.BACKUP
        self.bench.effects.clear()

    def says(self, body: Body) -> list[ef.Effect]:
        """Let the owner say this on all brokers."""
        effects = []
        for broker in self.bench.spec.brokers:
            peer, _ = self.bench.beating[broker, B]
            effects += self.bench.hear(peer.says(body, self.bench.seen(broker)), broker)
        return effects

    def asked(self, *, look: bool = True, vip: VipName = WEB) -> list[ef.Effect]:
        """Let the owner ask whether this node is ready."""
        return self.says(Request(id="r1", verb=Verb.PREPARE, at=A, vips=(vip,), look=look, expires_s=1.0))

    def answers(self, mac: Mac = MACS[B]) -> list[ef.Effect]:
        """Let this MAC answer for the address."""
        return self.bench.give(ev.Answered(vip=WEB, address=ADDRESS, mac=mac, interface="eth0"))

    def replied(self) -> list[Reply]:
        """What it replied so far."""
        return sent(Reply, self.bench.effects)

    def why_not(self) -> str:
        """Why it refused."""
        (reply,) = self.replied()
        assert reply.verdict is Verdict.REFUSED
        assert reply.vips
        return reply.text


# -- what the LAN says


def test_it_is_ready_if_the_owner_alone_answers() -> None:
    """After others had time to answer too; it takes nothing yet."""
    target = Target()
    (probe,) = of(ef.Probe, target.asked())
    assert (probe.to_macs, probe.broadcast) == ((MACS[B],), True)
    target.answers()
    target.bench.run(SETTLED_S - BLINK)
    assert target.replied() == []
    target.bench.run(2 * BLINK)
    assert target.replied() == [READY]
    assert target.bench.role() is Role.BACKUP
    target.bench.run(0.5)
    assert target.replied() == [READY]


def test_it_is_ready_as_soon_as_a_late_owner_answers() -> None:
    """It is asked a few times, for frames get lost."""
    target = Target()
    target.asked()
    target.bench.run(PATIENCE_S - 0.01)
    assert len(of(ef.Probe, target.bench.effects)) == len(LOOKS_S)
    target.answers()
    assert target.replied() == [READY]


def test_it_refuses_if_the_owner_does_not_answer() -> None:
    """They may be on different LANs."""
    target = Target()
    target.asked()
    target.bench.run(2 * PATIENCE_S - BLINK)
    assert target.replied() == []
    target.bench.run(2 * BLINK)
    assert target.why_not() == "a does not see b answer for web: it may be on another LAN"


@pytest.mark.parametrize(
    ("mac", "who"), [(STRANGER, "a stranger (02:00:00:00:00:ff)"), (MACS[C], "c (02:00:00:00:00:0c)")]
)
@pytest.mark.parametrize("owner_first", [True, False])
def test_it_refuses_if_anybody_else_answers(mac: Mac, who: str, owner_first: bool) -> None:
    """At once, and names the other."""
    target = Target()
    target.bench.hear(target.bench.peer(C).says(a_state(C)))
    target.asked()
    for each in (MACS[B], mac) if owner_first else (mac, MACS[B]):
        target.answers(each)
    assert target.why_not() == f"a sees {who} answer for web"


def test_what_answered_before_the_question_does_not_count() -> None:
    """It is about now."""
    target = Target()
    target.answers(STRANGER)
    target.asked()
    target.answers()
    target.bench.run(SETTLED_S + BLINK)
    assert target.replied() == [READY]


def test_one_that_need_not_look_replies_at_once() -> None:
    """Break before make: nobody will have the addresses then."""
    effects = Target().asked(look=False)
    assert [(one.verdict, one.text) for one in sent(Reply, effects)] == [(Verdict.ACCEPTED, "a is ready")]
    assert not of(ef.Probe, effects)


def test_three_brokers_are_one_question() -> None:
    """And the reply goes out on all of them."""
    target = Target(X, Y, Z)
    target.asked()
    target.answers()
    target.bench.run(SETTLED_S + BLINK)
    assert target.replied() == [READY] * 3
    assert len(of(ef.Probe, target.bench.effects)) == 2


# -- whether this node is fit


def test_a_vip_that_is_not_configured_here() -> None:
    """The owner learns why."""
    target = Target()
    target.asked(vip=VipName("nix"))
    assert target.why_not() == "no VIP of a is named nix"


def test_a_fault() -> None:
    """It could not serve."""
    target = Target()
    target.bench.give(ev.LinkChanged(interface="eth0", up=False))
    target.asked()
    assert target.why_not() == "a has a fault: link down: eth0"


def test_an_order_of_an_operator() -> None:
    """Drained, or the VIP is frozen for another; the owner may not have heard of it yet."""
    for kind, subject, value, why in (
        (DirectiveKind.DRAIN, A, "yes", "a is drained: it takes no VIPs"),
        (DirectiveKind.FREEZE, WEB, "b", "a may not take web: it is frozen"),
    ):
        target = Target()
        target.says(a_state(B, version=9, directives=(order(kind, subject, value),)))
        target.asked()
        assert target.why_not() == why


def test_an_end_that_is_near() -> None:
    """A process that ends waits for another VIP of its own."""
    target = Target()
    target.bench.engine._s.stopping = True
    target.asked()
    assert target.why_not() == "a stops"


def test_ears_that_are_new() -> None:
    """Its claim would have to wait longer than the owner does."""
    target = Target()
    target.bench.cut()
    target.bench.connect()
    target.bench.run(0.1)
    target.asked()
    assert target.why_not() == "a has not listened to the brokers for long enough"


def test_a_role_that_is_not_backup() -> None:
    """It owns the VIP itself, or is about to."""
    bench = Bench().reach(Role.OWNER)
    peer = bench.joined_by(B)
    bench.run(0.1)
    request = Request(id="r1", verb=Verb.PREPARE, at=A, vips=(WEB,), look=True, expires_s=1.0)
    replies = sent(Reply, bench.hear(peer.says(request, bench.seen())))
    assert [one.text for one in replies] == ["a is owner for web, not backup"]


# -- and then


def test_one_that_said_so_claims_when_the_owner_releases_the_vip_to_it() -> None:
    """Without asking the LAN, on which the owner answers still; and it does not defend against that owner."""
    target = Target()
    target.asked()
    target.answers()
    target.bench.run(SETTLED_S + BLINK)
    target.bench.beating[X, B] = target.bench.beating[X, B][0], ()
    target.says(Release(vips=(WEB,), to=A, reserved_s=1.0, kept=True))
    assert target.bench.role() is Role.CANDIDATE
    target.bench.run(0.01)
    assert target.bench.role() is Role.OWNER
    assert target.bench.vip().binding.state is Binding.BOUND
    beats = len(sent(Release, target.bench.effects))
    target.answers()
    target.bench.run(0.02)
    assert len(sent(Release, target.bench.effects)) == beats
    assert not target.bench.told("b (02:00:00:00:00:0b) answers for 10.77.0.50")


def test_it_announces_once_more_when_the_owner_has_removed_the_addresses() -> None:
    """Whoever believes the former owner hears it."""
    target = Target()
    target.bench.beating[X, B] = target.bench.beating[X, B][0], ()
    target.says(Release(vips=(WEB,), to=A, reserved_s=1.0, kept=True))
    target.bench.run(0.01)
    target.bench.effects.clear()
    effects = target.says(Release(vips=(WEB,), vacated=True))
    assert len(of(ef.Announce, effects)) == 1


def test_another_that_answers_meanwhile_is_a_conflict() -> None:
    """Only the former owner may still have the addresses; and only one that said it keeps them."""
    for release, mac, node in (
        (Release(vips=(WEB,), to=A, reserved_s=1.0, kept=True), MACS[C], C),
        (Release(vips=(WEB,), vacated=True, to=A, reserved_s=1.0), MACS[B], B),
    ):
        target = Target()
        target.bench.hear(target.bench.peer(C).says(a_state(C)))
        target.bench.beating[X, B] = target.bench.beating[X, B][0], ()
        target.says(release)
        target.bench.run(0.01)
        assert target.bench.role() is Role.OWNER
        target.answers(mac)
        assert target.bench.told(f"{node} ({mac}) answers for 10.77.0.50")


def test_an_owner_that_answers_after_the_time_is_over_is_a_conflict() -> None:
    """It was to be gone by then."""
    target = Target()
    target.bench.beating[X, B] = target.bench.beating[X, B][0], ()
    target.says(Release(vips=(WEB,), to=A, reserved_s=1.0, kept=True))
    target.bench.run(1.01)
    target.answers()
    assert target.bench.told("b (02:00:00:00:00:0b) answers for 10.77.0.50")


def test_another_than_the_target_claims_only_when_the_time_is_over() -> None:
    """Until T + 2h, and only if the LAN is silent."""
    target = Target()
    target.bench.beating[X, B] = target.bench.beating[X, B][0], ()
    target.says(Release(vips=(WEB,), vacated=True, to=NodeName("c"), reserved_s=1.0))
    target.bench.run(1.39)
    assert target.bench.role() is Role.BACKUP
    target.bench.run(0.1)
    assert target.bench.role() is Role.OWNER


def test_a_claim_of_the_target_goes_before_a_late_other() -> None:
    """The reservation is not needed any more."""
    target = Target()
    target.bench.beating[X, B] = target.bench.beating[X, B][0], ()
    target.says(Release(vips=(WEB,), vacated=True, to=C, reserved_s=1.0))
    other = target.bench.joined_by(C, a_listing(Standing.OWNER, term=8))
    target.bench.hear(other.says(a_claim(8)))
    target.bench.run(3.0)
    assert target.bench.role() is Role.BACKUP
