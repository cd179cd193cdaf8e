"""Whether goals are met by what was measured. Knows: cases, goals, results. Never: words for people, but for units."""

from dataclasses import dataclass

from tests.bench.cases import CASES, Case, Goal, rival_of
from tests.bench.results import Results, Spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One goal of one case, beside what was measured; `met` is None if it was not, or not enough to tell."""

    case: Case
    goal: Goal
    measured: Spread | None
    limit: float | None
    met: bool | None


def spread(results: Results, case: str, system: str, figure: str) -> Spread | None:
    """Sum up one figure of all runs of a case; None if there is none."""
    return Spread.of(getattr(run, figure) for run in results.of(case, system))


def judged(results: Results, name: str) -> list[Judged]:
    """Hold a case against each of its goals."""
    case = CASES[name]
    found = []
    for goal in case.goals:
        measured = spread(results, name, "floatip", goal.figure)
        limit = goal.limit
        if limit is None:
            rival = spread(results, rival_of(case), "keepalived", goal.figure)
            limit = rival.median if rival else None
        found.append(
            Judged(case=case, goal=goal, measured=measured, limit=limit, met=_met(results, name, goal, measured, limit))
        )
    return found


def _met(results: Results, name: str, goal: Goal, measured: Spread | None, limit: float | None) -> bool | None:
    """Say whether it is; an address that never left the struck host, or a client that strayed on, misses its goal."""
    runs = results.of(name, "floatip")
    if not runs or limit is None:
        return None
    if measured is None or (goal.every and measured.count < len(runs)) or measured.count * 2 <= len(runs):
        return False
    return (measured.most if goal.every else measured.median) <= limit


def ratio(ours: Spread | None, theirs: Spread | None) -> float | None:
    """Give ours as a share of theirs; None where that says nothing, since one of them is next to nothing."""
    if ours is None or theirs is None or min(ours.median, theirs.median) < NOTHING_MS:
        return None
    return ours.median / theirs.median


NOTHING_MS = 1.0
"""Below that the probe, which asks once a millisecond, cannot tell."""
