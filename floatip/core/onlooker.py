"""What every node hears of a handover that others make: its steps, for `events` and whoever waits for them.

Knows: what was said and announced. Never: acts on it.
"""

from dataclasses import dataclass

from floatip.core.messages import Bid, Claim, Message, Release, Reply, Request, Verb, Verdict
from floatip.core.situation import Situation
from floatip.core.types import Mac, NodeName, VipName

REMEMBERED = 64
FORGOTTEN_S = 3.0
"""A handover of which nothing was heard for so long is no longer told of."""
OVER = "over"


@dataclass(slots=True)
class Underway:
    """One handover as seen from outside; times in seconds."""

    by: NodeName
    to: NodeName
    stage: str
    at: float
    announced: bool = False


class Onlooker:
    """All handovers in this node's sight, its own included."""

    def __init__(self, situation: Situation) -> None:
        self._s = situation
        self._seen: dict[VipName, Underway] = {}
        self._asked: dict[str, NodeName] = {}
        """Who was asked to get ready, by the id of the request."""

    def of(self, vip: VipName, now: float) -> Underway | None:
        """The handover of this VIP that is under way."""
        one = self._seen.get(vip)
        return one if one is not None and one.stage != OVER and now - one.at < FORGOTTEN_S else None

    def heard(self, message: Message, now: float) -> None:
        """Take in one message, a peer's or our own echo; what several brokers deliver counts once."""
        match message.body:
            case Request(verb=Verb.PREPARE) as asked if asked.id not in self._asked:
                self._prepare(message.sender, asked, now)
            case Reply() as reply if reply.id in self._asked:
                for vip in reply.vips:
                    self._replied(vip, message.sender, reply, now)
            case Release() as left:
                self._left(message.sender, left, now)
            case Claim() as claim:
                for bid in claim.bids:
                    self._claimed(message.sender, bid, now)
            case _:
                pass

    def _prepare(self, owner: NodeName, asked: Request, now: float) -> None:
        for vip in asked.vips:
            self._step(vip, Underway(owner, asked.at, "asked", now), "{by} asks {to} to take {vip}")
        self._asked[asked.id] = asked.at
        while len(self._asked) > REMEMBERED:
            del self._asked[next(iter(self._asked))]

    def _left(self, owner: NodeName, left: Release, now: float) -> None:
        for vip in left.vips:
            one = self._seen.get(vip)
            if left.to is not None:
                said = "{by} releases {vip} to {to}" + (", and keeps it until then" if left.kept else "")
                self._step(vip, Underway(owner, left.to, "released", now), said)
            elif left.vacated and one is not None and one.by == owner and one.stage not in {"asked", OVER}:
                self._end(one, vip, f"{one.by} has removed {vip}", now)

    def _claimed(self, node: NodeName, bid: Bid, now: float) -> None:
        one = self._seen.get(bid.vip)
        if one is not None and one.to == node and one.stage == "released":
            one.stage, one.at = "claimed", now
            self._s.step(bid.vip, f"{one.to} claims {bid.vip} (term {bid.term})")

    def answered(self, vip: VipName, mac: Mac, now: float) -> None:
        """Somebody announces an address of the VIP."""
        one = self._seen.get(vip)
        if one is None or one.announced or one.stage not in {"released", "claimed"}:
            return
        if self._s.peers.by_mac(mac) == one.to:
            one.announced, one.at = True, now
            self._s.step(vip, f"{one.to} announces {vip}")

    def _replied(self, vip: VipName, sender: NodeName, reply: Reply, now: float) -> None:
        one = self._seen.get(vip)
        if one is None or one.stage != "asked" or not one.to == sender == self._asked[reply.id]:
            return
        if reply.verdict is Verdict.ACCEPTED:
            one.stage, one.at = "ready", now
            self._s.step(vip, reply.text)
        else:
            self._end(one, vip, f"{one.to} refuses: {reply.text}", now)

    def _step(self, vip: VipName, now_is: Underway, text: str) -> None:
        """Note it, unless a broker that is behind tells of what is past, or of what this node does not know."""
        known = self._seen.get(vip)
        if vip not in self._s.policies:
            return
        if (
            known is not None
            and now_is.stage == "released"
            and known.stage in {"released", "claimed", OVER}
            and (known.by, known.to) == (now_is.by, now_is.to)
            and now_is.at - known.at < FORGOTTEN_S
        ):
            return
        self._seen[vip] = now_is
        self._s.step(vip, text.format(by=now_is.by, to=now_is.to, vip=vip))

    def _end(self, one: Underway, vip: VipName, text: str, now: float) -> None:
        one.stage, one.at = OVER, now
        self._s.step(vip, text)
