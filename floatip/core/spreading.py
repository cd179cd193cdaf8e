"""An operator's order that lasts: from the question until every peer has it (design section 7). Never: obeys it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from floatip.core.directives import FORCED, NOBODY, YES
from floatip.core.effects import Answer, Kind, Outcome, Progress
from floatip.core.events import DirectiveAsked
from floatip.core.owners import owner_of, verified_by
from floatip.core.quorum import listened_on
from floatip.core.situation import Situation
from floatip.core.types import Directive, DirectiveKind, NodeName, Policy, Stamp, Standing, VipName
from floatip.core.vip import Vip

FEW = 16
MOST_NODES = 512
"""So many names can be drained that this node has never heard of."""
PROOF_S = 1.0
"""How long to wait for a witness once all VIPs have left a drained node."""


@dataclass(slots=True)
class Spread:
    """One order for one subject; times in seconds."""

    id: str
    record: Directive
    until: float
    told: set[NodeName] = field(default_factory=set)
    leaving: set[VipName] = field(default_factory=set)
    """Of a node that was drained: the VIPs that it still owned when we looked last."""
    left: set[VipName] = field(default_factory=set)
    """Those that it owned before."""
    empty_at: float = float("inf")


class Spreading:
    """All orders that were given through this node and are under way."""

    def __init__(self, situation: Situation, vips: dict[VipName, Vip]) -> None:
        self._s = situation
        self._vips = vips
        self._spreads: dict[tuple[str, str], Spread] = {}
        self._again_at = float("-inf")

    def asked(self, event: DirectiveAsked, now: float) -> None:
        """An operator gives an order here."""
        for subject in event.subjects:
            record = self._s.directives.order(event.kind, subject, event.value, by=self._s.node, lasts_s=event.lasts_s)
            self._s.directives.merge([record])
            self._s.tell(Kind.DIRECTIVE, told(record))
            spread = self._spreads[event.id, subject] = Spread(event.id, record, now + event.timeout_s)
            spread.leaving = self._owned_by(subject, now) if event.kind is DirectiveKind.DRAIN else set()
        self._s.outbox.state = self._s.outbox.store = True

    def settle(self, now: float) -> float | None:
        """Follow each order; return when to look again. Many wait for the same peers: these are paced."""
        if len(self._spreads) > FEW and now < self._again_at:
            return self._again_at
        self._again_at = now + self._s.timing.heartbeat_s / 4
        for spread in list(self._spreads.values()):
            self._follow(spread, now)
        if not self._spreads:
            return None
        ends = [spread.until for spread in self._spreads.values()]
        return min(*ends, self._again_at)

    def _follow(self, spread: Spread, now: float) -> None:
        record = spread.record
        newest = self._s.directives.newest(record.kind, record.subject)
        if newest is None or newest.stamp < record.stamp:
            self._end(spread, Outcome.FAILED, "it is void")
            return
        if newest.stamp > record.stamp and newest.value != record.value:
            self._end(spread, Outcome.FAILED, f"{newest.stamp.node} has said otherwise: {told(newest)}")
            return
        alive = [peer for peer in self._s.peers.alive(now) if peer.state is not None]
        missing = [peer.node for peer in alive if not has(peer.orders, record)]
        for peer in alive:
            if peer.node not in spread.told and peer.node not in missing:
                spread.told.add(peer.node)
                self._progress(spread, f"{peer.node} knows it")
        busy = self._still_leaves(spread, now) + self._unknown(spread, now)
        listened_at = listened_on(self._s.all_views(), self._s.quorum, self._s.owner_down_s(Policy.KEEP))
        spread_out = listened_at <= now and not missing
        if spread_out and not busy and (self._is_proven(spread, now) or now >= min(spread.empty_at, spread.until)):
            outcome = Outcome.PROVEN if self._is_proven(spread, now) else Outcome.UNPROVEN
            self._end(spread, outcome, told(record) + ("" if outcome is Outcome.PROVEN else UNSEEN))
        elif now >= spread.until:
            self._time_out(spread, missing, busy)

    def _time_out(self, spread: Spread, missing: list[NodeName], busy: list[VipName]) -> None:
        text = told(spread.record)
        if busy:
            owned = ", ".join(busy[:10])
            self._end(spread, Outcome.TIMED_OUT, f"{text}; it still owns {owned}: `floatip explain` says why")
        elif not self._s.connected:
            self._end(spread, Outcome.UNPROVEN, f"{text}; no broker is there to tell the others")
        else:
            self._end(spread, Outcome.UNPROVEN, f"{text}; not confirmed by {', '.join(missing)}")

    def _still_leaves(self, spread: Spread, now: float) -> list[VipName]:
        """The VIPs that a drained node still owns; each that has gone is told of."""
        record = spread.record
        if record.kind is not DirectiveKind.DRAIN or not record.value:
            return []
        owners = {name: owner_of(self._s, vip, now)[0] for name, vip in self._vips.items()}
        owned = self._owned_by(record.subject, now)
        nobody = set() if record.value == FORCED else {name for name, owner in owners.items() if owner is None}
        pending = spread.leaving & nobody
        for name in sorted(spread.leaving - owned - pending):
            spread.left.add(name)
            self._progress(spread, f"{owners.get(name) or 'nobody'} owns {name}")
        if not owned | pending and spread.empty_at == float("inf"):
            spread.empty_at = now + PROOF_S
        spread.leaving = owned | pending
        return sorted(spread.leaving)

    def _unknown(self, spread: Spread, now: float) -> list[VipName]:
        """VIPs that a drained node owns and that are not configured here."""
        record = spread.record
        if record.kind is not DirectiveKind.DRAIN or not record.value:
            return []
        owning = {Standing.OWNER, Standing.ISOLATED, Standing.RELEASING}
        found = {
            name
            for log in self._s.logs_of(NodeName(record.subject))
            for name, entry in log.entries.items()
            if name not in self._vips and entry.standing in owning and now - log.listed_at < self._s.timing.lease_s
        }
        return sorted(found)

    def _owned_by(self, node: str, now: float) -> set[VipName]:
        return {name for name, vip in self._vips.items() if owner_of(self._s, vip, now)[0] == node}

    def _is_proven(self, spread: Spread, now: float) -> bool:
        """Whether witnesses have seen the new owners of what a drained node had."""
        left = (self._vips[name] for name in spread.left & self._vips.keys())
        return all(verified_by(self._s, vip, now) or owner_of(self._s, vip, now)[0] is None for vip in left)

    def _progress(self, spread: Spread, text: str) -> None:
        self._s.do(Progress(id=spread.id, about=spread.record.subject, text=text))

    def _end(self, spread: Spread, outcome: Outcome, text: str) -> None:
        del self._spreads[spread.id, spread.record.subject]
        self._s.do(Answer(id=spread.id, about=spread.record.subject, outcome=outcome, text=text))


UNSEEN = ", but no other node has seen the new owners on the LAN"


def told(record: Directive) -> str:
    """One sentence about an order."""
    subject, value = record.subject, record.value
    match record.kind:
        case DirectiveKind.PIN:
            return f"{subject} prefers {value}" if value else f"{subject} prefers no node any more"
        case DirectiveKind.DRAIN:
            return f"{subject} is drained: it takes no VIPs" if value else f"{subject} may take VIPs again"
        case DirectiveKind.FREEZE:
            who = "nobody" if value == NOBODY else f"only {value}"
            return f"{subject} is frozen: {who} may take it" if value else f"{subject} is frozen no longer"


def has(theirs: Mapping[tuple[DirectiveKind, str], Stamp], record: Directive) -> bool:
    """Whether among these is the record, or a newer one about the same thing."""
    stamp = theirs.get((record.kind, record.subject))
    return stamp is not None and stamp >= record.stamp


def adopt(s: Situation, records: tuple[Directive, ...]) -> bool:
    """Take in what a peer knows; return whether something was new."""
    newer = s.directives.merge(one for one in records if _makes_sense(s, one))
    for one in newer:
        s.tell(Kind.DIRECTIVE, f"{told(one)} (by {one.stamp.node})")
    if newer:
        s.outbox.state = s.outbox.store = True
    return bool(newer)


def _makes_sense(s: Situation, record: Directive) -> bool:
    """Whether an order is about something that this node can know: what nobody can obey is not kept either."""
    if record.kind is DirectiveKind.DRAIN:
        known = (
            record.subject == s.node or record.subject in s.peers.known or len(s.directives.all_drained()) < MOST_NODES
        )
        return known and record.value in {"", YES, FORCED}
    return any(vip.name == record.subject for vip in s.spec.vips)
