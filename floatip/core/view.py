"""The view of one broker: one shared log, and what this node may conclude from it (design 4.4, rules 1-6).

A broker delivers the messages on its topics to all subscribers in one order. A node that sees its own message come
back therefore knows that it has seen everything before it.
"""

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field
from statistics import median

from floatip.core.farewells import Vacancy, take_farewell
from floatip.core.messages import Bid, Body, Claim, Heartbeat, Message, Release
from floatip.core.peerlog import PeerLog
from floatip.core.peers import MAX_PEERS
from floatip.core.types import BrokerName, NodeName, Origin, Policy, Terms, VipName
from floatip.core.wills import Wills

NEVER = float("-inf")
ACKNOWLEDGED_S = 300.0
"""How long a peer that fell silent is still told what we heard of it last."""
RECENT_PLACES = 10
"""How far behind us a node that is alive may be in hearing a peer: two seconds of heartbeats by default."""
REMEMBERED = 400
"""How many messages of ours we know the send time of, for peers that acknowledge them."""


@dataclass(slots=True)
class Hold:
    """A claim of ours on this broker; ``confirmed`` when it came back with nothing before it that blocks it."""

    term: int
    origin: Origin
    sent_at: float
    confirmed: bool = False


@dataclass(slots=True)
class Heard:
    """What one message brought: VIPs to look at again, and what the engine must know beside them."""

    vips: set[VipName] = field(default_factory=set)
    fresh: bool = False
    """It is the next word of a live peer, not an old one or our own."""
    gap: bool = False
    new_session: bool = False
    echo: bool = False


