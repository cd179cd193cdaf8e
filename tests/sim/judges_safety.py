"""What must never be (S1-S4). Knows: true time and every kernel. Never: an engine's inside."""

from typing import TYPE_CHECKING

from floatip.core.messages import Claim, Heartbeat, Message
from floatip.core.types import REMOVAL_DELAY_S, Address, NodeName, Policy, Standing, VipName
from tests.sim.judge import Judge
from tests.sim.machine import Cause, Machine
from tests.sim.scenario import OTHER_TIMINGS

if TYPE_CHECKING:
    from tests.sim.cluster import World
    from tests.sim.process import Process

NEWS_S = 0.1
"""How long a daemon may not know yet that the kernel removed an address."""


class Holders(Judge):
    """Who has each address in its kernel, apart from those excused.

    Excused is a paused machine, and after its resume for h + V + S (until then its kernel goes by a clock that stood
    still), and every machine of a doubled name: peers take the younger namesake's silence for the older one's
    release, so both have to find each other out first.
    """

    def __init__(self, world: "World") -> None:
        super().__init__(world)
        self.holders: dict[Address, list[Machine]] = {}
        self._grace_until: dict[str, float] = {}
        policy = world.scenario.policy
        self._grace_s = NEWS_S + max(
            timing.heartbeat_s + (timing.lifetime_s(policy) + REMOVAL_DELAY_S) * 1.02
            for timing in (world.scenario.timing, *OTHER_TIMINGS)
        )

    def excused(self, machine: Machine) -> bool:
        """Whether this machine's addresses do not count now."""
        if machine.clock.paused or self.world.scheduler.now < self._grace_until.get(machine.name, 0.0):
            return True
        return self.world.doubled(machine)

    def counted(self, address: Address) -> list[str]:
        """The machines that have the address and are not excused."""
        return [machine.name for machine in self.holders.get(address, ()) if not self.excused(machine)]

    def look(self, address: Address) -> None:
        """Something about this address is different now."""

    def kernel_has(self, machine: Machine, address: Address) -> None:
        """One more."""
        self.holders.setdefault(address, []).append(machine)
        self.look(address)

    def kernel_lost(self, machine: Machine, address: Address, vip: VipName, cause: Cause) -> None:
        """One less."""
        self.holders[address].remove(machine)
        self.look(address)

    def resumed(self, machine: Machine) -> None:
        """From the end of the grace on its addresses count again."""
        self._grace_until[machine.name] = self.world.scheduler.now + self._grace_s
        self.world.scheduler.after(self._grace_s, self.look_all)

    def look_all(self) -> None:
        """Anything may be different now."""
        for address in self.holders:
            self.look(address)

    def lan_changed(self) -> None:
        """Look again."""
        self.look_all()


class OneBound(Holders):
    """S1 under ``release``: never two kernels with the same address, not for an instant."""

    def look(self, address: Address) -> None:
        """Count."""
        if self.world.scenario.policy is not Policy.RELEASE:
            return
        names = self.counted(address)
        if len(names) > 1:
            self.accuse(f"{address} is on {' and '.join(names)}")


class AnnouncedBound(Judge):
    """S2: nobody announces what its kernel does not have.

    A daemon may not know for a moment that a lifetime has ended, nor, until it is told, that somebody removed the
    address by hand.
    """

    def __init__(self, world: "World") -> None:
        super().__init__(world)
        self._lost: dict[tuple[str, VipName], tuple[float, Cause]] = {}

    def kernel_lost(self, machine: Machine, address: Address, vip: VipName, cause: Cause) -> None:
        """Remember how it went."""
        self._lost[machine.name, vip] = (self.world.scheduler.now, cause)

    def knows_lost(self, process: "Process", vip: VipName) -> None:
        """From now on it knows."""
        self._lost.pop((process.machine.name, vip), None)

    def announced(self, process: "Process", vip: VipName) -> None:
        """Compare with its kernel."""
        machine = process.machine
        addresses = process.addresses[vip]
        if all(address in machine.held for address in addresses):
            return
        at_s, cause = self._lost.get((machine.name, vip), (-1.0, Cause.REMOVED))
        fresh = cause is Cause.EXPIRED and self.world.scheduler.now - at_s < NEWS_S
        if not fresh and cause is not Cause.BY_HAND:
            self.accuse(f"{machine.name} announced {vip}, which its kernel does not have")


class TermsGrow(Judge):
    """S3: within one daemon's life a VIP's term never falls; no term has two owners at one time."""

    def __init__(self, world: "World") -> None:
        super().__init__(world)
        self._terms: dict[tuple[int, VipName], int] = {}
        self._owners: dict[tuple[VipName, NodeName], tuple[int, float]] = {}

    def started(self, process: "Process") -> None:
        """A new life may have lost its memory."""
        for vip in self.world.addresses:
            self._terms.pop((id(process), vip), None)
            self._owners.pop((vip, process.spec.node), None)

    def said(self, process: "Process", message: Message) -> None:
        """Read claims and lists."""
        body = message.body
        if isinstance(body, Heartbeat) and body.listings is not None:
            node, owned = process.spec.node, set()
            for listing in body.listings:
                self._term(process, listing.vip, listing.term)
                if listing.standing is Standing.OWNER:
                    owned.add(listing.vip)
                    self._owner(node, listing.vip, listing.term)
            for vip in self.world.addresses:
                if vip not in owned:
                    self._owners.pop((vip, node), None)
        elif isinstance(body, Claim):
            for bid in body.bids:
                self._term(process, bid.vip, bid.term)

    def _term(self, process: "Process", vip: VipName, term: int) -> None:
        before = self._terms.get((id(process), vip), 0)
        if term < before:
            self.accuse(f"{process.machine.name} went from term {before} of {vip} to {term}")
        self._terms[id(process), vip] = term

    def _owner(self, node: NodeName, vip: VipName, term: int) -> None:
        now = self.world.scheduler.now
        self._owners[vip, node] = (term, now)
        for (of, other), (its, at_s) in self._owners.items():
            fresh = now - at_s < self.world.scenario.timing.lease_s
            if of == vip and other != node and its == term and fresh:
                self.accuse(f"{other} and {node} both say they own {vip} under term {term}")


class LeavesNothing(Judge):
    """S4: a daemon that ended in good order leaves no address behind."""

    def exited(self, process: "Process", code: int) -> None:
        """Look at its kernel."""
        left = [str(address) for address in process.machine.held]
        if left:
            self.accuse(f"{process.machine.name} ended with {code} and left {', '.join(left)} behind")
