"""Why a VIP is where it is, and what would happen if something broke now. Knows: a snapshot, the rules of the election.

Never: decides; each sentence tells what the engine would do (design sections 4.5 to 4.7, 7 and 8).
"""

from floatip.core.directives import NOBODY
from floatip.core.snapshot import Snapshot, VipSnapshot
from floatip.core.types import Policy
from floatip.ops.models import Candidate, Explanation, instant
from floatip.ops.plan import known_vip


def explain(snapshot: Snapshot, name: str, *, wall_s: float) -> Explanation:
    """Return the explanation for one VIP; UnknownVip if there is none of that name."""
    vip = known_vip(snapshot, name)
    return Explanation(
        vip=vip.name,
        owner=vip.owner,
        since=None if vip.since_s is None else instant(wall_s - vip.since_s),
        why=tuple(_why(snapshot, vip)),
        candidates=tuple(
            Candidate(node=one.node, rank=one.rank, priority=one.priority, reasons=one.reasons) for one in vip.nodes
        ),
        if_owner_dies=_if_owner_dies(snapshot, vip),
        if_owner_loses_mqtt=_if_owner_loses_mqtt(snapshot, vip),
        if_brokers_die=_if_brokers_die(snapshot, vip),
    )


def _why(snapshot: Snapshot, vip: VipSnapshot) -> list[str]:
    """Say which rule decided, and what else bears on where the VIP is."""
    if vip.owner is None:
        return [_why_nobody(snapshot, vip), *_orders(vip)]
    found = [f"{vip.owner} owns it (term {vip.term}): {vip.cause or 'it did so when this node began to listen'}"]
    if vip.isolated:
        found.append(f"{vip.owner} is isolated: it keeps the address without a quorum ({vip.spec.policy} policy)")
    seen = ", ".join(vip.verified_by)
    found.append(f"seen on the LAN by {seen}" if seen else "no other node has seen it on the LAN")
    best = vip.candidates[0] if vip.candidates else None
    if best is not None and best != vip.owner:
        found.append(f"{best} comes before {vip.owner}, but {_sticky(vip, best)}")
    if vip.handover is not None:
        found.append(f"a handover is under way: {vip.handover.by} to {vip.handover.to} ({vip.handover.stage})")
    return found + _orders(vip)


def _sticky(vip: VipSnapshot, best: str) -> str:
    if vip.frozen_for is not None:
        return "the VIP is frozen"
    if vip.spec.preempt:
        return f"preempts after {vip.spec.preempt_delay_s:g} s only"
    return f"an owner stays until it fails or is moved (preempt is off): `floatip failover {vip.name} --to {best}`"


def _why_nobody(snapshot: Snapshot, vip: VipSnapshot) -> str:
    if not snapshot.quorum:
        return f"nobody is known to own it: {snapshot.node} reaches no majority of the brokers"
    if vip.frozen_for is not None:
        return f"nobody owns it: it is frozen, and {_only(vip)} may take it"
    if not vip.candidates:
        return "nobody owns it: no node could (see the candidates)"
    return f"nobody owns it at this moment: {vip.candidates[0]} comes first, and claims it when its turn has come"


def _only(vip: VipSnapshot) -> str:
    """Say who may take a frozen VIP."""
    return "nobody" if vip.frozen_for == NOBODY else f"only {vip.frozen_for}"


def _orders(vip: VipSnapshot) -> list[str]:
    found = []
    if vip.pinned_to is not None:
        able = vip.pinned_to in vip.candidates
        effect = "" if able else ", which has no effect: that node cannot take it now"
        found.append(f"pinned to {vip.pinned_to}{effect}")
    if vip.frozen_for is not None and vip.owner is not None:
        found.append(f"frozen: {_only(vip)} may take it")
    return found


def _next(vip: VipSnapshot) -> str | None:
    return next((name for name in vip.candidates if name != vip.owner), None)


def _nobody_else(vip: VipSnapshot) -> str:
    if vip.frozen_for is not None:
        return f"nobody would take over: the VIP is frozen (`floatip thaw {vip.name}`)"
    return "nobody would take over: no other node could own it now"


def _if_owner_dies(snapshot: Snapshot, vip: VipSnapshot) -> str:
    heir, policy = _next(vip), vip.spec.policy
    if vip.owner is None:
        return "it has no owner that could die"
    if heir is None:
        return _nobody_else(vip)
    down_s = snapshot.timing.owner_down_s(policy)
    if policy is Policy.RELEASE:
        return f"{heir} would take over after {down_s:.1f} s (its kernel has let go by then)"
    if not snapshot.quorum:
        return (
            f"{heir} could not take over before the brokers are back"
            if policy is Policy.KEEP
            else (f"{heir} would take over by the word of the LAN, once that is silent")
        )
    return (
        f"{heir} would take over: at once if only the daemon dies (clients lose nothing),"
        f" after {down_s:.1f} s of silence on brokers and LAN if the host does"
    )


def _if_owner_loses_mqtt(snapshot: Snapshot, vip: VipSnapshot) -> str:
    heir, policy, owner = _next(vip), vip.spec.policy, vip.owner
    if owner is None:
        return "it has no owner"
    if policy is Policy.RELEASE:
        then = (
            f"{heir} would take over after {snapshot.timing.owner_down_s(policy):.1f} s"
            if heir
            else (_nobody_else(vip))
        )
        return f"{owner} would remove the address after {snapshot.timing.lease_s:g} s, and {then}"
    return f"{owner} would keep the address, isolated; the others see it answer on the LAN, and wait"


def _if_brokers_die(snapshot: Snapshot, vip: VipSnapshot) -> str:
    count, policy = len(snapshot.brokers), vip.spec.policy
    spare = count - snapshot.quorum_of
    few = (
        "nothing happens while " + ("one of them is" if spare == 1 else f"up to {spare} of them are") + " away; "
        if (spare)
        else ""
    )
    many = "without the broker" if count == 1 else f"with fewer than {snapshot.quorum_of} of {count} brokers"
    match policy:
        case Policy.RELEASE:
            then = "its owner removes the address, and nobody has it until they are back"
        case Policy.LAN:
            then = "its owner keeps it; if that dies, the LAN decides who takes over"
        case _:
            then = "its owner keeps it; nobody can take it over, and no move is possible, until they are back"
    return f"{few}{many}, {then}"
