"""The LAN of the false world. Knows: who hears whom, and which MAC each client believes. Never: who should own.

A client stands on each side of a possible split. It believes the newest announcement it heard; a MAC that has not
answered for ``STALE_S`` is asked for anew, as a neighbour table does.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from random import Random

from floatip.core.effects import Probe
from floatip.core.events import Answered
from floatip.core.types import Address, Mac, VipName
from tests.sim.clock import Scheduler
from tests.sim.machine import Machine, Port

STALE_S = 5.0
"""How long a client keeps trying a silent MAC before it asks again (Linux: 5 s delay before the first probe)."""


@dataclass(slots=True)
class Client:
    """A host that uses the addresses: whom it believes to have them, and since when that one is silent."""

    side: int
    believes: dict[Address, Mac] = field(default_factory=dict)
    silent_since: dict[Address, float] = field(default_factory=dict)


class Lan:
    """Frames between machines and clients."""

    def __init__(
        self, scheduler: Scheduler, rng: Random, hear: Callable[[Machine, Answered], None], *, deaf: bool
    ) -> None:
        self.machines: list[Machine] = []
        self.clients = (Client(side=0), Client(side=1))
        self.split = False
        self._scheduler = scheduler
        self._rng = rng
        self._hear = hear
        self._deaf = deaf
        self._vips: dict[Address, VipName] = {}

    def serve(self, vip: VipName, addresses: Iterable[Address]) -> None:
        """Clients use these addresses."""
        for address in addresses:
            self._vips[address] = vip

    def owner(self, mac: Mac) -> tuple[Machine, Port] | None:
        """Whose MAC this is."""
        return next(((m, p) for m in self.machines for p in m.ports.values() if p.mac == mac), None)

    def announce(self, machine: Machine, interface: str, vip: VipName, addresses: Iterable[Address]) -> None:
        """One round of announcements: clients believe them, other nodes hear them."""
        port = machine.ports[interface]
        for address in addresses:
            for client in self.clients:
                if self._reaches(machine, port, client.side, tries=2):
                    client.believes[address] = port.mac
                    client.silent_since.pop(address, None)
            answered = Answered(vip=vip, address=address, mac=port.mac)
            for other in self.machines:
                if other is not machine and other.awake and self._passes(machine, port, other, tries=2):
                    self._later(other, answered)

    def probe(self, machine: Machine, question: Probe, addresses: Iterable[Address]) -> None:
        """One broadcast question, and one to each MAC named; whoever has the address answers."""
        port = machine.ports[question.interface]
        for address in addresses:
            for other, answerer, vip in self._holders(address):
                tries = int(question.broadcast) + int(answerer.mac in question.to_macs)
                heard = self._passes(machine, port, other, tries) and self._passes(other, answerer, machine, tries)
                if other is not machine and heard:
                    self._later(machine, Answered(vip=vip, address=address, mac=answerer.mac))

    def clients_look(self) -> None:
        """Let each client see whether the MAC it believes still answers; call it about once a second."""
        for client in self.clients:
            for address in self._vips:
                answerers = [
                    port.mac
                    for machine, port, _ in self._holders(address)
                    if self._reaches(machine, port, client.side, tries=1)
                ]
                believed = client.believes.get(address)
                if believed in answerers:
                    client.silent_since.pop(address, None)
                elif self._scheduler.now - client.silent_since.setdefault(address, self._scheduler.now) >= STALE_S:
                    client.believes.pop(address, None)
                if address not in client.believes and answerers:
                    client.believes[address] = self._rng.choice(answerers)

    def _holders(self, address: Address) -> Iterator[tuple[Machine, Port, VipName]]:
        for machine in self.machines:
            held = machine.held.get(address)
            if held is not None and machine.awake:
                yield machine, machine.ports[held.interface], held.vip

    def _later(self, machine: Machine, answered: Answered) -> None:
        if self._deaf:
            return
        share = self._rng.random()
        delay_s = 0.0002 + 0.002 * share + (0.03 if share > 0.99 else 0.0)
        self._scheduler.after(delay_s, self._hear, machine, answered)

    def _reaches(self, machine: Machine, port: Port, side: int, tries: int) -> bool:
        if not port.link or port.silent or (self.split and machine.side != side):
            return False
        return (port.loss == 0.0 and tries > 0) or any(self._rng.random() >= port.loss for _ in range(tries))

    def _passes(self, sender: Machine, port: Port, to: Machine, tries: int) -> bool:
        return any(
            other.link and not other.silent and (other.loss == 0.0 or self._rng.random() >= other.loss)
            for other in to.ports.values()
        ) and self._reaches(sender, port, to.side, tries)
