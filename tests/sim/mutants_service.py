"""Mutants of checks and of reloads. Knows: one wrong idea each. Never: two."""

from floatip.core.checkups import Checkups
from floatip.core.roster import Roster
from floatip.core.situation import Situation
from tests.sim.mutant import Mutant
from tests.sim.scenario import Phase

FLAPPING = ("service_flaps",)

MUTANTS_SERVICE: dict[str, Mutant] = {
    "takes what its service cannot serve": Mutant(
        why="a check without a weight that fails is a fault (4.5)",
        judges=frozenset({"Fit"}),
        patches=((Checkups, "failing", lambda self, spec: ()),),
        favour=("service_fails", "machine_dies"),
    ),
    "follows every flap": Mutant(
        why="a flapping check makes a VIP change its owner once per damping time",
        judges=frozenset({"Damped"}),
        patches=((Situation, "damped_until", lambda self, spec: float("-inf")),),
        only=FLAPPING,
    ),
    "takes what is not its own any more": Mutant(
        why="a VIP that is not configured any more is given up",
        judges=frozenset({"Fit"}),
        patches=((Roster, "change", lambda self, spec, now: None),),
        favour=("reloaded", "machine_dies"),
    ),
    "begins from nothing": Mutant(
        why="a VIP that is configured again goes on above the terms that others speak of",
        judges=frozenset({"TermsGrow"}),
        patches=((Roster, "_highest_term", lambda self, name: 0),),
        phase=Phase.LIVENESS,
        only=("reloaded", "operator_asks"),
    ),
}
