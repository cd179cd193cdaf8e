"""What is known of the peers beside any one broker: when they were heard, what they told of themselves."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address

from floatip.core.messages import Message, State, VipState, Witnessed
from floatip.core.ranking import Candidate
from floatip.core.types import Address, DirectiveKind, Mac, NodeName, Policy, Stamp, Terms, VipName, VipSpec

BLINK_S = 0.001
MAX_PEERS = 512
"""How many names are remembered; far more than a cluster has nodes."""


@dataclass(slots=True)
class Peer:
    """One other node of the cluster."""

    node: NodeName
    heard_at: float = float("-inf")
    back_at: float = float("-inf")
    """When it was heard again after a silence of a lease."""
    terms: Terms | None = None
    state: State | None = None
    state_place: tuple[int, int] = (0, 0)
    macs: tuple[Mac, ...] = ()
    """Those of its last state, or remembered from an earlier life of ours."""
    addresses: tuple[Address, ...] = ()
    """Its own addresses on its LANs."""
    vips: dict[VipName, VipState] = field(default_factory=dict)
    witnessed: dict[VipName, Witnessed] = field(default_factory=dict)
    orders: dict[tuple[DirectiveKind, str], Stamp] = field(default_factory=dict)
    """Which operators' orders it knows, by their stamps."""

    def alive(self, now: float, lease_s: float) -> bool:
        """Whether it was heard within a lease, on any broker."""
        lease_s = max(lease_s, self.terms.lease_s if self.terms else 0.0)
        return now - self.heard_at < lease_s

    def take(self, state: State, place: tuple[int, int]) -> set[VipName]:
        """Take a newer state; return the VIPs of which it says something else than before."""
        vips = {vip.vip: vip for vip in state.vips}
        changed = {name for name in vips.keys() | self.vips.keys() if vips.get(name) != self.vips.get(name)}
        self.state, self.state_place, self.vips = state, place, vips
        self.macs, self.addresses = state.macs, tuple(_addresses(state.addresses))
        seen = {one.vip: one for one in state.witnessed}
        changed |= {name for name in seen.keys() | self.witnessed.keys() if seen.get(name) != self.witnessed.get(name)}
        self.witnessed = seen
        self.orders = {(one.kind, one.subject): one.stamp for one in state.directives}
        return changed


@dataclass(slots=True)
class Peers:
    """All other nodes ever heard of."""

    lease_s: float
    known: dict[NodeName, Peer] = field(default_factory=dict)
    news: bool = False
    """Some peer told of itself since this was last looked at."""
    _living: set[NodeName] = field(default_factory=set)
    """Those that lived when the roll was last called, or were heard since."""

    def remember(self, macs: Iterable[tuple[NodeName, tuple[Mac, ...]]]) -> None:
        """Take in whose hardware addresses were known in an earlier life."""
        self.news = True
        for node, theirs in macs:
            self._peer(node).macs = theirs

    def all_macs(self) -> tuple[tuple[NodeName, tuple[Mac, ...]], ...]:
        """Whose hardware addresses are known."""
        return tuple(sorted((peer.node, peer.macs) for peer in self.known.values() if peer.macs))

    def learn(self, message: Message) -> set[VipName]:
        """Take a state, live or retained, if it is newer than what is known; return the VIPs it changes."""
        if not isinstance(message.body, State):
            return set()
        peer = self._peer(message.sender)
        place = (message.origin.incarnation, message.body.state_version)
        if place <= peer.state_place:
            return set()
        self.news = True
        return peer.take(message.body, place)

    def is_newest(self, message: Message) -> bool:
        """Whether a state is the one that its sender is known by, and none from before it."""
        peer = self.known.get(message.sender)
        return peer is not None and peer.state is message.body

    def _peer(self, node: NodeName) -> Peer:
        """The peer of that name; one too many takes the place of the one that was silent longest."""
        peer = self.known.get(node)
        if peer is None:
            if len(self.known) >= MAX_PEERS:
                del self.known[min(self.known.values(), key=lambda one: one.heard_at).node]
            peer = self.known[node] = Peer(node)
        return peer

    def heard(self, message: Message, now: float) -> bool:
        """A live word of a peer; return whether its terms are new, or it is back after a silence."""
        peer = self._peer(message.sender)
        changed = peer.terms != message.terms or peer.node not in self._living
        if not peer.alive(now, self.lease_s):
            peer.back_at, changed = now, True
        peer.heard_at = now
        peer.terms = message.terms
        self._living.add(peer.node)
        return changed

    def lives(self, node: NodeName | None) -> bool:
        """Whether the peer was not found silent yet."""
        return node in self._living

    def call_roll(self, now: float) -> bool:
        """Look who lives; return whether somebody has fallen silent since the last look."""
        living = {peer.node for peer in self.alive(now)}
        fewer, self._living = not self._living <= living, living
        return fewer

    def silent_at(self, now: float) -> float | None:
        """When the first of the living will have fallen silent, unless it is heard again; later than now."""
        spans = (
            peer.heard_at + max(self.lease_s, peer.terms.lease_s if peer.terms else 0.0)
            for node in self._living
            if (peer := self.known.get(node)) is not None
        )
        return max(min(spans, default=now), now + BLINK_S) if self._living else None

    def alive(self, now: float) -> list[Peer]:
        """The peers that live."""
        return [peer for peer in self.known.values() if peer.alive(now, self.lease_s)]

    def macs(self, node: NodeName | None) -> tuple[Mac, ...]:
        """The hardware addresses of a peer, as it told them."""
        peer = self.known.get(node) if node is not None else None
        return peer.macs if peer is not None else ()

    def by_mac(self, mac: Mac) -> NodeName | None:
        """The peer to which a hardware address belongs: of two names, the one that was heard last."""
        owners = [peer for peer in self.known.values() if mac in peer.macs]
        return max(owners, key=lambda peer: peer.heard_at).node if owners else None

    def candidates(self, spec: VipSpec, owner_down_s: float, now: float) -> list[Candidate]:
        """The peers that could own the VIP now: alive, without a fault, agreed on what it is and how long to wait."""
        alive = self.alive(now)
        longest_s = max((peer.terms.owner_down_s(spec.policy) for peer in alive if peer.terms), default=0.0)
        return [
            Candidate(node=peer.node, priority=state.priority)
            for peer in alive
            if (state := peer.vips.get(spec.name)) is not None
            and not state.faults
            and state.definition == spec.definition
            and peer.terms is not None
            and peer.terms.owner_down_s(spec.policy) >= max(longest_s, owner_down_s) - 1e-6
        ]

    def longest_owner_down_s(self, now: float, policy: Policy) -> float:
        """The largest D that a living peer goes by."""
        return max((peer.terms.owner_down_s(policy) for peer in self.alive(now) if peer.terms), default=0.0)


def _addresses(texts: Iterable[str]) -> Iterator[Address]:
    """Those that are addresses: a peer may have written anything."""
    for text in texts:
        try:
            yield ip_address(text)
        except ValueError:
            continue
