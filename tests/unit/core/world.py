"""The world of the plays: perfect brokers, one LAN, and the time; everything takes 1 ms. Never: chance."""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from floatip.core.events import Received
from floatip.core.messages import Message, State
from floatip.core.types import Address, BrokerName

if TYPE_CHECKING:
    from tests.unit.core.player import Node

DELAY_S = 0.001
Say = Callable[[float, str, str], None]


@dataclass(slots=True)
class Broker:
    """One log: what is published goes to all sessions in one order; states are retained."""

    name: BrokerName
    running: bool = True
    sessions: dict[str, tuple["Node", int]] = field(default_factory=dict)
    retained: dict[str, Message] = field(default_factory=dict)

    def publish(self, message: Message) -> None:
        """Deliver to everybody, the sender included."""
        if isinstance(message.body, State):
            self.retained[message.sender] = message
        for node, session in self.sessions.values():
            node.deliver(self, session, Received(broker=self.name, message=message))


class World:
    """Brokers, nodes, the LAN, and the time."""

    def __init__(self, say: Say) -> None:
        self.now = 0.0
        self.brokers: dict[BrokerName, Broker] = {}
        self.nodes: dict[str, Node] = {}
        self.foreign: frozenset[Address] = frozenset()
        self.gateway: Address | None = None
        """It answers those on the left side."""
        self._say = say
        self._queue: list[tuple[float, int, Callable[[], object]]] = []
        self._count = 0

    def say(self, who: str, text: str) -> None:
        """Write a line of the transcript."""
        self._say(self.now, who, text)

    def after(self, delay_s: float, call: Callable[[], object]) -> None:
        """Do this later."""
        self._count += 1
        heapq.heappush(self._queue, (self.now + delay_s, self._count, call))

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end = self.now + seconds
        while self._queue and self._queue[0][0] <= end:
            self.now, _, call = heapq.heappop(self._queue)
            call()
        self.now = end

    def hearers(self, node: "Node") -> Iterator["Node"]:
        """The other machines that a frame of this one reaches."""
        for other in self.nodes.values():
            if other is not node and node.on_lan and other.on_lan and node.side == other.side:
                yield other
