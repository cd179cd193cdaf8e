"""The claims of this node for one VIP: where they are out, where they could still win, when to try again (rule 8)."""

from floatip.core.claims import free_for_me
from floatip.core.messages import Bid
from floatip.core.situation import Situation
from floatip.core.types import BrokerName, VipSpec
from floatip.core.view import View

NEVER = float("-inf")


class Bidding:
    """One VIP on all brokers; times in seconds."""

    def __init__(self, spec: VipSpec, situation: Situation) -> None:
        self._spec = spec
        self._s = situation
        self._claimed_at = NEVER
        self._again_at: dict[BrokerName, float] = {}

    def open(self, term: int, now: float) -> None:
        """Claim wherever this node may."""
        self._claimed_at = now
        self._bid(free_for_me(self._s, self._spec, now), term)

    def held_on(self, now: float) -> list[View]:
        """The brokers on which this node holds the VIP."""
        return [view for view in self._s.all_views() if view.held(self._spec.name, now)]

    def look_when(self, held_until: float, now: float) -> float | None:
        """When to look whether a majority still upholds the ownership; None: all are woken if heartbeats stay away."""
        name = self._spec.name
        resting = sum(view.held(name, now) and view.rests_on_heartbeats(name) for view in self._s.all_views())
        return None if self._s.connected and resting >= self._s.quorum else held_until

    def patience_ends(self) -> float:
        """Until when a claim without a majority is kept up."""
        return self._claimed_at + 2 * self._s.timing.heartbeat_s

    def lost(self, now: float) -> bool:
        """Whether the claims can make no majority any more, or have had time enough."""
        if now >= self.patience_ends():
            return True
        holds = (view.holds.get(self._spec.name) for view in self._s.all_views())
        out = sum(1 for hold in holds if hold is not None and not hold.confirmed)
        return now > self._claimed_at and len(self.held_on(now)) + out < self._s.quorum

    def give_up(self) -> None:
        """Hold and claim it nowhere."""
        for view in self._s.all_views():
            view.give_up(self._spec.name)

    def missing(self, now: float) -> list[View]:
        """The brokers with a session on which an owner neither holds the VIP nor has a claim out."""
        return [view for view in self._s.all_views() if view.session is not None and view.lacks(self._spec.name, now)]

    def ready(self, missing: list[View], now: float) -> list[View]:
        """Those of them that may be claimed now."""
        free = free_for_me(self._s, self._spec, now)
        return [view for view in missing if view in free and self._again_at.get(view.broker, NEVER) <= now]

    def extend(self, views: list[View], term: int, now: float) -> None:
        """Claim these as well, and not again for a while."""
        self._bid(views, term)
        for view in views:
            self._again_at[view.broker] = now + 2 * self._s.timing.heartbeat_s + self._s.back_off_s()

    def look_again_at(self, missing: list[View], now: float) -> float:
        """When the first of the missing brokers may be claimed."""
        listen_s = self._s.listen_s(self._spec.policy)
        return min(
            max(
                view.claimable_at(self._spec.name, self._spec.policy, listen_s),
                self._again_at.get(view.broker, NEVER),
                now + self._s.timing.heartbeat_s / 4,
            )
            for view in missing
        )

    def _bid(self, views: list[View], term: int) -> None:
        bid = Bid(vip=self._spec.name, term=term, definition=self._spec.definition)
        for view in views:
            self._s.outbox.bids.setdefault(view.broker, []).append(bid)
