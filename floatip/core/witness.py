"""Who answers for a VIP after its owner changed: a backup looks on the LAN and reports the MAC it saw."""

from floatip.core.messages import Witnessed
from floatip.core.types import Mac, NodeName, VipName

LOOKS_S = (0.01, 0.05, 0.15, 0.4, 1.0)


class Witness:
    """What this backup has seen of one VIP; times in seconds."""

    def __init__(self, vip: VipName) -> None:
        self._vip = vip
        self.owner: NodeName | None = None
        self._term = 0
        self._looks: list[float] = []
        self.seen: Witnessed | None = None
        self.since: float | None = None
        """When this node first heard of the owner's term."""

    def owner_is(self, owner: NodeName, term: int, now: float) -> bool:
        """Look at the LAN whenever owner or term are new; return whether they are."""
        if (owner, term) == (self.owner, self._term):
            return False
        self.owner, self._term, self.seen, self.since = owner, term, None, now
        self._looks = [now + offset_s for offset_s in LOOKS_S]
        return True

    def answer(self, mac: Mac, owners: tuple[Mac, ...]) -> bool:
        """Take an answer from the LAN; return whether it newly proves the owner."""
        if self.seen is not None or self.owner is None or mac not in owners:
            return False
        self.seen = Witnessed(vip=self._vip, term=self._term, mac=mac)
        self._looks = []
        return True

    def due(self, now: float) -> bool:
        """Take the next look off the plan if its time has come."""
        if self._looks and self._looks[0] <= now:
            self._looks = [at for at in self._looks if at > now]
            return True
        return False

    def next(self) -> float | None:
        """When to look next."""
        return self._looks[0] if self._looks else None
