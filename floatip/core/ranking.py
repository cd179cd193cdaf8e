"""Who claims first: one pure sort. Every node computes the same list from the same knowledge."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from floatip.core.types import NodeName, Placement, VipName


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A node that is alive and has no fault for the VIP, with its effective priority."""

    node: NodeName
    priority: int


@lru_cache(maxsize=1 << 15)
def affinity(node: NodeName, vip: VipName) -> int:
    """Rendezvous hash: spreads VIPs of equal priority over the nodes, and moves few when a node comes or goes."""
    return int.from_bytes(hashlib.sha256(f"{node}\0{vip}".encode()).digest()[:8], "big")


def ranked(
    vip: VipName, candidates: Iterable[Candidate], placement: Placement, *, pinned: NodeName | None = None
) -> tuple[NodeName, ...]:
    """The candidates, best first: pin, priority, then (``spread``) rendezvous hash, then node name."""

    def key(candidate: Candidate) -> tuple[bool, int, int, str]:
        spread = -affinity(candidate.node, vip) if placement is Placement.SPREAD else 0
        return candidate.node != pinned, -candidate.priority, spread, candidate.node

    return tuple(candidate.node for candidate in sorted(candidates, key=key))
