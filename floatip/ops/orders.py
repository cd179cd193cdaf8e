"""What an order that lasts would do, told from a snapshot. Knows: who may own. Never: gives it."""

from dataclasses import dataclass

from floatip.core.directives import FORCED, NOBODY, YES
from floatip.core.snapshot import Snapshot, VipSnapshot
from floatip.core.types import DirectiveKind
from floatip.ops.errors import BadRequest, Refused
from floatip.ops.plan import known_node, known_vip
from floatip.ops.wire import OrderRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Orders of one kind with one value, and in sentences what they will do."""

    kind: DirectiveKind
    subjects: tuple[str, ...]
    value: str
    text: tuple[str, ...] = ()


def wanted(snapshot: Snapshot, request: OrderRequest) -> list[Wanted]:
    """Return the orders to give; Refused says why one of them may not be given, and then none is."""
    match request.kind:
        case "drain":
            return [_drain(snapshot, request)]
        case "pin":
            return [_pin(snapshot, request)]
        case _:
            return _freeze(snapshot, request)


def _drain(snapshot: Snapshot, request: OrderRequest) -> Wanted:
    nodes = request.subjects or (snapshot.node,)
    if len(nodes) > 1:
        raise BadRequest("drain one node at a time: wait until its VIPs have moved before you drain the next")
    for node in nodes:
        known_node(snapshot, node)
    if not request.value:
        return Wanted(kind=DirectiveKind.DRAIN, subjects=nodes, value="", text=(f"{nodes[0]} would take VIPs again",))
    owned = [vip for vip in snapshot.vips if vip.owner == nodes[0]]
    text = tuple(_leaves(vip, nodes[0], force=request.force) for vip in owned)
    value = FORCED if request.force else YES
    return Wanted(
        kind=DirectiveKind.DRAIN, subjects=nodes, value=value, text=text or (f"{nodes[0]} owns no VIP to move away",)
    )


def _leaves(vip: VipSnapshot, node: str, *, force: bool) -> str:
    """Say where the VIP goes when its owner is drained; Refused if there is nowhere to go."""
    if vip.frozen_for is not None:
        raise Refused(f"{node} is not drained: {vip.name} is frozen there; run `floatip thaw {vip.name}` first")
    others = [name for name in vip.candidates if name != node]
    if others:
        return f"{vip.name} would move from {node} to {others[0]}"
    if force:
        return f"{vip.name} would be taken down: no other node can own it"
    why = "; ".join(f"{one.node}: {', '.join(one.reasons) or 'no candidate'}" for one in vip.nodes if one.node != node)
    raise Refused(
        f"{node} is not drained: it is the last that can own {vip.name} ({why or 'no other node has it configured'});"
        " --force takes the VIP down"
    )


def _pin(snapshot: Snapshot, request: OrderRequest) -> Wanted:
    if not request.subjects:
        raise BadRequest("name the VIP to pin")
    for name in request.subjects:
        vip = known_vip(snapshot, name)
        if request.value:
            known_node(snapshot, request.value)
            if all(one.node != request.value for one in vip.nodes):
                raise Refused(f"{name} is not pinned: it is not configured on {request.value}")
    return Wanted(kind=DirectiveKind.PIN, subjects=request.subjects, value=request.value)


def _freeze(snapshot: Snapshot, request: OrderRequest) -> list[Wanted]:
    """Each VIP is frozen for its present owner."""
    names = request.subjects or tuple(vip.name for vip in snapshot.vips)
    vips = [known_vip(snapshot, name) for name in names]
    if not request.value:
        return [Wanted(kind=DirectiveKind.FREEZE, subjects=names, value="")]
    owners: dict[str, list[str]] = {}
    for vip in vips:
        owners.setdefault(vip.owner or NOBODY, []).append(vip.name)
    return [Wanted(kind=DirectiveKind.FREEZE, subjects=tuple(some), value=owner) for owner, some in owners.items()]
