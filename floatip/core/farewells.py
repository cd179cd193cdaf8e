"""Farewells of owners on one broker: who left a VIP, to whom, whether the addresses are gone. Never: who is next."""

from collections.abc import Collection
from dataclasses import dataclass

from floatip.core.messages import Release
from floatip.core.peerlog import PeerLog
from floatip.core.types import NodeName, VipName

MOST_RESERVED_S = 30.0
"""For longer nobody can reserve a VIP."""


@dataclass(frozen=True, slots=True)
class Vacancy:
    """An owner's farewell: who left, from which term, to whom, when we heard it, until when it is reserved.

    ``kept``: it still has the addresses, and keeps them until it sees the next owner have them.
    """

    by: NodeName
    term: int
    to: NodeName | None
    at: float
    reserved_until: float
    kept: bool = False
    handed_to: NodeName | None = None
    """To whom it was handed over, in its first farewell or in this one."""
    definition: str = ""
    """What its owner meant by it: of other addresses nobody took leave."""


def take_farewell(
    vacancies: dict[VipName, Vacancy], log: PeerLog, body: Release, known: Collection[VipName], now: float
) -> None:
    """Remember a farewell of an owner; one that kept the addresses at first bids it a second time without them."""
    for vip in (one for one in body.vips if one in known):
        entry, before = log.entries.get(vip), vacancies.get(vip)
        kept = before if before is not None and before.kept and before.by == log.node else None
        if not (body.vacated or body.kept) or (entry is None and kept is None):
            continue
        vacancies[vip] = Vacancy(
            by=log.node,
            term=entry.term if entry is not None else kept.term if kept is not None else 0,
            to=body.to,
            at=now,
            reserved_until=now + min(body.reserved_s, MOST_RESERVED_S),
            kept=body.kept,
            handed_to=body.to or (kept.handed_to if kept is not None else None),
            definition=entry.definition if entry is not None else kept.definition if kept is not None else "",
        )
