"""One node: a machine, what it keeps on disk, and at most one daemon. Knows: life and death. Never: elections."""

from dataclasses import dataclass, field
from random import Random

from floatip.core import events as ev
from floatip.core.types import BrokerName, NodeSpec, Policy, Stored, VipName, VipSpec
from tests.sim.broker import Broker, Connection, Road
from tests.sim.clock import Scheduler
from tests.sim.machine import Cause, Machine
from tests.sim.process import Process
from tests.sim.seams import CoreFactory

EPOCH_S = 1_700_000_000


@dataclass(slots=True)
class Node:
    """A place where a daemon can run."""

    spec: NodeSpec
    machine: Machine
    roads: dict[BrokerName, Road]
    rng: Random
    disk: Stored = field(default_factory=Stored)
    process: Process | None = None
    wall_error_s: float = 0.0
    well: bool = True
    """Whether its service is."""
    changed_at: float = 0.0
    """When that, or its configuration, last changed (true time)."""
    starting: int = 0
    """Which start is under way; a newer one supersedes it."""

    @property
    def running(self) -> Process | None:
        """Its daemon, if it lives."""
        return self.process if self.process is not None and self.process.alive else None

    def start(self, process: Process, factory: CoreFactory, true_s: float) -> None:
        """See the old sentinel off, take over or remove what is in the kernel, and only then speak."""
        if self.process is not None:
            self.process.sentinel.end()
        configured = {placed.address for vip in self.spec.vips for placed in vip.addresses}
        for address in self.machine.held.keys() - configured:
            self.machine.remove(address, Cause.REMOVED)
        inherited = [found for vip in self.spec.vips if (found := self._inherit(vip)) is not None]
        self.process = process
        process.start(factory, self.disk, int((EPOCH_S + true_s + self.wall_error_s) * 1e6), inherited)
        self.set_service(well=self.well)

    def set_service(self, *, well: bool) -> None:
        """The service of this node is well from now on, or not; its checks see that at once."""
        self.well = well
        process = self.running
        if process is None:
            return
        for check in self.spec.checks:
            process.give(ev.Checked(check=check.name, passed=well, output="" if well else "it does not answer"))

    def _inherit(self, vip: VipSpec) -> tuple[VipName, str] | None:
        """Keep all of a VIP's addresses on one interface, unless the policy is to let go; remove anything else."""
        held = [self.machine.held.get(placed.address) for placed in vip.addresses]
        interfaces = {one.interface if one is not None and one.vip == vip.name else None for one in held}
        interface = interfaces.pop()
        if vip.policy is not Policy.RELEASE and interface is not None and not interfaces:
            return vip.name, interface
        for placed in vip.addresses:
            self.machine.remove(placed.address, Cause.REMOVED)
        return None

    def save(self) -> None:
        """Keep what the daemon stored."""
        if self.process is not None:
            self.disk = self.process.stored

    def kill(self, *, sentinel: bool = False) -> None:
        """End the daemon without a word, and its sentinel as well or not; the machine goes on."""
        process = self.running
        self.starting += 1
        if process is not None:
            self.save()
            if sentinel:
                process.sentinel.end()
            process.kill()
            process.frozen = False

    def lose_sentinel(self, scheduler: Scheduler) -> None:
        """End the sentinel without a word; its daemon misses it and starts another."""
        process = self.running
        if process is not None:
            process.sentinel.end()
            scheduler.after(self.rng.uniform(0.02, 0.3), process.turn, process.sentinel.begin_again)

    def die(self) -> None:
        """Lose power."""
        self.starting += 1
        if self.running is not None:
            self.save()
            self.running.vanish()
        if self.process is not None:
            self.process.sentinel.end()
        self.machine.die()

    def freeze(self, brokers: dict[BrokerName, Broker], true_s: float) -> None:
        """Stop the daemon in mid-step; the brokers may drop it for its silence."""
        process = self.running
        if process is None or process.standing_still:
            return
        process.frozen = True
        process.frozen_at = true_s
        self._fall_silent(process, brokers)

    def thaw(self, true_s: float) -> None:
        """Let the daemon go on; it may notice that a turn took long."""
        process = self.running
        if process is None or not process.frozen:
            return
        process.frozen = False
        lost_s = true_s - process.frozen_at
        noticed = lost_s > process.spec.timing.lease_s and self.rng.random() < 0.5
        process.catch_up(ev.Gap(seconds=lost_s, why="a turn took too long") if noticed else None)

    def pause(self, brokers: dict[BrokerName, Broker]) -> None:
        """Stop the whole machine, its kernel and its clock."""
        if not self.machine.awake:
            return
        self.machine.clock.pause()
        if self.running is not None:
            self._fall_silent(self.running, brokers)

    def resume(self) -> None:
        """Let the machine go on; its wall clock is put right, and that is how the daemon notices."""
        if not self.machine.clock.paused:
            return
        lost_s = self.machine.clock.resume()
        process = self.running
        if process is not None and not process.frozen:
            gap = (
                ev.Gap(seconds=lost_s, why="the machine stood still")
                if lost_s > 2 * process.spec.timing.heartbeat_s
                else None
            )
            process.catch_up(gap)

    def _fall_silent(self, process: Process, brokers: dict[BrokerName, Broker]) -> None:
        for name, connection in process.bus.connections.items():
            broker = brokers[name]
            broker.scheduler.after(self.rng.uniform(1.5, 6.5), _drop_the_silent, process, broker, connection)


def _drop_the_silent(process: Process, broker: Broker, connection: Connection) -> None:
    if process.alive and process.standing_still:
        broker.lose(connection)
