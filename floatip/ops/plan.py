"""What a failover would do, told from a snapshot. Knows: who may own. Never: acts, waits, or reads a clock."""

from floatip.core.snapshot import NodeSnapshot, Snapshot, VipSnapshot
from floatip.ops.errors import Refused, UnknownNode, UnknownVip
from floatip.ops.models import Plan


def plan(snapshot: Snapshot, vip: str, to: str | None = None, *, force: bool = False) -> Plan:
    """Return what moving ``vip`` (to the best backup, or to ``to``) would do; Refused says why it cannot be done."""
    found = known_vip(snapshot, vip)
    if to is not None:
        known_node(snapshot, to)
    owner = _movable_from(snapshot, found, force=force)
    if owner == to:
        return _nothing_to_do(found, owner)
    target = _best_backup(found, owner) if to is None else _able(snapshot, found, to)
    others = sum(name != owner for name in found.candidates)
    why = f", the best of {others} candidates" if to is None and others > 1 else ""
    how = (
        "make-before-break, no interruption" if found.spec.make_before_break else "break-before-make, some 10 to 30 ms"
    )
    text = f"{vip} ({', '.join(found.addresses)}) would move from {owner} to {target}{why} ({how})"
    return Plan(vip=vip, owner=owner, target=target, done=False, proven=False, text=text)


def known_vip(snapshot: Snapshot, name: str) -> VipSnapshot:
    """Return the VIP of this name; UnknownVip lists those that are known."""
    for vip in snapshot.vips:
        if vip.name == name:
            return vip
    known = _listed(tuple(vip.name for vip in snapshot.vips)) or "none"
    raise UnknownVip(f"no VIP of {snapshot.node} is named {_quoted(name)}; known: {known}")


def known_node(snapshot: Snapshot, name: str) -> NodeSnapshot:
    """Return the node of this name; UnknownNode lists those that are known."""
    for node in snapshot.nodes:
        if node.name == name:
            return node
    known = _listed(tuple(node.name for node in snapshot.nodes)) or "none"
    raise UnknownNode(f"no node of cluster {snapshot.cluster} is named {_quoted(name)}; known: {known}")


def _movable_from(snapshot: Snapshot, vip: VipSnapshot, *, force: bool) -> str:
    """Return the owner that can lead the move."""
    if vip.frozen_for is not None and not force:
        raise Refused(
            f"{vip.name} is not moved: it is frozen; run `floatip thaw {vip.name}` first, or move it with --force"
        )
    if vip.handover is not None and vip.handover.stage != "asked":
        raise Refused(f"{vip.name} is not moved: {vip.handover.by} is handing it over to {vip.handover.to} just now")
    if not snapshot.quorum:
        up = sum(broker.connected for broker in snapshot.brokers)
        raise Refused(
            f"{vip.name} is not moved: {snapshot.node} has no quorum ({up} of {len(snapshot.brokers)} brokers"
            " connected), so owner and target could not agree; bring the brokers back first"
        )
    if vip.owner is None:
        able = ", ".join(vip.candidates) or "nobody"
        raise Refused(
            f"{vip.name} is not moved: it has no owner that could hand it over (candidates: {able});"
            f" `floatip events` shows why"
        )
    if vip.isolated:
        raise Refused(
            f"{vip.name} is not moved: its owner {vip.owner} holds it without quorum; bring its brokers back first"
        )
    return vip.owner


def _nothing_to_do(vip: VipSnapshot, owner: str) -> Plan:
    proof = f"seen by {', '.join(vip.verified_by)}" if vip.verified_by else "but no witness has confirmed it"
    text = f"{vip.name} is owned by {owner} already, {proof}"
    return Plan(vip=vip.name, owner=owner, target=owner, done=True, proven=bool(vip.verified_by), text=text)


def _best_backup(vip: VipSnapshot, owner: str) -> str:
    for name in vip.candidates:
        if name != owner:
            return name
    if vip.frozen_for is not None:  # a frozen VIP has no candidate but its owner: any node that is well will do
        able = sorted(one.node for one in vip.nodes if one.node != owner and set(one.reasons) <= {_frozen(vip)})
        if able:
            return able[0]
    raise Refused(f"{vip.name} is not moved: no node but {owner} could own it; `floatip status` shows the faults")


def _able(snapshot: Snapshot, vip: VipSnapshot, to: str) -> str:
    """Return ``to`` if it is a candidate; Refused says what keeps it from being one."""
    node = known_node(snapshot, to)
    here = vip.faults if to == snapshot.node else ()
    faults = tuple(dict.fromkeys((*node.faults, *here)))
    if not node.alive:
        heard = "never" if node.last_heard_ms is None else f"{node.last_heard_ms / 1000:.1f} s ago"
        reason = f"{to} is not alive (last heard: {heard})"
    elif node.drained:
        reason = f"{to} is drained: it takes no VIPs; run `floatip undrain {to}` first"
    elif to in vip.definition_differs:
        reason = f"{to} has {vip.name} configured with other addresses or another policy; make its configuration equal"
    elif faults:
        reason = f"{to} has a fault: {', '.join(faults)}"
    elif to not in vip.candidates and not _is_only_frozen(vip, to):
        able = ", ".join(vip.candidates) or "nobody"
        reason = f"{to} is not a candidate for it (candidates: {able}); is it configured there?"
    else:
        return to
    raise Refused(f"{vip.name} is not moved: {reason}")


def _frozen(vip: VipSnapshot) -> str:
    return f"frozen for {vip.frozen_for}"


def _is_only_frozen(vip: VipSnapshot, to: str) -> bool:
    """Whether nothing but the freeze, which was to be overridden, keeps the node from taking the VIP."""
    return any(one.node == to and set(one.reasons) == {_frozen(vip)} for one in vip.nodes)


def _quoted(name: str) -> str:
    return repr(name if len(name) <= 80 else name[:77] + "...")


def _listed(names: tuple[str, ...]) -> str:
    """Return the names, the first twenty of them if there are many."""
    rest = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return ", ".join(names[:20]) + rest
