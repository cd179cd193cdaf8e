"""One broker, for good: connection after connection. Knows: when to try again, what is up. Never: MQTT, nor meaning.

Each attempt is a session with a number of its own, told to peers by its will and by every message of it. ``deliver``
is told ``Up``, then messages in the broker's order, then ``Down``; or ``Unreachable`` for an attempt that came to
nothing. No message of a session is delivered before its ``Up`` or after its ``Down``; what is ``Dropped`` is told of
at once and not kept, so that a broker full of garbage costs no memory and keeps nobody out.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass

from floatip.bus.connection import BrokerOptions, Connection, ConnectionFailedError
from floatip.bus.envelope import open_envelope, seal
from floatip.bus.errors import BusError
from floatip.bus.events import Delivered, Down, Dropped, DropReason, SessionEvent, Unreachable, Up
from floatip.bus.newest import Newest
from floatip.bus.signing import Keys
from floatip.bus.topics import Letter, place_of, subscription
from floatip.core.messages import Message, Will
from floatip.core.types import BrokerName, NodeName, Origin, Terms

FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 1.0
SETTLED_S = 5.0
"""A session that lasted this long was a good one: the next pause is a short one again."""
MAX_EARLY = 4096
"""Messages that may come before the subscription is confirmed: the retained states, and little else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Who speaks: ``next_session`` gives a number above all it gave before, ``incarnation`` the present one."""

    cluster: str
    node: NodeName
    terms: Terms
    next_session: Callable[[], int]
    incarnation: Callable[[], int]


class Session:
    """The present session on one broker, and the next one when it ends; everything happens on one event loop.

    ``deliver`` is called from that loop's callbacks: it must be quick and must not raise (if it does, ``run`` raises
    it). It may call ``publish``, ``disconnect`` and ``close``.
    """

    def __init__(
        self,
        *,
        broker: BrokerName,
        options: BrokerOptions,
        member: Member,
        keys: Keys,
        deliver: Callable[[SessionEvent], None],
    ) -> None:
        self.broker = broker
        self._options = options
        self._member = member
        self._keys = keys
        self._deliver = deliver
        self._connection: Connection | None = None
        self._number: int | None = None
        self._early: list[Delivered] = []
        self._newest = Newest()
        self._closing = asyncio.Event()

    @property
    def number(self) -> int | None:
        """The number of the session that is up, if one is."""
        return self._number

    async def run(self) -> None:
        """Have session after session, until ``close``; if cancelled, leave without farewell (peers get a will)."""
        failures = 0
        while not self._closing.is_set():
            connection, lasted_s = await self._once()
            failures = 0 if lasted_s >= SETTLED_S else failures + 1
            await self._rest(failures)
            while connection.dialling and not self._closing.is_set():
                await self._rest(failures)

    def publish(self, message: Message) -> None:
        """Publish at once, or not at all where the message belongs to a session that is no more."""
        if self._connection is None or self._number is None or message.origin.session != self._number:
            return
        try:
            letter = seal(message, keys=self._keys, broker=self.broker, cluster=self._member.cluster)
        except BusError as error:
            self._connection.end(str(error))
            return
        self._connection.send(letter)

    def disconnect(self, reason: str) -> None:
        """End the present session or attempt in good order (no will), begin a new one; nothing more comes of it."""
        if self._connection is not None:
            self._connection.end(reason)

    def rekey(self, keys: Keys) -> None:
        """Sign and verify with these from now on.

        Another signing key takes a new session: peers that forget the old key could not read the will of this one.
        """
        signs_anew, self._keys = keys.secrets[:1] != self._keys.secrets[:1], keys
        if signs_anew:
            self.disconnect("signs with another key from now on")

    def close(self) -> None:
        """End in good order (no will) and for good; ``run`` returns within about a second."""
        self._closing.set()
        self.disconnect("closed")

    async def _once(self) -> tuple[Connection, float]:
        """Have one attempt and, if it succeeds, one session; return the connection and how long it was up (s)."""
        number, incarnation = self._member.next_session(), self._member.incarnation()
        cluster, node = self._member.cluster, self._member.node
        will = Message(sender=node, origin=Origin(incarnation, number, 0), terms=self._member.terms, body=Will())
        connection = self._connection = Connection(
            self._options,
            client_id=f"floatip:{cluster}:{node}:{incarnation}:{number}",
            will=seal(will, keys=self._keys, broker=self.broker, cluster=cluster),
            receive=self._receive,
        )
        loop = asyncio.get_running_loop()
        try:
            try:
                await connection.open(subscription(cluster))
            except ConnectionFailedError as error:
                if not self._closing.is_set():
                    self._deliver(Unreachable(broker=self.broker, reason=str(error)))
                return connection, 0.0
            began_s = loop.time()
            await self._stay(connection, number)
            return connection, loop.time() - began_s
        finally:
            self._connection = None
            self._early.clear()
            connection.abort()

    async def _stay(self, connection: Connection, number: int) -> None:
        """Be up until the connection ends."""
        reason = "this node stops without farewell"
        self._number = number
        self._deliver(Up(broker=self.broker, session=number))
        try:
            early, self._early = self._early, []
            for told in early:
                if not connection.ended.done():
                    self._deliver(told)
            await asyncio.wait({connection.ended})
            reason = await connection.ended
        finally:
            self._number = None
            connection.end(reason)
            self._deliver(Down(broker=self.broker, reason=reason))
        await connection.farewell()

    def _receive(self, letter: Letter) -> None:
        told = self._read(letter)
        if self._number is not None or isinstance(told, Dropped):
            self._deliver(told)
            return
        self._early.append(told)
        if len(self._early) > MAX_EARLY and self._connection is not None:
            self._connection.end(f"more than {MAX_EARLY} messages came before the subscription was confirmed")

    def _read(self, letter: Letter) -> Delivered | Dropped:
        """Return what a letter says, or why it is not believed."""
        place = place_of(self._member.cluster, letter.topic)
        if place is None:
            return Dropped(broker=self.broker, reason=DropReason.NOT_OURS, sender=None)
        opened = open_envelope(
            letter.payload,
            keys=self._keys,
            broker=self.broker,
            cluster=self._member.cluster,
            place=place,
            retained=letter.retained,
        )
        if isinstance(opened, DropReason):
            return Dropped(broker=self.broker, reason=opened, sender=place.sender)
        old = not letter.retained and self._newest.is_old(opened)
        return Delivered(broker=self.broker, message=opened, retained=letter.retained, old=old)

    async def _rest(self, failures: int) -> None:
        """Wait before the next attempt, longer after each failure in a row, unless ``close`` is called."""
        pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(failures, 10))
        jittered_s = pause_s * random.uniform(0.5, 1.0)  # noqa: S311 (spreads the nodes' attempts; no secret)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), jittered_s)
