"""One daemon: the production engine with false drivers. Knows: how effects are carried out. Never: decides.

The drivers are slower and more shuffled than real ones: each kernel operation, outcome and packet waits a little.
A process that stands still gets nothing; what came meanwhile waits, and is read in the order in which it came.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from floatip.core import effects as do
from floatip.core import events as ev
from floatip.core.types import Address, BrokerName, NodeSpec, Stored, VipName, VipSpec
from floatip.core.types import Port as PortFact
from tests.sim.broker import Broker, Packet, Road
from tests.sim.bus import Bus
from tests.sim.clock import Scheduler
from tests.sim.lan import Lan
from tests.sim.machine import Cause, Machine
from tests.sim.pipe import Pipe
from tests.sim.seams import Bench, Core, CoreFactory
from tests.sim.sentinel import Sentinel

MOST_TICKS = 500
"""How many ticks an engine may want within a second; a busy one wants some tens."""


class Process:
    """One run of one daemon, from its start to its end."""

    def __init__(
        self,
        spec: NodeSpec,
        machine: Machine,
        *,
        scheduler: Scheduler,
        rng: Random,
        brokers: dict[BrokerName, tuple[Broker, Road]],
        lan: Lan,
        bench: Bench,
        say: Callable[[str], None],
    ) -> None:
        self.spec = spec
        self.machine = machine
        self.rng = rng
        self.alive = True
        self.frozen = False
        self.frozen_at = 0.0
        self.ran_again_at = 0.0
        """When it last ran again after standing still (true time)."""
        self.began_at = 0.0
        self.in_doubt: set[VipName] = set()
        """What it found in the kernel when it began, and has not announced yet, for it may be another's by now."""
        self.stored = Stored()
        self.engine: Core | None = None
        self._scheduler = scheduler
        self._lan = lan
        self._bench = bench
        self._say = say
        self.addresses = _addresses_of(spec.vips)
        """Of each VIP, as the hand on the wire knows them."""
        self._in_kernel = self.addresses
        """As the hand in the kernel does, where every change waits its turn."""
        self._bound: set[VipName] = set()
        self.bus = Bus(self, brokers, scheduler)
        self.sentinel = Sentinel(spec, machine, scheduler, rng, lan)
        self._backlog: list[tuple[Callable[..., None], tuple[Any, ...]]] = []
        self._wake_at: float | None = None
        self._ticks = 0
        self._ticks_since = 0.0
        self._kernel: Pipe[do.Effect] = Pipe(scheduler, rng, lambda effect: self.turn(self._kernel_op, effect))
        self._netlink: Pipe[ev.Event] = Pipe(scheduler, rng, self.give)

    # -- life --------------------------------------------------------------------------------------------------------

    def start(
        self, factory: CoreFactory, stored: Stored, wall_us: int, inherited: Sequence[tuple[VipName, str]]
    ) -> None:
        """Begin to speak; ``inherited``: the VIPs that an earlier daemon left in the kernel, and where."""
        now = self.machine.clock.now()
        self.began_at = self._scheduler.now
        self.in_doubt = {vip for vip, _ in inherited}
        self._bound = set(self.in_doubt)
        self.stored = stored
        self.engine = factory(self.spec, stored=stored, wall_us=wall_us, now=now, entropy=self.rng.random)
        self.bus.incarnation = max(stored.incarnation + 1, wall_us)
        self._perform(self.engine.start(now))
        for vip, interface in inherited:
            self._say_own(f"finds {vip} on {interface}")
            self.give(ev.Inherited(vip=vip, interface=interface))
        ports = self.machine.ports.values()
        identity = ev.IdentityChanged(
            macs=tuple(port.mac for port in ports),
            addresses=tuple(str(port.own.ip) for port in ports),
            ports=tuple(PortFact(interface=p.interface, mac=p.mac, addresses=(p.own,)) for p in ports),
        )
        self.give(identity)
        for port in ports:
            self.give(ev.LinkChanged(interface=port.interface, up=port.link))
        self.bus.open()

    def kill(self) -> None:
        """End without a word (kill -9): the kernel closes the connections, the sentinel sees to the addresses."""
        self.sentinel.orphan()
        self.bus.drop()
        self._bench.killed(self)
        self._end(Packet.RESET)

    def vanish(self) -> None:
        """End with the machine: nothing is sent any more; the brokers find out later."""
        self.bus.vanish()
        self._end(Packet.RESET)

    def _end(self, farewell: Packet) -> None:
        self.alive = False
        self._backlog.clear()
        self._kernel.close()
        self._netlink.close()
        self.bus.close(farewell)

    @property
    def standing_still(self) -> bool:
        """Whether it, or its machine, is frozen now."""
        return self.frozen or self.machine.clock.paused

    # -- turns -------------------------------------------------------------------------------------------------------

    def turn(self, call: Callable[..., None], *args: Any) -> None:
        """Do this in a turn of the loop: now, or when the process runs again."""
        if not self.alive:
            return
        if self.frozen or self.machine.clock.paused:
            self._backlog.append((call, args))
        else:
            call(*args)

    def give(self, event: ev.Event) -> None:
        """Give the engine an event, in a turn of the loop."""
        self.turn(self.step, event)

    def hear(self, told: ev.Answered | ev.Reached) -> None:
        """Give the engine a frame, if it is about an address that it knows, under the name that it knows it by."""
        if isinstance(told, ev.Answered):
            names = [vip for vip, addresses in self.addresses.items() if told.address in addresses]
            if not names:
                return
            told = replace(told, vip=names[-1])
        self.give(told)

    def catch_up(self, gap: ev.Gap | None) -> None:
        """Run again after standing still: first what the loop notices itself, then what has waited."""
        self.ran_again_at = self._scheduler.now
        backlog, self._backlog = self._backlog, []
        if gap is not None:
            self.give(gap)
        elif self.rng.random() < 0.5:
            self.give(ev.Tick())
        for call, args in backlog:
            self.turn(call, *args)
        self._arm()

    def step(self, event: ev.Event) -> None:
        """Let the engine take an event, now: only within a turn of the loop."""
        if self.engine is None:
            return
        if isinstance(event, ev.AddressGone):
            self._bench.knows_lost(self, event.vip)
        effects = self.engine.step(event, self.machine.clock.now())
        if effects:
            self._perform(effects)
        if self.alive:
            self._arm()

    def _arm(self) -> None:
        deadline = self.engine.deadline() if self.engine is not None else None
        if deadline is None:
            return
        at = self._scheduler.now + self.machine.clock.until(deadline)
        if self._wake_at is None or at < self._wake_at - 1e-6:
            self._wake_at = at
            self._scheduler.after(at - self._scheduler.now + 0.0001 + 0.001 * self.rng.random(), self._wake, at)

    def _wake(self, at: float) -> None:
        if self._wake_at != at or not self.alive:
            return
        self._wake_at = None
        if self.frozen or self.machine.clock.paused or self.engine is None:
            return
        deadline = self.engine.deadline()
        if deadline is not None and deadline <= self.machine.clock.now():
            self._count_tick()
            self.step(ev.Tick())
        else:
            self._arm()

    def _count_tick(self) -> None:
        """Refuse an engine whose deadline does not move on."""
        self._ticks += 1
        if self._ticks == MOST_TICKS:
            took_s, self._ticks = self._scheduler.now - self._ticks_since, 0
            self._ticks_since = self._scheduler.now
            if took_s < 1.0:
                raise AssertionError(f"{self.machine.name} wants {MOST_TICKS} ticks in {took_s:.3f} s: it spins")

    # -- effects -----------------------------------------------------------------------------------------------------

    def _perform(self, effects: Sequence[do.Effect]) -> None:
        for effect in effects:
            if type(effect) is do.Send:
                if self.bus.send(effect.broker, effect.message):
                    self._bench.said(self, effect.message)
            elif isinstance(effect, do.Add | do.Renew | do.Unbind | do.Configure):
                if isinstance(effect, do.Unbind):
                    self._bench.removing(self, effect.vips)
                if isinstance(effect, do.Configure):
                    self.addresses = _addresses_of(effect.vips)
                self._kernel.push(effect)
            else:
                self._carry_out(effect)

    def _carry_out(self, effect: do.Effect) -> None:
        match effect:
            case do.Announce():
                self.in_doubt.discard(effect.vip)
                self._bench.announced(self, effect.vip)
                for address in self.addresses[effect.vip]:
                    self._lan.announce(self.machine, self.machine.ports[effect.interface], address)
            case do.Hush() | do.CallHooks():
                pass  # here nothing waits, and there are no hooks
            case do.Probe():
                self._lan.probe(self.machine, effect, self.addresses[effect.vip])
            case do.Ask():
                self._lan.ask(self.machine, effect)
            case do.Acquaint():
                self.sentinel.acquaint(effect.macs)
            case do.Reconnect():
                self._say_own(f"ends its session on {effect.broker}: {effect.reason}")
                self.bus.hang_up(effect.broker, effect.reason)
            case do.Identify():
                self.bus.identify(effect.incarnation)
            case do.Store():
                self.stored = effect.stored
            case _:
                self._report(effect)

    def _report(self, effect: do.Effect) -> None:
        match effect:
            case do.Tell():
                self._say_own(effect.text)
            case do.Progress():
                self._say_own(f"request {effect.id}: {effect.text}")
            case do.Answer():
                self._say_own(f"request {effect.id}: {effect.outcome}: {effect.text}")
                self._bench.answered(self, effect)
            case do.Exit():
                self._say_own(f"exits with {effect.code}: {effect.reason}")
                self.sentinel.end()
                self._end(Packet.BYE)
                self._bench.exited(self, effect.code)
            case _:
                raise AssertionError(effect)

    def _say_own(self, text: str) -> None:
        self._say(f"{self.machine.name}: {text}")

    def _kernel_op(self, effect: do.Effect) -> None:
        match effect:
            case do.Add():
                for bind in effect.binds:
                    self._bind(bind, told=True)
            case do.Renew():
                for bind in effect.binds:
                    self._bind(bind, told=False)
            case do.Unbind():
                for vip in effect.vips:
                    self._bound.discard(vip)
                    for address in self._in_kernel[vip]:
                        self.machine.remove(address, Cause.REMOVED)
                    self._netlink.push(ev.Unbound(vip=vip))
            case do.Configure():
                self._in_kernel = _addresses_of(effect.vips)
                self._survey()
            case _:
                raise AssertionError(effect)

    def _survey(self) -> None:
        """Tell of addresses that are here under no VIP of ours, or under another."""
        for vip, addresses in self._in_kernel.items():
            for address in addresses if vip not in self._bound else ():
                if address in self.machine.held:
                    self._netlink.push(ev.AddressAppeared(vip=vip, address=address, cause="found here"))

    def _bind(self, bind: do.Bind, *, told: bool) -> None:
        if self.machine.clock.now() > bind.not_after:
            self._netlink.push(ev.BindFailed(vip=bind.vip, reason="later than it was allowed to be", late=True))
            return
        self._bound.add(bind.vip)
        for address in self._in_kernel[bind.vip]:
            self.machine.add(address, bind.vip, bind.interface, bind.lifetime_s)
        if told:
            self._netlink.push(ev.Bound(vip=bind.vip))

    def kernel_lost(self, vip: VipName, address: Address, cause: Cause) -> None:
        """The kernel's watcher tells of an address that somebody else removed."""
        if cause is not Cause.REMOVED:
            self._netlink.push(ev.AddressGone(vip=vip, address=address, cause=str(cause)))

    def link_changed(self, interface: str, *, up: bool) -> None:
        """The kernel's watcher tells of a link."""
        self._netlink.push(ev.LinkChanged(interface=interface, up=up))


def _addresses_of(vips: Iterable[VipSpec]) -> dict[VipName, tuple[Address, ...]]:
    return {vip.name: tuple(placed.address for placed in vip.addresses) for vip in vips}
