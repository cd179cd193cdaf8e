"""What a node waits for with all of its VIPs at once: the next list of each peer, and the next echo of each broker.

While these come one after the other, what they uphold stands, for every VIP alike (rules 1 and 4), and nothing need be
looked at. So a VIP that depends on nothing else sets no time of its own; when one of them is missed, all are woken.
"""

from collections.abc import Set as AbstractSet

from floatip.core.silence import run_s
from floatip.core.situation import Situation
from floatip.core.timers import Timers
from floatip.core.types import BrokerName, NodeName, Policy, Timing, VipName, VipSpec
from floatip.core.view import View

BLINK_S = 0.001
"""By then it is so, whatever the rounding."""
LATE, GONE, LAPSED = "late", "gone", "lapsed"
"""The kinds of timers: a peer's list is missed on a broker, a peer is not heard at all, a broker's echo is missed."""


def patience_s(timing: Timing) -> float:
    """How long a list may be overdue before a candidate must begin to ask the LAN, so that it knows by D."""
    return timing.owner_down_s(Policy.KEEP) - run_s(timing.lease_s, timing.heartbeat_s)


def awaits_list(s: Situation, spec: VipSpec, now: float) -> bool:
    """Whether the lists of living peers alone keep the VIP from this node, on so many brokers that none is left to win.

    A broker without a session keeps it from us, too, until there is one.
    """
    closed = sum(1 for view in s.all_views() if view.session is None or _is_listed(s, view, spec.name, now))
    return closed > len(s.views) - s.quorum


def _is_listed(s: Situation, view: View, vip: VipName, now: float) -> bool:
    patience = patience_s(s.timing)
    return any(
        vip in log.entries and log.listed_at + patience > now and log.died_at is None for log in view.peers.values()
    )


class Vigil:
    """Keeps these timers; times in seconds."""

    def __init__(self, situation: Situation, timers: Timers) -> None:
        self._s = situation
        self._timers = timers

    def heard(self, view: View, node: NodeName) -> None:
        """A message of a peer came on a broker: its next list is awaited."""
        log = view.peers.get(node)
        if log is not None and log.listed_at > float("-inf"):
            self._timers.set((LATE, view.broker, node), log.listed_at + patience_s(self._s.timing))

    def echoed(self, view: View) -> None:
        """A message of ours came back: what it upholds lapses later."""
        self._timers.set((LAPSED, view.broker), view.upheld_until())

    def late(self, broker: BrokerName, node: NodeName, vips: AbstractSet[VipName]) -> AbstractSet[VipName]:
        """A peer's list is missed; return those of the VIPs that may be free because of it."""
        peer = self._s.peers.known.get(node)
        if peer is not None:
            lease_s = max(self._s.timing.lease_s, peer.terms.lease_s if peer.terms else 0.0)
            self._timers.set((GONE, node), peer.heard_at + lease_s + BLINK_S)
        log = self._s.views[broker].peers.get(node)
        return vips if log is None or log.unresolved else vips & log.entries.keys()
