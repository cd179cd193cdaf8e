"""The hand on the bus: Send, Reconnect and Identify go to the sessions; what brokers deliver becomes events."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping

from floatip.bus.connection import BrokerOptions
from floatip.bus.events import Delivered, Down, Dropped, DropReason, SessionEvent, Unreachable, Up
from floatip.bus.session import Member, Session
from floatip.bus.signing import Keys
from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.types import BrokerName, NodeName, NodeSpec
from floatip.observe.logs import RateLimited

FAREWELL_S = 1.5


class BusHand:
    """Owns one session for each broker, for good."""

    def __init__(
        self,
        spec: NodeSpec,
        options: Mapping[BrokerName, BrokerOptions],
        *,
        keys: Keys,
        post: Callable[[ev.Event], None],
        defect: Callable[[BaseException], None],
    ) -> None:
        self._post = post
        self._defect = defect
        self._incarnation = 0
        self._last_session = 0
        self._said = RateLimited()
        self._tasks: list[asyncio.Task[None]] = []
        self.dropped: Counter[DropReason] = Counter()
        member = Member(
            cluster=spec.cluster,
            node=spec.node,
            terms=spec.terms,
            next_session=self._next_session,
            incarnation=lambda: self._incarnation,
        )
        self._sessions = {
            broker: Session(broker=broker, options=how, member=member, keys=keys, deliver=self._delivered)
            for broker, how in options.items()
        }

    def start(self) -> None:
        """Begin to connect."""
        self._tasks = [
            asyncio.create_task(session.run(), name=f"session {broker}") for broker, session in self._sessions.items()
        ]
        for task in self._tasks:
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A session runs for good: an exception out of it is a defect."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self._defect(error)

    async def close(self) -> None:
        """Say farewell to every broker."""
        for session in self._sessions.values():
            session.close()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=FAREWELL_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def rekey(self, keys: Keys) -> None:
        """Sign and verify with these from now on."""
        for session in self._sessions.values():
            session.rekey(keys)

    def send(self, effect: ef.Send) -> None:
        """Publish now or never."""
        self._sessions[effect.broker].publish(effect.message)

    def reconnect(self, effect: ef.Reconnect) -> None:
        """End one session and begin a new one."""
        self._sessions[effect.broker].disconnect(effect.reason)

    def identify(self, effect: ef.Identify) -> None:
        """Every session begins anew under another incarnation."""
        self._incarnation = effect.incarnation
        for session in self._sessions.values():
            session.disconnect("new incarnation")

    def _next_session(self) -> int:
        """Numbers that grow, and differ from those of any other life of this node."""
        self._last_session = max(self._last_session + 1, time.time_ns() // 1000)
        return self._last_session

    def _delivered(self, told: SessionEvent) -> None:
        match told:
            case Delivered():
                if told.old:
                    self._dropped(told.broker, DropReason.OLD, told.message.sender)
                self._post(ev.Received(broker=told.broker, message=told.message, retained=told.retained))
            case Up():
                self._post(ev.SessionUp(broker=told.broker, session=told.session))
            case Down():
                self._post(ev.SessionDown(broker=told.broker, reason=told.reason))
            case Unreachable():
                self._said.warning(
                    ("unreachable", told.broker), f"cannot reach {told.broker}: {told.reason}; keeps trying"
                )
            case Dropped():
                self._dropped(told.broker, told.reason, told.sender)

    def _dropped(self, broker: BrokerName, reason: DropReason, sender: NodeName | None) -> None:
        """Count a message from which nothing follows, and say so now and then."""
        self.dropped[reason] += 1
        whose = sender or "an unknown sender"
        self._said.warning(("dropped", broker, reason), f"dropped a message of {whose} on {broker}: {reason}")
