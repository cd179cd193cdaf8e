"""What a broker's last will proves of a node (design 4.6). Knows: one broker's wills. Never: who takes over.

A will says that a connection ended without a farewell, which is seldom a death: keepalives run out, brokers are
stopped, networks break. It counts if the session was heard until just before, and no other's will came with it.
"""

from collections import deque

from floatip.core.messages import Message
from floatip.core.peerlog import BURST_S, PeerLog
from floatip.core.types import NodeName

HEARTBEATS = 2.0
"""How fresh the last word of a session must be when its will comes, in heartbeats of that node."""


class Wills:
    """The wills that one broker delivered; times in seconds."""

    def __init__(self) -> None:
        self._last: deque[tuple[float, NodeName]] = deque(maxlen=16)

    def take(self, message: Message, logs: dict[NodeName, PeerLog], *, listened: bool, now: float) -> str | None:
        """Take a will in; return why it proves no death, or None: its sender is dead if it stays silent.

        ``listened``: this node has heard the broker without a gap for the owner-down interval.
        """
        known = logs.get(message.sender)
        if known is not None and message.origin > known.origin:
            known.died_at = None  # it has lived again since, though it had no time for a word
        together = {node for at, node in self._last if now - at <= BURST_S and node != message.sender}
        self._last.append((now, message.sender))
        for node in together:
            if node in logs:
                logs[node].died_at = None
        if together:
            return f"the wills of {', '.join(sorted(together))} came with it"
        log = logs.get(message.sender)
        if log is None or not listened:
            return "this node has not listened for long enough"
        if (log.origin.incarnation, log.origin.session) != (message.origin.incarnation, message.origin.session):
            return "it is of another session than the last one heard"
        if now - log.heard_at > HEARTBEATS * log.terms.heartbeat_s:
            return "it had fallen silent before"
        log.died_at = now
        return None
