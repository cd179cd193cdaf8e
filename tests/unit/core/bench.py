"""One engine on a bench: a world that does what the test says, and the shortest way to each role."""

import heapq
from collections.abc import Iterable

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.engine import Engine
from floatip.core.messages import Listing, Message
from floatip.core.types import (
    Address,
    BrokerName,
    Mac,
    NodeName,
    NodeSpec,
    Origin,
    Policy,
    Role,
    Standing,
    Stored,
    Terms,
    VipName,
)
from floatip.core.view import View
from floatip.core.vip import Vip
from tests.unit.core.stage import (
    BLINK,
    MACS,
    OWN,
    WEB,
    B,
    D,
    H,
    L,
    Peer,
    X,
    a_beat,
    a_listing,
    a_port,
    a_spec,
    a_state,
    a_vip,
    of,
)

RELEASE = a_spec(vips=(a_vip(policy=Policy.RELEASE),))
"""A node with one VIP under ``release``."""
NOBODY = Mac("02:00:00:00:00:00")
"""Whose MAC it is that answers for itself does not matter."""


class Bench:
    """One engine. Its echoes come back and its kernel obeys unless told otherwise; peers say what the test says."""

    def __init__(
        self,
        spec: NodeSpec | None = None,
        *,
        stored: Stored | None = None,
        wall_us: int = 1000,
        linked: Iterable[str] = ("eth0",),
    ) -> None:
        self.spec = spec or a_spec()
        self.now = 100.0
        self.effects: list[ef.Effect] = []
        self.echoing = set(self.spec.brokers)
        self.binding = True
        self.unbinding = True
        self.answering: set[Address] = set()
        """The hosts that answer on the LAN for their own addresses."""
        self.beating: dict[tuple[BrokerName, NodeName], tuple[Peer, tuple[Listing, ...]]] = {}
        self._pending: list[tuple[float, int, ev.Event]] = []
        self._count = 0
        self._beat_at = 0.0
        self._sessions = 0
        self.engine = Engine(self.spec, stored=stored or Stored(), wall_us=wall_us, now=self.now, entropy=lambda: 0.5)
        self._take(self.engine.start(self.now))
        for interface in linked:
            self.give(ev.LinkChanged(interface=interface, up=True))
        node = self.spec.node
        self.give(ev.IdentityChanged(macs=(MACS[node],), addresses=(str(OWN[node].ip),), ports=(a_port(node),)))

    # -- doing --------------------------------------------------------------------------------------------------------

    def give(self, *events: ev.Event) -> list[ef.Effect]:
        """Give the engine events now; return what it asks for."""
        before = len(self.effects)
        for event in events:
            self._take(self.engine.step(event, self.now))
        return self.effects[before:]

    def connect(self, *brokers: BrokerName) -> "Bench":
        """Open sessions, on all brokers unless told otherwise."""
        for broker in brokers or self.spec.brokers:
            self._sessions += 1
            self.give(ev.SessionUp(broker=broker, session=self._sessions))
        return self

    def cut(self, *brokers: BrokerName) -> None:
        """Lose sessions, on all brokers unless told otherwise."""
        for broker in brokers or self.spec.brokers:
            self.give(ev.SessionDown(broker=broker, reason="cut"))

    def hear(self, message: Message, broker: BrokerName = X, *, retained: bool = False) -> list[ef.Effect]:
        """Let a broker deliver a message."""
        return self.give(ev.Received(broker=broker, message=message, retained=retained))

    def peer(self, node: NodeName = B, terms: Terms | None = None) -> Peer:
        """Give a peer's mouth; it goes by the same terms as this node, unless told otherwise."""
        return Peer(node, terms or self.spec.terms)

    def joined_by(self, node: NodeName, *listings: Listing, broker: BrokerName = X, terms: Terms | None = None) -> Peer:
        """Let a peer beat with this list from now on, as long as the bench runs."""
        peer = self.peer(node, terms)
        self.beating[broker, node] = peer, listings
        self.hear(peer.says(a_state(node)), broker)
        self.hear(peer.says(a_beat(*listings), self.seen(broker)), broker)
        return peer

    def seen(self, broker: BrokerName = X) -> dict[NodeName, Origin]:
        """What a peer that has heard all of this node's words says it has seen."""
        place = self.view(broker)._returned
        return {} if place is None else {self.spec.node: place}

    def run(self, seconds: float) -> list[ef.Effect]:
        """Let time pass; return all that was asked for."""
        before, end = len(self.effects), self.now + seconds
        while True:
            times = [self._pending[0][0] if self._pending else end, self.engine.deadline() or end]
            if self.beating:
                self._beat_at = max(self._beat_at, self.now)
                times.append(self._beat_at)
            at = max(min(times), self.now)
            if at >= end:
                self.now = end
                return self.effects[before:]
            self.now = at
            self._turn()

    def _turn(self) -> None:
        if self._pending and self._pending[0][0] <= self.now:
            self.give(heapq.heappop(self._pending)[2])
        elif self.beating and self._beat_at <= self.now:
            self._beat_at = self.now + H
            for (broker, _), (peer, listings) in list(self.beating.items()):
                self.hear(peer.says(a_beat(*listings), self.seen(broker)), broker)
        else:
            self.give(ev.Tick())

    def _take(self, effects: list[ef.Effect]) -> None:
        self.effects += effects
        for effect in effects:
            match effect:
                case ef.Send() if effect.broker in self.echoing:
                    self.later(ev.Received(broker=effect.broker, message=effect.message))
                case ef.Add() if self.binding:
                    for bind in effect.binds:
                        self.later(ev.Bound(vip=bind.vip))
                case ef.Unbind() if self.unbinding:
                    for vip in effect.vips:
                        self.later(ev.Unbound(vip=vip))
                case ef.Ask() if effect.address in self.answering:
                    self.later(ev.Reached(interface=effect.interface, address=effect.address, mac=NOBODY))
                case _:
                    pass

    def later(self, event: ev.Event, delay_s: float = BLINK) -> None:
        """Let this happen soon."""
        self._count += 1
        heapq.heappush(self._pending, (self.now + delay_s, self._count, event))

    # -- looking ------------------------------------------------------------------------------------------------------

    def view(self, broker: BrokerName = X) -> View:
        """Look into the engine's view of a broker."""
        return self.engine._s.views[broker]

    def vip(self, name: VipName = WEB) -> Vip:
        """Look into one VIP."""
        return self.engine._vips[name]

    def role(self) -> Role:
        """The role for the VIP."""
        return self.vip().role

    def told(self, text: str) -> bool:
        """Whether the engine ever said a sentence with this in it."""
        return any(text in tell.text for tell in of(ef.Tell, self.effects))

    def run_until(self, role: Role) -> list[ef.Effect]:
        """Let time pass, by the millisecond, until the VIP is in this role; return all that was asked for."""
        effects: list[ef.Effect] = []
        end = self.now + 30.0
        while self.role() is not role:
            assert self.now < end, f"still {self.role()}"
            effects += self.run(BLINK)
        return effects

    def reach(self, role: Role) -> "Bench":
        """Bring the VIP into this role, by the shortest way."""
        way = _WAYS[role]
        way(self)
        assert self.role() is role
        return self


