"""Brokers of the false world. Knows: connections, one total order, retained values, wills. Never: elections.

Each message is taken in at one moment and from then on is on its way to every subscriber, in that order. A broker
can stop (with or without its burst of wills), stand still, forget, and come back with old retained values.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from random import Random

from floatip.core.events import Received
from floatip.core.messages import Message, State
from floatip.core.types import BrokerName, NodeName
from tests.sim.clock import Scheduler
from tests.sim.pipe import Pipe


class Packet(Enum):
    """What travels on a connection besides messages."""

    CONNECT = auto()
    """Connect with a will, and subscribe."""
    SUBACK = auto()
    BYE = auto()
    """A farewell: the will is not to be published."""
    RESET = auto()
    """The connection ended without a farewell."""


class Retention(Enum):
    """What a broker has of its retained values after a restart."""

    KEPT = "kept"
    LOST = "lost"
    OLD = "old"


@dataclass(slots=True)
class Road:
    """The network between one machine and one broker."""

    up_held: bool = False
    down_held: bool = False
    limit: int | None = None
    slow_s: float = 0.0

    @property
    def whole(self) -> bool:
        """Whether both directions work."""
        return not (self.up_held or self.down_held)


class Connection:
    """One connection attempt of one client, and what becomes of it."""

    __slots__ = ("broker", "down", "road", "served", "session", "up", "will")

    def __init__(
        self,
        broker: "Broker",
        road: Road,
        *,
        session: int,
        will: Message,
        deliver: Callable[["Connection", Received | Packet], None],
    ) -> None:
        self.broker = broker
        self.road = road
        self.session = session
        self.will = will
        self.served = False
        self.up: Pipe[Message | Packet] = Pipe(
            broker.scheduler, broker.rng, lambda item: broker.arrived(self, item), base_s=broker.away_s
        )
        self.down: Pipe[Received | Packet] = Pipe(
            broker.scheduler, broker.rng, lambda item: deliver(self, item), base_s=broker.away_s
        )
        self.follow_road()
        self.up.push(Packet.CONNECT)

    def follow_road(self) -> None:
        """Take on the present state of the road."""
        self.up.slow_s = self.down.slow_s = self.road.slow_s
        if self.road.up_held:
            self.up.hold()
        elif self.up.held:
            self.up.release()
        if self.road.down_held:
            self.down.hold(self.road.limit)
        elif self.down.held:
            self.down.release()


class Broker:
    """One broker: takes messages in one order and passes them on."""

    def __init__(self, name: BrokerName, scheduler: Scheduler, rng: Random, *, away_s: float) -> None:
        self.name = name
        self.scheduler = scheduler
        self.rng = rng
        self.away_s = away_s
        self.running = True
        self.frozen = False
        self.taken = 0
        self._served: list[Connection] = []
        self._retained: dict[NodeName, Message] = {}
        self._old: dict[NodeName, Message] = {}
        self._inbox: list[tuple[Connection, Message | Packet]] = []

    def arrived(self, connection: Connection, item: Message | Packet) -> None:
        """Something came in from a client."""
        if self.frozen:
            self._inbox.append((connection, item))
        elif self.running:
            self._take(connection, item)
        elif item is Packet.CONNECT:
            connection.down.push(Packet.RESET)

    def lose(self, connection: Connection) -> None:
        """Find out that this client is gone: its will is published."""
        if not connection.served:
            return
        if self.frozen:
            self._inbox.append((connection, Packet.RESET))
            return
        self._drop(connection)
        connection.down.push(Packet.RESET)
        self._publish(connection.will)

    def stop(self, *, orderly: bool) -> None:
        """End: in good order with every client's will published first, otherwise in mid-word."""
        served = list(self._served)
        if orderly and not self.frozen:
            for connection in served:
                self._publish(connection.will)
        self.running = False
        self.frozen = False
        self._inbox.clear()
        for connection in served:
            self._drop(connection)
            if not orderly and self.rng.random() < 0.5:
                connection.down.lose()
            connection.down.push(Packet.RESET)

    def start(self, retention: Retention) -> None:
        """Run again."""
        self.running = True
        if retention is Retention.LOST:
            self._retained = {}
        elif retention is Retention.OLD:
            self._retained = dict(self._old)

    def freeze(self) -> None:
        """Stand still; what comes in waits."""
        self.frozen = self.running

    def thaw(self) -> None:
        """Go on with what waited."""
        self.frozen = False
        inbox, self._inbox = self._inbox, []
        for connection, item in inbox:
            self.arrived(connection, item)

    def remember(self) -> None:
        """Write the retained values to the disk that a restart may bring back."""
        self._old = dict(self._retained)

    def _take(self, connection: Connection, item: Message | Packet) -> None:
        if isinstance(item, Message):
            if connection.served:
                self._publish(item)
        elif item is Packet.CONNECT:
            connection.served = True
            self._served.append(connection)
            connection.down.push(Packet.SUBACK)
            for message in self._retained.values():
                connection.down.push(Received(broker=self.name, message=message, retained=True))
        elif item is Packet.BYE:
            self._drop(connection)
        elif item is Packet.RESET:
            self.lose(connection)

    def _publish(self, message: Message) -> None:
        self.taken += 1
        if isinstance(message.body, State):
            self._retained[message.sender] = message
        received = Received(broker=self.name, message=message)
        for connection in self._served:
            connection.down.push(received)

    def _drop(self, connection: Connection) -> None:
        if connection.served:
            connection.served = False
            self._served.remove(connection)
