"""One machine: its kernel, its clock, its ports. Knows: addresses with lifetimes. Never: who should have them."""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Interface
from random import Random
from typing import Protocol

from floatip.core.types import REMOVAL_DELAY_S, Address, Mac, VipName
from tests.sim.clock import MachineClock, Scheduler


class Cause(StrEnum):
    """Why an address left a kernel."""

    EXPIRED = "lifetime ended"
    REMOVED = "removed by its daemon"
    ORPHANED = "removed by the sentinel"
    BY_HAND = "removed by hand"
    DIED = "machine died"


class KernelWatcher(Protocol):
    """Who hears of every address that comes to a kernel or leaves it."""

    def kernel_has(self, machine: "Machine", address: Address) -> None:
        """The kernel has it now."""

    def kernel_lost(self, machine: "Machine", address: Address, vip: VipName, cause: Cause) -> None:
        """The kernel has it no more."""


@dataclass(slots=True)
class Port:
    """One interface and its place in the LAN, with the host's own address there."""

    interface: str
    mac: Mac
    own: IPv4Interface
    link: bool = True
    dumb: bool = False
    """It sends nothing."""
    deaf: bool = False
    """It hears nothing."""
    loss: float = 0.0

    @property
    def whole(self) -> bool:
        """Whether every frame comes and goes."""
        return self.link and not (self.dumb or self.deaf or self.loss)


@dataclass(slots=True)
class Held:
    """One address in the kernel; it goes when the machine's clock shows ``until`` (late removal counted in)."""

    vip: VipName
    interface: str
    until: float


class Machine:
    """A kernel that keeps addresses for whole seconds and removes them late."""

    def __init__(self, name: str, scheduler: Scheduler, rng: Random, watcher: KernelWatcher, ports: list[Port]) -> None:
        self.name = name
        self.side = 0
        self.alive = True
        self.ports = {port.interface: port for port in ports}
        self.held: dict[Address, Held] = {}
        self.clock = MachineClock(
            scheduler, rate=rng.choice((0.99, 1.01, rng.uniform(0.99, 1.01))), offset_s=rng.uniform(10.0, 100_000.0)
        )
        self._scheduler = scheduler
        self._rng = rng
        self._watcher = watcher

    @property
    def awake(self) -> bool:
        """Whether its kernel runs."""
        return self.alive and not self.clock.paused

    def add(self, address: Address, vip: VipName, interface: str, lifetime_s: int) -> None:
        """Add or renew one address; it will go up to S late (mostly at once, at times 70 ms early)."""
        share = self._rng.random()
        late_s = share * REMOVAL_DELAY_S if share > 0.6 else share * 0.1 - 0.06
        until = self.clock.now() + lifetime_s + late_s * min(1.0, self.clock.rate)
        held = self.held.get(address)
        if held is not None:
            held.vip, held.until = vip, until
            held.interface = interface
            return
        self.held[address] = Held(vip, interface, until)
        self._watcher.kernel_has(self, address)
        self._scheduler.after(self.clock.until(until), self._expire, address, self.held[address])

    def remove(self, address: Address, cause: Cause) -> None:
        """Take one address away, if it is there."""
        held = self.held.pop(address, None)
        if held is not None:
            self._watcher.kernel_lost(self, address, held.vip, cause)

    def die(self) -> None:
        """Lose power: the kernel and everything in it is gone."""
        self.alive = False
        for address in list(self.held):
            self.remove(address, Cause.DIED)

    def boot(self) -> None:
        """Come back with an empty kernel and a clock near zero."""
        self.alive = True
        self.clock.reboot()

    def _expire(self, address: Address, held: Held) -> None:
        if self.held.get(address) is not held:
            return
        wait_s = self.clock.until(held.until)
        if self.clock.paused or wait_s > 1e-6:
            self._scheduler.after(max(wait_s, 0.01), self._expire, address, held)
        else:
            self.remove(address, Cause.EXPIRED)
