"""What a fault may cost where it comes alone. Knows: the bounds that the design promises. Never: who is looking."""

from dataclasses import dataclass
from enum import Enum, auto

from floatip.core.types import REMOVAL_DELAY_S
from tests.sim.scenario import Scenario


class Gap(Enum):
    """For how long an address may be missing."""

    UNJUDGED = auto()
    NONE = auto()
    BLINK = auto()
    """As long as a slow driver holds up the announcement of what the kernel has already."""
    REPAIR = auto()
    """Until the owner has put it back itself."""
    LATE_REMOVAL = auto()
    """Until another node sees that the kernel has let go."""
    PLANNED = auto()
    """In a planned move: none where the new owner adds first."""
    HANDOVER = auto()
    """Until the next node has taken what the owner let go."""
    SILENCE = auto()
    """Until the owner has been silent for long enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Harm:
    """What a fault that comes alone may do, under ``keep`` and ``lan``, to a cluster in which all was well.

    ``clients``: how long they may be without an address; ``kernels``: how long none may have it; ``still``: no kernel
    may win or lose one.
    """

    clients: Gap = Gap.UNJUDGED
    kernels: Gap = Gap.UNJUDGED
    still: bool = False


ANY = Harm()
STILL = Harm(clients=Gap.NONE, kernels=Gap.NONE, still=True)


def gap_s(gap: Gap, scenario: Scenario) -> float | None:
    """How long that is at most, in seconds; None: it is not judged.

    The drivers of this world are slow at times: 0.2 s, and more where brokers are far away.
    """
    timing, slack_s = scenario.timing, 0.7 if scenario.far else 0.25
    ranks_s = scenario.nodes * timing.heartbeat_s
    # A VIP moves as a whole: when the kernel has let go of the last of its addresses.
    apart_s = REMOVAL_DELAY_S if any(len(vip.addresses) > 1 for vip in scenario.vips()) else 0.0
    bounds_s = {
        Gap.UNJUDGED: None,
        Gap.NONE: 0.05,
        Gap.BLINK: slack_s,
        Gap.REPAIR: slack_s,
        Gap.LATE_REMOVAL: 0.2 + apart_s * 1.02 + slack_s,
        Gap.PLANNED: 0.05 if scenario.make_before_break else ranks_s + slack_s,
        Gap.HANDOVER: ranks_s + slack_s,
        Gap.SILENCE: timing.owner_down_s(scenario.policy) * 1.02 + ranks_s + timing.heartbeat_s + slack_s,
    }
    return bounds_s[gap]
