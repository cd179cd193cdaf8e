"""What one peer has said on one broker: its place, its list, what it acknowledges. Never: what follows from it."""

from collections.abc import Collection
from dataclasses import dataclass, field

from floatip.core.messages import Claim, Heartbeat, Listing, Release
from floatip.core.types import NodeName, Origin, Policy, Standing, Terms, VipName

BURST_S = 0.1
"""Wills of several nodes within so long are a broker's end, not theirs (mosquitto sends all of them when stopped)."""


TESTAMENT_S = 0.5
"""How long before the will the testament may have come: the two take different ways."""


@dataclass(slots=True)
class Entry:
    """One VIP that the peer has listed or claimed; ``at`` is when we heard it last on its own account."""

    standing: Standing
    term: int
    definition: str
    at: float


@dataclass(slots=True)
class PeerLog:
    """One peer on one broker."""

    node: NodeName
    terms: Terms
    origin: Origin
    heard_at: float = float("-inf")
    spoke_at: float = float("-inf")
    """When it last said something older than what we had heard: it must be told, or it will never be heard again."""
    in_session: int | None = None
    """The session of ours in which we last heard it: the first word in another one may come from anywhere."""
    listed_at: float = float("-inf")
    """When the list was last said to stand."""
    list_version: int | None = None
    """The version of the list in ``entries``; None: we have never had it in full in this session."""
    unresolved: bool = False
    """Its digest stands for a list that we do not have: it may be listing anything."""
    covers_at: float = float("-inf")
    """When we sent the newest message of ours that it says it has seen."""
    died_at: float | None = None
    """When its will came, or a word of it on another broker after that; None if it lives or we cannot tell."""
    entries: dict[VipName, Entry] = field(default_factory=dict)

    testified_at: float = float("-inf")
    """When what outlives its daemon said so on the LAN (its sentinel's testament)."""

    def dead_from(self) -> float:
        """From when on its death is proven, if nothing of it comes by then; infinity without a will and a testament."""
        if self.died_at is None or self.testified_at < self.died_at - TESTAMENT_S:
            return float("inf")
        return self.died_at + max(2 * self.terms.heartbeat_s, BURST_S)

    def heard_elsewhere(self, now: float) -> None:
        """Another broker delivered something of it: it may live, so its silence begins anew."""
        if self.died_at is not None:
            self.died_at = now

    def entry_at(self, vip: VipName) -> float | None:
        """When the peer last listed or claimed the VIP, or may have; None if it has not."""
        entry = self.entries.get(vip)
        if entry is not None:
            return max(entry.at, self.listed_at)
        return self.listed_at if self.unresolved else None

    def blocks_until(self, vip: VipName, policy: Policy, owner_down_s: float) -> float:
        """Until when nobody else may claim the VIP: the larger D after the last word (rule 4), or until its death."""
        at = self.entry_at(vip)
        if at is None:
            return float("-inf")
        until = at + max(owner_down_s, self.terms.owner_down_s(policy))
        return until if policy is Policy.RELEASE else min(until, self.dead_from())

    def place(self, origin: Origin) -> bool | None:
        """Take the next place in the peer's sequence: True in order, False after a gap, None if it is an old one."""
        self.died_at = None
        self.testified_at = float("-inf")
        if origin <= self.origin:
            return None
        if (origin.incarnation, origin.session) == (self.origin.incarnation, self.origin.session):
            in_order = origin.seq == self.origin.seq + 1
        else:
            in_order = origin.seq == 0
            self.list_version = None
            self.covers_at = float("-inf")
        self.origin = origin
        return in_order

    def heartbeat(self, body: Heartbeat, now: float) -> set[VipName]:
        """Take a heartbeat; return the VIPs of which it said something new."""
        if body.listings is None:
            return self._digest(body.list_version, now)
        listed = {listing.vip: listing for listing in body.listings}
        changed = {vip for vip in self.entries if vip not in listed}
        changed |= {vip for vip, listing in listed.items() if not self._same(vip, listing)}
        self.entries = {
            vip: Entry(standing=one.standing, term=one.term, definition=one.definition, at=now)
            for vip, one in listed.items()
        }
        self.listed_at = now
        self.list_version = body.list_version
        self.unresolved = False
        return changed

    def _same(self, vip: VipName, listing: Listing) -> bool:
        entry = self.entries.get(vip)
        return entry is not None and (entry.standing, entry.term, entry.definition) == (
            listing.standing,
            listing.term,
            listing.definition,
        )

    def _digest(self, list_version: int, now: float) -> set[VipName]:
        self.listed_at = now
        self.unresolved = self.list_version != list_version
        return set()

    def claim(self, body: Claim, known: Collection[VipName], now: float) -> set[VipName]:
        """Take a claim of VIPs that are known here: it counts as listing."""
        for bid in (one for one in body.bids if one.vip in known):
            self.entries[bid.vip] = Entry(standing=Standing.CLAIMING, term=bid.term, definition=bid.definition, at=now)
        return {bid.vip for bid in body.bids}

    def release(self, body: Release) -> set[VipName]:
        """Take a release."""
        for vip in body.vips:
            self.entries.pop(vip, None)
        return set(body.vips)