class View:
    """One broker as one node sees it."""

    def __init__(self, broker: BrokerName, node: NodeName, lease_s: float, terms: Terms) -> None:
        self.broker = broker
        self.node = node
        self.lease_s = lease_s
        self.terms = terms
        self.session: int | None = None
        self.up_at = NEVER
        self.listening_since = float("inf")
        self.peers: dict[NodeName, PeerLog] = {}
        self.holds: dict[VipName, Hold] = {}
        self.vacancies: dict[VipName, Vacancy] = {}
        self.rtts: deque[float] = deque(maxlen=15)
        self._wills = Wills()
        self._origin = Origin(0, 0, -1)
        self._returned: Origin | None = None
        self._beat: Origin | None = None
        self._beat_sent_at = NEVER
        self._sent: dict[int, tuple[float, Body]] = {}
        self._sent_at: dict[int, float] = {}
        self.echo_at = NEVER
        """When a message of ours last came back."""
        self.newest_sent_at = NEVER
        """When the newest of those that came back was sent."""

    # -- the session ------------------------------------------------------------------------------------------------

    def session_up(self, incarnation: int, session: int, now: float) -> None:
        """Begin a session: listen first. A confirmed hold lives on until its lease ends: the log is the same."""
        self.session_down()
        self.session = session
        self.up_at = self.listening_since = self.echo_at = now
        self._origin = Origin(incarnation, session, -1)

    def session_down(self) -> None:
        """End the session: what has not come back never will."""
        self.session = None
        self.listening_since = float("inf")
        self._sent.clear()
        self._sent_at.clear()
        self.rtts.clear()
        self._void_pending()

    def distrust(self) -> None:
        """Forget every hold: this process stood still and may have missed its own end of office."""
        self.holds.clear()

    def _void_pending(self) -> None:
        self.holds = {vip: hold for vip, hold in self.holds.items() if hold.confirmed}

    @property
    def said(self) -> Origin:
        """Our last place in the present session."""
        return self._origin

    # -- speaking ---------------------------------------------------------------------------------------------------

    def say(self, body: Body, now: float) -> Message:
        """Give a body its place in the session and remember when it went out."""
        self._origin = Origin(self._origin.incarnation, self._origin.session, self._origin.seq + 1)
        self._sent[self._origin.seq] = (now, body)
        self._sent_at[self._origin.seq] = now
        self._sent_at.pop(self._origin.seq - REMEMBERED, None)
        if isinstance(body, Claim):
            for bid in body.bids:
                self.holds[bid.vip] = Hold(term=bid.term, origin=self._origin, sent_at=now)
        return Message(
            sender=self.node,
            origin=self._origin,
            terms=self.terms,
            body=body,
            seen={
                peer: log.origin
                for peer, log in self.peers.items()
                if now - max(log.heard_at, log.spoke_at) < ACKNOWLEDGED_S
            },
        )

    # -- hearing ----------------------------------------------------------------------------------------------------

    def hear(self, message: Message, policies: dict[VipName, Policy], now: float) -> Heard:
        """Take a live message: an echo of ours, or a peer's word."""
        if message.sender == self.node:
            return self._echo(message.origin, policies, now)
        return self._peer(message, policies.keys(), now)

    def _echo(self, origin: Origin, policies: dict[VipName, Policy], now: float) -> Heard:
        if (origin.incarnation, origin.session) != (self._origin.incarnation, self._origin.session):
            return Heard()
        sent = self._sent.pop(origin.seq, None)
        if sent is None:
            return Heard()
        heard = Heard(echo=True)
        sent_at, body = sent
        self.echo_at, self.newest_sent_at = now, sent_at
        self.rtts.append(now - sent_at)
        expected = self._returned
        if expected is not None and expected.session == origin.session and origin.seq != expected.seq + 1:
            heard.gap = True
            self._gap(now)
        self._returned = origin
        self.lapse(now)
        if isinstance(body, Heartbeat):
            self._beat, self._beat_sent_at = origin, sent_at
            self.lapse(now)
        elif isinstance(body, Claim):
            heard.vips |= self._claim_returned(body.bids, origin, policies, now)
        return heard

    def _claim_returned(
        self, bids: tuple[Bid, ...], origin: Origin, policies: dict[VipName, Policy], now: float
    ) -> set[VipName]:
        for bid in bids:
            hold = self.holds.get(bid.vip)
            if hold is None or hold.origin != origin:
                continue
            if self.blocked_until(bid.vip, policies[bid.vip]) > now or hold.sent_at + self.lease_s <= now:
                del self.holds[bid.vip]
            else:
                hold.confirmed = True
        return {bid.vip for bid in bids}

    def _peer(self, message: Message, known: Collection[VipName], now: float) -> Heard:
        heard = Heard()
        log = self.peers.get(message.sender)
        if log is None:
            if len(self.peers) >= MAX_PEERS:
                del self.peers[min(self.peers.values(), key=lambda one: one.heard_at).node]
            log = self.peers[message.sender] = PeerLog(node=message.sender, terms=message.terms, origin=message.origin)
            in_order, heard.new_session = message.origin.seq == 0, True
        else:
            before = log.origin
            place = log.place(message.origin)
            if place is None:
                log.spoke_at = now
                return heard
            in_order = place
            heard.new_session = (before.incarnation, before.session) != (log.origin.incarnation, log.origin.session)
        if log.in_session != self.session:
            settling = now - self.up_at <= 3 * message.terms.heartbeat_s
            log.in_session, in_order = self.session, in_order or settling
        if not in_order:
            heard.gap = True
            self._gap(now)
        heard.fresh = True
        log.heard_at, log.terms = now, message.terms
        self._acknowledged(log, message)
        heard.vips |= self._take(log, message, known, now)
        return heard

    def _acknowledged(self, log: PeerLog, message: Message) -> None:
        mine = message.seen.get(self.node)
        if mine is None or (mine.incarnation, mine.session) != (self._origin.incarnation, self._origin.session):
            return
        log.covers_at = max(log.covers_at, self._sent_at.get(mine.seq, NEVER))

    def will(self, message: Message, now: float) -> str | None:
        """Take a last will; return why it proves nothing, or None: its sender is dead if nothing more comes of it."""
        listened = now - self.listening_since >= self.terms.owner_down_s(Policy.KEEP)
        return self._wills.take(message, self.peers, listened=listened, now=now)

    def _take(self, log: PeerLog, message: Message, known: Collection[VipName], now: float) -> set[VipName]:
        match message.body:
            case Heartbeat() as body:
                blocked_all = log.unresolved
                changed = log.heartbeat(body, now)
                return {*known, *changed} if blocked_all and not log.unresolved else changed
            case Claim() as body:
                self._yield_to(body, message, now)
                return log.claim(body, known, now)
            case Release() as body:
                take_farewell(self.vacancies, log, body, known, now)
                return log.release(body)
            case _:
                return set()

    def _yield_to(self, body: Claim, message: Message, now: float) -> None:
        """Rule 6: a claimant that had seen all that we got back has waited us out; another's claim is void."""
        self.lapse(now)
        seen = message.seen.get(self.node)
        if seen is None or self._returned is None or seen < self._returned:
            return
        for bid in body.bids:
            hold = self.holds.get(bid.vip)
            if hold is not None and hold.confirmed:
                del self.holds[bid.vip]

    def _gap(self, now: float) -> None:
        """Rule 5: something was missed, so pending claims are void and listening begins anew."""
        self.listening_since = now
        self._void_pending()

    def is_of_now(self, message: Message, acknowledged_since: float = NEVER) -> bool:
        """Whether the sender has lately heard a peer whom we hear too, and who has heard us: no recording can have."""
        return any(
            log.covers_at >= acknowledged_since
            and (place := message.seen.get(peer)) is not None
            and (place.incarnation, place.session) == (log.origin.incarnation, log.origin.session)
            and log.origin.seq - place.seq <= RECENT_PLACES
            for peer, log in self.peers.items()
        )

    def held_until(self, vip: VipName) -> float:
        """When the hold on the VIP lapses unless another heartbeat comes back (rule 1); NEVER if there is none."""
        fresh_at = self.fresh_at(vip)
        return fresh_at + self.lease_s

    def fresh_at(self, vip: VipName) -> float:
        """When the newest message that came back and upholds the VIP was sent."""
        hold = self.holds.get(vip)
        if hold is None or not hold.confirmed:
            return NEVER
        if self._beat is not None and self._beat > hold.origin:
            return max(hold.sent_at, self._beat_sent_at)
        return hold.sent_at

    def upheld_until(self) -> float:
        """When whatever the last heartbeat that came back upholds lapses: no hold does so earlier."""
        return self._beat_sent_at + self.lease_s

    def rests_on_heartbeats(self, vip: VipName) -> bool:
        """Whether the VIP is held here for as long as heartbeats come back, and not by its claim any more."""
        hold = self.holds.get(vip)
        return hold is not None and hold.confirmed and self._beat is not None and self._beat > hold.origin

    def lapse(self, now: float) -> None:
        """Rule 2: a hold that lapsed, even for an instant, is gone."""
        if now < self._beat_sent_at + self.lease_s:
            return
        if any(hold.confirmed and self.held_until(vip) <= now for vip, hold in self.holds.items()):
            self.holds = {
                vip: hold for vip, hold in self.holds.items() if not hold.confirmed or self.held_until(vip) > now
            }

    def held(self, vip: VipName, now: float) -> bool:
        """Whether this node holds the VIP on this broker."""
        return self.held_until(vip) > now

    def lacks(self, vip: VipName, now: float) -> bool:
        """Whether this node neither holds the VIP here nor has a claim out."""
        hold = self.holds.get(vip)
        return hold is None or (hold.confirmed and not self.held(vip, now))

    def give_up(self, vip: VipName) -> None:
        """Hold and claim it no longer."""
        self.holds.pop(vip, None)

    def blocked_until(self, vip: VipName, policy: Policy) -> float:
        """Until when a peer's listing or claim keeps this node from claiming (rule 4)."""
        mine_s = self.terms.owner_down_s(policy)
        return max((log.blocks_until(vip, policy, mine_s) for log in self.peers.values()), default=NEVER)

    def claimable_at(self, vip: VipName, policy: Policy, listen_s: float) -> float:
        """From when on this node may claim the VIP here (rules 4 and 5); infinity without a session."""
        return max(self.listening_since + listen_s, self.blocked_until(vip, policy))

    def dead_from(self, node: NodeName) -> float:
        """From when on the node's will proves its death here; infinity if nothing does."""
        log = self.peers.get(node)
        return log.dead_from() if log is not None else float("inf")

    def rtt_s(self) -> float | None:
        """The median of the last echoes."""
        return median(self.rtts) if self.rtts else None
