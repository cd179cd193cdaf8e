"""How long two may serve (S1 under ``keep`` and ``lan``). Knows: true time, every kernel."""

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from floatip.core.messages import Message, Release
from floatip.core.types import REMOVAL_DELAY_S, Address, Policy, VipName
from tests.sim.judges_safety import Holders
from tests.sim.machine import Machine
from tests.sim.scenario import OTHER_TIMINGS

if TYPE_CHECKING:
    from tests.sim.cluster import World
    from tests.sim.process import Process


class Origin(Enum):
    """What had gone before an overlap."""

    CLEAN = "on a whole LAN"
    ORPHANED = "although the dead daemon's sentinel hears the other"
    PLANNED = "in a planned move"
    TROUBLED = "although both could have settled it"


@dataclass(slots=True)
class Overlap:
    """One address on two kernels; ``from_s``: since when it could have been ended within ``patience_s``."""

    origin: Origin
    since_s: float
    from_s: float
    patience_s: float
    giver: Machine | None = None
    """Who keeps the address until the other has it."""


class BriefOverlap(Holders):
    """S1 under ``keep`` and ``lan``: two kernels with the same address only for a reason, and not for long.

    Where nothing excuses it, and in a planned move: ``BOUND_S``; but an owner whose daemon stands still, or dies, in
    the middle of one is ended by its kernel. Where the old owner's daemon was killed, and its sentinel knows the new
    one: ``SENTINEL_S``. While the LAN is broken both sides may serve; a restarted daemon goes on with what its
    predecessor left. These settle it within ``YIELD_S`` once the LAN is whole and both daemons run, and within a kernel
    lifetime if one of them does not.
    """

    BOUND_S = 0.05
    SENTINEL_S = 0.3
    YIELD_S = 1.5
    WHOLE_S = 2.0
    LOOK_S = 0.05
    GIVES_S = 3.0
    """For how long a planned move may be under way, and that with a margin."""
    SLOW_S = 0.25
    """How long a slow driver of this world may take to remove what it was asked to, or to tell that it has added."""

    def __init__(self, world: "World") -> None:
        super().__init__(world)
        self.longest_s = 0.0
        self.total_s = 0.0
        self._overlaps: dict[Address, Overlap] = {}
        self._last: dict[Address, tuple[float, Origin]] = {}
        self._whole_since = 0.0
        self._spoken: set[Process] = set()
        self._giving: dict[tuple[str, VipName], float] = {}
        """Who has released a VIP and keeps its addresses until the next owner has them, since when."""
        self._removing_until: dict[tuple[str, VipName], float] = {}
        policy = world.scenario.policy
        self._judges = policy is not Policy.RELEASE
        timings = (world.scenario.timing, *OTHER_TIMINGS)
        longest_s = max(timing.lifetime_s(policy) for timing in timings)
        self._lifetime_s = (longest_s + REMOVAL_DELAY_S) * 1.02 + self.SENTINEL_S

    def said(self, process: "Process", message: Message) -> None:
        """Take down who leads a planned move."""
        self._spoken.add(process)
        if isinstance(message.body, Release) and message.body.kept:
            for vip in message.body.vips:
                self._giving[process.machine.name, vip] = self.world.scheduler.now

    def removing(self, process: "Process", vips: tuple[VipName, ...]) -> None:
        """What a daemon has asked its kernel to remove counts no more, for as long as a driver may take."""
        for vip in vips:
            self._removing_until[process.machine.name, vip] = self.world.scheduler.now + self.SLOW_S
        self.world.scheduler.after(self.SLOW_S + 0.0001, self.look_all)
        self.look_all()

    def kernel_has(self, machine: Machine, address: Address) -> None:
        """One more."""
        self._removing_until.pop((machine.name, machine.held[address].vip), None)
        super().kernel_has(machine, address)

    def counted(self, address: Address) -> list[str]:
        """The machines that have the address, are not excused, and have not just been asked to remove it."""
        names = super().counted(address)
        held = {machine.name: machine.held.get(address) for machine in self.holders.get(address, ())}
        now = self.world.scheduler.now
        return [
            name
            for name in names
            if (one := held[name]) is None or now >= self._removing_until.get((name, one.vip), 0.0)
        ]

    def lan_changed(self) -> None:
        """Remember since when it is whole; what overlaps now has an excuse."""
        self._whole_since = self.world.scheduler.now if self.world.lan_whole else float("inf")
        for overlap in self._overlaps.values():
            if overlap.origin is not Origin.PLANNED:
                overlap.origin = Origin.TROUBLED
        super().lan_changed()

    def look(self, address: Address) -> None:
        """Begin or end an overlap."""
        double, now = len(self.counted(address)) > 1, self.world.scheduler.now
        if double and address not in self._overlaps:
            origin = self._origin(address)
            patience_s = self._patience_s(address, origin)
            giver = self._giver(address) if origin is Origin.PLANNED else None
            self._overlaps[address] = Overlap(origin, now, now, patience_s, giver)
            if origin is Origin.TROUBLED:
                self.world.scheduler.after(self.LOOK_S, self._look_again, address, self._overlaps[address])
        elif double and self._overlaps[address].origin is Origin.CLEAN:
            if not self._are_acquainted(self.holders[address]):
                self._overlaps[address].origin = Origin.TROUBLED
                self._look_again(address, self._overlaps[address])
        elif not double and address in self._overlaps:
            overlap = self._overlaps.pop(address)
            self._last[address] = (now, overlap.origin)
            self._over(address, overlap)

    def _origin(self, address: Address) -> Origin:
        now, machines = self.world.scheduler.now, self.holders[address]
        # An address that was removed by hand and put back at once does not begin a new overlap.
        ended_s, origin = self._last.get(address, (-self.WHOLE_S, Origin.CLEAN))
        if now - self._whole_since <= self.WHOLE_S or (origin is Origin.TROUBLED and now - ended_s <= self.WHOLE_S):
            return Origin.TROUBLED
        if any(self._is_new(machine) for machine in machines) or not self._are_acquainted(machines):
            return Origin.TROUBLED
        if self._giver(address) is not None:
            return Origin.PLANNED
        orphans = [machine for machine in machines if self.world.process_on(machine) is None]
        if all(self._is_watched(orphan, machines) for orphan in orphans):
            return Origin.ORPHANED if orphans else Origin.CLEAN
        return Origin.TROUBLED

    def _is_new(self, machine: Machine) -> bool:
        """Whether a daemon has just begun there, or has said nothing yet: it may have inherited what it has."""
        process = self.world.process_on(machine)
        return process is not None and (
            self.world.scheduler.now - process.began_at <= self.WHOLE_S or process not in self._spoken
        )

    def _giver(self, address: Address) -> Machine | None:
        """The machine that gives the address away in a planned move."""
        now = self.world.scheduler.now
        for machine in self.holders[address]:
            at_s = self._giving.get((machine.name, machine.held[address].vip)) if address in machine.held else None
            if at_s is not None and now - at_s <= self.GIVES_S:
                return machine
        return None

    def _stood_still(self, overlap: Overlap) -> bool:
        """Whether the daemon that gives the address away stood still, or ended, while two had it."""
        node = self.world.node_on(overlap.giver) if overlap.giver is not None else None
        process = node.process if node is not None else None
        if process is None or not process.alive:
            return True
        new = process.began_at >= overlap.since_s
        return new or process.standing_still or process.ran_again_at >= overlap.since_s

    def _are_acquainted(self, machines: list[Machine]) -> bool:
        """Whether all daemons there know each other, for which lone faults leave time: else they are strangers."""
        macs = {machine: {port.mac for port in machine.ports.values()} for machine in machines}
        processes = {machine: self.world.process_on(machine) for machine in machines}
        return self.world.scenario.singly or all(
            macs[other] <= process.sentinel.macs
            for machine, process in processes.items()
            if process is not None
            for other in machines
            if other is not machine
        )

    def _is_watched(self, orphan: Machine, machines: list[Machine]) -> bool:
        """Whether the dead daemon's sentinel lives and knows the others; between lone faults it had time for that."""
        node = self.world.node_on(orphan)
        sentinel = node.process.sentinel if node is not None and node.process is not None else None
        macs = {port.mac for machine in machines if machine is not orphan for port in machine.ports.values()}
        return sentinel is not None and sentinel.watching and (macs <= sentinel.macs or self.world.scenario.singly)

    def _patience_s(self, address: Address, origin: Origin) -> float:
        if origin is not Origin.TROUBLED:
            slow_s = self.SLOW_S if origin is Origin.PLANNED else 0.0
            return self.SENTINEL_S if origin is Origin.ORPHANED else self.BOUND_S + slow_s
        if not self.world.lan_whole or not self._are_acquainted(self.holders[address]):
            return float("inf")
        able = all(self.world.serving(machine) for machine in self.holders[address] if not self.excused(machine))
        return self.YIELD_S if able else self._lifetime_s

    def _look_again(self, address: Address, overlap: Overlap) -> None:
        """See whether circumstances are others now: patience begins anew with them."""
        if self._overlaps.get(address) is not overlap:
            return
        patience_s, now = self._patience_s(address, overlap.origin), self.world.scheduler.now
        if patience_s != overlap.patience_s:
            overlap.from_s, overlap.patience_s = now, patience_s
        self.world.scheduler.after(self.LOOK_S, self._look_again, address, overlap)
        self._complain(address, overlap)

    def _over(self, address: Address, overlap: Overlap) -> None:
        if overlap.origin is Origin.PLANNED and self._stood_still(overlap):
            overlap.patience_s = self._lifetime_s
        elif overlap.origin in {Origin.CLEAN, Origin.PLANNED}:
            span_s = self.world.scheduler.now - overlap.since_s
            self.longest_s = max(self.longest_s, span_s)
            self.total_s += span_s
        self._complain(address, overlap)

    def _complain(self, address: Address, overlap: Overlap) -> None:
        span_s = self.world.scheduler.now - overlap.from_s
        if self._judges and span_s > overlap.patience_s:
            names = " and ".join(self.counted(address)) or "two nodes"
            self.accuse(f"{address} was on {names} for {span_s:.3f} s {overlap.origin.value}")
            overlap.from_s = float("inf")

    def finish(self) -> None:
        """End what still lasts."""
        for address, overlap in self._overlaps.items():
            self._over(address, overlap)
