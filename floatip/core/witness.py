"""Who answers for a VIP: two backups look on the LAN and report the MAC they see (design section 6, Witness)."""

from floatip.core.messages import Witnessed
from floatip.core.ranking import affinity
from floatip.core.situation import Situation
from floatip.core.types import Mac, NodeName, VipName

LOOKS_S = (0.01, 0.05, 0.15, 0.4, 1.0)
"""When to ask after a change of owner, and each time anew: until somebody answers."""
VERDICT_S = 1.5
EVERY_S = 10.0
WITNESSES = 2


def chosen(s: Situation, vip: VipName, owner: NodeName, now: float) -> tuple[NodeName, ...]:
    """The living backups that are to look, the same ones in the eyes of every node."""
    backups = [peer.node for peer in s.peers.alive(now) if peer.node != owner and vip in peer.vips]
    if owner != s.node:
        backups.append(s.node)
    return tuple(sorted(backups, key=lambda node: affinity(node, vip))[:WITNESSES])


def seen_by(s: Situation, vip: VipName, owner: NodeName, term: int) -> tuple[NodeName, ...]:
    """The peers that saw the owner's MAC answer for the VIP in its present term."""
    macs = s.macs if owner == s.node else s.peers.macs(owner)
    return tuple(
        sorted(
            peer.node
            for peer in s.peers.known.values()
            if (one := peer.witnessed.get(vip)) is not None and one.term == term and one.mac in macs
        )
    )


class Witness:
    """What this backup has seen of one VIP; times in seconds."""

    def __init__(self, vip: VipName) -> None:
        self._vip = vip
        self.owner: NodeName | None = None
        self._term = 0
        self._looks: list[float] = []
        self._began = 0.0
        self._first = False
        self._answered = False
        self._other: Mac | None = None
        """A MAC that is not the owner's answered instead."""
        self.seen: Witnessed | None = None
        self.since: float | None = None
        """When this node first heard of the owner's term."""

    def owner_is(self, owner: NodeName, term: int, now: float) -> bool:
        """Look at the LAN whenever owner or term are new; return whether they are."""
        if (owner, term) == (self.owner, self._term):
            return False
        self.owner, self._term, self.seen, self.since = owner, term, None, now
        self._begin(now, first=True)
        return True

    def _begin(self, at: float, *, first: bool) -> None:
        self._began, self._first, self._answered, self._other = at, first, False, None
        self._looks = [at + offset_s for offset_s in LOOKS_S]

    def answer(self, mac: Mac, owners: tuple[Mac, ...], now: float) -> bool:
        """Take an answer from the LAN; return whether it newly proves the owner."""
        if self.owner is None or now < self._began:
            return False
        if mac not in owners:
            self._other = mac
            return False
        self._answered = True
        return self._report(mac)

    def _report(self, mac: Mac | None) -> bool:
        seen = Witnessed(vip=self._vip, term=self._term, mac=mac) if mac is not None else None
        changed, self.seen = seen != self.seen, seen
        return changed

    def verdict(self, now: float) -> bool:
        """After a look without the owner's answer: report who answered instead; return whether that is news."""
        if self.owner is None or (now < self._began + VERDICT_S and not self._answered):
            return False
        changed = not self._answered and self._report(self._other)
        if self._answered or now >= self._began + VERDICT_S:
            self._begin(max(now, self._began) + EVERY_S, first=False)
        return changed

    def rest(self, now: float) -> bool:
        """Others are to look; return whether this node had something to report till now."""
        self._begin(now + EVERY_S, first=False)
        return self._report(None)

    def due(self, now: float) -> bool:
        """Take the next look off the plan if its time has come."""
        if self._looks and self._looks[0] <= now and not self._answered:
            self._looks = [at for at in self._looks if at > now]
            return True
        return False

    @property
    def asks_everybody(self) -> bool:
        """Whether to ask the whole LAN: after a change of owner; later its MAC alone."""
        return self._first

    def next(self) -> float | None:
        """When to look next, or to judge."""
        if self.owner is None:
            return None
        return self._looks[0] if self._looks else self._began + VERDICT_S
