"""What this node says on each broker and when: heartbeats, claims, releases, state (design 4.3)."""

from dataclasses import dataclass, replace
from typing import TypeVar

from floatip.core.effects import Reconnect, Send
from floatip.core.messages import STOPS, Body, Claim, Heartbeat, Listing, Release, State, VipState
from floatip.core.situation import Situation
from floatip.core.timers import Timers
from floatip.core.types import BrokerName, Role, Standing, VipName
from floatip.core.view import View
from floatip.core.vip import IDLE, Vip

T = TypeVar("T")

ALWAYS_FULL = 32
"""Up to so many VIPs a heartbeat lists them always."""
FULL_EVERY = 10
BATCH = 1000
"""Of so many VIPs one message speaks; whoever takes a thousand over does so with one claim, if it can be."""
FAULT_TEXT = 80
"""Characters of a fault that peers are told."""
FAULTS_TEXT = 80_000
"""Bytes of all faults that peers are told: a thousand VIPs may have one each, and ten some more."""
MOST_FAULTS = 32
"""Of so many faults of one VIP peers are told; they refuse a message with 64 or more."""
MUTE_BEATS = 4.0
"""How many heartbeats a daemon that has just started only listens, so that it hears a namesake first."""
SILENT_SESSION_S = 5.0
"""A session on which nothing of ours comes back for so long is begun anew."""


@dataclass(slots=True)
class Tongue:
    """What was last said on one broker."""

    listings: tuple[Listing, ...] = ()
    list_version: int = 0
    full_in: int = 0
    state_version: int = -1
    mute_until: float = float("-inf")


