"""What to make of a message: an echo, a peer's word, a request, our own past. Knows: who said it. Never: acts on it."""

from dataclasses import dataclass, field

from floatip.core.desk import Desk
from floatip.core.effects import Kind
from floatip.core.events import Received
from floatip.core.incidents import parted
from floatip.core.messages import Message, Release, Reply, Request, State, Will
from floatip.core.namesake import Namesakes
from floatip.core.situation import Situation
from floatip.core.speech import Speech
from floatip.core.spreading import adopt
from floatip.core.types import BELIEVED, VipName
from floatip.core.view import Heard, View
from floatip.core.vigil import Vigil
from floatip.core.vip import Vip


@dataclass(slots=True)
class Overheard:
    """What follows from one message."""

    vips: set[VipName] = field(default_factory=set)
    """To be looked at again."""
    everything: bool = False
    """All of them are."""
    echo: bool = False
    later_life: int | None = None
    """Somebody has heard more of this incarnation of ours than we said in the present one."""
    namesake: bool = False
    """Another daemon lives under our name."""


class Ears:
    """Sorts what the brokers deliver."""

    def __init__(
        self, situation: Situation, vips: dict[VipName, Vip], speech: Speech, desk: Desk, vigil: Vigil
    ) -> None:
        self._s = situation
        self._vips = vips
        self._speech = speech
        self._desk = desk
        self._vigil = vigil
        self._namesakes = Namesakes(situation.timing.heartbeat_s)

    def take(self, event: Received, incarnation: int, now: float) -> Overheard:
        """Take one message in; ``incarnation`` is our present one."""
        view, message = self._s.views[event.broker], event.message
        if view.session is None:
            return Overheard()
        if message.sender == self._s.node:
            return self._own_name(event, incarnation, now)
        if event.retained:
            vips, orders = self._learn(message)
            return Overheard(vips=vips, everything=orders)
        if isinstance(message.body, Will):
            return self._will(view, message, now)
        return self._peer(view, message, now)

    def _own_name(self, event: Received, incarnation: int, now: float) -> Overheard:
        """Our echo, our own past, or a namesake."""
        view, message, origin = self._s.views[event.broker], event.message, event.message.origin
        if isinstance(message.body, Will):
            if not event.retained:
                view.will(message, now)
            return Overheard()
        if not event.retained and origin.incarnation == incarnation and origin.session <= (view.session or 0):
            self._desk.echoed(message, now)
            behind = not self._s.has_caught_up()
            found = self._heard(view, view.hear(message, self._s.policies, now))
            self._vigil.echoed(view)
            found.everything = found.everything or (behind and self._s.has_caught_up())
            return found
        later = origin > view.said and origin.incarnation < BELIEVED
        if event.retained:
            return Overheard(later_life=origin.incarnation if later else None)
        if origin.incarnation in self._s.past_lives:
            return Overheard()
        mute = self._speech.mute(view, now)
        since = float("-inf") if mute else now - self._s.timing.lease_s
        of_now = view.is_of_now(message, since) or (mute and not view.peers)
        proven = of_now and self._namesakes.heard(now)
        return Overheard(namesake=proven or (later and not mute))

    def _will(self, view: View, message: Message, now: float) -> Overheard:
        """A broker says that a peer's connection ended without a farewell."""
        reason = view.will(message, now)
        meaning = "dead, if it stays silent" if reason is None else f"proves nothing: {reason}"
        self._s.tell(Kind.PEER, f"{view.broker} lost {message.sender} ({meaning})")
        return Overheard(everything=True)

    def _peer(self, view: View, message: Message, now: float) -> Overheard:
        heard = view.hear(message, self._s.policies, now)
        if not heard.fresh:
            return Overheard()
        for log in self._s.logs_of(message.sender):
            if log is not view.peers[message.sender]:
                log.heard_elsewhere(now)
        self._vigil.heard(view, message.sender)
        self._s.hear_terms(message.terms, now)
        new_terms = self._s.peers.heard(message, now)
        if heard.new_session:
            self._speech.new_listener(view)
        orders = False
        self._desk.heard(message, now - view.peers[message.sender].covers_at, now)
        match message.body:
            case Request() | Reply():
                heard.vips |= set(message.body.vips)
            case _:
                self._terms_seen(view, message, heard)
                vips, orders = self._learn(message)
                heard.vips |= vips
        if isinstance(message.body, Release):
            self._left(message.body, heard.vips & self._vips.keys(), now)
        found = self._heard(view, heard)
        found.everything = found.everything or new_terms or orders
        mine = message.seen.get(self._s.node)
        if mine is not None and mine > view.said and mine.incarnation < BELIEVED:
            found.later_life = mine.incarnation
        return found

    def _left(self, body: Release, vips: set[VipName], now: float) -> None:
        if body.swayed:
            self._s.swayed_at |= dict.fromkeys(vips, now)
        if body.vacated:
            for name in vips:
                parted(self._vips[name], now)

    def _learn(self, message: Message) -> tuple[set[VipName], bool]:
        """Take in what a peer tells of itself; return the VIPs it changes, and whether operators' orders do.

        Whoever saw an owner remembers its term for one that forgot it.
        """
        orders = False
        if isinstance(message.body, State):
            for one in message.body.witnessed:
                if one.vip in self._vips and one.term < BELIEVED:
                    self._vips[one.vip].seen_term = max(self._vips[one.vip].seen_term, one.term)
        vips = self._s.peers.learn(message) & self._vips.keys()
        if isinstance(message.body, State) and self._s.peers.is_newest(message):
            orders = adopt(self._s, message.body.directives)
        return vips, orders

    def _terms_seen(self, view: View, message: Message, heard: Heard) -> None:
        """Remember the highest term that a peer spoke of."""
        entries = view.peers[message.sender].entries
        for name in heard.vips & self._vips.keys() & entries.keys():
            vip = self._vips[name]
            if entries[name].term < BELIEVED:
                vip.seen_term = max(vip.seen_term, entries[name].term)

    def _heard(self, view: View, heard: Heard) -> Overheard:
        if heard.gap:
            self._s.tell(Kind.BROKER, f"{view.broker} dropped messages; listening anew", warning=True)
        return Overheard(vips=heard.vips & self._vips.keys(), everything=heard.gap, echo=heard.echo)
