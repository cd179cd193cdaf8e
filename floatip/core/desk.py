"""Where operators' wishes come in, and peers' requests, and where their answers go out. Knows: who does what.

Never: does it.
"""

from collections.abc import Iterable

from floatip.core import events as ev
from floatip.core.asking import Asking
from floatip.core.messages import Message, Reply, Request, Verb
from floatip.core.moves import Moves
from floatip.core.onlooker import Onlooker
from floatip.core.orders import Orders
from floatip.core.preparation import Preparations
from floatip.core.requests import Requests
from floatip.core.situation import Situation
from floatip.core.spreading import Spreading
from floatip.core.types import NodeName, Role, VipName
from floatip.core.vip import Vip

PREPARE_S = 1.0
"""A target that hears of it later than that has been asked in vain."""
Wish = ev.FailoverAsked | ev.AnnounceAsked | ev.DirectiveAsked | ev.ErrandAsked | ev.ErrandDone


class Desk:
    """One node's desk; times in seconds."""

    def __init__(self, situation: Situation, vips: dict[VipName, Vip], onlooker: Onlooker) -> None:
        self._s = situation
        self._vips = vips
        self._onlooker = onlooker
        self._requests = Requests(situation)
        self._preparations = Preparations(situation, vips)
        self._orders = Orders(situation, vips, self._preparations, self._reply)
        self._moves = Moves(situation, vips, self._requests)
        self._asking = Asking(situation, vips, self._requests)
        self._spreading = Spreading(situation, vips)

    # -- what comes in ------------------------------------------------------------------------------------------------

    def asked(self, event: Wish, now: float) -> None:
        """An operator at this node wants something; or this host has done an errand."""
        match event:
            case ev.FailoverAsked():
                self._moves.asked(event, now)
            case ev.AnnounceAsked():
                self._asking.announce(event, now)
            case ev.ErrandAsked():
                self._asking.errand(event, now)
            case ev.DirectiveAsked():
                self._spreading.asked(event, now)
            case ev.ErrandDone():
                self._orders.errand_done(event, now)

    def heard(self, message: Message, age_s: float, now: float) -> None:
        """A peer's word that may be a request, a reply, or a step of a handover."""
        match message.body:
            case Request() as request:
                self._onlooker.heard(message, now)
                if self._requests.take(request, message.sender, age_s, now):
                    self._orders.take(request, message.sender, now)
            case Reply() as reply:
                self._onlooker.heard(message, now)
                self._replied(reply, message.sender, now)
            case _:
                self._onlooker.heard(message, now)

    def echoed(self, message: Message, now: float) -> None:
        """A word of ours has come back."""
        self._onlooker.heard(message, now)

    def answered(self, event: ev.Answered, now: float) -> None:
        """A MAC answers for an address of a VIP, or announces it."""
        self._preparations.answered(event.vip, event.mac)
        if event.announced:
            self._onlooker.answered(event.vip, event.mac, now)

    def forget(self, vips: Iterable[VipName]) -> None:
        """These VIPs are not here any more, or begun anew."""
        self._preparations.forget(vips)

    # -- what goes out ------------------------------------------------------------------------------------------------

    def _reply(self, reply: Reply, asker: NodeName, now: float) -> None:
        """Answer whoever asked: a peer, or an operator at this node."""
        if asker == self._s.node:
            self._moves.reply(reply, asker)
            self._asking.replied(reply, asker)
        else:
            self._requests.reply(reply, asker, now)

    def _replied(self, reply: Reply, sender: NodeName, now: float) -> None:
        self._requests.replied(reply, sender)
        self._moves.reply(reply, sender)
        self._asking.replied(reply, sender)
        for name in reply.vips:
            vip = self._vips.get(name)
            if vip is None or reply.id != vip.handover.request_id:
                continue
            if vip.handover.replied(sender, reply.verdict, reply.text) and vip.role is Role.OWNER:
                vip.give(now)

    def open(self, now: float) -> set[VipName]:
        """Carry out what operators at this node want of this node; return the VIPs that it concerns."""
        requests = self._moves.take_own() + self._asking.take_own()
        for request in requests:
            self._orders.take(request, self._s.node, now)
        return {name for request in requests for name in request.vips if name in self._vips}

    def settle(self, incarnation: int, now: float) -> float | None:
        """Go on with everything; return when to look again."""
        self._ask_to_prepare(incarnation, now)
        replies, look_at = self._preparations.settle(now)
        for reply, owner in replies:
            self._requests.reply(reply, owner, now)
        self._orders.settle(now)
        for step in self._s.tell_steps():
            self._moves.tell(step)
        times = (
            look_at,
            self._requests.settle(now),
            self._moves.settle(now),
            self._asking.settle(now),
            self._spreading.settle(now),
        )
        return min((at for at in times if at is not None), default=None)

    def _ask_to_prepare(self, incarnation: int, now: float) -> None:
        expires_s = max(PREPARE_S, 3 * self._s.timing.heartbeat_s)
        for (target, look, preempts), names in self._s.outbox.prepares.items():
            id_ = self._requests.new_id(incarnation)
            for name in names:
                self._vips[name].handover.request_id = id_
            request = Request(
                id=id_,
                verb=Verb.PREPARE,
                at=target,
                vips=tuple(names),
                look=look,
                preempts=preempts,
                expires_s=expires_s,
            )
            self._requests.ask(request, now, once=True)
        self._s.outbox.prepares.clear()

    def take_said(self) -> list[Request | Reply]:
        """What is to be said on all brokers."""
        said, self._requests.say = self._requests.say, []
        return said
