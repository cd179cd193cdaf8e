"""The whole false world of one run: machines, brokers, LAN, daemons, judges. Knows: how they are joined.

Never: when something fails (that is the nemesis) or whether that was right (that are the judges).
"""

from ipaddress import IPv4Interface
from random import Random
from typing import Any

from floatip.core import events as ev
from floatip.core.types import Address, DirectiveKind, Mac, NodeName, Stored, Timing, VipName
from tests.sim.broker import Broker, Road
from tests.sim.clients import STALE_S
from tests.sim.clock import Scheduler
from tests.sim.court import JUDGES, Court, Verdict
from tests.sim.judges_liveness import Answers, Served
from tests.sim.judges_overlap import BriefOverlap
from tests.sim.lan import Bystander, Lan
from tests.sim.machine import Cause, Machine, Port
from tests.sim.node import Node
from tests.sim.process import Process
from tests.sim.scenario import Scenario
from tests.sim.seams import CoreFactory
from tests.sim.story import Story


class World:
    """Everything there is in one run."""

    def __init__(self, scenario: Scenario, factory: CoreFactory, *, keep_story: bool = False) -> None:
        self.scenario = scenario
        self.factory = factory
        self.scheduler = Scheduler()
        self.rng = Random(f"{scenario.seed} {scenario.brokers} {scenario.nodes} {scenario.policy} world")
        self.story = Story(self.scheduler, keep=keep_story)
        self.addresses: dict[VipName, tuple[Address, ...]] = {
            vip.name: tuple(placed.address for placed in vip.addresses) for vip in scenario.vips()
        }
        self.lan = Lan(self.scheduler, self.rng, self._heard, self._believed, deaf=scenario.deaf)
        for vip, addresses in self.addresses.items():
            self.lan.serve(vip, addresses)
        self.strangers: list[Bystander] = []
        self.estranged_until: dict[Mac, float] = {}
        """Until when a client may believe this stranger, since it is there, or was lately."""
        self.repaired = False
        """The faults have ceased: what was still to break stays whole."""
        self.gateway: Bystander | None = None
        if scenario.gateway is not None:
            port = Port(interface="eth0", mac=Mac("02:00:00:00:00:fe"), own=IPv4Interface((scenario.gateway, 24)))
            self.gateway = Bystander("gateway", port, frozenset())
            self.lan.bystanders.append(self.gateway)
        away_s = 0.05 if scenario.far else 0.002
        names = scenario.spec("n1").brokers
        self.brokers = {name: Broker(name, self.scheduler, self.rng, away_s=away_s) for name in names}
        self.nodes = [self.add_node(f"n{i + 1}") for i in range(scenario.nodes)]
        self.twin: Node | None = None
        self._twin_until = 0.0
        self._twin_name = NodeName("")
        judges = [judge(self) for judge in JUDGES]
        self.court: Any = Court(judges)
        for node in self.nodes:
            self.scheduler.after(self.rng.uniform(0.0, 0.5), self.start, node)
        self.scheduler.after(1.0, self._every_second)

    # -- the run -----------------------------------------------------------------------------------------------------

    def run(self) -> Verdict:
        """Let time pass until the end, and judge."""
        self.scheduler.run_until(self.scenario.end_s)
        for judge in self.court.judges:
            judge.finish()
        self.story.say(f"the end: {self.scheduler.happenings} happenings, next number {self.rng.random()}")
        judges = {type(judge): judge for judge in self.court.judges}
        overlap, answers, served = judges[BriefOverlap], judges[Answers], judges[Served]
        return Verdict(
            violations=tuple(self.court.violations),
            fingerprint=self.story.fingerprint(),
            story=tuple(self.story.lines),
            served=served.share,
            overlap_longest_s=overlap.longest_s,
            overlap_total_s=overlap.total_s,
            outcomes=answers.outcomes,
            messages=sum(broker.taken for broker in self.brokers.values()),
        )

    def _every_second(self) -> None:
        self.lan.clients_look()
        self.court.every_second()
        self.scheduler.after(1.0, self._every_second)

    # -- nodes -------------------------------------------------------------------------------------------------------

    def add_node(self, name: str, node: NodeName | None = None) -> Node:
        """Build a machine (named ``name``) on which a daemon called ``node`` can run."""
        spec = self.scenario.spec(node or name)
        number = len(self.lan.machines) + 1
        interfaces = spec.vips[0].interfaces
        ports = [
            Port(
                interface=interface,
                mac=Mac(f"02:00:00:00:{index:02x}:{number:02x}"),
                own=IPv4Interface(f"10.{77 + index}.0.{10 + number}/24"),
            )
            for index, interface in enumerate(interfaces)
        ]
        machine = Machine(name, self.scheduler, self.rng, self, ports)
        self.lan.machines.append(machine)
        return Node(spec=spec, machine=machine, roads={broker: Road() for broker in self.brokers}, rng=self.rng)

    def start(self, node: Node, timing: Timing | None = None) -> None:
        """Start a daemon, as the init system does; it takes a moment."""
        if node.running is not None or not node.machine.awake:
            return
        node.starting += 1
        node.spec = self.scenario.spec(node.spec.node, timing)
        self.scheduler.after(self.rng.uniform(0.05, 0.4), self._begin, node, node.starting)

    def _begin(self, node: Node, starting: int) -> None:
        if node.starting != starting or node.running is not None or not node.machine.alive:
            return
        if node.machine.clock.paused:
            self.scheduler.after(0.1, self._begin, node, starting)
            return
        process = Process(
            node.spec,
            node.machine,
            scheduler=self.scheduler,
            rng=self.rng,
            brokers={name: (broker, node.roads[name]) for name, broker in self.brokers.items()},
            lan=self.lan,
            bench=self.court,
            say=self.story.say,
        )
        self.story.say(f"{node.machine.name}: starts")
        self.court.started(process)
        node.start(process, self.factory, self.scheduler.now)

    def ask_to_stop(self, node: Node) -> None:
        """SIGTERM."""
        if node.running is not None:
            self.court.stop_asked(node.running)
            node.running.give(ev.StopAsked())

    def ask_failover(self, node: Node, vip: VipName, to: NodeName | None, request: str) -> None:
        """An operator at this node wants the VIP to move."""
        if node.running is not None:
            self.court.asked(node.running, request, 5.0)
            node.running.give(ev.FailoverAsked(id=request, vips=(vip,), to=to, timeout_s=5.0))

    def ask_order(self, node: Node, kind: DirectiveKind, subject: str, value: str, request: str) -> None:
        """An operator gives, through this node, an order that lasts until it is revoked."""
        if node.running is not None:
            self.court.asked(node.running, request, 5.0)
            self.court.ordered(request, kind, subject, value)
            order = ev.DirectiveAsked(id=request, kind=kind, subjects=(subject,), value=value, timeout_s=5.0)
            node.running.give(order)

    def resume(self, node: Node) -> None:
        """Let a paused machine go on."""
        if node.machine.clock.paused:
            node.resume()
            self.court.resumed(node.machine)

    def freeze(self, node: Node) -> None:
        """Stop a daemon in mid-step."""
        node.freeze(self.brokers, self.scheduler.now)

    def thaw(self, node: Node) -> None:
        """Let a frozen daemon go on."""
        node.thaw(self.scheduler.now)

    def add_twin(self, node: Node) -> None:
        """A second machine comes up under the name of this node."""
        if self.twin is None:
            self.twin = self.add_node(f"{node.spec.node}-twin", node.spec.node)
            self.twin.disk = Stored()
            self.start(self.twin)

    def remove_twin(self) -> None:
        """The second machine is taken away."""
        if self.twin is not None:
            self.twin.die()
            self.lan.machines.remove(self.twin.machine)
            self.twin = None

    def doubled(self, machine: Machine) -> bool:
        """Whether two machines bear this one's name, or did until a moment ago."""
        now = self.scheduler.now
        if self.twin is not None:
            self._twin_until = now + 5.0
            self._twin_name = self.twin.spec.node
        return now < self._twin_until and machine.name.removesuffix("-twin") == self._twin_name

    # -- strangers ---------------------------------------------------------------------------------------------------

    def add_stranger(self, address: Address, *, side: int, every_s: float | None, answers: bool) -> Bystander:
        """A host that nobody knows uses an address; ``every_s``: how often it announces it."""
        number = len(self.estranged_until) + 1
        mac = Mac(f"02:00:00:ff:{number >> 8:02x}:{number & 255:02x}")
        port = Port(interface="eth0", mac=mac, own=IPv4Interface("10.77.0.66/24"))
        stranger = Bystander(f"stranger {number}", port, frozenset({address} if answers else ()), side=side)
        self.strangers.append(stranger)
        self.lan.bystanders.append(stranger)
        self.estranged_until[mac] = float("inf")
        if every_s is not None:
            self._stranger_speaks(stranger, address, every_s)
        return stranger

    def remove_stranger(self, stranger: Bystander) -> None:
        """It goes; a client that had asked for the address itself has no reason yet to ask again."""
        if stranger in self.strangers:
            self.strangers.remove(stranger)
            self.lan.bystanders.remove(stranger)
            stranger.awake = False
            self.estranged_until[stranger.port.mac] = (
                self.scheduler.now + (STALE_S if stranger.addresses else 0.0) + 2.0
            )

    def _stranger_speaks(self, stranger: Bystander, address: Address, every_s: float) -> None:
        if stranger.awake:
            self.lan.announce(stranger, stranger.port, address)
            self.scheduler.after(every_s * (0.5 + self.rng.random()), self._stranger_speaks, stranger, address, every_s)

    # -- what the world tells ----------------------------------------------------------------------------------------

    @property
    def lan_whole(self) -> bool:
        """Whether every node hears every other on the LAN."""
        return not self.lan.split and all(
            port.whole for machine in self.lan.machines for port in machine.ports.values()
        )

    @property
    def parted(self) -> bool:
        """Whether a split lies between daemons, or between them and the gateway: then they notice its end."""
        sides = {machine.side for machine in self.lan.machines if self.process_on(machine) is not None}
        sides |= {self.gateway.side} if self.gateway is not None else set()
        return self.lan.split and len(sides) > 1

    def serving(self, machine: Machine) -> bool:
        """Whether a daemon runs there, and is not held up."""
        process = self.process_on(machine)
        return process is not None and not process.standing_still

    def kernel_has(self, machine: Machine, address: Address) -> None:
        """Tell the judges."""
        self.story.say(f"{machine.name}: the kernel has {address}")
        self.court.kernel_has(machine, address)

    def kernel_lost(self, machine: Machine, address: Address, vip: VipName, cause: Cause) -> None:
        """Tell the judges and the daemon."""
        self.story.say(f"{machine.name}: the kernel lost {address}: {cause}")
        self.court.kernel_lost(machine, address, vip, cause)
        process = self.process_on(machine)
        if process is not None:
            process.kernel_lost(vip, address, cause)

    def _heard(self, machine: Machine, told: ev.Answered | ev.Reached) -> None:
        node = self.node_on(machine)
        if node is None or not machine.awake:
            return
        if node.running is not None:
            node.running.hear(told)
        elif node.process is not None and isinstance(told, ev.Answered) and not told.testament:
            node.process.sentinel.hears(told)

    def _believed(self, address: Address) -> None:
        self.court.believed(address)

    def process_on(self, machine: Machine) -> Process | None:
        """The daemon that runs there."""
        node = self.node_on(machine)
        return node.running if node is not None else None

    def node_on(self, machine: Machine) -> Node | None:
        """The node that it is."""
        for node in self.nodes:
            if node.machine is machine:
                return node
        return self.twin if self.twin is not None and self.twin.machine is machine else None
