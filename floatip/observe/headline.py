"""What the status page says first: one sentence for who is woken at night, then what else there is. Knows: the status.

Never: calls dead what is only not heard, or lets one trouble hide that everything is served.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from floatip.ops.changes import names
from floatip.ops.models import Status
from floatip.ops.view import Tone, verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """``says`` the most important thing; ``findings`` are the others; ``where`` is from where this is seen."""

    says: str
    findings: tuple[str, ...]
    where: str
    tone: Tone


def headline(status: Status) -> Headline:
    """Return what an operator must know, the worst first."""
    found, worries, notes = verdict(status), list(_worries(status)), tuple(_notes(status))
    says, tone = "All is well", found.tone
    if worries:
        says = worries.pop(0)
        tone = Tone.WARNING if tone is Tone.GOOD else tone
        if tone is Tone.WARNING:
            says += "; every VIP has an owner"
    return Headline(says=says, findings=(*found.findings, *worries, *notes), where=found.where, tone=tone)


def _worries(status: Status) -> Iterable[str]:
    yield from _of_the_cluster(status) if status.quorum else _of_the_blind(status)
    groups = (
        ("Not connected to", [broker.url for broker in status.brokers if not broker.connected]),
        (f"Check fails on {status.node}:", [check.name for check in status.checks if check.passes is False]),
        ("Not defined the same on every node:", [vip.name for vip in status.vips if vip.definition_differs]),
    )
    rivals: dict[str, list[str]] = {}
    for vip in status.vips:
        for name in {each.peer or f"{each.mac} (unknown host)" for each in vip.conflicts}:
            rivals.setdefault(name, []).append(vip.name)
    yield from (f"{who} answered for {names(which)}, too, in the last minute" for who, which in sorted(rivals.items()))
    yield from (f"{what} {names(which)}" for what, which in groups if which)
    yield from (f"{node.name}: {', '.join(node.faults)}" for node in status.nodes if node.alive and node.faults)


def _of_the_blind(status: Status) -> Iterable[str]:
    """What a node without a quorum knows: little, and that it says."""
    up = sum(broker.connected for broker in status.brokers)
    yield f"No quorum: {status.node} reaches {up} of {len(status.brokers)} brokers"
    for node in status.nodes:
        answers = [vip.name for vip in status.vips if vip.owner is None and vip.answered_by == node.name]
        if answers:
            yield f"{node.name} still answers on the LAN for {names(answers)}"
    gone = [node.name for node in status.nodes if not node.alive]
    if gone:
        yield f"{names(gone)} cannot be heard from here, dead or alive"


def _of_the_cluster(status: Status) -> Iterable[str]:
    """What a node with a quorum knows of the others."""
    ownerless = [vip.name for vip in status.vips if vip.owner is None]
    gone = [node.name for node in status.nodes if not node.alive]
    isolated = [vip.name for vip in status.vips if vip.isolated]
    unseen = [vip.name for vip in status.vips if vip.owner is not None and not vip.verified_by]
    if ownerless:
        yield f"Nobody owns {names(ownerless)}"
    if gone:
        yield f"{names(gone)} {'is' if len(gone) == 1 else 'are'} dead"
    if isolated:
        yield f"Kept without a quorum: {names(isolated)}"
    if unseen:
        yield f"No witness has seen the owner of {names(unseen)} yet"


def _notes(status: Status) -> Iterable[str]:
    """What is meant to be so."""
    yield from (f"{node.name} is drained: it takes no VIPs" for node in status.nodes if node.drained)
    frozen = [vip.name for vip in status.vips if vip.frozen]
    if frozen:
        yield f"Frozen: {names(frozen)}"
    moving = [f"{vip.name} ({vip.handover})" for vip in status.vips if vip.handover is not None]
    if moving:
        yield f"Handover under way: {names(moving)}"
