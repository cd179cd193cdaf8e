"""The engine's snapshot as the JSON of ``floatip status --json``, schema 1. Knows: both forms. Never: clocks, I/O."""

from collections.abc import Mapping
from typing import Any

from floatip.core.snapshot import NodeSnapshot, Snapshot, VipSnapshot
from floatip.core.types import BrokerName
from floatip.ops.models import SCHEMA, instant, iso


def status_document(snapshot: Snapshot, *, wall_s: float, urls: Mapping[BrokerName, str]) -> dict[str, Any]:
    """Return the status document of this moment: ``wall_s`` seconds after the epoch, brokers called by their URLs."""
    return {
        **head_document(snapshot, wall_s=wall_s, urls=urls),
        "vips": [vip_document(vip, wall_s=wall_s, urls=urls) for vip in snapshot.vips],
    }


def head_document(snapshot: Snapshot, *, wall_s: float, urls: Mapping[BrokerName, str]) -> dict[str, Any]:
    """Return the status document but for its VIPs, of which there may be a thousand."""
    return {
        "schema": SCHEMA,
        "cluster": snapshot.cluster,
        "node": snapshot.node,
        "now": iso(instant(wall_s)),
        "quorum": snapshot.quorum,
        "brokers": [
            {"url": urls.get(broker.name, broker.name), "connected": broker.connected, "rtt_ms": broker.rtt_ms}
            for broker in snapshot.brokers
        ],
        "nodes": [_node_document(node) for node in snapshot.nodes],
        "checks": [{"name": one.name, "passes": one.passes, "output": one.output} for one in snapshot.checks],
    }


def _node_document(node: NodeSnapshot) -> dict[str, Any]:
    return {
        "name": node.name,
        "alive": node.alive,
        "last_heard_ms": node.last_heard_ms,
        "drained": node.drained,
        "faults": list(node.faults),
        "version": node.version,
        "lag_ms": node.lag_ms,
        "lan_fine": node.lan_fine,
    }


def vip_document(vip: VipSnapshot, *, wall_s: float, urls: Mapping[BrokerName, str]) -> dict[str, Any]:
    """Return one entry of ``vips``."""
    move = vip.handover
    return {
        "name": vip.name,
        "addresses": list(vip.addresses),
        "role": vip.role.value,
        "owner": vip.owner,
        "term": vip.term,
        "since": None if vip.since_s is None else iso(instant(wall_s - vip.since_s)),
        "isolated": vip.isolated,
        "bound": vip.bound,
        "interface": vip.interface,
        "verified_by": list(vip.verified_by),
        "pinned_to": vip.pinned_to,
        "frozen": vip.frozen_for is not None,
        "candidates": list(vip.candidates),
        "effective_priority": vip.effective_priority,
        "held_on": [urls.get(broker, broker) for broker in vip.held_on],
        "isolated_owners": list(vip.isolated_owners),
        "handover": None if move is None else f"{move.by} -> {move.to}: {move.stage}",
        "definition_differs": list(vip.definition_differs),
        "faults": list(vip.faults),
        "conflicts": [{"address": each.address, "mac": each.mac, "peer": each.peer} for each in vip.conflicts],
        "purpose": vip.spec.purpose,
        "contact": vip.spec.contact,
        "last_owner": vip.last_owner,
        "answered_by": vip.answered_by,
    }
