"""advert_int becomes heartbeat and lease. Knows: how both find out that an owner is dead. Never: VIPs.

keepalived's backup waits for N advertisements (down_timer_adverts, 3) and a skew of up to one more, after the last that
it heard: between N - 1 and N + 1 intervals after the death. floatip waits for 1.02 leases and one heartbeat after the
last that it heard. With lease = N - 1 intervals and heartbeat = a fifth of one that is 2.24 intervals for N = 3,
and it is never more than N.
"""

import math
from dataclasses import dataclass, field

from floatip.config.fields import duration
from floatip.keepalived.block import Block, at
from floatip.keepalived.draft import Draft
from floatip.keepalived.ledger import Ledger
from floatip.keepalived.tree import Statement

_DRIFT = 1.02
"""By how much floatip waits longer than a lease, for clocks that differ by 1 %."""
_HEARTBEAT_S = (0.01, 10.0)
_LEASE_S = (0.03, 60.0)


@dataclass(slots=True, kw_only=True)
class Pace:
    """How soon one instance takes an owner for dead."""

    advert_s: float
    adverts: int
    said: Statement | None
    """Its advert_int, if it has one."""

    @property
    def down_s(self) -> float:
        """After how long at the soonest, without the skew, a backup that hears nothing takes over."""
        return self.advert_s * self.adverts

    @property
    def heartbeat_s(self) -> float:
        """A fifth of an interval, in whole milliseconds, within floatip's bounds."""
        low, high = _HEARTBEAT_S
        return min(max(int(self.advert_s * 200) / 1000, low), high)

    @property
    def lease_s(self) -> float:
        """One interval less than keepalived waits, less for the drift of clocks over many, at least 3 heartbeats."""
        low, high = _LEASE_S
        wanted = min((self.adverts - 1) * self.advert_s, (self.down_s - self.heartbeat_s) / _DRIFT)
        return min(max(math.floor(wanted * 1000 + 1e-6) / 1000, round(3 * self.heartbeat_s, 3), low), high)


@dataclass(slots=True)
class Paces:
    """Those of all instances; floatip's timing is one for the whole cluster, so the quickest counts."""

    ledger: Ledger
    found: list[Pace] = field(default_factory=list)

    def read(self, block: Block, default_adverts: int) -> None:
        """Learn one instance's."""
        said = block.last("advert_int")
        advert_s = block.number("advert_int", 0.01, 255, "1s")
        adverts_said = block.last("down_timer_adverts")
        adverts = block.number("down_timer_adverts", 1, 100, "3")
        if said is not None and advert_s is not None:
            self.ledger.carry(said, "[timing] heartbeat and lease")
        if adverts_said is not None and adverts is not None:
            self.ledger.carry(adverts_said, "[timing] lease")
        pace = Pace(
            advert_s=1.0 if advert_s is None else advert_s,
            adverts=default_adverts if adverts is None else int(adverts),
            said=said if advert_s is not None else None,
        )
        self.found.append(pace)

    def settle(self, draft: Draft) -> None:
        """Set the timing of the file, and list whose it is not."""
        quickest = min(self.found, key=lambda pace: pace.down_s)
        draft.heartbeat_s, draft.lease_s = quickest.heartbeat_s, quickest.lease_s
        where = f": {at(quickest.said)}" if quickest.said is not None else ", the default of keepalived"
        draft.timing_comments.append(
            f"advert_int {quickest.advert_s:g}{where}; a death is noticed after at most "
            f"{quickest.lease_s * _DRIFT + quickest.heartbeat_s:.3g} s"
        )
        draft.timing_comments.append(f"(lease x 1.02 + heartbeat; keepalived: {quickest.down_s:g} s and the skew)")
        for pace in self.found:
            if pace.said is not None and pace.down_s > quickest.down_s:
                why = f"timing is one for the whole cluster, and that of the quickest instance ({quickest.down_s:g} s)"
                self.ledger.change(pace.said, why)
        if quickest.lease_s * _DRIFT + quickest.heartbeat_s > quickest.down_s and quickest.said is not None:
            why = f"floatip's shortest lease is {duration(_LEASE_S[0])}, which is slower than this"
            self.ledger.change(quickest.said, why)
