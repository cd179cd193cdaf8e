"""What must come to be (L1-L3). Knows: true time, kernels, whom the clients believe. Never: an engine's inside."""

from typing import TYPE_CHECKING

from floatip.core.effects import Answer
from floatip.core.messages import Heartbeat, Message
from floatip.core.types import Address, Standing, VipName
from tests.sim.clients import STALE_S
from tests.sim.judge import Judge
from tests.sim.machine import Cause, Machine
from tests.sim.scenario import Phase

if TYPE_CHECKING:
    from tests.sim.cluster import World
    from tests.sim.process import Process


class ComesRight(Judge):
    """L1: when faults have ceased, each VIP is on exactly one node within T, which says so, and clients believe it."""

    def __init__(self, world: "World") -> None:
        super().__init__(world)
        self._owned: dict[str, set[VipName]] = {}

    def said(self, process: "Process", message: Message) -> None:
        """Remember what each says that it owns."""
        body = message.body
        if isinstance(body, Heartbeat) and body.listings is not None:
            owned = {one.vip for one in body.listings if one.standing is Standing.OWNER}
            self._owned[process.machine.name] = owned

    def finish(self) -> None:
        """Look at the world as it is T after the last fault."""
        if self.world.scenario.phase is not Phase.LIVENESS:
            return
        for vip, addresses in self.world.addresses.items():
            homes = {self._home(address) for address in addresses}
            running = {machine.name for machine in self.world.lan.machines if self.world.process_on(machine)}
            says = {name for name, owned in self._owned.items() if vip in owned and name in running}
            if len(homes) == 1 and says != homes:
                self.accuse(f"{vip} is on {homes.pop()}, but {' and '.join(sorted(says)) or 'nobody'} says it owns it")
            if len(homes) > 1:
                self.accuse(f"the addresses of {vip} are on different nodes")

    def _home(self, address: Address) -> str:
        homes = [machine for machine in self.world.lan.machines if address in machine.held]
        names = " and ".join(machine.name for machine in homes)
        if len(homes) != 1:
            self.accuse(
                f"{address} is on {names or 'no node'}, {self.world.scenario.settle_s:.0f} s after the last fault"
            )
            return names
        port = homes[0].ports[homes[0].held[address].interface]
        for client in self.world.lan.clients:
            believed = client.believes.get(address)
            if believed != port.mac:
                self.accuse(f"{address} is on {names} ({port.mac}), and a client believes {believed}")
        return names


class SettlesDown(Judge):
    """L1: once everything has come right, VIPs stay where they are."""

    STILL_S = 3.0

    def kernel_has(self, machine: Machine, address: Address) -> None:
        """Nobody takes an address in the last seconds of the quiet."""
        scenario = self.world.scenario
        if scenario.phase is Phase.LIVENESS and self.world.scheduler.now > scenario.end_s - self.STILL_S:
            self.accuse(f"{address} came to {machine.name} long after the last fault")


class Followed(Judge):
    """L1: clients follow an owner within ``BOUND_S``, also after the LAN was broken, or a stranger used the address.

    They are asked once a second: a client is astray if it is so twice in a row, the second time later than that after
    the LAN healed, the owner got the address, or its daemon began to run again. A client that had asked for the address
    itself while a stranger answered has no reason to ask again before its own time.
    """

    BOUND_S = 1.0
    LOOK_S = 1.0

    def __init__(self, world: "World") -> None:
        super().__init__(world)
        self._astray: set[tuple[int, Address]] = set()
        self._settled: dict[Address, tuple[Machine | None, float]] = {}
        self._from = 0.0
        self._unheard = False
        """A split lies between the nodes and some of the clients alone."""

    def lan_changed(self) -> None:
        """Begin to count anew; a heal that no node can hear of is left to the clients."""
        self._astray.clear()
        unheard = self._unheard or self.world.scenario.deaf
        heeded = self.world.scheduler.now + (STALE_S + self.LOOK_S if unheard else 0.0)
        self._from = max(self._from, heeded)
        self._unheard = self.world.lan.split and not self.world.parted

    def kernel_has(self, machine: Machine, address: Address) -> None:
        """See who is the owner."""
        self._look(address)

    def kernel_lost(self, machine: Machine, address: Address, vip: VipName, cause: Cause) -> None:
        """See who is the owner."""
        self._look(address)

    def every_second(self) -> None:
        """Ask the clients."""
        for addresses in self.world.addresses.values():
            for address in addresses:
                self._look(address)
                self._ask(address)

    def _look(self, address: Address) -> None:
        """Remember since when the owner is settled: alone, with a daemon that runs."""
        homes = [machine for machine in self.world.lan.machines if address in machine.held]
        home = homes[0] if len(homes) == 1 and self._is_sure(homes[0], address) else None
        if address not in self._settled or self._settled[address][0] is not home:
            self._settled[address] = (home, self.world.scheduler.now)

    def _is_sure(self, home: Machine, address: Address) -> bool:
        """Whether a daemon runs there that took the address itself, or has announced what it found."""
        process = self.world.process_on(home)
        return process is not None and not process.standing_still and home.held[address].vip not in process.in_doubt

    def _ask(self, address: Address) -> None:
        now = self.world.scheduler.now
        home, since = self._settled[address]
        for number, client in enumerate(self.world.lan.clients):
            key, believed = (number, address), client.believes.get(address)
            strange = believed is not None and now < self.world.estranged_until.get(believed, 0.0)
            if home is None or strange or not self.world.lan_whole or self.world.lan.serves(client, address):
                self._astray.discard(key)
            elif key not in self._astray:
                self._astray.add(key)
            elif now - max(since, self._from) > self.BOUND_S + self.LOOK_S:
                self.accuse(f"{address} is on {home.name}, and a client uses {believed} instead")
                self._settled[address] = (home, float("inf"))


