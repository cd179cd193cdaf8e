"""What this node does at another's request, or an operator's: verbs to deeds. Knows: who may ask what.

Never: the way back; an operator at this very node gets replies by the same door as a peer.
"""

from collections.abc import Callable

from floatip.core.effects import Kind, RunErrand
from floatip.core.errands import may_not
from floatip.core.events import ErrandDone
from floatip.core.handover import Order, Stage, targets
from floatip.core.messages import Reply, Request, Verb, Verdict
from floatip.core.preparation import Preparations
from floatip.core.situation import Situation
from floatip.core.types import NodeName, Role, VipName
from floatip.core.vip import SEATED, Vip


class Orders:
    """Everything that was asked of this node; ``reply`` takes what is to be said to whoever asked."""

    def __init__(
        self,
        situation: Situation,
        vips: dict[VipName, Vip],
        preparations: Preparations,
        reply: Callable[[Reply, NodeName, float], None],
    ) -> None:
        self._s = situation
        self._vips = vips
        self._preparations = preparations
        self._reply = reply
        self._errands: dict[str, tuple[NodeName, str]] = {}
        """Who asked for each errand under way, and by which request."""
        self._count = 0

    def take(self, request: Request, asker: NodeName, now: float) -> None:
        """Do it, or say why not."""
        if request.verb is not Verb.PREPARE:
            what = request.errand.task if request.errand is not None else request.verb
            about = ", ".join(request.vips[:5]) or (request.errand.address if request.errand is not None else "")
            self._s.tell(Kind.OPERATOR, f"an operator at {asker} asks for {what} of {about or self._s.node}")
        match request.verb:
            case Verb.FAILOVER:
                self._failover(request, asker, now)
            case Verb.PREPARE:
                self._preparations.asked(request, asker, now)
            case Verb.ANNOUNCE:
                self._announce(request, asker, now)
            case Verb.ERRAND:
                self._errand(request, asker, now)

    # -- failover -----------------------------------------------------------------------------------------------------

    def _failover(self, request: Request, asker: NodeName, now: float) -> None:
        """Begin to hand the VIPs over, each of which somebody can take."""
        replies: dict[tuple[Verdict, str], list[VipName]] = {}
        for name in request.vips:
            why, who = self._why_not(name, request.to, now)
            if why is not None:
                replies.setdefault((Verdict.REFUSED, why), []).append(name)
                continue
            order = Order(why="an operator moves it", targets=who, id=request.id, asker=asker)
            self._vips[name].handover.begin(order, now)
            replies.setdefault((Verdict.ACCEPTED, f"{self._s.node} hands it over"), []).append(name)
        for (verdict, text), names in replies.items():
            self._reply(Reply(id=request.id, verdict=verdict, text=text, vips=tuple(names)), asker, now)

    def _why_not(self, name: VipName, to: NodeName | None, now: float) -> tuple[str | None, tuple[NodeName, ...]]:
        """Why the VIP cannot be moved; or None, and to whom it can."""
        vip, why = self._vips.get(name), self._immovable(name, to)
        if vip is None or why is not None:
            return why or f"{self._s.node} does not own {name}", ()
        able = targets(self._s, vip.spec, now)
        if to is not None and to not in able:
            return f"{to} cannot take {name} now", ()
        return (None, able if to is None else (to,)) if able else (f"no other node can take {name} now", ())

    def _immovable(self, name: VipName, to: NodeName | None) -> str | None:
        """Why the VIP cannot leave this node, wherever it is to go."""
        vip, node = self._vips.get(name), self._s.node
        if vip is None or vip.role not in SEATED:
            return f"{node} does not own {name}"
        if vip.role is Role.ISOLATED:
            return f"{node} is isolated: without a quorum nobody can take {name} over"
        if self._s.directives.frozen_for(name) not in {None, to}:
            return f"{name} is frozen: `floatip thaw {name}` first"
        if vip.handover.stage is not Stage.NONE:
            return f"{node} is handing {name} over to {vip.handover.target} already"
        return None

    def settle(self, now: float) -> None:
        """Tell operators of orders that came to nothing."""
        failures, self._s.failures = self._s.failures, []
        for failure in failures:
            reply = Reply(id=failure.id, verdict=Verdict.FAILED, text=failure.why, vips=(failure.vip,))
            self._reply(reply, failure.asker or self._s.node, now)

    # -- the rest -----------------------------------------------------------------------------------------------------

    def _announce(self, request: Request, asker: NodeName, now: float) -> None:
        for name in request.vips:
            vip, node = self._vips.get(name), self._s.node
            if vip is None or vip.role not in SEATED:
                verdict, text = Verdict.REFUSED, f"{node} does not own {name}"
            else:
                vip.binding.announce(now)
                verdict, text = Verdict.ACCEPTED, f"{node} announces {name} again"
            self._reply(Reply(id=request.id, verdict=verdict, text=text, vips=(name,)), asker, now)

    def _errand(self, request: Request, asker: NodeName, now: float) -> None:
        errand = request.errand
        why = may_not(self._s, errand) if errand is not None else "no errand was named"
        if errand is None or why is not None:
            self._reply(Reply(id=request.id, verdict=Verdict.REFUSED, text=why or ""), asker, now)
            return
        self._count += 1
        id_ = f"errand {self._count}"
        self._errands[id_] = asker, request.id
        self._s.do(RunErrand(id=id_, errand=errand))

    def errand_done(self, event: ErrandDone, now: float) -> None:
        """This host has done an errand."""
        asker, id_ = self._errands.pop(event.id, (None, ""))
        if asker is not None:
            verdict = Verdict.ACCEPTED if event.done else Verdict.FAILED
            self._reply(Reply(id=id_, verdict=verdict, text=event.text, data=event.data), asker, now)