class Speech:
    """The voice of this node on all brokers; times in seconds."""

    def __init__(self, situation: Situation, vips: dict[VipName, Vip], timers: Timers) -> None:
        self._s = situation
        self._vips = vips
        self._timers = timers
        self._tongues: dict[BrokerName, Tongue] = {broker: Tongue() for broker in situation.views}
        self._written: dict[VipName, Listing] = {}
        self._introduced: set[BrokerName] = set()
        self._told_state_at = float("-inf")
        self._state = State(state_version=0, version=situation.spec.version)
        self._state_is_old = False
        """It is made anew when it is told next: with many VIPs that takes a while, and many things change at once."""

    def session_up(self, view: View, now: float) -> None:
        """A session stands: the first of a life is mute for a moment, a later one speaks at once."""
        first = view.broker not in self._introduced
        self._introduced.add(view.broker)
        mute_s = MUTE_BEATS * self._s.timing.heartbeat_s if first else 0.0
        self._tongues[view.broker] = Tongue(mute_until=now + mute_s)
        self._timers.set(("beat", view.broker), now + mute_s)

    def session_down(self, view: View) -> None:
        """A session has ended."""
        self._timers.set(("beat", view.broker), None)

    def reborn(self) -> None:
        """This node begins a new incarnation: nobody knows it."""
        self._introduced.clear()

    def mute(self, view: View, now: float) -> bool:
        """Whether this node only listens on the broker still."""
        return now < self._tongues[view.broker].mute_until

    def new_listener(self, view: View) -> None:
        """Somebody joined: the next heartbeat lists everything."""
        self._tongues[view.broker].full_in = 0

    def beat(self, view: View, now: float) -> None:
        """Send a heartbeat and set the time of the next."""
        if view.session is None or self.mute(view, now):
            return
        silent_s = max(SILENT_SESSION_S, 5 * self._s.timing.lease_s)
        if now - max(view.echo_at, view.up_at) > silent_s:
            self._s.do(Reconnect(broker=view.broker, reason=f"nothing came back for {silent_s:.0f} s"))
        if self._state_is_old:
            self._renew_state(now)
        tongue = self._tongues[view.broker]
        if tongue.state_version != self._state.state_version:
            tongue.state_version = self._state.state_version
            self._told_state_at = now
            self.say(view, self._state, now)
        listings = self._listings(view)
        if listings != tongue.listings:
            tongue.listings, tongue.full_in = listings, 0
            tongue.list_version += 1
        full = tongue.full_in <= 0 or len(listings) <= ALWAYS_FULL
        tongue.full_in = FULL_EVERY - 1 if full else tongue.full_in - 1
        body = Heartbeat(
            state_version=self._state.state_version,
            list_version=tongue.list_version,
            listings=listings if full else None,
        )
        self.say(view, body, now)
        self._timers.set(("beat", view.broker), now + self._s.timing.heartbeat_s)

    def say(self, view: View, body: Body, now: float) -> None:
        """Send one body on one broker."""
        if view.session is not None:
            self._s.do(Send(broker=view.broker, message=view.say(body, now)))

    def say_everywhere(self, body: Body, now: float) -> None:
        """Send one body on every broker."""
        for view in self._s.all_views():
            self.say(view, body, now)

    def _listings(self, view: View) -> tuple[Listing, ...]:
        return tuple(
            self._listing(vip, standing)
            for vip in self._vips.values()
            if (vip.role not in IDLE or view.holds) and (standing := standing_of(vip, view)) is not None
        )

    def _listing(self, vip: Vip, standing: Standing) -> Listing:
        """The same value as the last time where it says the same: a thousand are compared with the last ones each h."""
        name, definition = vip.spec.name, vip.spec.definition
        last = self._written.get(name)
        if last is None or (last.standing, last.term, last.definition) != (standing, vip.term, definition):
            last = self._written[name] = Listing(vip=name, standing=standing, term=vip.term, definition=definition)
        return last

    def flush(self, now: float) -> bool:
        """Say what the VIPs gathered in this step: releases, claims, heartbeats; return whether these went out."""
        outbox = self._s.outbox
        for farewell, names in outbox.releases.items():
            for vips in _batches(names):
                body = Release(
                    vips=tuple(vips),
                    vacated=farewell.vacated,
                    to=farewell.to,
                    reserved_s=farewell.reserved_s,
                    kept=farewell.kept,
                    swayed=farewell.swayed,
                )
                self.say_everywhere(body, now)
        for broker, bids in outbox.bids.items():
            for some in _batches(bids):
                self.say(self._s.views[broker], Claim(bids=tuple(some)), now)
        self._state_is_old = self._state_is_old or outbox.state
        beats = outbox.beat or self._state_is_due(now)
        if beats:
            for view in self._s.all_views():
                self.beat(view, now)
        return beats

    def _state_is_due(self, now: float) -> bool:
        """Whether to tell a new state now: one a heartbeat at the most, the rest waits for the next heartbeat."""
        if now < self._told_state_at + self._s.timing.heartbeat_s:
            return False
        if self._state_is_old:
            self._renew_state(now)
        listening = (view for view in self._s.all_views() if view.session is not None and not self.mute(view, now))
        return any(self._tongues[view.broker].state_version != self._state.state_version for view in listening)

    def _renew_state(self, now: float) -> None:
        """Make the state anew, under a new version if it says something new."""
        self._state_is_old = False
        state = State(
            state_version=self._state.state_version,
            version=self._s.spec.version,
            macs=self._s.macs,
            addresses=self._s.addresses,
            lan_fine=self._s.lan_fine,
            vips=tuple(self._vip_state(vip, now) for vip in self._vips.values()),
            witnessed=tuple(
                vip.succession.witness.seen for vip in self._vips.values() if vip.succession.witness.seen is not None
            ),
            directives=self._s.directives.all(),
        )
        if state != self._state:
            self._state = replace(state, state_version=self._state.state_version + 1)

    def _vip_state(self, vip: Vip, now: float) -> VipState:
        """Tell what peers must know before they leave a VIP to this node."""
        name, checks = vip.spec.name, self._s.checkups
        leaving = ("is configured otherwise now",) if name in self._s.retiring else (STOPS,) * self._s.stopping
        room = FAULTS_TEXT // len(self._vips)
        faults = _within(vip.unfit(now) + leaving, room)
        notes = _within(checks.weighing(vip.spec), room - sum(map(_takes, faults)))
        return VipState(
            vip=name,
            priority=checks.priority(vip.spec),
            definition=vip.spec.definition,
            faults=faults,
            notes=notes,
        )


def _within(texts: tuple[str, ...], room: int) -> tuple[str, ...]:
    """As many of the texts as there is room for (bytes), each cut."""
    told: list[str] = []
    for text in texts[:MOST_FAULTS]:
        cut = text[:FAULT_TEXT].encode(errors="replace")[:room].decode(errors="ignore")
        while _takes(cut) > room:
            cut = cut[:-1]
        room -= _takes(cut)
        told += [cut] if cut else []
    return tuple(told)


def _takes(text: str) -> int:
    """How many bytes a text takes in a message."""
    return len(text.encode(errors="replace")) + text.count('"') + text.count("\\")


def standing_of(vip: Vip, view: View) -> Standing | None:
    """What this node's heartbeat says of the VIP on one broker; None: it is not listed (rule 3)."""
    match vip.role:
        case Role.ACQUIRING | Role.OWNER:
            return Standing.OWNER
        case Role.ISOLATED:
            return Standing.ISOLATED
        case Role.RELEASING:
            return None if vip.handover.keeps else Standing.RELEASING
        case _:
            hold = view.holds.get(vip.spec.name)
            return None if hold is None else Standing.HELD if hold.confirmed else Standing.CLAIMING


def _batches(items: list[T]) -> list[list[T]]:
    return [items[start : start + BATCH] for start in range(0, len(items), BATCH)]
