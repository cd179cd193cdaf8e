"""Mutants of planned moves and of operators' orders. Knows: one wrong idea each. Never: two."""

from typing import Any

from floatip.core import fitness
from floatip.core.departure import Departure
from floatip.core.handover import End, Ended, Handover
from floatip.core.motives import Motives
from floatip.core.types import Policy
from floatip.core.vip import Vip
from tests.sim.mutant import Mutant, after
from tests.sim.scenario import Phase

PLANNED = ("operator_asks", "daemon_stopped", "node_drained", "two_operators")
INTERRUPTED = ("handover_interrupted",)


def _at_the_claim(ended: Ended | None, self: Handover, now: float) -> Ended | None:
    return Ended(End.TAKEN, "it is claimed") if any(True for _ in self._standings(self.target, now)) else ended


def _only_failed(ended: Ended | None, *_: Any) -> Ended | None:
    return ended if ended is None or ended.end is End.FAILED else None


def _nowhere(order: Any, *_: Any) -> Any:
    return order if order is None or order.id else type(order)(why=order.why, targets=(), stops=order.stops)


def _never_again(keeping: Any, self: Departure, *_: Any, **__: Any) -> Any:
    return type(keeping)() if keeping.stay is not None else keeping


MUTANTS_MOVES: dict[str, Mutant] = {
    "removes before the target has it": Mutant(
        why="in a planned move the new owner has the address before the old one lets go (7)",
        judges=frozenset({"Seamless", "Held"}),
        patches=(after(Handover, "ended", _at_the_claim),),
        policy=Policy.KEEP,
        singly=True,
        only=PLANNED,
    ),
    "keeps what the target has": Mutant(
        why="the old owner removes when it sees the target have the address (7)",
        judges=frozenset({"BriefOverlap"}),
        patches=(after(Handover, "ended", _only_failed),),
        policy=Policy.KEEP,
        only=PLANNED,
    ),
    "stops without handing over": Mutant(
        why="SIGTERM hands over, then removes (5)",
        judges=frozenset({"Seamless", "Held"}),
        patches=(after(Motives, "order", _nowhere),),
        policy=Policy.KEEP,
        singly=True,
        only=("daemon_stopped",),
    ),
    "believes in its target for ever": Mutant(
        why="a target that dies or stalls leaves the VIP with its owner (7)",
        judges=frozenset({"ComesRight", "Answers", "BriefOverlap"}),
        patches=((Handover, "_why_not", lambda self, now: None),),
        policy=Policy.KEEP,
        phase=Phase.LIVENESS,
        only=INTERRUPTED,
    ),
    "takes nothing back": Mutant(
        why="an owner whose target fails keeps the address and claims it again (7)",
        judges=frozenset({"Held", "Seamless", "ComesRight", "Served"}),
        patches=(after(Departure, "keep", _never_again), (Vip, "_claim", lambda self, now: None)),
        policy=Policy.KEEP,
        phase=Phase.LIVENESS,
        only=INTERRUPTED,
    ),
    "drained nodes take VIPs": Mutant(
        why="a drained node takes no VIPs, a frozen VIP goes to nobody but its owner (7)",
        judges=frozenset({"Obeyed"}),
        patches=((Vip, "standdown", lambda self: None), (fitness, "forbidden", lambda s, vip: None)),
        favour=("node_drained", "vip_frozen", "daemon_killed", "machine_dies"),
    ),
}