def an_owner_under_release() -> Bench:
    """Make an owner under ``release``."""
    bench = Bench(RELEASE).connect()
    bench.run(3.5)
    assert bench.role() is Role.OWNER
    return bench


def _to_init(bench: Bench) -> None:
    bench.connect()


def _to_backup(bench: Bench) -> None:
    bench.connect().joined_by(B, a_listing(Standing.OWNER, term=7))
    bench.run(D + 0.1)


def _to_candidate(bench: Bench) -> None:
    bench.connect()
    bench.run(D - 0.1)
    bench.echoing.clear()
    bench.run_until(Role.CANDIDATE)


def _to_acquiring(bench: Bench) -> None:
    bench.connect().binding = False
    bench.run(D + 0.1)


def _to_owner(bench: Bench) -> None:
    bench.connect().run(D + 0.3)


def _to_isolated(bench: Bench) -> None:
    _to_owner(bench)
    bench.cut()
    bench.run(L)


def _to_releasing(bench: Bench) -> None:
    _to_owner(bench)
    bench.unbinding = False
    bench.give(ev.StopAsked())


def _to_fault(bench: Bench) -> None:
    bench.connect().run(3 * H)
    bench.give(ev.LinkChanged(interface="eth0", up=False))


_WAYS = {
    Role.INIT: _to_init,
    Role.BACKUP: _to_backup,
    Role.CANDIDATE: _to_candidate,
    Role.ACQUIRING: _to_acquiring,
    Role.OWNER: _to_owner,
    Role.ISOLATED: _to_isolated,
    Role.RELEASING: _to_releasing,
    Role.FAULT: _to_fault,
}
