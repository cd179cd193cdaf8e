"""What a fault is. Knows: names and lengths. Never: a particular fault."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from floatip.core.types import Policy
from tests.campaign.layout import Layout
from tests.campaign.scene import Scene

TWO_AT_MOST_MS = 50.0
"""Under ``keep`` and ``lan``, on a LAN that was whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A fault in force: what it is in words, how to end it; `lan`: the LAN is not whole meanwhile."""

    text: str
    end: Callable[[], None] = lambda: None
    lan: bool = False


def anywhere(_layout: Layout) -> bool:
    """Every cluster can be struck."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One class of fault; `alone`: it loads the whole machine, so no other cluster may run beside it.

    `heals`: it parts hosts that cannot hear each other, so that two owners may meet when it is over.
    """

    name: str
    begin: Callable[[Scene, Random], Begun]
    shortest_s: float
    longest_s: float
    fits: Callable[[Layout], bool] = anywhere
    alone: bool = False
    heals: bool = False
    plants: bool = False
    """It puts an address where it must not be, so that for a moment two hosts have it."""

    def two_at_most_ms(self, policy: Policy) -> float:
        """How long two nodes that both were reachable may have an address: not at all under ``release``."""
        if self.plants or (self.heals and policy is not Policy.RELEASE):
            return float("inf")
        return 0.0 if policy is Policy.RELEASE else TWO_AT_MOST_MS
