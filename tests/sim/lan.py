"""The LAN of the false world. Knows: who hears whom, and who answers for which address. Never: who should own.

An IPv6 answer to a probe goes to all, as an unsolicited advertisement does (RFC 4861 section 7.2.4).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from random import Random

from floatip.core.effects import Ask, Probe
from floatip.core.events import Answered, Reached
from floatip.core.types import Address, Mac, VipName
from tests.sim.clients import Client
from tests.sim.clock import Scheduler
from tests.sim.machine import Machine, Port


@dataclass(slots=True, eq=False)
class Bystander:
    """A host that is no node: the gateway, or a stranger that uses a VIP's addresses."""

    name: str
    port: Port
    addresses: frozenset[Address]
    side: int = 0
    awake: bool = True


Host = Machine | Bystander


class Lan:
    """Frames between machines, bystanders and clients."""

    def __init__(
        self,
        scheduler: Scheduler,
        rng: Random,
        hear: Callable[[Machine, Answered | Reached], None],
        believed: Callable[[Address], None],
        *,
        deaf: bool,
    ) -> None:
        self.machines: list[Machine] = []
        self.bystanders: list[Bystander] = []
        self.clients = (Client(side=0), Client(side=1))
        self.split = False
        self._scheduler = scheduler
        self._rng = rng
        self._hear = hear
        self._believed = believed
        self._deaf = deaf
        self._vips: dict[Address, VipName] = {}

    def serve(self, vip: VipName, addresses: Iterable[Address]) -> None:
        """Clients use these addresses."""
        for address in addresses:
            self._vips[address] = vip

    # -- what hosts send ---------------------------------------------------------------------------------------------

    def announce(self, sender: Host, port: Port, address: Address, tries: int = 2) -> None:
        """One round of announcements: clients believe them, nodes hear them."""
        for client in self.clients:
            if self._reaches(sender, port, client.side, tries):
                client.learn(address, port.mac)
        self._believed(address)
        for other in self._others(sender):
            for ear in other.ports.values():
                if self._passes(sender, port, other, ear, tries):
                    self._answered(other, ear, address, port, announced=True)

    def probe(self, machine: Machine, question: Probe, addresses: Iterable[Address]) -> None:
        """One broadcast question, and one to each MAC named; whoever has the address answers."""
        port = machine.ports[question.interface]
        for address in addresses:
            self._asked(machine, port, address, to_macs=question.to_macs, broadcast=question.broadcast)

    def testify(self, machine: Machine, port: Port, address: Address) -> None:
        """A sentinel's question that says to all that its daemon is dead; whoever has the address answers."""
        for other in self._others(machine):
            for ear in other.ports.values():
                if self._passes(machine, port, other, ear, 1):
                    self._answered(other, ear, address, port, testament=True)
        self._asked(machine, port, address, to_macs=(), broadcast=True)

    def _asked(
        self, machine: Machine, port: Port, address: Address, *, to_macs: tuple[Mac, ...], broadcast: bool
    ) -> None:
        """Whoever has the address answers a question for it, an IPv6 one so that all hear it."""
        for other, answerer in list(self._holders(address)):
            tries = int(broadcast) + int(answerer.mac in to_macs)
            if other is machine or not self._passes(machine, port, other, answerer, tries):
                continue
            if address.version == 6:
                self.announce(other, answerer, address, tries)
            elif self._passes(other, answerer, machine, port, tries):
                self._answered(machine, port, address, answerer)

    def ask(self, machine: Machine, question: Ask) -> None:
        """Ask for a host's own address, of its MAC alone if that is known: it answers if it is awake."""
        port, home = machine.ports[question.interface], self._home(question.address)
        if home is None or home[0] is machine or question.mac not in {None, home[1].mac}:
            return
        host, theirs = home
        if host.awake and self._passes(machine, port, host, theirs, 1) and self._passes(host, theirs, machine, port, 1):
            self._later(machine, Reached(interface=port.interface, address=question.address, mac=theirs.mac))

    def clients_look(self) -> None:
        """Let each client see whether the MAC it believes still answers; call it about once a second."""
        for client in self.clients:
            for address in self._vips:
                answerers = [
                    port.mac
                    for host, port in self._holders(address)
                    if not port.deaf and self._reaches(host, port, client.side, 1)
                ]
                client.look(address, answerers, self._scheduler.now, self._rng)
        for address in self._vips:
            self._believed(address)

    def serves(self, client: Client, address: Address) -> bool:
        """Whether the host that this client believes has the address, and the client reaches it."""
        mac = client.believes.get(address)
        return any(
            port.mac == mac and isinstance(host, Machine) and (not self.split or host.side == client.side)
            for host, port in self._holders(address)
        )

    # -- who is where ------------------------------------------------------------------------------------------------

    def _others(self, sender: Host) -> Iterator[Machine]:
        return (machine for machine in self.machines if machine is not sender and machine.awake)

    def _holders(self, address: Address) -> Iterator[tuple[Host, Port]]:
        for machine in self.machines:
            held = machine.held.get(address)
            if held is not None and machine.awake:
                yield machine, machine.ports[held.interface]
        for stranger in self.bystanders:
            if stranger.awake and address in stranger.addresses:
                yield stranger, stranger.port

    def _home(self, address: Address) -> tuple[Host, Port] | None:
        for machine in self.machines:
            for port in machine.ports.values():
                if port.own.ip == address:
                    return machine, port
        return next(((one, one.port) for one in self.bystanders if one.port.own.ip == address), None)

    # -- what machines hear ------------------------------------------------------------------------------------------

    def _answered(
        self,
        machine: Machine,
        ear: Port,
        address: Address,
        port: Port,
        *,
        announced: bool = False,
        testament: bool = False,
    ) -> None:
        told = Answered(
            vip=self._vips.get(address, VipName("")),
            address=address,
            mac=port.mac,
            interface=ear.interface,
            announced=announced,
            testament=testament,
        )
        self._later(machine, told)

    def _later(self, machine: Machine, told: Answered | Reached) -> None:
        if self._deaf:
            return
        share = self._rng.random()
        delay_s = 0.0002 + 0.002 * share + (0.03 if share > 0.99 else 0.0)
        self._scheduler.after(delay_s, self._hear, machine, told)

    # -- frames on their way -----------------------------------------------------------------------------------------

    def _reaches(self, sender: Host, port: Port, side: int, tries: int) -> bool:
        if not port.link or port.dumb or (self.split and sender.side != side):
            return False
        return (port.loss == 0.0 and tries > 0) or any(self._rng.random() >= port.loss for _ in range(tries))

    def _passes(self, sender: Host, port: Port, to: Host, ear: Port, tries: int) -> bool:
        if not ear.link or ear.deaf or not self._reaches(sender, port, to.side, tries):
            return False
        return ear.loss == 0.0 or self._rng.random() >= ear.loss
