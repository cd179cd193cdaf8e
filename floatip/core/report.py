"""From the engine's knowledge to a snapshot. Knows: both shapes. Never: changes anything."""

from collections.abc import Iterable

from floatip.core.candidacy import candidacy, candidates
from floatip.core.fitness import definition_differs, terms_differ
from floatip.core.onlooker import Onlooker
from floatip.core.owners import owner_of, verified_by
from floatip.core.peers import Peer
from floatip.core.quorum import owned_until
from floatip.core.rivals import incumbent, isolated_owners
from floatip.core.situation import Situation
from floatip.core.snapshot import (
    BrokerSnapshot,
    CheckSnapshot,
    ConflictSnapshot,
    HandoverSnapshot,
    NodeSnapshot,
    Snapshot,
    VipSnapshot,
)
from floatip.core.types import Binding, NodeName, Policy, Role
from floatip.core.view import View
from floatip.core.vip import IDLE, Vip


def report(s: Situation, vips: Iterable[Vip], onlooker: Onlooker, now: float) -> Snapshot:
    """The cluster as this node sees it."""
    return Snapshot(
        cluster=s.spec.cluster,
        node=s.node,
        quorum=s.connected,
        quorum_of=s.quorum,
        timing=s.timing,
        brokers=tuple(_broker(s, view, now) for view in s.all_views()),
        nodes=(_self(s, now), *_peers(s, now)),
        vips=tuple(_vip(s, vip, onlooker, now) for vip in vips),
        checks=tuple(
            CheckSnapshot(name=name, passes=one.passes, output=one.output) for name, one in s.checkups.all.items()
        ),
    )


def _broker(s: Situation, view: View, now: float) -> BrokerSnapshot:
    rtt_s = view.rtt_s()
    return BrokerSnapshot(
        name=view.broker,
        connected=view.session is not None,
        listening=now < view.listening_since + s.listen_s(Policy.KEEP),
        rtt_ms=None if rtt_s is None else round(rtt_s * 1000, 2),
    )


def _self(s: Situation, now: float) -> NodeSnapshot:
    differs = terms_differ(s, Policy.KEEP, now)
    return NodeSnapshot(
        name=s.node,
        alive=True,
        last_heard_ms=0,
        drained=s.directives.drained(s.node),
        faults=(differs,) if differs else (),
        version=s.spec.version,
        lan_fine=s.lan_fine,
    )


def _peers(s: Situation, now: float) -> list[NodeSnapshot]:
    """Every other node that was ever heard of, if only because it is drained."""
    unheard = {node: Peer(node) for node in s.directives.all_drained() if node != s.node}
    return [_peer(s, peer, now) for _, peer in sorted((unheard | s.peers.known).items())]


def _peer(s: Situation, peer: Peer, now: float) -> NodeSnapshot:
    state = peer.state
    faults = {fault for vip in state.vips for fault in vip.faults} if state else set()
    if peer.alive(now, s.timing.lease_s) and _is_deaf(s, peer.node, now):
        faults.add(f"does not hear {s.node}")
    return NodeSnapshot(
        name=peer.node,
        alive=peer.alive(now, s.timing.lease_s),
        last_heard_ms=None if peer.terms is None else round((now - peer.heard_at) * 1000),
        drained=s.directives.drained(peer.node),
        faults=tuple(sorted(faults)),
        version=state.version if state else "",
        lag_ms=_lag_ms(s, peer.node, now),
        lan_fine=state.lan_fine if state else False,
    )


def _lag_ms(s: Situation, node: NodeName, now: float) -> int | None:
    """How far a peer is behind: how long ago we said the newest of our words that it has acknowledged on any broker."""
    heard = [view.peers[node].covers_at for view in s.all_views() if node in view.peers]
    newest = max(heard, default=float("-inf"))
    return None if newest == float("-inf") else round((now - newest) * 1000)


def _is_deaf(s: Situation, node: NodeName, now: float) -> bool:
    """Whether a peer has acknowledged nothing of ours within 3D on any broker, though both were there (4.7)."""
    span_s = 3 * s.owner_down_s(Policy.KEEP)
    logs = [view.peers[node] for view in s.all_views() if node in view.peers and now - view.up_at > span_s]
    return bool(logs) and all(log.covers_at < now - span_s for log in logs)


def _vip(s: Situation, vip: Vip, onlooker: Onlooker, now: float) -> VipSnapshot:
    owner, term = owner_of(s, vip, now)
    other = incumbent(s, vip.spec, now)
    isolated = vip.role is Role.ISOLATED or (other is not None and owner == other.node and other.isolated)
    mine: tuple[NodeName, ...] = (s.node,) if vip.role is Role.ISOLATED else ()
    seen = vip.succession.witness.seen
    return VipSnapshot(
        name=vip.spec.name,
        addresses=tuple(str(placed) for placed in vip.spec.addresses),
        role=vip.role,
        owner=owner,
        term=term or vip.term,
        since_s=now - vip.owner_since(now) if owner is not None else None,
        isolated=isolated,
        bound=vip.binding.state is Binding.BOUND,
        interface=vip.binding.interface,
        verified_by=verified_by(s, vip, now),
        candidates=candidates(s, vip, now),
        effective_priority=s.checkups.priority(vip.spec),
        held_on=tuple(view.broker for view in vip.bidding.held_on(now)),
        isolated_owners=tuple(sorted({*isolated_owners(s, vip.spec, now), *mine})),
        definition_differs=definition_differs(s, vip.spec, now),
        faults=vip.hindrances(now),
        conflicts=tuple(
            ConflictSnapshot(address=address, mac=mac, peer=s.peers.by_mac(mac))
            for address, mac in vip.troubles.conflicts(now)
        ),
        pinned_to=s.directives.pinned(vip.spec.name),
        frozen_for=s.directives.frozen_for(vip.spec.name),
        handover=_handover(onlooker, vip, owner, now),
        spec=vip.spec,
        cause=vip.succession.cause,
        nodes=candidacy(s, vip, now),
        lease_s=owned_until(s.all_views(), s.quorum, vip.spec.name) - now if vip.role is Role.OWNER else None,
        last_owner=vip.succession.last_owner,
        answered_by=s.peers.by_mac(seen.mac) if seen is not None and vip.role in IDLE else None,
    )


def _handover(onlooker: Onlooker, vip: Vip, owner: NodeName | None, now: float) -> HandoverSnapshot | None:
    """The planned move of the VIP, until the next owner has it."""
    seen = onlooker.of(vip.spec.name, now)
    if seen is None or owner not in {None, seen.by}:
        return None
    return HandoverSnapshot(by=seen.by, to=seen.to, stage=seen.stage, since_s=now - seen.at)
