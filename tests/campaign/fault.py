"""What a fault is. Knows: names and lengths. Never: a particular fault."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.campaign.layout import Layout
from tests.campaign.scene import Scene


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
