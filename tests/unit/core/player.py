"""One machine of a play: the production engine, and hands that only do as they are told. Never: decides.

A node's clock is the world's, behind by as long as its machine was paused.
"""

from collections.abc import Callable
from ipaddress import ip_interface

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.engine import Engine
from floatip.core.messages import Claim, Message, Release, Reply, Request, Will
from floatip.core.types import Address, BrokerName, Mac, NodeSpec, Origin, Policy, Port, Stored, VipName
from tests.unit.core.wire import Wire
from tests.unit.core.world import DELAY_S, Broker, World

TESTAMENTS = 10
TESTAMENT_S = 0.1
"""How often, and in which distance, a sentinel says that its daemon is dead."""


class Node:
    """One machine, and the daemon on it while there is one."""

    def __init__(self, world: World, label: str, spec: NodeSpec, number: int) -> None:
        self.world, self.label, self.spec = world, label, spec
        self.mac = Mac(f"02:00:00:00:00:{number:02x}")
        self.own = ip_interface(f"10.77.0.{number}/24")
        self.wire = Wire(world, self)
        self.sentinel: frozenset[Mac] | None = None
        """While it lives: whom it gives the addresses of a dead daemon up to."""
        self.engine: Engine | None = None
        self.stored = Stored()
        self.vips = spec.vips
        """What its hands know."""
        self.held: dict[Address, tuple[VipName, float]] = {}
        self.link = self.powered = True
        self.paused_at: float | None = None
        self.side = "left"
        self.refusal: str | None = None
        self.cut: set[BrokerName] = set()
        self._behind_s = 0.0
        self._number = number
        self._session = 0
        self._life = 0

    @property
    def now(self) -> float:
        """What its clock shows."""
        return (self.world.now if self.paused_at is None else self.paused_at) - self._behind_s

    def addresses(self, name: VipName) -> list[Address]:
        """The addresses of a VIP, as its hands know them."""
        return [one.address for vip in self.vips if vip.name == name for one in vip.addresses]

    def has(self, name: VipName) -> bool:
        """Whether an address of the VIP is on this machine."""
        return any(vip == name for vip, _ in self.held.values())

    @property
    def on_lan(self) -> bool:
        """Whether frames reach it."""
        return self.link and self.powered and self.paused_at is None

    # -- life ---------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the daemon on a machine that runs; what an earlier one left under ``keep`` or ``lan`` is renewed."""
        self.powered = True
        self.vips = self.spec.vips
        self._life += 1
        wall_us = round((self.now + 1.0) * 1e6) + self._number
        self.engine = Engine(self.spec, stored=self.stored, wall_us=wall_us, now=self.now, entropy=lambda: 0.5)
        self.sentinel = frozenset()
        self._perform(self.engine.start(self.now))
        vips = {vip.name: vip for vip in self.spec.vips}
        left = {vip for vip, _ in self.held.values() if vips[vip].policy is not Policy.RELEASE}
        for name in left:
            self._hold(name, self.spec.timing.lifetime_s(vips[name].policy))
        port = Port(interface="eth0", mac=self.mac, addresses=(self.own,))
        survey = [ev.IdentityChanged(macs=(self.mac,), addresses=(str(self.own.ip),), ports=(port,))]
        links = [
            ev.LinkChanged(interface=name, up=self.link or name != "eth0") for name in self.spec.vips[0].interfaces
        ]
        self.give(*(ev.Inherited(vip=name, interface="eth0") for name in left), *survey, *links)
        for check in self.spec.checks:
            self.give(ev.Checked(check=check.name, passed=True))
        self.connect()

    def end(self, *, machine: bool = False, will: bool = False, sentinel: bool = False) -> None:
        """End the daemon without a word; with the ``machine``, its kernel forgets everything too.

        ``will``: the brokers notice at once; ``sentinel``: it lives on.
        """
        self._life += 1
        for broker in self.world.brokers.values():
            _, session = broker.sessions.pop(self.label, (self, 0))
            if will and session:
                broker.publish(self.will(session))
        self.engine = None
        if machine:
            self.powered = False
            self.held.clear()
        if not sentinel:
            self.sentinel = None
        for vip in sorted({vip for vip, _ in self.held.values()}) if sentinel else ():
            self._orphaned(vip)

    def will(self, session: int) -> Message:
        """Make the last will of a session."""
        origin = Origin(self.engine.incarnation if self.engine is not None else 0, session, 0)
        return Message(sender=self.spec.node, origin=origin, terms=self.spec.terms, body=Will())

    def pause(self) -> None:
        """Stop the machine's clock and everything on it."""
        self.paused_at = self.world.now

    def resume(self) -> None:
        """Run again: the loop notices that it stood still."""
        seconds = self.world.now - (self.paused_at or 0.0)
        self._behind_s += seconds
        self.paused_at = None
        self.give(ev.Gap(seconds=seconds, why="paused"))
        for address in list(self.held):
            self._expire(address)

    def give(self, *events: ev.Event) -> None:
        """Give the engine events that come together; one that stands still never gets them."""
        if self.engine is not None and self.paused_at is None:
            self._perform(self.engine.steps(events, self.now))
            self._wake()

    def claimed(self, vip: VipName, mac: Mac) -> None:
        """A MAC claims the VIP on the LAN: what the sentinel of a dead daemon waits for."""
        if self.engine is None and self.paused_at is None and mac in (self.sentinel or ()):
            self.later(lambda: self._take_off(vip, "its sentinel removed it"))

    def _orphaned(self, vip: VipName) -> None:
        if self.spec.vips[0].policy is Policy.RELEASE:
            self.later(lambda: self._take_off(vip, "its sentinel removed it"))
            return
        for number in range(TESTAMENTS):
            self.later(lambda: self._testify(vip), number * TESTAMENT_S)

    def _testify(self, vip: VipName) -> None:
        if any(vip == name for name, _ in self.held.values()):
            self.world.say(self.label, "its sentinel says that the daemon is dead")
            self.wire.testify(vip)

    def later(self, call: Callable[[], object], delay_s: float = DELAY_S) -> None:
        """Do this soon, if the daemon lives on."""
        life = self._life
        self.world.after(delay_s, lambda: call() if life == self._life else None)

    def _wake(self) -> None:
        deadline = self.engine.deadline() if self.engine is not None else None
        if deadline is not None:
            self.later(lambda: self._tick(deadline), max(0.0, deadline - self.now))

    def _tick(self, at: float) -> None:
        if self.engine is not None and self.paused_at is None and self.engine.deadline() == at:
            self._perform(self.engine.step(ev.Tick(), max(at, self.now)))
            self._wake()

    # -- brokers ------------------------------------------------------------------------------------------------------

    def connect(self) -> None:
        """Open a session on each broker that can be reached and has none."""
        for broker in self.world.brokers.values():
            if broker.running and broker.name not in self.cut and self.label not in broker.sessions:
                self._session += 1
                self._open(broker, self._session)

    def _open(self, broker: Broker, session: int) -> None:
        broker.sessions[self.label] = self, session
        self.deliver(broker, session, ev.SessionUp(broker=broker.name, session=session))
        for message in broker.retained.values():
            self.deliver(broker, session, ev.Received(broker=broker.name, message=message, retained=True))

    def deliver(self, broker: Broker, session: int, event: ev.Event) -> None:
        """Bring this over the wire, unless the session has ended meanwhile."""
        self.later(lambda: self.give(event) if broker.sessions.get(self.label) == (self, session) else None)

    def hang_up(self, broker: Broker, reason: str) -> None:
        """End the session; a daemon that lives is told."""
        if broker.sessions.pop(self.label, None) is not None:
            self.give(ev.SessionDown(broker=broker.name, reason=reason))

    # -- hands --------------------------------------------------------------------------------------------------------

    def _perform(self, effects: list[ef.Effect]) -> None:
        for effect in effects:
            self._do(effect)

    def _do(self, effect: ef.Effect) -> None:  # noqa: C901, PLR0912  one arm an effect, and nothing else
        match effect:
            case ef.Send():
                self._send(effect)
            case ef.Add() | ef.Renew():
                self.later(lambda: self._bind(effect))
            case ef.Unbind():
                self.later(lambda: self._unbind(effect.vips))
            case ef.Announce():
                self.world.say(self.label, f"announces {effect.vip}")
                self.wire.announce(effect.vip)
            case ef.Configure():
                self.vips = effect.vips
            case ef.Hush() | ef.CallHooks():
                pass  # here nothing waits, and there are no hooks
            case ef.Probe():
                self.world.say(self.label, f"probes {effect.vip}")
                self.wire.probe(effect.vip)
            case ef.Ask():
                self.wire.ask(effect)
            case ef.Acquaint():
                self.sentinel = frozenset(effect.macs)
            case ef.Identify() | ef.Reconnect():
                for broker in self.world.brokers.values():
                    if isinstance(effect, ef.Identify) or broker.name == effect.broker:
                        broker.sessions.pop(self.label, None)
                self.later(self.connect, 10 * DELAY_S)
            case ef.Store():
                self.stored = effect.stored
            case ef.Exit():
                self.world.say(self.label, f"exits with {effect.code}: {effect.reason}")
                self.end()
            case ef.Tell():
                self.world.say(self.label, ("! " if effect.warning else "") + effect.text)
            case ef.Progress():
                self.world.say(self.label, f"operator: {effect.text}")
            case ef.Answer():
                self.world.say(self.label, f"operator: {effect.outcome}: {effect.text}")
            case ef.RunErrand():
                done = ev.ErrandDone(id=effect.id, done=True, text=f"{effect.errand.task} done")
                self.later(lambda: self.give(done))

    def _send(self, effect: ef.Send) -> None:
        broker, body = self.world.brokers[effect.broker], effect.message.body
        match body:
            case Claim():
                what = ", ".join(f"{bid.vip} for term {bid.term}" for bid in body.bids)
                self.world.say(self.label, f"claims {what} on {broker.name}")
            case Release():
                vacated, kept = ", vacated" * body.vacated, ", kept" * body.kept
                to = f", left to {body.to}" if body.to else ""
                self.world.say(self.label, f"releases {', '.join(body.vips)} on {broker.name}{vacated}{kept}{to}")
            case Request():
                self.world.say(self.label, f"asks {body.at} on {broker.name} for {body.verb}")
            case Reply():
                self.world.say(self.label, f"replies on {broker.name}: {body.verdict}")
            case _:
                pass
        if self.label in broker.sessions:
            broker.publish(effect.message)

    def _bind(self, effect: ef.Add | ef.Renew) -> None:
        for bind in effect.binds:
            if self.refusal is not None:
                self.give(ev.BindFailed(vip=bind.vip, reason=self.refusal))
            elif self.now > bind.not_after:
                self.give(ev.BindFailed(vip=bind.vip, reason="too late", late=True))
            else:
                self._hold(bind.vip, bind.lifetime_s)
                if isinstance(effect, ef.Add):
                    self.world.say(self.label, f"has {bind.vip} on {bind.interface} for {bind.lifetime_s} s")
                    self.give(ev.Bound(vip=bind.vip))

    def _hold(self, vip: VipName, lifetime_s: float) -> None:
        for address in self.addresses(vip):
            self.held[address] = vip, self.now + lifetime_s
            self.world.after(lifetime_s, lambda address=address: self._expire(address))  # type: ignore[misc]

    def _expire(self, address: Address) -> None:
        vip, until = self.held.get(address, (VipName(""), float("inf")))
        left_s = until - self.now
        if self.paused_at is None and left_s <= 1e-6:
            self.remove(address, "its lifetime ended")
            self.world.say(self.label, f"has {vip} no more: its lifetime ended")

    def _unbind(self, vips: tuple[VipName, ...]) -> None:
        for vip in vips:
            self._take_off(vip, "")
            self.give(ev.Unbound(vip=vip))

    def _take_off(self, vip: VipName, why: str) -> None:
        for address in self.addresses(vip):
            if self.held.pop(address, None):
                self.world.say(self.label, f"has {vip} no more{': ' * bool(why)}{why}")

    def remove(self, address: Address, cause: str) -> None:
        """Take an address away without asking the daemon."""
        vip, _ = self.held.pop(address)
        self.later(lambda: self.give(ev.AddressGone(vip=vip, address=address, cause=cause)))
