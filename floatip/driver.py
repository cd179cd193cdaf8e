"""The loop: one inbox, one engine, one timer. Knows: the order of things. Never: decides, and never waits.

event -> ``Engine.step`` -> effects -> hands -> outcome, which is an event again.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from typing import assert_never

import structlog

from floatip.bus.events import DropReason
from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.engine import Engine
from floatip.core.snapshot import Snapshot
from floatip.core.types import Timing
from floatip.hands.bus import BusHand
from floatip.hands.errands import ErrandHand
from floatip.hands.hooks import HookHand
from floatip.hands.kernel import KernelHand
from floatip.hands.lan import LanHand
from floatip.host.clock import GapDetector, Reading
from floatip.observe.journal import Journal
from floatip.observe.tally import Tally
from floatip.ops.errors import FloatipError
from floatip.ops.models import EventRecord
from floatip.reload import Hands, Reloader
from floatip.store import Store

Asked = ev.FailoverAsked | ev.AnnounceAsked | ev.DirectiveAsked | ev.ErrandAsked
TOLD_AT_ONCE = 32
STEP_S = 0.5
"""A wall clock that differs by so much from what it should show was set."""


class Driver:
    """Gives every event to the engine, carries out what it asks for, and wakes it in time."""

    def __init__(self, engine: Engine, store: Store, timing: Timing, clock: Callable[[], float]) -> None:
        self.engine = engine
        self.journal = Journal()
        self.tally = Tally()
        self.ended: asyncio.Future[ef.Exit] = asyncio.get_running_loop().create_future()
        self.kernel: KernelHand
        self.lan: LanHand
        self.bus: BusHand
        self.errands: ErrandHand
        self.hooks: HookHand
        self._reloader: Reloader
        self._ahead_s: float | None = None
        """By how much the wall clock is ahead of the time since boot, as the engine knows it."""
        self._store = store
        self._gap = GapDetector(heartbeat_s=timing.heartbeat_s, lease_s=timing.lease_s)
        self._wake_s = timing.lease_s / 4
        self._lease_s = timing.lease_s
        self._last_turn: float | None = None
        self._clock = clock
        self._inbox: deque[ev.Event] = deque()
        self._turning = False
        """A turn is under way, or will be in a moment."""
        self._timer: asyncio.TimerHandle | None = None
        self._news: deque[tuple[ef.Tell, datetime]] = deque()
        self._telling: asyncio.Handle | None = None
        self._askers: dict[str, asyncio.Queue[ef.Progress | ef.Answer]] = {}
        self._log = structlog.get_logger()

    def start(self, hands: Hands, reloader: Reloader) -> None:
        """Join the hands and begin."""
        self.kernel, self.lan, self.bus, self.errands = hands.kernel, hands.lan, hands.bus, hands.errands
        self.hooks = hands.services.hooks
        self._reloader = reloader
        self._turning = True
        for effect in self.engine.start(self._clock()):
            self._carry_out(effect)
        self._turn()

    def post(self, event: ev.Event) -> None:
        """Put an event into the inbox: it is taken with all others that the same read brought, in their order."""
        self._inbox.append(event)
        if not self._turning:
            self._turning = True
            asyncio.get_running_loop().call_soon(self._turn)

    # -- the turn -----------------------------------------------------------------------------------------------------

    def _turn(self) -> None:
        """Empty the inbox. A defect here ends the process: the kernel's lifetimes are the net below it."""
        if self.ended.done():
            return
        try:
            self._look_for_gap()
            while self._inbox:
                events = list(self._inbox)
                self._inbox.clear()
                for effect in self.engine.steps(events, self._clock()):
                    self._carry_out(effect)
        except Exception as error:  # noqa: BLE001  the one broad door: this process cannot be trusted any more
            self.defect(error)
        finally:
            self._turning = False
        self._tell_some()
        self._arm()

    def defect(self, error: BaseException) -> None:
        """End the process: something is wrong with the program itself."""
        self._log.error("defect: the daemon ends", exc_info=error)
        self._end(ef.Exit(code=1, reason=f"defect: {error!r}"))

    def _look_for_gap(self) -> None:
        reading = Reading.take()
        ahead_s = reading.realtime_s - reading.boottime_s
        if self._ahead_s is None or abs(ahead_s - self._ahead_s) > STEP_S:
            self._ahead_s = ahead_s
            self._inbox.appendleft(ev.WallClock(wall_s=reading.realtime_s))
        why = self._gap.turn(reading)
        last, self._last_turn = self._last_turn, reading.boottime_s
        if why is not None and last is not None:
            self._inbox.appendleft(ev.Gap(seconds=reading.boottime_s - last, why=why))

    def _arm(self) -> None:
        """Wake at the engine's deadline, and at least four times a lease, so that a stall is seen as one."""
        if self._timer is not None:
            self._timer.cancel()
        wait_s = self._wake_s
        deadline = self.engine.deadline()
        if deadline is not None:
            wait_s = min(wait_s, max(0.0, deadline - self._clock()))
        self._timer = asyncio.get_running_loop().call_later(wait_s, self._woken, self._clock() + wait_s)

    def _woken(self, due: float) -> None:
        now = self._clock()
        self.tally.late(now - due, now)
        self.post(ev.Tick())

    def _carry_out(self, effect: ef.Effect) -> None:  # noqa: C901, PLR0912  one arm an effect, and nothing else
        match effect:
            case ef.Send():
                self.bus.send(effect)
            case ef.Add():
                self.kernel.add(effect)
            case ef.Renew():
                self.kernel.renew(effect)
            case ef.Unbind():
                self.lan.forget(effect.vips)
                self.kernel.unbind(effect)
            case ef.Announce():
                self.lan.announce(effect)
            case ef.Hush():
                self.lan.forget((effect.vip,))
            case ef.Probe():
                self.lan.probe(effect)
            case ef.Ask():
                self.lan.ask(effect)
            case ef.Acquaint():
                self.kernel.acquaint(effect)
            case ef.Reconnect():
                self.bus.reconnect(effect)
            case ef.Identify():
                self.bus.identify(effect)
            case ef.Store():
                self._store.save_soon(effect.stored)
            case ef.Tell():
                self._news.append((effect, datetime.now(UTC)))
            case ef.RunErrand():
                self.errands.run(effect)
            case ef.CallHooks():
                self.hooks.call(effect)
            case ef.Configure():
                self.kernel.configure(effect.vips)
                self.lan.configure(effect.vips)
            case ef.Progress() | ef.Answer():
                if (asker := self._askers.get(effect.id)) is not None:
                    asker.put_nowait(effect)
            case ef.Exit():
                self._end(effect)
            case _:
                assert_never(effect)

    def _tell_some(self) -> None:
        """Say what happened once it is done, some at a time: a thousand lines take longer than what they tell of."""
        if self._telling is not None:
            self._telling.cancel()
        self._tell_most(TOLD_AT_ONCE)
        self._telling = asyncio.get_running_loop().call_soon(self._tell_some) if self._news else None

    def _tell_most(self, most: int) -> None:
        """Say so many of them; one that cannot be said is a defect as any other."""
        for _ in range(min(most, len(self._news))):
            try:
                self._tell(*self._news.popleft())
            except Exception as error:  # noqa: BLE001  as in ``_turn``
                self.defect(error)
                return

    def _tell_all(self) -> None:
        self._tell_most(len(self._news))

    def _tell(self, tell: ef.Tell, at: datetime) -> None:
        self.journal.tell(tell, at)
        self.tally.tell(tell)
        fields = {"kind": tell.kind, "vip": tell.vip, "peer": tell.peer, "was": tell.was, "now": tell.now}
        say = self._log.warning if tell.warning else self._log.info
        say(tell.text, **{key: str(value) for key, value in fields.items() if value is not None})

    def _end(self, end: ef.Exit) -> None:
        if not self.ended.done():
            self.ended.set_result(end)
            self._tell_all()

    def close(self) -> None:
        """Wake no more."""
        for handle in (self._timer, self._telling):
            if handle is not None:
                handle.cancel()
        self._tell_all()

    # -- what operators ask (the backend of the control socket) -------------------------------------------------------

    def snapshot(self, vips: slice = slice(None)) -> Snapshot:
        """The cluster as this node sees it now, with its VIPs or some of them."""
        return self.engine.snapshot(self._clock(), vips)

    def dropped(self) -> Mapping[str, int]:
        """How many messages were dropped, by each reason that there is."""
        return {reason.value: self.bus.dropped[reason] for reason in DropReason}

    def lag_s(self) -> float:
        """How late the loop was woken lately, at worst."""
        return self.tally.lag_s(self._clock())

    def illness(self) -> str | None:
        """Why this daemon cannot be trusted to do its work, if so."""
        if self.ended.done():
            return f"ends: {self.ended.result().reason}"
        silent_s = self._clock() - (self._last_turn or 0.0)
        return f"the engine has not turned for {silent_s:.1f} s" if silent_s > self._lease_s else None

    async def ask(self, event: Asked, answers: int) -> AsyncGenerator[ef.Progress | ef.Answer, None]:
        """Put a request to the engine; yield its steps, and as many Answers as things were asked about."""
        queue = self._askers[event.id] = asyncio.Queue()
        try:
            self.post(event)
            while True:
                item = await queue.get()
                yield item
                answers -= isinstance(item, ef.Answer)
                if answers <= 0:
                    return
        finally:
            with contextlib.suppress(KeyError):
                del self._askers[event.id]

    async def reload(self) -> tuple[str, ...]:
        """Read the configuration again and return what that changes; FloatipError, and nothing has changed."""
        try:
            changes = await self._reloader.reload()
        except FloatipError as error:
            self._log.error(error.text)
            raise
        self._log.info("the configuration was read again", changes="; ".join(changes) or "nothing")
        return changes

    def history(self) -> list[EventRecord]:
        """What happened, oldest first."""
        self._tell_all()
        return self.journal.history()

    def follow(self) -> AsyncIterator[EventRecord]:
        """What happens from now on; what has happened is history by then."""
        self._tell_all()
        return self.journal.follow()
