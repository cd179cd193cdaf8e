"""What an operator asks of one node, and that answers in one word: announce, errands. Never: how it is done."""

from dataclasses import dataclass

from floatip.core.effects import Answer, Outcome, Progress
from floatip.core.events import AnnounceAsked, ErrandAsked
from floatip.core.messages import Reply, Request, Verb, Verdict
from floatip.core.owners import owner_of
from floatip.core.requests import Requests
from floatip.core.situation import Situation
from floatip.core.types import NodeName, VipName
from floatip.core.vip import Vip

OUTCOMES = {Verdict.ACCEPTED: Outcome.PROVEN, Verdict.REFUSED: Outcome.REFUSED, Verdict.FAILED: Outcome.FAILED}


@dataclass(frozen=True, slots=True)
class Question:
    """One that has no answer yet; until when it waits, in seconds."""

    id: str
    about: str
    at: NodeName
    until: float


class Asking:
    """All questions that were asked through this node."""

    def __init__(self, situation: Situation, vips: dict[VipName, Vip], requests: Requests) -> None:
        self._s = situation
        self._vips = vips
        self._requests = requests
        self._open: dict[str, Question] = {}
        self._own: list[Request] = []

    def announce(self, event: AnnounceAsked, now: float) -> None:
        """An operator wants a VIP announced again."""
        vip = self._vips.get(event.vip)
        owner, _ = owner_of(self._s, vip, now) if vip is not None else (None, 0)
        if owner is None:
            text = f"nobody owns {event.vip}, so nobody can announce it"
            self._s.do(Answer(id=event.id, about=event.vip, outcome=Outcome.REFUSED, text=text))
            return
        request = Request(id=event.id, verb=Verb.ANNOUNCE, at=owner, vips=(event.vip,), expires_s=event.timeout_s)
        self._ask(Question(event.id, event.vip, owner, now + event.timeout_s), request, now)

    def errand(self, event: ErrandAsked, now: float) -> None:
        """An operator wants something done on one host."""
        request = Request(id=event.id, verb=Verb.ERRAND, at=event.at, errand=event.errand, expires_s=event.timeout_s)
        self._ask(Question(event.id, event.at, event.at, now + event.timeout_s), request, now)

    def _ask(self, question: Question, request: Request, now: float) -> None:
        self._open[question.id] = question
        if question.at == self._s.node:
            self._own.append(request)
        else:
            self._requests.ask(request, now)
            self._s.do(Progress(id=question.id, about=question.about, text=f"asked {question.at}"))

    def take_own(self) -> list[Request]:
        """The requests that this node is to carry out itself."""
        own, self._own = self._own, []
        return own

    def replied(self, reply: Reply, sender: NodeName) -> None:
        """The answer, if it is one to a question asked here, of the node that was asked."""
        question = self._open.get(reply.id)
        if question is None or question.at != sender:
            return
        del self._open[reply.id]
        outcome = OUTCOMES[reply.verdict]
        self._s.do(Answer(id=reply.id, about=question.about, outcome=outcome, text=reply.text, data=reply.data))

    def settle(self, now: float) -> float | None:
        """Give up what has waited for too long; return when to look again."""
        for question in [one for one in self._open.values() if now >= one.until]:
            del self._open[question.id]
            text = f"{question.at} has not answered; `floatip status` shows whether it is alive"
            self._s.do(Answer(id=question.id, about=question.about, outcome=Outcome.TIMED_OUT, text=text))
        return min((one.until for one in self._open.values()), default=None)
