"""Whose turn it is to claim a VIP, and on which brokers (design 4.4 rules 4 and 5, 4.5)."""

from dataclasses import dataclass

from floatip.core.farewells import Vacancy
from floatip.core.majority import kth_smallest
from floatip.core.quorum import claimable_at
from floatip.core.ranking import Candidate, ranked
from floatip.core.rivals import incumbent
from floatip.core.situation import Situation
from floatip.core.types import REMOVAL_DELAY_S, NodeName, Policy, VipSpec
from floatip.core.view import View

INFINITE = float("inf")
VACANT_S = 1.0
"""How long an owner's farewell spares its successor the silence of the LAN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """When this node may claim; whether the LAN must be silent first, and from when to ask it."""

    due: float
    needs_silence: bool
    probe_from: float
    ready: float | None = None
    """If all else is past: from when on the VIP may be claimed, which puts off the rest by as much as it is put off."""


def free_for_me(s: Situation, spec: VipSpec, now: float) -> list[View]:
    """The brokers on which this node may claim the VIP now."""
    listen_s = s.listen_s(spec.policy)
    return [view for view in s.all_views() if view.claimable_at(spec.name, spec.policy, listen_s) <= now]


def vacancy(s: Situation, spec: VipSpec, owner_term: int, now: float) -> Vacancy | None:
    """The newest farewell of the owner, while it is fresh; that of one who was overtaken says nothing."""
    known = [
        left
        for view in s.all_views()
        if (left := view.vacancies.get(spec.name)) is not None
        and now < max(left.at + VACANT_S, reserved_until(s, left))
        and left.term >= owner_term
    ]
    return max(known, key=lambda left: left.at, default=None)


def reserved_until(s: Situation, left: Vacancy) -> float:
    """Until when nobody may claim but the owner that left and the node it left the VIP to (design section 7)."""
    return left.reserved_until + 2 * s.timing.heartbeat_s if left.to is not None else left.at


def dead_from(s: Situation, spec: VipSpec, node: NodeName) -> float:
    """From when on a majority of the brokers prove the node's death by its wills (4.6); infinity if none does."""
    if spec.policy is Policy.RELEASE:
        return INFINITE
    return kth_smallest((view.dead_from(node) for view in s.all_views()), s.quorum)


def able(s: Situation, spec: VipSpec, now: float) -> list[Candidate]:
    """The peers that could take the VIP now."""
    peers = s.peers.candidates(spec, s.owner_down_s(spec.policy), now)
    return [one for one in peers if s.directives.admits(one.node, spec.name)]


def order(
    s: Situation, spec: VipSpec, now: float, *, fit: bool, without: NodeName | None = None
) -> tuple[NodeName, ...]:
    """All candidates, best first; ``fit``: this node is one of them."""
    candidates = [one for one in able(s, spec, now) if one.node != without]
    if fit:
        candidates.append(Candidate(node=s.node, priority=s.checkups.priority(spec)))
    return ranked(spec.name, candidates, spec.placement, pinned=s.directives.pinned(spec.name))


def cause(s: Situation, spec: VipSpec, owner_term: int, now: float) -> str:
    """Why the VIP has, or may have, a new owner: what became of the last one."""
    last = s.last_owners.get(spec.name)
    left = vacancy(s, spec, owner_term, now)
    if left is not None:
        return f"{left.by} handed it over" if left.handed_to is not None else f"{left.by} gave it up"
    if last is None:
        return "nobody owned it"
    if dead_from(s, spec, last) <= now:
        return f"{last} died: its brokers and its sentinel say so"
    if last == s.node:
        return s.partings.get(spec.name, f"{last} owned it before")
    return f"{last} owned it before, and has fallen silent"


def turn(s: Situation, spec: VipSpec, now: float, *, not_before: float, owner_term: int) -> Turn:
    """When it is this node's turn, if it has no hindrance; due is infinite while a majority is out of reach.

    ``owner_term`` is the highest of which an owner spoke. The owner itself has no rank: if it lives, the turn never
    comes, and if it does not, it is no candidate. A farewell to other addresses than ours only reserves the name.
    """
    ready = claimable_at(s.all_views(), s.quorum, spec.name, spec.policy, s.listen_s(spec.policy))
    left = vacancy(s, spec, owner_term, now)
    silent = incumbent(s, spec, now)
    dead = dead_from(s, spec, silent.node) if silent is not None else INFINITE
    names = order(s, spec, now, fit=True, without=left.by if left else silent.node if silent else None)
    rank = names.index(s.node)
    wait_s = rank * s.timing.heartbeat_s
    spared = left is not None and left.definition == spec.definition
    if left is not None and spared and left.to == s.node and now < left.reserved_until:
        due = max(ready, left.at)
        return Turn(due=due, needs_silence=False, probe_from=due)
    if left is not None and spared and left.to is None:
        due = max(ready, left.at, not_before) + wait_s
        return Turn(due=due, needs_silence=False, probe_from=due)
    if left is not None:
        not_before = max(not_before, reserved_until(s, left))
    due = max(ready, not_before) + wait_s
    if dead < INFINITE:
        due = max(due, dead + wait_s)
        return Turn(due=due, needs_silence=False, probe_from=due)
    lead_s = s.timing.lease_s if rank == 0 else 0.0
    puts_off = left is None and ready >= not_before
    return Turn(due=due, needs_silence=True, probe_from=due - lead_s, ready=ready if puts_off else None)


def lan_turn(s: Situation, spec: VipSpec, now: float, *, owner: NodeName | None, not_before: float) -> Turn | None:
    """Policy ``lan``: when this node may take the VIP though no quorum can say so (4.6); None while it has one.

    The gateway must answer. An owner whose host answers for itself may be about to come back: it is waited for as long
    as any kernel could keep the address. Who else could take it is known by the LAN alone.
    """
    due = s.alone_since() + 2 * s.owner_down_s(spec.policy)
    if spec.policy is not Policy.LAN or now < due - s.timing.lease_s:
        return None
    if s.has_near_gateway() and not s.hears(None, now):
        return Turn(due=INFINITE, needs_silence=True, probe_from=INFINITE)
    if owner is not None and owner != s.node and s.hears(owner, now):
        due += s.timing.lifetime_s(spec.policy) + REMOVAL_DELAY_S
    near = [
        Candidate(node=peer.node, priority=state.priority)
        for peer in s.peers.known.values()
        if (state := peer.vips.get(spec.name)) is not None
        and not state.faults
        and s.directives.admits(peer.node, spec.name)
        and peer.node != owner
        and s.hears(peer.node, now)
    ]
    near.append(Candidate(node=s.node, priority=s.checkups.priority(spec)))
    names = ranked(spec.name, near, spec.placement, pinned=s.directives.pinned(spec.name))
    due = max(due, not_before) + names.index(s.node) * s.timing.lease_s
    return Turn(due=max(due, now), needs_silence=True, probe_from=due - s.timing.lease_s)
