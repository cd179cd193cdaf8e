"""An owner that hands its VIP over, and its peers as the test plays them: what the tests of planned moves stand on."""

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.messages import Body, Listing, Release, Reply, Request, State, Verb, Verdict, VipState
from floatip.core.types import (
    BrokerName,
    Directive,
    DirectiveKind,
    NodeName,
    NodeSpec,
    Policy,
    Role,
    Stamp,
    Standing,
    VipSpec,
)
from tests.unit.core.bench import Bench
from tests.unit.core.stage import (
    ADDRESS,
    BLINK,
    MACS,
    WEB,
    A,
    B,
    Peer,
    X,
    a_beat,
    a_claim,
    a_listing,
    a_spec,
    a_state,
    a_vip,
    of,
    sent,
)


def spec_of(vip: VipSpec | None = None, *brokers: str) -> NodeSpec:
    """Make node a with this VIP."""
    return a_spec(brokers=brokers or (X,), vips=(vip or a_vip(),))  # type: ignore[arg-type]  # names are strings


def order(kind: DirectiveKind, subject: str, value: str, counter: int = 1) -> Directive:
    """Make an order that lasts for ever."""
    return Directive(kind=kind, subject=subject, value=value, expires_at=float("inf"), stamp=Stamp(counter, A))


class Handing:
    """Node a in office, and peers that could take the VIP."""

    def __init__(self, *peers: NodeName, spec: NodeSpec | None = None) -> None:
        self.bench = bench = Bench(spec).connect()
        self.spec = bench.spec.vips[0]
        self._version = 1
        self._mouths: dict[tuple[BrokerName, NodeName], Peer] = {}
        self.bench.run_until(Role.OWNER)
        for peer in peers or (B,):
            for broker in bench.spec.brokers:
                mouth = self._mouths[broker, peer] = bench.joined_by(peer, broker=broker)
                bench.hear(mouth.says(self.state(peer)), broker)
        bench.run(0.3)
        bench.effects.clear()

    def state(self, node: NodeName, priority: int = 100, *faults: str, **more: object) -> State:
        """Make the next state of a node that has the VIP configured as node a has."""
        self._version += 1
        vip = VipState(vip=WEB, priority=priority, definition=self.spec.definition, faults=faults)
        return a_state(node, version=self._version, vips=(vip,), **more)  # type: ignore[arg-type]  # fields, by name

    # -- what the peers do --------------------------------------------------------------------------------------------

    def says(self, node: NodeName, body: Body) -> list[ef.Effect]:
        """Let a peer say this on all brokers."""
        effects = []
        for broker in self.bench.spec.brokers:
            peer = self._mouths[broker, node]
            effects += self.bench.hear(peer.says(body, self.bench.seen(broker)), broker)
        return effects

    def replies(self, node: NodeName = B, verdict: Verdict = Verdict.ACCEPTED, text: str = "ready") -> list[ef.Effect]:
        """Let a peer reply to the last question whether it is ready."""
        return self.says(node, Reply(id=self.asked()[-1].id, verdict=verdict, text=text, vips=(WEB,)))

    def claims(self, node: NodeName = B, term: int = 2) -> list[ef.Effect]:
        """Let a peer claim the VIP, and list its claim from now on."""
        self.lists(node, a_listing(Standing.CLAIMING, term=term, definition=self.spec.definition))
        return self.says(node, a_claim(term))

    def owns(self, node: NodeName = B, term: int = 2) -> None:
        """Let a peer say that it owns the VIP in its next heartbeats."""
        self.lists(node, a_listing(Standing.OWNER, term=term, definition=self.spec.definition))

    def says_it_owns(self, node: NodeName = B, term: int = 2) -> list[ef.Effect]:
        """Let a peer say now, in a heartbeat, that it owns the VIP."""
        return self.says(node, a_beat(a_listing(Standing.OWNER, term=term, definition=self.spec.definition)))

    def lists(self, node: NodeName, *listings: Listing) -> None:
        """Let a peer list this in its next heartbeats."""
        for broker in self.bench.spec.brokers:
            self.bench.beating[broker, node] = self._mouths[broker, node], listings

    def releases(self, node: NodeName = B) -> list[ef.Effect]:
        """Let a peer give the VIP up."""
        self.lists(node)
        return self.says(node, Release(vips=(WEB,), vacated=True))

    def falls_silent(self, node: NodeName = B) -> None:
        """Let a peer die."""
        for broker in self.bench.spec.brokers:
            del self.bench.beating[broker, node]

    def answers(self, node: NodeName = B, *, announced: bool = True) -> list[ef.Effect]:
        """Let a node's MAC announce the address, or answer for it."""
        return self.bench.give(
            ev.Answered(vip=WEB, address=ADDRESS, mac=MACS[node], interface="eth0", announced=announced)
        )

    # -- what the operator does ---------------------------------------------------------------------------------------

    def failover(self, to: NodeName | None = None, timeout_s: float = 10.0) -> list[ef.Effect]:
        """Ask at the owner for a failover."""
        return self.bench.give(ev.FailoverAsked(id="m1", vips=(WEB,), to=to, timeout_s=timeout_s))

    def orders(self, *records: Directive) -> list[ef.Effect]:
        """Let the first peer know of orders that last."""
        node = next(node for _, node in self.bench.beating)
        return self.says(node, self.state(node, directives=records))

    def given(self, to: NodeName = B) -> list[ef.Effect]:
        """Hand over to a peer that is ready; return what the owner does then."""
        self.failover(to)
        return self.replies(to)

    # -- what can be seen ---------------------------------------------------------------------------------------------

    def asked(self) -> list[Request]:
        """The questions whether somebody is ready."""
        return [one for one in sent(Request, self.bench.effects) if one.verb is Verb.PREPARE]

    def asked_whom(self) -> list[NodeName]:
        """To whom they went, one broker's worth."""
        return [one.at for one in self.asked()][:: len(self.bench.spec.brokers)]

    def failed(self) -> list[str]:
        """What the operator was told of moves that failed."""
        return [one.text for one in of(ef.Answer, self.bench.effects) if one.outcome is ef.Outcome.FAILED]

    def role(self) -> Role:
        """Node a's role."""
        return self.bench.role()


KEEP = a_vip()
KEEP_BREAK = a_vip(make_before_break=False)
RELEASE = a_vip(policy=Policy.RELEASE)
RELEASE_BREAK = a_vip(policy=Policy.RELEASE, make_before_break=False)


def keeping(vip: VipSpec = KEEP, *brokers: str) -> Handing:
    """Make an owner that has released the VIP to b just now, and keeps its addresses."""
    hand = Handing(spec=spec_of(vip, *brokers))
    hand.given()
    assert hand.role() is Role.RELEASING
    hand.bench.effects.clear()
    return hand


def removed(hand: Handing) -> bool:
    """Whether the addresses are off, and everybody was told so; and nothing failed in the operator's eyes."""
    hand.bench.run(2 * BLINK)
    farewells = [one for one in sent(Release, hand.bench.effects) if one.vacated and not one.kept]
    return len(of(ef.Unbind, hand.bench.effects)) == 1 and len(farewells) == len(hand.bench.spec.brokers)
