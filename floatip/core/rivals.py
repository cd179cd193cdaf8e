"""Who else says that the VIP is theirs, and who of two yields (design 4.4 rule 7, 4.6)."""

from collections.abc import Iterator
from dataclasses import dataclass

from floatip.core.peerlog import Entry, PeerLog
from floatip.core.situation import Situation
from floatip.core.types import NodeName, Standing, VipSpec


@dataclass(frozen=True, slots=True)
class Incumbent:
    """A peer that says it owns the VIP."""

    node: NodeName
    term: int
    isolated: bool
    heard_at: float
    until: float
    """Until when its word counts, if no other comes."""


def _fresh(s: Situation, spec: VipSpec, now: float) -> Iterator[tuple[PeerLog, Entry]]:
    for view in s.all_views():
        for log in view.peers.values():
            entry = log.entries.get(spec.name)
            if entry is None:
                continue
            if max(entry.at, log.listed_at) > now - _span_s(s, spec, log):
                yield log, entry


def _span_s(s: Situation, spec: VipSpec, log: PeerLog) -> float:
    return max(s.owner_down_s(spec.policy), log.terms.owner_down_s(spec.policy))


def incumbent(s: Situation, spec: VipSpec, now: float) -> Incumbent | None:
    """The peer that owns the VIP by its own fresh word; an owner with quorum before an isolated one."""
    known = [
        (entry.standing is Standing.OWNER, entry.term, log.node, max(entry.at, log.listed_at), _span_s(s, spec, log))
        for log, entry in _fresh(s, spec, now)
        if entry.standing in {Standing.OWNER, Standing.ISOLATED}
    ]
    if not known:
        return None
    firm, term, node, heard_at, span_s = max(known)
    return Incumbent(node=node, term=term, isolated=not firm, heard_at=heard_at, until=heard_at + span_s)


def isolated_owners(s: Situation, spec: VipSpec, now: float) -> tuple[NodeName, ...]:
    """The peers that keep the VIP's addresses without a quorum."""
    return tuple(sorted({log.node for log, entry in _fresh(s, spec, now) if entry.standing is Standing.ISOLATED}))


def outranked_by(s: Situation, spec: VipSpec, term: int, now: float) -> NodeName | None:
    """Rule 7: the peer that says *owner* with a higher (term, node) than this owner's."""
    for log, entry in _fresh(s, spec, now):
        if entry.standing is Standing.OWNER and (entry.term, log.node) > (term, s.node):
            return log.node
    return None


def owner_that_hears_us(s: Situation, spec: VipSpec, now: float) -> NodeName | None:
    """4.6 (a): a peer that says *owner* and has lately heard us, so that its word is no old one."""
    span_s = s.owner_down_s(spec.policy)
    for log, entry in _fresh(s, spec, now):
        if entry.standing is Standing.OWNER and log.covers_at > now - span_s:
            return log.node
    return None


def isolated_rival(s: Situation, spec: VipSpec, now: float) -> NodeName | None:
    """4.6 (b): a peer that is isolated too, that hears us on a majority, and goes before us."""
    span_s = s.owner_down_s(spec.policy)
    met: dict[NodeName, int] = {}
    for log, entry in _fresh(s, spec, now):
        if entry.standing is Standing.ISOLATED and log.covers_at > now - span_s and s.goes_before(log.node):
            met[log.node] = met.get(log.node, 0) + 1
    return next((node for node, count in sorted(met.items()) if count >= s.quorum), None)