class Answers(Judge):
    """L2: each request is answered within its timeout and a second; each daemon asked to end does end."""

    SLACK_S = 1.0
    STOP_S = 12.0
    """A handover (1 s), the owner-down time after a target that fell silent, and the same once more."""

    def __init__(self, world: "World") -> None:
        super().__init__(world)
        self.outcomes: dict[str, int] = {}
        self._open: dict[str, Process] = {}

    def asked(self, process: "Process", request: str, timeout_s: float) -> None:
        """Wait for the answer."""
        self._open[request] = process
        self.world.scheduler.after(timeout_s + self.SLACK_S, self._due, request, timeout_s, self.world.scheduler.now)

    def answered(self, process: "Process", answer: Answer) -> None:
        """There it is."""
        self.outcomes[answer.outcome] = self.outcomes.get(answer.outcome, 0) + 1
        if answer.id not in self._open:
            self.accuse(f"{process.machine.name} answered {answer.id}, which nobody waits for")
        self._open.pop(answer.id, None)

    def stop_asked(self, process: "Process") -> None:
        """Wait for its end."""
        request = f"stop {process.machine.name} {self.world.scheduler.now}"
        self.asked(process, request, self.STOP_S)

    def exited(self, process: "Process", code: int) -> None:
        """Its end answers everything."""
        self._open = {request: other for request, other in self._open.items() if other is not process}

    def _due(self, request: str, timeout_s: float, asked_at: float) -> None:
        process = self._open.get(request)
        if process is None or not process.alive:
            self._open.pop(request, None)
            return
        now = self.world.scheduler.now
        stood_still_at = now if process.standing_still else process.ran_again_at
        if stood_still_at > asked_at:
            again_s = stood_still_at + timeout_s + self.SLACK_S - now
            self.world.scheduler.after(max(again_s, 0.1), self._due, request, timeout_s, stood_still_at)
            return
        self.accuse(f"{process.machine.name} did not answer {request!r} within {timeout_s:.0f} s")


class Served(Judge):
    """L3: each address is on some node for at least ``SHARE`` of the run."""

    SHARE = 0.05

    def __init__(self, world: "World") -> None:
        super().__init__(world)
        addresses = [address for group in world.addresses.values() for address in group]
        self._count = dict.fromkeys(addresses, 0)
        self._since: dict[Address, float] = {}
        self._served_s = dict.fromkeys(addresses, 0.0)

    def kernel_has(self, machine: Machine, address: Address) -> None:
        """One more, if it is one that all nodes have configured."""
        if address not in self._count:
            return
        self._count[address] += 1
        self._since.setdefault(address, self.world.scheduler.now)

    def kernel_lost(self, machine: Machine, address: Address, vip: VipName, cause: Cause) -> None:
        """One less."""
        if address not in self._count:
            return
        self._count[address] -= 1
        if self._count[address] == 0:
            self._served_s[address] += self.world.scheduler.now - self._since.pop(address)

    def finish(self) -> None:
        """Add up."""
        for address, since in self._since.items():
            self._served_s[address] += self.world.scheduler.now - since
        if self.share < self.SHARE:
            self.accuse(f"an address was served for {self.share:.1%} of the time only")

    @property
    def share(self) -> float:
        """The share of the time for which the worst served address was on some node."""
        return min(self._served_s.values()) / max(self.world.scheduler.now, 1e-9)
