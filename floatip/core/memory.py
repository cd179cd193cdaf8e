"""What a node remembers over a restart, and what it tells whatever outlives its daemon. Never: where that is kept."""

from floatip.core.effects import Acquaint, Store
from floatip.core.situation import Situation
from floatip.core.types import Mac, NodeName, Policy, Stored, VipName


class Memory:
    """One node's."""

    def __init__(self, situation: Situation, stored: Stored) -> None:
        """Begin with what was written down in an earlier life."""
        self._s = situation
        situation.longest_s = {policy: stored.owner_down_s(policy) for policy in Policy}
        situation.peers.remember(stored.macs)
        situation.directives.restore(stored.directives)
        situation.past_lives = stored.past_lives
        self._acquainted: tuple[tuple[NodeName, tuple[Mac, ...]], ...] = ()

    def acquaint(self) -> None:
        """Whose MACs are known is remembered, and told to the sentinel."""
        if not self._s.peers.news:
            return
        self._s.peers.news = False
        macs = self._s.peers.all_macs()
        if macs != self._acquainted:
            self._acquainted = macs
            self._s.outbox.store = True
            self._s.do(Acquaint(macs=tuple(mac for _, theirs in macs for mac in theirs)))

    def store(self, incarnation: int, terms: tuple[tuple[VipName, int], ...]) -> None:
        """Have everything written down; ``terms``: the highest known of each VIP."""
        self._s.do(
            Store(
                stored=Stored(
                    incarnation=incarnation,
                    lives=self._s.past_lives,
                    terms=terms,
                    keep_s=self._s.longest_s[Policy.KEEP],
                    release_s=self._s.longest_s[Policy.RELEASE],
                    macs=self._s.peers.all_macs(),
                    directives=self._s.directives.all(),
                )
            )
        )
