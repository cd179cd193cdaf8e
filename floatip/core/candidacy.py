"""Every node beside one VIP: its place among the candidates, or why it is none (design 4.5). Never: ranks."""

from floatip.core.claims import order
from floatip.core.peers import Peer
from floatip.core.situation import Situation
from floatip.core.snapshot import CandidateSnapshot
from floatip.core.types import NodeName
from floatip.core.vip import SEATED, Vip


def candidates(s: Situation, vip: Vip, now: float) -> tuple[NodeName, ...]:
    """The nodes that could own the VIP, best first; its owner is one unless an order says otherwise."""
    fit = (vip.role in SEATED or not vip.hindrances(now)) and vip.standdown() is None
    return order(s, vip.spec, now, fit=fit)


def candidacy(s: Situation, vip: Vip, now: float) -> tuple[CandidateSnapshot, ...]:
    """All that have the VIP configured, candidates first."""
    ranks = {node: rank for rank, node in enumerate(candidates(s, vip, now))}
    found = [
        CandidateSnapshot(
            node=s.node,
            rank=ranks.get(s.node),
            priority=s.checkups.priority(vip.spec),
            reasons=_own_reasons(s, vip, now),
        )
    ]
    for peer in s.peers.known.values():
        state = peer.vips.get(vip.spec.name)
        if state is None:
            continue
        rank = ranks.get(peer.node)
        reasons = _orders(s, vip, peer.node) + state.notes
        reasons += () if rank is not None else _reasons(s, vip, peer, now)
        found.append(CandidateSnapshot(node=peer.node, rank=rank, priority=state.priority, reasons=reasons))
    return tuple(sorted(found, key=lambda one: (one.rank is None, one.rank, one.node)))


def _own_reasons(s: Situation, vip: Vip, now: float) -> tuple[str, ...]:
    found = _orders(s, vip, s.node) + s.checkups.weighing(vip.spec) + vip.hindrances(now)
    return found + (("it stops",) if s.stopping else ())


def _orders(s: Situation, vip: Vip, node: NodeName) -> tuple[str, ...]:
    """What operators have ordered about the node and the VIP."""
    name, orders = vip.spec.name, s.directives
    found: tuple[str, ...] = ("pinned to it",) if orders.pinned(name) == node else ()
    if orders.drained(node):
        found += ("drained",)
    frozen_for = orders.frozen_for(name)
    return found + ((f"frozen for {frozen_for}",) if frozen_for not in {None, node} else ())


def _reasons(s: Situation, vip: Vip, peer: Peer, now: float) -> tuple[str, ...]:
    """Why a peer is no candidate, beside orders."""
    state = peer.vips[vip.spec.name]
    if not peer.alive(now, s.timing.lease_s):
        silent = f"for {now - peer.heard_at:.1f} s" if peer.terms is not None else "since the start of this node"
        return (f"silent {silent}",)
    found = state.faults
    if state.definition != vip.spec.definition:
        found += ("other addresses or policy configured",)
    down_s = s.owner_down_s(vip.spec.policy)
    if peer.terms is not None and peer.terms.owner_down_s(vip.spec.policy) < down_s - 1e-6:
        found += ("other timing configured",)
    return found
