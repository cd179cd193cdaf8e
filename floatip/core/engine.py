"""The one place that decides: ``step(event, now)`` returns the effects (design section 3).

A step has three movements: take the event in, let the VIPs that it concerns settle, say what they gathered.
"""

from collections.abc import Callable, Iterable

from floatip.core import events as ev
from floatip.core.desk import Desk
from floatip.core.ears import Ears
from floatip.core.effects import Effect, Exit, Identify, Kind, Reconnect
from floatip.core.fitness import checked
from floatip.core.hostfacts import identified, linked
from floatip.core.incidents import stir, take
from floatip.core.lanhealth import LanHealth
from floatip.core.memory import Memory
from floatip.core.onlooker import Onlooker
from floatip.core.patience import postponed, renew
from floatip.core.report import report
from floatip.core.roster import Roster
from floatip.core.situation import Outbox, Situation
from floatip.core.snapshot import Snapshot
from floatip.core.speech import Speech
from floatip.core.timers import Timers
from floatip.core.types import REMEMBERED_LIVES, Binding, BrokerName, NodeSpec, Occasion, Stored, VipName
from floatip.core.view import View
from floatip.core.vip import IDLE, Vip
from floatip.core.wallclock import WallClock


class Engine:
    """One node's mind; times in seconds of CLOCK_BOOTTIME."""

    def __init__(
        self, spec: NodeSpec, *, stored: Stored, wall_us: int, now: float, entropy: Callable[[], float]
    ) -> None:
        self.incarnation = max(stored.incarnation + 1, wall_us)
        self._s = Situation(spec, entropy)
        self._memory = Memory(self._s, stored)
        terms = dict(stored.terms)
        self._vips = {vip.name: Vip(vip, self._s, terms.get(vip.name, 0)) for vip in spec.vips}
        self._timers = Timers()
        self._speech = Speech(self._s, self._vips, self._timers)
        self._onlooker = Onlooker(self._s)
        self._desk = Desk(self._s, self._vips, self._onlooker)
        self._health = LanHealth(self._s)
        self._lan_is_due = self._roll_is_due = True
        self._ears = Ears(self._s, self._vips, self._speech, self._desk)
        self._dirty: set[VipName] = set()
        self._roster = Roster(self._s, self._vips, terms)
        self._exit: Exit | None = None
        self._left = False
        self._gap_at = float("-inf")
        self._overdue = False
        """A renewal waits for the next echo: under ``release`` it needs one not older than h."""
        self._now = self._s.began = now
        self._wall = WallClock(wall_us / 1e6, now)
        self._look_at_directives(now)

    # -- the door -----------------------------------------------------------------------------------------------------

    def start(self, now: float) -> list[Effect]:
        """Begin to live; call it once, before any event."""
        self._s.do(Identify(incarnation=self.incarnation))
        self._s.outbox.state = self._s.outbox.store = True
        self._touch_all()
        return self._settle(now)

    def step(self, event: ev.Event, now: float) -> list[Effect]:
        """Take one event and return what shall be done, in this order."""
        return self.steps([event], now)

    def steps(self, events: Iterable[ev.Event], now: float) -> list[Effect]:
        """Take several events that have come by now, in their order, before anything settles."""
        self._look_for_gap(max(now, self._now))
        self._now = max(now, self._now)
        for event in events:
            self._take(event, self._now)
        return self._settle(self._now)

    def _look_for_gap(self, now: float) -> None:
        """A deadline that was missed by more than a lease: this process stood still, whoever noticed it."""
        due = self._timers.next()
        if due is None:
            return
        if now - due > self._s.timing.heartbeat_s / 2:
            self._s.stalled(now - due, now)
        if now - due > self._s.timing.lease_s:
            self._gap(ev.Gap(seconds=now - self._now, why="it was woken too late"), now)

    def deadline(self) -> float | None:
        """The time by which ``step`` must be called again."""
        return self._timers.next()

    def snapshot(self, now: float, vips: slice = slice(None)) -> Snapshot:
        """What this node can tell of itself, the cluster, and its VIPs or some of them."""
        return report(self._s, tuple(self._vips.values())[vips], self._onlooker, now)

    # -- taking events in ---------------------------------------------------------------------------------------------

    def _take(self, event: ev.Event, now: float) -> None:  # noqa: C901, PLR0912  one arm an event, and nothing else
        match event:
            case ev.Tick():
                pass
            case ev.Checked():
                if checked(self._s, event):
                    self._touch_all()
            case ev.Received():
                self._received(event, now)
            case ev.SessionUp():
                self._session_up(self._s.views[event.broker], event.session, now)
            case ev.SessionDown():
                self._session_down(self._s.views[event.broker], event.reason)
            case ev.Gap():
                self._gap(event, now)
            case ev.Reached():
                self._health.reached(event, now)
                self._lan_is_due = self._lan_is_due or self._health.healed
            case ev.LinkChanged():
                self._link_changed(event, now)
            case ev.IdentityChanged():
                self._identity_changed(event, now)
            case ev.WallClock():
                self._wall.set(event.wall_s, now)
                self._look_at_directives(now)
            case ev.FailoverAsked() | ev.AnnounceAsked() | ev.DirectiveAsked() | ev.ErrandAsked() | ev.ErrandDone():
                self._look_at_directives(now)
                self._desk.asked(event, now)
                self._touch_all()
            case ev.Reconfigured():
                self._roster.change(event.spec, now)
                self._lan_is_due = True
                self._touch_all()
            case ev.StopAsked():
                self._stop(Exit(code=0, reason="stopped"))
            case _:
                if (vip := self._vips.get(event.vip)) is not None:
                    self._dirty.add(event.vip)
                    if isinstance(event, ev.Answered):
                        self._desk.answered(event, now)
                    take(vip, self._s, event, now)

    def _session_up(self, view: View, session: int, now: float) -> None:
        view.session_up(self.incarnation, session, now)
        self._speech.session_up(view, now)
        self._s.tell(Kind.BROKER, f"connected to {view.broker}")
        self._touch_all()

    def _session_down(self, view: View, reason: str) -> None:
        if view.session is None:
            return
        view.session_down()
        self._speech.session_down(view)
        self._s.tell(Kind.BROKER, f"lost {view.broker}: {reason}", warning=True)
        self._touch_all()

    def _gap(self, event: ev.Gap, now: float) -> None:
        """Trust nothing: every hold may be long gone. Host and engine may both notice: once is enough."""
        if now - self._gap_at < self._s.timing.heartbeat_s:
            return
        self._gap_at = now
        self._s.tell(Kind.CLOCK, f"stood still for {event.seconds:.1f} s ({event.why}); begins anew", warning=True)
        for vip in self._vips.values():
            vip.doubt(now)
        for view in self._s.all_views():
            view.distrust()
            if view.session is not None:
                self._session_down(view, "this node stood still")
                self._s.do(Reconnect(broker=view.broker, reason="this node stood still"))
        self._touch_all()

    def _link_changed(self, event: ev.LinkChanged, now: float) -> None:
        back = event.up and event.interface in self._s.links
        if linked(self._s, event):
            if back:
                self._stir_all(now)
            self._lan_is_due = True
            self._touch_all()

    def _identity_changed(self, event: ev.IdentityChanged, now: float) -> None:
        """Clients know the old hardware address: whatever this node owns is announced anew."""
        self._lan_is_due = True
        if identified(self._s, event):
            for vip in self._vips.values():
                vip.binding.announce(now)
            self._touch_all()

    def _received(self, event: ev.Received, now: float) -> None:
        found = self._ears.take(event, self.incarnation, now)
        self._dirty |= found.vips
        if found.everything:
            self._roll_is_due = True
            self._touch_all()
        if found.echo and self._overdue:
            self._s.outbox.renew = True
        if found.later_life is not None:
            self._be_reborn(found.later_life)
        if found.namesake:
            self._stop(Exit(code=4, reason=f"duplicate node name: another daemon named {self._s.node} is alive"))

    def _be_reborn(self, heard: int) -> None:
        """Somebody knows a later incarnation of this node: begin again above it, or nobody would listen."""
        self._s.past_lives = (*self._s.past_lives, self.incarnation)[-REMEMBERED_LIVES:]
        self.incarnation = max(heard, self.incarnation) + 1
        self._s.tell(Kind.CLOCK, "a later life of this node is known; begins again above it", warning=True)
        self._s.outbox.store = True
        self._speech.reborn()
        for view in self._s.all_views():
            view.distrust()
            self._session_down(view, "new incarnation")
        self._s.do(Identify(incarnation=self.incarnation))

    def _stop(self, end: Exit) -> None:
        if self._exit is None:
            self._exit = end
            self._s.stopping, self._s.in_haste = True, end.code != 0
            self._s.outbox.state = True
            self._s.tell(Kind.OPERATOR if end.code == 0 else Kind.FAULT, end.reason, warning=end.code != 0)
        self._touch_all()

    # -- settling -----------------------------------------------------------------------------------------------------

    def _touch_all(self) -> None:
        self._dirty |= self._vips.keys()

    def _settle(self, now: float) -> list[Effect]:
        due_beats = self._due(now)
        if self._roll_is_due:
            self._call_roll(now)
        if self._lan_is_due:
            self._look_at_lan(now)
        self._dirty |= self._desk.open(now)
        self._settle_vips(now)
        self._timers.set(("desk", ""), self._desk.settle(self.incarnation, now))
        kernel = self._s.outbox.kernel()
        if self._s.outbox.renew:
            self._overdue = renew(self._vips.values(), self._s, now)
        self._memory.acquaint()
        if self._s.outbox.store:
            self._look_at_directives(now)
            self._memory.store(self.incarnation, self._roster.terms())
        beats = self._speech.flush(now)
        for body in self._desk.take_said():
            self._speech.say_everywhere(body, now)
        if not beats:
            for view in due_beats:
                self._speech.beat(view, now)
        self._leave_if_done()
        self._s.outbox = Outbox()
        effects, self._s.effects = self._s.effects, []
        return [*kernel, *effects]

    def _settle_vips(self, now: float) -> None:
        """Let those move that something may have changed for; those that were given up for good make room."""
        for name in self._roster.in_order(self._dirty):
            self._timers.set(("vip", name), self._vips[name].settle(now))
        self._dirty.clear()
        others = self._roster.settle(now)
        self._desk.forget(others)
        for name in others:
            self._timers.set(("vip", name), now if name in self._vips else None)

    def _look_at_lan(self, now: float) -> None:
        """Ask the LAN whether it is there; whoever owns something announces anew once it has healed."""
        self._lan_is_due = False
        dead = self._s.lan_dead
        self._timers.set(("lan", ""), self._health.settle(now))
        if self._health.healed:
            self._health.healed = False
            self._stir_all(now)
        if self._s.lan_dead != dead:
            self._touch_all()

    def _stir_all(self, now: float) -> None:
        for vip in self._vips.values():
            stir(vip, now)
        self._touch_all()

    def _due(self, now: float) -> list[View]:
        """Wake what is due: VIPs to settle, brokers to send a heartbeat to."""
        beats = []
        for key in self._timers.due(now):
            match key:
                case ("vip", name):
                    if (again_at := postponed(self._vips.get(VipName(name)), self._s, now)) is None:
                        self._dirty.add(VipName(name))
                    else:
                        self._timers.set(key, again_at)
                case ("peers", _):
                    self._roll_is_due = True
                case ("beat", broker):
                    self._s.forget_terms(now)
                    beats.append(self._s.views[BrokerName(broker)])
                case ("lan", _):
                    self._lan_is_due = True
                case ("directives", _):
                    self._look_at_directives(now)
                case _:
                    pass
        return beats

    def _call_roll(self, now: float) -> None:
        """Look who has fallen silent: whose turn it is depends on who lives."""
        self._roll_is_due = False
        if self._s.peers.call_roll(now):
            self._touch_all()
        self._timers.set(("peers", ""), self._s.peers.silent_at(now))

    def _look_at_directives(self, now: float) -> None:
        """Forget the orders that have expired by the wall clock."""
        if self._s.directives.clock_is(self._wall.shows(now)):
            self._touch_all()
            self._s.outbox.state = self._s.outbox.store = True
        self._timers.set(("directives", ""), self._wall.reaches(self._s.directives.next_expiry()))

    def _leave_if_done(self) -> None:
        """End the process once nothing of this node is left on the LAN and everybody was told."""
        if self._exit is None or self._left:
            return
        if all(vip.role in IDLE and vip.binding.state is Binding.ABSENT for vip in self._vips.values()):
            self._left = True
            for vip in self._vips.values():
                why = self._exit.reason
                vip.calls.call(Occasion.STOP, vip.spec, vip.role, vip.role, term=vip.term, why=why)
            self._s.do(self._exit)
