"""Whether checks and reloads are heeded (S6, S7). Knows: services, files, kernels, words. Never: an engine's inside."""

from typing import TYPE_CHECKING

from floatip.core.messages import Message, Release
from floatip.core.types import Address, VipName
from tests.sim.judge import Judge
from tests.sim.machine import Cause, Machine

if TYPE_CHECKING:
    from tests.sim.cluster import World
    from tests.sim.process import Process


class Fit(Judge):
    """S6: no node takes a VIP whose service has failed there, or that is not in its configuration.

    What was under way may end within ``GRACE_S``; an owner may put back what it lost a moment ago.
    """

    GRACE_S = 1.0

    def __init__(self, world: "World") -> None:
        super().__init__(world)
        self._lost_at: dict[tuple[str, VipName], float] = {}

    def kernel_lost(self, machine: Machine, address: Address, vip: VipName, cause: Cause) -> None:
        """Remember who had it."""
        self._lost_at[machine.name, vip] = self.world.scheduler.now

    def kernel_has(self, machine: Machine, address: Address) -> None:
        """See whether it may."""
        process, now, vip = self.world.process_on(machine), self.world.scheduler.now, machine.held[address].vip
        if process is None or now - self._lost_at.get((machine.name, vip), float("-inf")) < self.GRACE_S:
            return
        node = next((one for one in self.world.nodes if one.process is process), None)
        if node is None:  # a second machine under the name of one of them
            return
        late = now - max(node.changed_at, process.ran_again_at, process.began_at) > self.GRACE_S
        faulty = not node.well and any(check.weight == 0 for check in node.spec.checks)
        if late and faulty:
            self.accuse(f"the service of {machine.name} has failed, and it takes {address}")
        if late and vip not in {one.name for one in node.spec.vips}:
            self.accuse(f"{vip} is not configured on {machine.name} any more, and it takes {address}")


class Damped(Judge):
    """S7: no check makes a VIP change its owner twice within its damping time, where all can hear each other."""

    def __init__(self, world: "World") -> None:
        super().__init__(world)
        self._swayed: dict[VipName, tuple[str, float]] = {}

    def said(self, process: "Process", message: Message) -> None:
        """A node gives VIPs up because of a check."""
        body, now, scenario = message.body, self.world.scheduler.now, self.world.scenario
        if not isinstance(body, Release) or not body.swayed or scenario.only != ("service_flaps",):
            return
        for vip in body.vips:
            by, at_s = self._swayed.get(vip, ("", float("-inf")))
            again = (by, at_s) != (process.machine.name, now)
            if again and now - at_s < scenario.damping_s * 0.98 - 0.1:
                self.accuse(f"a check makes {vip} leave {process.machine.name}, {now - at_s:.1f} s after {by}")
            self._swayed[vip] = (process.machine.name, now)
