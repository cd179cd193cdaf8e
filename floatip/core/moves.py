"""An operator's failover: from the question to the proof (design section 7). Knows: requests and replies."""

from dataclasses import dataclass

from floatip.core.effects import Answer, Kind, Outcome, Progress
from floatip.core.events import FailoverAsked
from floatip.core.messages import Reply, Request, Verb
from floatip.core.rivals import incumbent
from floatip.core.situation import Situation
from floatip.core.types import NodeName, Role, VipName
from floatip.core.vip import SEATED, Vip
from floatip.core.witness import seen_by

PROOF_S = 1.0
"""How long to wait for a witness once the new owner has spoken."""
REMEMBERED = 64


@dataclass(slots=True)
class Move:
    """One failover that was asked through this node."""

    id: str
    vip: Vip
    former: NodeName
    former_term: int
    to: NodeName | None
    until: float
    accepted: bool = False
    owner: NodeName | None = None
    prove_until: float = float("inf")


class Moves:
    """All failovers under way that concern this node."""

    def __init__(self, situation: Situation, vips: dict[VipName, Vip]) -> None:
        self._s = situation
        self._vips = vips
        self._moves: dict[str, Move] = {}
        self._done: dict[str, Reply] = {}
        self.say: list[Request | Reply] = []

    def asked(self, event: FailoverAsked, now: float) -> None:
        """An operator asks here."""
        vip = self._vips.get(event.vip)
        if vip is None:
            self._refuse(event.id, f"no VIP is named {event.vip} here")
            return
        owner, term = self.owner(vip, now)
        if owner is None:
            self._refuse(event.id, f"nobody owns {event.vip}, so there is nothing to move")
        elif owner == event.to:
            self._s.do(Answer(id=event.id, outcome=Outcome.PROVEN, text=f"{owner} owns {event.vip} already"))
        else:
            self._moves[event.id] = Move(event.id, vip, owner, term, event.to, now + event.timeout_s)
            request = Request(
                id=event.id, verb=Verb.FAILOVER, at=owner, vip=event.vip, to=event.to, expires_s=event.timeout_s
            )
            if owner == self._s.node:
                self._reply(self._act(request, now))
            else:
                self.say.append(request)
                self._s.do(Progress(id=event.id, text=f"asked {owner}, the owner"))

    def request(self, request: Request, asker: NodeName, age_s: float, now: float) -> None:
        """A peer passes an operator's request on; each is carried out once, however many brokers bring it.

        ``age_s``: it cannot be older, since the asker had heard us then; one for which nobody waits is not carried out.
        """
        if request.at != self._s.node or age_s > request.expires_s:
            return
        reply = self._done.get(request.id)
        if reply is None:
            self._s.tell(Kind.OPERATOR, f"an operator at {asker} asks for failover of {request.vip}", vip=request.vip)
            reply = self._act(request, now)
            self._done[request.id] = reply
            while len(self._done) > REMEMBERED:
                del self._done[next(iter(self._done))]
            self.say.append(reply)

    def reply(self, reply: Reply) -> None:
        """The owner answers."""
        self._reply(reply)

    def _reply(self, reply: Reply) -> None:
        move = self._moves.get(reply.id)
        if move is None:
            return
        if reply.accepted and not move.accepted:
            move.accepted = True
            self._s.do(Progress(id=reply.id, text=reply.text))
        elif not reply.accepted:
            del self._moves[reply.id]
            self._refuse(reply.id, reply.text)

    def _act(self, request: Request, now: float) -> Reply:
        """Let go of the VIP, if somebody can take it."""
        vip, node = self._vips.get(request.vip), self._s.node
        if vip is None or vip.role not in SEATED:
            return Reply(id=request.id, accepted=False, text=f"{node} does not own {request.vip}")
        able = [one.node for one in self._s.peers.candidates(vip.spec, self._s.owner_down_s(vip.spec.policy), now)]
        if request.to is not None and request.to not in able:
            return Reply(id=request.id, accepted=False, text=f"{request.to} cannot take {request.vip} now")
        if not able:
            return Reply(id=request.id, accepted=False, text=f"no other node can take {request.vip} now")
        if vip.role is Role.ISOLATED:
            return Reply(
                id=request.id, accepted=False, text=f"{node} is isolated: without a quorum nobody can take over"
            )
        vip.leave(f"an operator moves it to {request.to or 'the best backup'}", now, to=request.to)
        return Reply(id=request.id, accepted=True, text=f"{node} gives {request.vip} up")

    def owner(self, vip: Vip, now: float) -> tuple[NodeName | None, int]:
        """The owner and its term, as this node knows it."""
        if vip.role in SEATED:
            return self._s.node, vip.term
        other = incumbent(self._s, vip.spec, now)
        return (other.node, other.term) if other else (None, 0)

    def settle(self, now: float) -> float | None:
        """Follow each move to its end; return when to look again."""
        for move in list(self._moves.values()):
            self._follow(move, now)
        return min((min(move.until, move.prove_until) for move in self._moves.values()), default=None)

    def _follow(self, move: Move, now: float) -> None:
        name = move.vip.spec.name
        owner, term = self.owner(move.vip, now)
        moved = owner is not None and owner != move.former and term > move.former_term
        if not moved:
            move.owner, move.prove_until = None, float("inf")
        elif owner != move.owner:
            move.owner, move.prove_until = owner, now + PROOF_S
            self._s.do(Progress(id=move.id, text=f"{owner} owns {name} (term {term})"))
        if moved and (seen_by := self.verified_by(move.vip, now)):
            self._end(move, Outcome.PROVEN, f"{owner} owns {name}, seen on the LAN by {', '.join(seen_by)}")
        elif moved and now >= min(move.prove_until, move.until):
            self._end(move, Outcome.UNPROVEN, f"{owner} owns {name}, but no other node has seen it on the LAN")
        elif now >= move.until:
            self._end(move, Outcome.TIMED_OUT, f"{name} is owned by {owner or 'nobody'}")

    def verified_by(self, vip: Vip, now: float) -> tuple[NodeName, ...]:
        """The nodes that saw the owner's MAC answer for the VIP while its present term lasted."""
        owner, term = self.owner(vip, now)
        if owner is None:
            return ()
        seen = set(seen_by(self._s, vip.spec.name, owner, term))
        mine = vip.succession.witness.seen
        if owner != self._s.node and mine is not None and mine.term == term and mine.mac in self._s.peers.macs(owner):
            seen.add(self._s.node)
        return tuple(sorted(seen - {owner}))

    def _end(self, move: Move, outcome: Outcome, text: str) -> None:
        del self._moves[move.id]
        self._s.do(Answer(id=move.id, outcome=outcome, text=text))

    def _refuse(self, request_id: str, text: str) -> None:
        self._s.do(Answer(id=request_id, outcome=Outcome.REFUSED, text=text))
