"""What outlives a killed daemon (design section 5). Knows: which MACs are peers'. Never: who should own.

It does nothing while its daemon lives. Then it removes what has policy ``release`` at once, and the rest as soon as a
peer's MAC claims it; for a second it tells the LAN of the death. It ends when no lifetime can last any longer.
"""

from collections.abc import Callable
from random import Random
from typing import Any

from floatip.core.events import Answered
from floatip.core.types import REMOVAL_DELAY_S, Address, Mac, NodeSpec, Policy
from tests.sim.clock import Scheduler
from tests.sim.lan import Lan
from tests.sim.machine import Cause, Machine

REACTS_S = 0.005
GRACE_S = 0.03
"""How long an address stays whose VIP was claimed, or that was claimed in an answer: it is announced in a moment."""
TESTIFIES_EVERY_S = 0.1
TESTIFIES_FOR_S = 1.0


class Sentinel:
    """The sentinel of one daemon."""

    def __init__(self, spec: NodeSpec, machine: Machine, scheduler: Scheduler, rng: Random, lan: Lan) -> None:
        self.alive = True
        self.macs: frozenset[Mac] = frozenset()
        self._holds = spec.vips[0].policy is not Policy.RELEASE
        self._lifetime_s = max(spec.timing.lifetime_s(vip.policy) for vip in spec.vips)
        self._machine = machine
        self._scheduler = scheduler
        self._rng = rng
        self._lan = lan
        self._orphaned = False

    @property
    def watching(self) -> bool:
        """Whether its daemon is dead, and it holds the addresses for it."""
        return self.alive and self._orphaned

    def end(self) -> None:
        """Do nothing any more: it was killed, told farewell, or has handed over to the next daemon."""
        self.alive = False

    def begin_again(self) -> None:
        """Its daemon has missed it, and started another one that knows the same."""
        self.alive = True

    def acquaint(self, macs: tuple[Mac, ...]) -> None:
        """These are the peers."""
        self.macs = frozenset(macs)

    def orphan(self) -> None:
        """Its daemon has died."""
        self._orphaned = True
        for address in () if self._holds else self._machine.held:
            self._soon(self._remove, address)
        self._soon(self._testify, self._scheduler.now + TESTIFIES_FOR_S)
        self._scheduler.after((self._lifetime_s + REMOVAL_DELAY_S) / self._machine.clock.rate, self._awake, self.end)

    def hears(self, claim: Answered) -> None:
        """A MAC claims an address on the LAN: if it is a peer's, the whole VIP goes."""
        if not self.watching or claim.mac not in self.macs:
            return
        claimed = self._machine.held.get(claim.address)
        for address, held in self._machine.held.items():
            if held.vip == (claim.vip if claimed is None else claimed.vip):
                at_once = claim.announced and claim.address == address
                self._soon(self._remove, address, wait_s=0.0 if at_once else GRACE_S)

    def _testify(self, until: float) -> None:
        """Tell the LAN that the daemon is dead, as long as it holds something for it."""
        for address, held in self._machine.held.items():
            if self._holds:
                self._lan.testify(self._machine, self._machine.ports[held.interface], address)
        if self._scheduler.now < until:
            self._scheduler.after(TESTIFIES_EVERY_S, self._awake, self._testify, until)

    def _soon(self, call: Callable[..., None], *args: Any, wait_s: float = 0.0) -> None:
        self._scheduler.after(wait_s + REACTS_S * self._rng.random(), self._awake, call, *args)

    def _awake(self, call: Callable[..., None], *args: Any) -> None:
        """Call this once the machine runs, if the sentinel still lives."""
        if self._machine.clock.paused:
            self._scheduler.after(0.01, self._awake, call, *args)
        elif self.alive and self._machine.alive:
            call(*args)

    def _remove(self, address: Address) -> None:
        self._machine.remove(address, Cause.ORPHANED)
