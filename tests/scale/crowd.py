"""A crowd of production engines in one process, and one of them measured as if it were a daemon of its own.

The measured node gets sealed bytes and does with each message all that a daemon does but for MQTT: verify, decode,
``Engine.steps``, encode, sign. The others share what was decoded once, and are not charged to anybody.
"""

from dataclasses import dataclass, field
from ipaddress import ip_address, ip_interface

from floatip.bus import codec
from floatip.bus.envelope import seal
from floatip.bus.newest import Newest
from floatip.bus.signing import Keys
from floatip.bus.topics import Letter, place_of, topic_of
from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.messages import Message
from floatip.core.types import Address, BrokerName, NodeName, NodeSpec, Placed, Placement, Timing, VipName, VipSpec
from tests.scale.meter import Meter
from tests.unit.core.player import Node
from tests.unit.core.world import DELAY_S, Broker, World

BROKER = BrokerName("b1:1883")
CLUSTER = "scale"
KEYS = Keys((b"k" * 44,))


def vips(count: int, placement: Placement) -> tuple[VipSpec, ...]:
    """So many VIPs of one address each."""
    first = int(ip_address("10.78.0.1"))
    return tuple(
        VipSpec(
            name=VipName(f"vip-{number:04d}"),
            addresses=(Placed(address=ip_address(first + number), prefix=32),),
            interfaces=("eth0",),
            placement=placement,
        )
        for number in range(count)
    )


class Member(Node):
    """One node of the crowd."""

    def __init__(self, world: World, label: str, spec: NodeSpec, number: int) -> None:
        super().__init__(world, label, spec, number)
        self.own = ip_interface(f"10.77.0.{number}/16")
        self._addresses = {vip.name: [one.address for one in vip.addresses] for vip in spec.vips}

    def addresses(self, name: VipName) -> list[Address]:
        """Look up, since a crowd asks for a great many."""
        return self._addresses[name]


class Measured(Member):
    """The node whose work is charged to a meter."""

    def __init__(self, world: World, label: str, spec: NodeSpec, number: int, meter: Meter) -> None:
        super().__init__(world, label, spec, number)
        self.meter = meter
        self._newest = Newest()

    def take(self, letter: Letter) -> None:
        """Do with a message all that a daemon does once MQTT has handed it on."""
        with self.meter.part("verify"):
            place = place_of(CLUSTER, letter.topic)
            assert place is not None
            topic = topic_of(CLUSTER, place.sender, place.channel)
            signature, payload = letter.payload[1:65], letter.payload[65:]
            assert KEYS.verify(signature, BROKER, topic, payload)
        with self.meter.part("decode"):
            message = codec.decode(payload, place.sender)
            assert isinstance(message, Message)
            self._newest.is_old(message)
        self.meter.heard(type(message.body).__name__.lower(), len(letter.payload))
        self.give(ev.Received(broker=BROKER, message=message, retained=letter.retained))

    def give(self, *events: ev.Event) -> None:
        """Let the engine take a step, and charge it."""
        if self.engine is None:
            return
        with self.meter.part("step"):
            effects = self.engine.steps(events, self.now)
        self._perform(effects)
        self._wake()

    def _tick(self, at: float) -> None:
        if self.engine is not None and self.engine.deadline() == at:
            self.give(ev.Tick())

    def _send(self, effect: ef.Send) -> None:
        with self.meter.part("encode and sign"):
            seal(effect.message, keys=KEYS, broker=BROKER, cluster=CLUSTER)
        super()._send(effect)


@dataclass(slots=True)
class Log(Broker):
    """The broker: what is published goes to everybody in one order, in bytes to whoever is measured."""

    world: World = field(kw_only=True)

    def publish(self, message: Message) -> None:
        """Deliver to everybody, the sender included."""
        letter = seal(message, keys=KEYS, broker=self.name, cluster=CLUSTER)
        if letter.retained:
            self.retained[message.sender] = message
        event = ev.Received(broker=self.name, message=message)
        self.world.after(DELAY_S, lambda: self._deliver(letter, event))

    def _deliver(self, letter: Letter, event: ev.Received) -> None:
        for node, _ in list(self.sessions.values()):
            if isinstance(node, Measured):
                node.take(letter)
            else:
                node.give(event)


class Crowd:
    """A cluster of so many nodes and VIPs on one broker; the first node is measured."""

    def __init__(self, nodes: int, vips_: int, *, placement: Placement = Placement.SPREAD) -> None:
        self.world = World(lambda *_: None)
        self.meter = Meter()
        self.broker = Log(BROKER, world=self.world)
        self.world.brokers[BROKER] = self.broker
        specs = vips(vips_, placement)
        self.members: list[Member] = []
        for number in range(1, nodes + 1):
            spec = NodeSpec(
                cluster=CLUSTER,
                node=NodeName(f"node-{number:02d}"),
                brokers=(BROKER,),
                vips=specs,
                timing=Timing(),
            )
            label = str(spec.node)
            member = (
                Measured(self.world, label, spec, number, self.meter)
                if number == 1
                else Member(self.world, label, spec, number)
            )
            self.members.append(member)
            self.world.nodes[label] = member

    def start(self) -> None:
        """Start all daemons within half a heartbeat, one after the other."""
        for index, member in enumerate(self.members):
            self.world.after(0.1 * index / len(self.members), member.start)

    def run(self, seconds: float) -> None:
        """Let time pass, and charge the measured node for it."""
        self.meter.reset()
        self.meter.running = True
        self.world.run(seconds)
        self.meter.running = False

    def owned(self) -> dict[str, int]:
        """How many VIPs each node has in its kernel."""
        return {member.label: len({vip for vip, _ in member.held.values()}) for member in self.members}
