"""What the status page says first: one sentence for who is woken at night, then what else there is. Knows: the status.

Never: calls dead what is only not heard, or lets one trouble hide that everything is served.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from floatip.observe.changes import names
from floatip.ops.models import Status, VipStatus
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
    lost = [broker.url for broker in status.brokers if not broker.connected]
    gone = [node.name for node in status.nodes if not node.alive]
    if not status.quorum:
        up = len(status.brokers) - len(lost)
        yield f"No quorum: {status.node} reaches {up} of {len(status.brokers)} brokers"
        if gone:
            yield f"{names(gone)} cannot be heard from here, dead or alive"
    else:
        ownerless = _named(vip for vip in status.vips if vip.owner is None)
        if ownerless:
            yield f"Nobody owns {ownerless}"
        if gone:
            yield f"{names(gone)} {'is' if len(gone) == 1 else 'are'} dead"
        isolated = _named(vip for vip in status.vips if vip.isolated)
        if isolated:
            yield f"Kept without a quorum: {isolated}"
        unseen = _named(vip for vip in status.vips if vip.owner is not None and not vip.verified_by)
        if unseen:
            yield f"No witness has seen the owner of {unseen} yet"
    contested = _named(vip for vip in status.vips if vip.conflicts)
    if contested:
        yield f"Another host answers for {contested}"
    if lost:
        yield f"Not connected to {names(lost)}"
    yield from (f"{node.name}: {', '.join(node.faults)}" for node in status.nodes if node.alive and node.faults)
    failing = [check.name for check in status.checks if check.passes is False]
    if failing:
        yield f"Check fails on {status.node}: {names(failing)}"
    differing = _named(vip for vip in status.vips if vip.definition_differs)
    if differing:
        yield f"Not defined the same on every node: {differing}"


def _notes(status: Status) -> Iterable[str]:
    """What is meant to be so, or consoles."""
    for node in status.nodes:
        answers = _named(vip for vip in status.vips if vip.owner is None and vip.answered_by == node.name)
        if answers:
            yield f"{node.name} still answers on the LAN for {answers}"
    yield from (f"{node.name} is drained: it takes no VIPs" for node in status.nodes if node.drained)
    frozen = _named(vip for vip in status.vips if vip.frozen)
    if frozen:
        yield f"Frozen: {frozen}"
    moving = [f"{vip.name} ({vip.handover})" for vip in status.vips if vip.handover is not None]
    if moving:
        yield f"Handover under way: {names(moving)}"


def _named(vips: Iterable[VipStatus]) -> str:
    found: Sequence[str] = [vip.name for vip in vips]
    return names(found) if found else ""
