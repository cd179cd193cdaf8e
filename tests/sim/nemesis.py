"""What goes wrong, and for how long. Knows: chance. Never: what the daemons make of it.

Faults come at random, one per ``fault_every_s`` on average; each ends by itself, and ``cease`` ends all of them.
Now and then they come in a swarm, as they do in life.
"""

from collections.abc import Callable
from random import Random

from tests.sim.cluster import World
from tests.sim.fault import Fault
from tests.sim.faults import FAULTS
from tests.sim.faults_orders import all_orders
from tests.sim.repair import repair
from tests.sim.scenario import Phase

REVOKED_S = 5.0
"""How long after the last fault what operators have ordered is revoked."""
QUIET_S = 9.0
"""Where faults come one by one: how long it takes until the last one's traces are gone."""


class Nemesis:
    """Breaks things in one world."""

    def __init__(self, world: World) -> None:
        scenario = world.scenario
        self._world = world
        self._rng = Random(f"{scenario.seed} {scenario.brokers} {scenario.nodes} {scenario.policy} nemesis")
        self._ceased = False
        self._faults = [fault for fault in FAULTS if scenario.lan_split or not fault.lan]
        if scenario.only:
            self._faults = [fault for fault in FAULTS if fault.begin.__name__ in scenario.only]
        favours = [20.0 if fault.begin.__name__ in scenario.favour else 1.0 for fault in self._faults]
        # Each run has a taste of its own, so that rare mixes come up as well.
        self._weights = [
            fault.weight * favour * self._rng.choice((0.2, 1.0, 1.0, 3.0))
            for fault, favour in zip(self._faults, favours, strict=True)
        ]
        if not scenario.calm:
            if scenario.singly:
                world.scheduler.after(QUIET_S, self._strike_alone)
            else:
                world.scheduler.after(self._rng.uniform(0.0, 6.0), self._strike)
            if scenario.phase is Phase.LIVENESS:
                world.scheduler.after(scenario.faults_s, self.cease)

    def cease(self) -> None:
        """Mend everything; nothing breaks from now on."""
        self._ceased = True
        self._world.story.say("--- the faults cease")
        repair(self._world)
        self._world.scheduler.after(REVOKED_S, self._revoke)

    def _revoke(self) -> None:
        """Operators take back what they ordered, now that all daemons hear of it."""
        for node, kind, subject in all_orders(self._world):
            request = f"{self._rng.getrandbits(48):012x}"
            self._world.ask_order(node, kind, subject, "", request)

    def _strike(self) -> None:
        if self._ceased:
            return
        every_s = self._world.scenario.fault_every_s
        for _ in range(self._rng.choice((1, 1, 1, 1, 2, 3))):
            fault = self._rng.choices(self._faults, self._weights)[0]
            self._begin(fault)
        self._world.scheduler.after(self._rng.expovariate(1 / every_s), self._strike)

    def _strike_alone(self) -> None:
        """One fault, and the next one when this one is long over."""
        if self._ceased:
            return
        fault = self._rng.choices(self._faults, self._weights)[0]
        self._world.court.fault_alone(fault.harm)
        lasts_s = self._begin(fault)
        again_s = 0.1 if lasts_s is None else lasts_s + QUIET_S + self._rng.random()
        self._world.scheduler.after(again_s, self._strike_alone)

    def _begin(self, fault: Fault) -> float | None:
        """Begin it; return for how long it lasts."""
        begun = fault.begin(self._world, self._rng)
        if begun is None:
            return None
        text, end = begun
        self._world.story.say(f"*** {text}")
        lasts_s: float = fault.shortest_s * (fault.longest_s / fault.shortest_s) ** self._rng.random()
        self._world.scheduler.after(lasts_s, self._end, text, end)
        return lasts_s

    def _end(self, text: str, end: Callable[[], None]) -> None:
        if not self._ceased:
            self._world.story.say(f"*** over: {text}")
            end()
