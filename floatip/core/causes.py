"""Why a VIP has another owner than before, in one word for programs. Knows: what was heard. Never: decides."""

from floatip.core.claims import vacancy
from floatip.core.effects import Cause
from floatip.core.messages import STOPS
from floatip.core.situation import Situation
from floatip.core.types import NodeName, VipName, VipSpec

TOGETHER_S = 1.0
"""A farewell and the word that a check was its reason come together."""


def cause_of(s: Situation, spec: VipSpec, owner_term: int, now: float) -> Cause:
    """What became of the last owner; what made it go it alone knows for sure, the others by what it told them."""
    last, left = s.last_owners.get(spec.name), vacancy(s, spec, owner_term, now)
    if left is None:
        if last is None:
            return Cause.FIRST
        return s.parted.get(spec.name, Cause.TAKEOVER) if last == s.node else Cause.TAKEOVER
    if _stops(s, left.by, spec.name):
        return Cause.STOP
    if s.directives.drained(left.by):
        return Cause.DRAIN
    if s.swayed_at.get(spec.name, float("-inf")) > left.at - TOGETHER_S:
        return Cause.CHECK
    return Cause.HANDOVER if left.handed_to is not None else Cause.FAULT


def silent_since(s: Situation, last: NodeName | None) -> float | None:
    """When the last owner, another node, was last heard on any broker."""
    peer = s.peers.known.get(last) if last is not None else None
    return peer.heard_at if peer is not None and peer.terms is not None else None


def _stops(s: Situation, node: NodeName, vip: VipName) -> bool:
    """Whether a peer has told that it is about to stop."""
    peer = s.peers.known.get(node)
    told = peer.vips.get(vip) if peer is not None else None
    return told is not None and STOPS in told.faults
