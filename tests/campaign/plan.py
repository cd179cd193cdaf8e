"""Which fault strikes which cluster, all of it from one seed. Knows: chance. Never: the time, or how anything went.

The plan of a longer campaign begins with the plan of a shorter one, so a case is named by seed and index.
"""

from collections import Counter
from dataclasses import dataclass
from random import Random

from floatip.core.types import Policy
from tests.campaign.fault import Fault
from tests.campaign.faults import named_like
from tests.campaign.layout import Layout, draw

BATCH = 10
"""Cases that one cluster lives through, if all goes well."""
ALONE_EVERY = 14
"""One batch in so many is of faults that load the whole machine."""
_TRIES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One fault on one cluster."""

    index: int
    fault: Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Cases that strike one cluster, one after the other."""

    number: int
    layout: Layout
    alone: bool
    cases: tuple[Case, ...]


def plan(seed: int, policy: Policy, count: int, only: tuple[str, ...] = ()) -> list[Batch]:
    """Give so many cases; each class comes as often as any other that fits as many clusters."""
    faults = named_like(only)
    if not faults:
        raise ValueError(f"no class of fault is named like {', '.join(only)}")
    uses: Counter[str] = Counter()
    batches = []
    for number in range((count + BATCH - 1) // BATCH):
        dice = Random(f"{seed}:{policy.value}:{number}")
        alone = _alone(faults, number)
        layout, fitting = _layout(policy, dice, [fault for fault in faults if fault.alone == alone])
        cases = []
        for index in range(number * BATCH, min(count, (number + 1) * BATCH)):
            fault = min(fitting, key=lambda one: (uses[one.name], dice.random()))
            uses[fault.name] += 1
            cases.append(Case(index=index, fault=fault))
        batches.append(Batch(number=number, layout=layout, alone=alone, cases=tuple(cases)))
    return batches


def _alone(faults: list[Fault], number: int) -> bool:
    """Say whether this batch is of the faults that must be alone."""
    kinds = {fault.alone for fault in faults}
    return kinds == {True} or (kinds == {True, False} and number % ALONE_EVERY == ALONE_EVERY - 1)


def _layout(policy: Policy, dice: Random, faults: list[Fault]) -> tuple[Layout, list[Fault]]:
    for _ in range(_TRIES):
        layout = draw(policy, dice)
        if fitting := [fault for fault in faults if fault.fits(layout)]:
            return layout, fitting
    raise ValueError(f"no cluster under {policy.value} fits {', '.join(fault.name for fault in faults)}")
