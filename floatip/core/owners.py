"""Who owns a VIP in the eyes of this node, and who has seen that. Knows: what was heard. Never: changes anything."""

from floatip.core.rivals import incumbent
from floatip.core.situation import Situation
from floatip.core.types import NodeName
from floatip.core.vip import SEATED, Vip
from floatip.core.witness import seen_by


def owner_of(s: Situation, vip: Vip, now: float) -> tuple[NodeName | None, int]:
    """The owner and its term, as this node knows it."""
    if vip.role in SEATED:
        return s.node, vip.term
    other = incumbent(s, vip.spec, now)
    return (other.node, other.term) if other else (None, 0)


def verified_by(s: Situation, vip: Vip, now: float) -> tuple[NodeName, ...]:
    """The nodes that saw the owner's MAC answer for the VIP while its present term lasted."""
    owner, term = owner_of(s, vip, now)
    if owner is None:
        return ()
    seen = set(seen_by(s, vip.spec.name, owner, term))
    mine = vip.succession.witness.seen
    if owner != s.node and mine is not None and mine.term == term and mine.mac in s.peers.macs(owner):
        seen.add(s.node)
    return tuple(sorted(seen - {owner}))
