"""Every address of every node: what it is, whose it is, and what needs attention. Knows: inventories. Never: asks."""

from collections.abc import Iterator, Mapping
from typing import Any

from floatip.ops.migrate import vip_of
from floatip.ops.models import Status, VipStatus
from floatip.ops.rows import Audit, AuditRow

Inventories = Mapping[str, Any]
"""By node: the document of its inventory, or the sentence that says why there is none."""


def audit(status: Status, inventories: Inventories) -> Audit:
    """Return all rows, those of one address together, and what needs attention beside them."""
    documents = {node: one for node, one in inventories.items() if not isinstance(one, str)}
    homes = _homes(documents)
    rows = [
        _row(status, node, entry, documents, homes)
        for node, document in documents.items()
        for entry in document["addresses"]
    ]
    attention = [f"{node}: {one}" for node, one in inventories.items() if isinstance(one, str)]
    attention += [f"{node}: {text}" for node, document in documents.items() for text in document["warnings"]]
    attention += list(_would_come_back(status, documents, homes))
    return Audit(rows=tuple(sorted(rows, key=lambda row: (_order(row.address), row.node))), attention=tuple(attention))


def _order(address: str) -> tuple[int, str]:
    return (6 if ":" in address else 4, ".".join(part.rjust(3, "0") for part in address.split(".")))


def _homes(documents: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return which nodes have each address now."""
    homes: dict[str, list[str]] = {}
    for node, document in documents.items():
        for entry in document["addresses"]:
            if node not in homes.setdefault(entry["address"], []):
                homes[entry["address"]].append(node)
    return homes


def _row(
    status: Status, node: str, entry: Any, documents: Mapping[str, Any], homes: Mapping[str, list[str]]
) -> AuditRow:
    address, vip = entry["address"], vip_of(status, entry["address"])
    boot = tuple(
        f"{one['file']}:{one['line']}" for one in documents[node]["boot"] if one["address"].partition("/")[0] == address
    )
    others = [name for name in homes[address] if name != node]
    kind = _kind(entry, vip, duplicate=bool(others))
    traffic = entry["traffic"]
    return AuditRow(
        node=node,
        address=address,
        prefix=entry["prefix"],
        interface=entry["interface"],
        kind=kind,
        vip=vip.name if vip is not None else None,
        purpose=vip.purpose if vip is not None else entry["purpose"],
        contact=vip.contact if vip is not None else entry["contact"],
        boot=boot,
        listeners=tuple(_listener(one) for one in entry["listeners"] if one["specific"] or kind != "primary"),
        packets=None if traffic is None else traffic["packets"],
        since_s=None if traffic is None else traffic["since_s"],
        attention=tuple(_worries(node, entry, vip, others, boot)),
    )


def _kind(entry: Any, vip: VipStatus | None, *, duplicate: bool) -> str:
    if duplicate:
        return "duplicate"
    if vip is not None:
        return "VIP"
    if entry["primary"]:
        return "primary"
    return "documented alias" if entry["documented"] else "undocumented alias"


def _worries(node: str, entry: Any, vip: VipStatus | None, others: list[str], boot: tuple[str, ...]) -> Iterator[str]:
    """Say what needs attention about one address on one node."""
    if others and (vip is None or vip.handover is None):
        yield f"also on {', '.join(others)}"
    if vip is not None:
        if vip.owner != node and vip.handover is None:
            yield f"{node} does not own the VIP {vip.name} (owner: {vip.owner or 'nobody'})"
        if entry["permanent"]:
            yield "there for good, so no takeover will ever remove it: `floatip cleanup --force`"
        if boot:
            yield "a VIP must not be in the boot configuration"
    elif not entry["primary"] and not entry["documented"]:
        yield "nobody knows what it is for: write it down under [[alias]], or remove it"


def _would_come_back(status: Status, documents: Mapping[str, Any], homes: Mapping[str, list[str]]) -> Iterator[str]:
    """Say which addresses a reboot would bring to a node that has them no more, although they are needed elsewhere."""
    for node, document in documents.items():
        for one in document["boot"]:
            address = one["address"].partition("/")[0]
            homes_now = homes.get(address, [])
            if node in homes_now or not (homes_now or vip_of(status, address)):
                continue
            where = f"is on {', '.join(homes_now)}" if homes_now else "is a VIP"
            yield (
                f"{node}: a reboot would bring {address} back, which {where}:"
                f" {one['file']}:{one['line']}: {one['remedy']}"
            )


def _listener(one: Any) -> str:
    process = f" {one['process']}" if one["process"] else ""
    return f"{one['protocol']}/{one['port']}{process}{'' if one['specific'] else ' (any address)'}"
