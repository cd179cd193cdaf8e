"""An operator's failover, from the question to the proof (design section 7). Knows: who asked. Never: does it."""

from dataclasses import dataclass

from floatip.core.effects import Answer, Outcome, Progress
from floatip.core.events import FailoverAsked
from floatip.core.messages import Reply, Request, Verb, Verdict
from floatip.core.owners import owner_of, verified_by
from floatip.core.requests import Requests
from floatip.core.situation import Situation, Step
from floatip.core.types import NodeName, VipName
from floatip.core.vip import Vip

FEW = 16
PROOF_S = 1.0
"""How long to wait for a witness once the new owner has spoken."""


@dataclass(slots=True)
class Move:
    """One VIP whose failover was asked through this node."""

    id: str
    vip: Vip
    former: NodeName
    former_term: int
    to: NodeName | None
    until: float
    accepted: bool = False
    failed: str | None = None
    owner: NodeName | None = None
    prove_until: float = float("inf")


def request_id(id_: str, owner: NodeName) -> str:
    """The id of the request to one owner, of several that one question may take."""
    return f"{id_}.{owner}"[:64]


class Moves:
    """All failovers under way that were asked through this node."""

    def __init__(self, situation: Situation, vips: dict[VipName, Vip], requests: Requests) -> None:
        self._own: list[Request] = []
        self._s = situation
        self._vips = vips
        self._requests = requests
        self._moves: dict[tuple[str, VipName], Move] = {}
        self._again_at = float("-inf")

    def asked(self, event: FailoverAsked, now: float) -> None:
        """An operator asks here."""
        owners: dict[NodeName, list[VipName]] = {}
        for name in event.vips:
            vip = self._vips.get(name)
            owner, term = owner_of(self._s, vip, now) if vip is not None else (None, 0)
            if vip is None:
                self._answer(event.id, name, Outcome.REFUSED, f"no VIP is named {name} here")
            elif owner is None:
                self._answer(event.id, name, Outcome.REFUSED, f"nobody owns {name}, so there is nothing to move")
            elif owner == event.to:
                self._answer(event.id, name, Outcome.PROVEN, f"{owner} owns {name} already")
            else:
                self._moves[event.id, name] = Move(event.id, vip, owner, term, event.to, now + event.timeout_s)
                owners.setdefault(owner, []).append(name)
        for owner, names in owners.items():
            self._pass_on(event, owner, tuple(names), now)

    def _pass_on(self, event: FailoverAsked, owner: NodeName, names: tuple[VipName, ...], now: float) -> None:
        id_ = request_id(event.id, owner)
        request = Request(id=id_, verb=Verb.FAILOVER, at=owner, vips=names, to=event.to, expires_s=event.timeout_s)
        if owner == self._s.node:
            self._own.append(request)
            return
        self._requests.ask(request, now)
        for name in names:
            self._s.do(Progress(id=event.id, about=name, text=f"asked {owner}, the owner"))

    def take_own(self) -> list[Request]:
        """The requests that this node is to carry out itself."""
        own, self._own = self._own, []
        return own

    def reply(self, reply: Reply, sender: NodeName) -> None:
        """The owner says what becomes of it."""
        for (id_, name), move in list(self._moves.items()):
            if reply.id != request_id(id_, sender) or name not in reply.vips or move.former != sender:
                continue
            if reply.verdict is Verdict.ACCEPTED:
                move.accepted = True
            elif reply.verdict is Verdict.FAILED:
                move.failed = reply.text
            elif not move.accepted:
                self._end(move, Outcome.REFUSED, reply.text)

    def tell(self, step: Step) -> None:
        """Show a step to the operators who wait for it."""
        for move in self._moves.values():
            if move.vip.spec.name == step.vip:
                self._s.do(Progress(id=move.id, about=step.vip, text=step.text))

    def settle(self, now: float) -> float | None:
        """Follow each move to its end; return when to look again. Many are looked at now and then."""
        if len(self._moves) > FEW and now < self._again_at:
            return self._again_at
        self._again_at = now + self._s.timing.heartbeat_s / 8
        for move in list(self._moves.values()):
            self._follow(move, now)
        ends = [min(move.until, move.prove_until) for move in self._moves.values()]
        return min(*ends, self._again_at) if len(ends) > FEW else min(ends, default=None)

    def _follow(self, move: Move, now: float) -> None:
        name = move.vip.spec.name
        owner, term = owner_of(self._s, move.vip, now)
        if owner is None or owner == move.former or term <= move.former_term:
            move.owner, move.prove_until = None, float("inf")
            if move.failed is not None:
                self._end(move, Outcome.FAILED, move.failed)
            elif now >= move.until:
                self._end(move, Outcome.TIMED_OUT, f"{name} is owned by {owner or 'nobody'}")
            return
        if owner != move.owner:
            move.owner, move.prove_until = owner, now + PROOF_S
            self._s.do(Progress(id=move.id, about=name, text=f"{owner} owns {name} (term {term})"))
        seen_by = verified_by(self._s, move.vip, now)
        if not seen_by and now < min(move.prove_until, move.until):
            return
        if move.to is not None and owner != move.to:
            self._end(move, Outcome.FAILED, f"{owner} owns {name}, not {move.to}: {move.failed or 'the move failed'}")
        elif seen_by:
            self._end(move, Outcome.PROVEN, f"{owner} owns {name}, seen on the LAN by {', '.join(seen_by)}")
        else:
            self._end(move, Outcome.UNPROVEN, f"{owner} owns {name}, but no other node has seen it on the LAN")

    def _end(self, move: Move, outcome: Outcome, text: str) -> None:
        del self._moves[move.id, move.vip.spec.name]
        self._answer(move.id, move.vip.spec.name, outcome, text)

    def _answer(self, id_: str, name: VipName, outcome: Outcome, text: str) -> None:
        self._s.do(Answer(id=id_, about=name, outcome=outcome, text=text))
