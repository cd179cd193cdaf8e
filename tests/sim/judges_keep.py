"""What ``keep`` and ``lan`` promise (L4-L7). Knows: kernels, clients, which fault came alone. Never: engines."""

from typing import TYPE_CHECKING

from floatip.core.types import Address, Policy, VipName
from tests.sim.harm import ANY, Gap, Harm, gap_s
from tests.sim.judge import Judge
from tests.sim.machine import Cause, Machine

if TYPE_CHECKING:
    from tests.sim.cluster import World
    from tests.sim.process import Process


def all_is_well(world: "World") -> bool:
    """Whether every address is on one node, whose daemon runs and whom all clients believe."""
    for addresses in world.addresses.values():
        for address in addresses:
            homes = [machine for machine in world.lan.machines if address in machine.held]
            if len(homes) != 1 or not world.serving(homes[0]):
                return False
            if not all(world.lan.serves(client, address) for client in world.lan.clients):
                return False
    return True


class Lone(Judge):
    """A judge of faults that come alone, under ``keep`` and ``lan``, to a cluster in which all was well."""

    def __init__(self, world: "World") -> None:
        super().__init__(world)
        self.harm = ANY

    def fault_alone(self, harm: Harm) -> None:
        """From now on it is this fault that counts."""
        scenario = self.world.scenario
        judged = scenario.policy is not Policy.RELEASE and not scenario.mixed and all_is_well(self.world)
        self.harm = harm if judged else ANY

    def kernel_has(self, machine: Machine, address: Address) -> None:
        """Look."""
        self.look(address)

    def kernel_lost(self, machine: Machine, address: Address, vip: VipName, cause: Cause) -> None:
        """Look."""
        self.look(address)

    def look(self, address: Address) -> None:
        """Something about this address is different now."""


class Gaps(Lone):
    """A lone judge of how long something is missing."""

    def __init__(self, world: "World") -> None:
        super().__init__(world)
        self.bound_s: float | None = None
        self._gaps: dict[tuple[str, Address], float] = {}

    def allow(self, gap: Gap) -> None:
        """Begin anew with this bound."""
        self.bound_s = gap_s(gap, self.world.scenario)
        self._gaps.clear()

    def killed(self, process: "Process") -> None:
        """Without a majority of wills it is the kernel that ends it, and the LAN that must be silent then."""
        if self.bound_s is None or process.bus.heard_of_death >= process.spec.quorum:
            return
        if self.world.strangers:
            self.allow(Gap.UNJUDGED)  # they keep the LAN from falling silent
        else:
            self.bound_s = max(self.bound_s, gap_s(Gap.LATE_REMOVAL, self.world.scenario) or 0.0)

    def note(self, who: str, address: Address, *, there: bool) -> None:
        """Take down whether it is there."""
        key = who, address
        if self.bound_s is None or there:
            self._gaps.pop(key, None)
        elif key not in self._gaps:
            self._gaps[key] = self.world.scheduler.now
            self.world.scheduler.after(self.bound_s, self._due, key, self._gaps[key], self.bound_s)

    def _due(self, key: tuple[str, Address], began_s: float, bound_s: float) -> None:
        if self.bound_s is not None and self._gaps.get(key) == began_s:
            self.accuse(f"{key[0]} was without {key[1]} for more than {bound_s:.2f} s")


class Seamless(Gaps):
    """L4: clients do without an address no longer than a lone fault's ``Harm`` allows.

    A client is served while the MAC that it believes has the address. Killed daemons cost nothing, if a majority of
    the brokers hears of it at once.
    """

    def fault_alone(self, harm: Harm) -> None:
        """From now on it is this fault that counts."""
        super().fault_alone(harm)
        self.allow(self.harm.clients)

    def believed(self, address: Address) -> None:
        """Look."""
        self.look(address)

    def look(self, address: Address) -> None:
        """See which clients are served."""
        for number, client in enumerate(self.world.lan.clients):
            self.note(f"client {number}", address, there=self.world.lan.serves(client, address))


class Held(Gaps):
    """L5: no address is off all kernels for longer than a lone fault's ``Harm`` allows."""

    def fault_alone(self, harm: Harm) -> None:
        """From now on it is this fault that counts."""
        super().fault_alone(harm)
        self.allow(self.harm.kernels)

    def look(self, address: Address) -> None:
        """See who has it."""
        self.note("the LAN", address, there=any(address in machine.held for machine in self.world.lan.machines))


class Unmoved(Lone):
    """L6: a lone fault that is not the owner's trouble moves nothing."""

    def look(self, address: Address) -> None:
        """Nobody may take it, and nobody may lose it."""
        if self.harm.still:
            self.accuse(f"{address} moved for no good reason")
            self.harm = ANY


class TakenByLan(Judge):
    """L7: under ``lan`` a healthy node takes what nobody has, though no broker runs, once the LAN shows it."""

    SLACK_S = 2.0

    def __init__(self, world: "World") -> None:
        super().__init__(world)
        self._free_since: dict[Address, float] = {}
        timing, nodes = world.scenario.timing, world.scenario.nodes
        down_s = timing.owner_down_s(world.scenario.policy)
        self._bound_s = (2 * down_s + nodes * timing.lease_s) * 1.02 + self.SLACK_S

    def every_second(self) -> None:
        """See whether something was free, and the brokers away, for long enough."""
        if self.world.scenario.policy is not Policy.LAN or self.world.scenario.mixed:
            return
        now = self.world.scheduler.now
        called_for = self._calls_for_it()
        for address in (one for addresses in self.world.addresses.values() for one in addresses):
            if not called_for or any(address in machine.held for machine in self.world.lan.machines):
                self._free_since.pop(address, None)
            elif now - self._free_since.setdefault(address, now) > self._bound_s:
                self.accuse(f"nobody has taken {address} for {self._bound_s:.0f} s without brokers")
                self._free_since[address] = float("inf")

    def _calls_for_it(self) -> bool:
        """Whether no broker runs, and every machine is either dead or well, on a LAN that is whole."""
        world = self.world
        machines = [machine for machine in world.lan.machines if machine.alive]
        return (
            not any(broker.running for broker in world.brokers.values())
            and world.lan_whole
            and not world.strangers
            and (world.gateway is None or world.gateway.awake)
            and bool(machines)
            and all(world.serving(machine) for machine in machines)
        )
