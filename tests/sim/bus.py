"""A daemon's connections to its brokers. Knows: sessions, farewells, patience. Never: what the messages say."""

from typing import TYPE_CHECKING

from floatip.core import events as ev
from floatip.core.messages import Message, Will
from floatip.core.types import BrokerName, Origin
from tests.sim.broker import Broker, Connection, Packet, Road
from tests.sim.clock import Scheduler

if TYPE_CHECKING:
    from tests.sim.process import Process

CONNECT_TIMEOUT_S = 3.0
BACKOFF_S = (0.05, 2.0)
"""The first and the longest wait before a new connection attempt."""
UNHEARD = 0.1
"""In how many cases a broker finds out late that a client was killed."""


class Bus:
    """One connection to each broker, begun anew for as long as the daemon lives."""

    def __init__(
        self, process: "Process", brokers: dict[BrokerName, tuple[Broker, Road]], scheduler: Scheduler
    ) -> None:
        self.incarnation = 0
        self.connections: dict[BrokerName, Connection] = {}
        self.heard_of_death = 0
        """How many brokers are told at once that the daemon was killed."""
        self._process = process
        self._brokers = brokers
        self._scheduler = scheduler
        self._terms = process.spec.terms
        self._session = 0
        self._backoff_s = dict.fromkeys(brokers, BACKOFF_S[0])
        self._up: set[BrokerName] = set()

    @property
    def has_majority(self) -> bool:
        """Whether sessions stand with a majority of the brokers."""
        return len(self._up) * 2 > len(self._brokers)

    def open(self) -> None:
        """Connect to every broker."""
        for broker in self._brokers:
            self._connect(broker)

    def close(self, farewell: Packet) -> None:
        """End all connections for good."""
        for connection in self.connections.values():
            connection.down.close()
            connection.up.push(farewell)
        self.connections.clear()

    def drop(self) -> None:
        """Be killed: the kernel ends the connections at once, but now and then a broker gets no word of it."""
        for connection in self.connections.values():
            heard = self._process.rng.random() >= UNHEARD and connection.road.whole
            self.heard_of_death += heard
            if not heard:
                connection.up.close()
                self._scheduler.after(self._process.rng.uniform(0.5, 6.0), connection.broker.lose, connection)

    def vanish(self) -> None:
        """Send nothing more: the machine has died, and the brokers find out later."""
        for connection in self.connections.values():
            connection.up.close()
            self._scheduler.after(self._process.rng.uniform(1.5, 6.5), connection.broker.lose, connection)

    def send(self, broker: BrokerName, message: Message) -> bool:
        """Publish, if there is a session; return whether there was."""
        connection = self.connections.get(broker)
        if connection is None or broker not in self._up:
            return False
        connection.up.push(message)
        return True

    def hang_up(self, broker: BrokerName, reason: str) -> None:
        """End this session with a farewell, and begin another."""
        connection = self.connections.get(broker)
        if connection is not None:
            self._closed(connection, Packet.BYE, reason)

    def identify(self, incarnation: int) -> None:
        """Speak as this incarnation from now on: every session begins anew."""
        self.incarnation = incarnation
        for broker in list(self.connections):
            self.hang_up(broker, "a new incarnation")

    def lose(self, connection: Connection, reason: str) -> None:
        """Notice that a connection is dead, if it is still in use; its last words may still arrive."""
        if self.connections.get(connection.broker.name) is connection:
            self._process.turn(self._closed, connection, Packet.RESET, reason)

    def _connect(self, broker: BrokerName) -> None:
        if not self._process.alive or broker in self.connections:
            return
        self._session += 1
        where, road = self._brokers[broker]
        origin = Origin(self.incarnation, self._session, 0)
        will = Message(sender=self._process.spec.node, origin=origin, terms=self._terms, body=Will())
        connection = Connection(where, road, session=self._session, will=will, deliver=self._delivered)
        self.connections[broker] = connection
        self._scheduler.after(CONNECT_TIMEOUT_S, self._process.turn, self._give_up, broker, connection)

    def _give_up(self, broker: BrokerName, connection: Connection) -> None:
        if self.connections.get(broker) is connection and broker not in self._up:
            self.lose(connection, "connecting took too long")

    def _delivered(self, connection: Connection, item: ev.Received | Packet) -> None:
        process = self._process
        if type(item) is ev.Received and process.alive and not process.standing_still:
            process.step(item)
        else:
            process.turn(self._read, connection, item)

    def _read(self, connection: Connection, item: ev.Received | Packet) -> None:
        broker = connection.broker.name
        if self.connections.get(broker) is not connection:
            return
        if isinstance(item, ev.Received):
            self._process.step(item)
        elif item is Packet.SUBACK:
            self._up.add(broker)
            self._backoff_s[broker] = BACKOFF_S[0]
            self._process.step(ev.SessionUp(broker=broker, session=connection.session))
        else:
            self.lose(connection, "the broker closed the connection")

    def _closed(self, connection: Connection, farewell: Packet, reason: str) -> None:
        broker, rng = connection.broker.name, self._process.rng
        if self.connections.get(broker) is not connection:
            return
        del self.connections[broker]
        connection.down.close()
        if connection.up.held and rng.random() < 0.8:
            connection.up.lose()
        connection.up.push(farewell)
        if broker in self._up:
            self._up.discard(broker)
            down = ev.SessionDown(broker=broker, reason=reason)
            self._scheduler.after(0.0005 * rng.random(), self._process.give, down)
        backoff_s = self._backoff_s[broker]
        self._backoff_s[broker] = min(BACKOFF_S[1], backoff_s * 2)
        self._scheduler.after(backoff_s * (0.5 + rng.random()), self._process.turn, self._connect, broker)
