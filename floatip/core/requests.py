"""Requests and replies between nodes: none is lost, none is carried out twice. Knows: ids. Never: what they ask for."""

from dataclasses import dataclass, field

from floatip.core.messages import Reply, Request
from floatip.core.situation import Situation
from floatip.core.types import NodeName

AGAIN_S = 0.6
"""How long to wait for a reply before a request is sent again."""
REMEMBERED = 256
KEPT_CHARACTERS = 4096
"""The longest data of a reply that is kept in case the request comes again."""


@dataclass(slots=True)
class Sent:
    """A request of this node that has no reply yet; ``until`` it is void."""

    request: Request
    until: float
    again_at: float
    tried: int = 1


@dataclass(slots=True)
class Taken:
    """A peer's request that this node carried out, and what it replied."""

    replies: list[Reply] = field(default_factory=list)
    said_at: float = float("-inf")


class Requests:
    """The correspondence of one node; times in seconds."""

    def __init__(self, situation: Situation) -> None:
        self.say: list[Request | Reply] = []
        self._s = situation
        self._sent: dict[str, Sent] = {}
        self._taken: dict[tuple[NodeName, str], Taken] = {}
        self._ids = 0

    def new_id(self, incarnation: int) -> str:
        """An id that no other request has."""
        self._ids += 1
        return f"{self._s.node[:40]}.{incarnation:x}.{self._ids:x}"

    def ask(self, request: Request, now: float, *, once: bool = False) -> None:
        """Send a request; again and again until a reply comes, unless once is enough."""
        self.say.append(request)
        if not once:
            self._sent[request.id] = Sent(request, now + request.expires_s, now + AGAIN_S)

    def replied(self, reply: Reply, sender: NodeName) -> None:
        """A reply has come from the node that was asked: the request has arrived."""
        sent = self._sent.get(reply.id)
        if sent is not None and sent.request.at == sender:
            del self._sent[reply.id]

    def take(self, request: Request, asker: NodeName, age_s: float, now: float) -> bool:
        """Whether to carry out a peer's request; one that was carried out gets its replies again.

        ``age_s``: it cannot be older, since the asker had heard us then; one for which nobody waits is not carried out.
        """
        if request.at != self._s.node or age_s > request.expires_s:
            return False
        known = self._taken.get((asker, request.id))
        if known is None:
            self._taken[asker, request.id] = Taken()
            while len(self._taken) > REMEMBERED:
                del self._taken[next(iter(self._taken))]
            return True
        if now - known.said_at > AGAIN_S / 2:
            known.said_at = now
            self.say += known.replies
        return False

    def reply(self, reply: Reply, asker: NodeName, now: float) -> None:
        """Reply to a peer's request; what is long is said once, and not kept."""
        self.say.append(reply)
        taken = self._taken.get((asker, reply.id))
        if taken is not None and len(reply.data) <= KEPT_CHARACTERS:
            taken.replies.append(reply)
            taken.said_at = now

    def settle(self, now: float) -> float | None:
        """Send again what has no reply yet; return when to look again."""
        for id_, sent in list(self._sent.items()):
            if now >= sent.until:
                del self._sent[id_]
            elif now >= sent.again_at:
                sent.tried += 1
                sent.again_at = now + AGAIN_S
                self.say.append(sent.request)
        return min((sent.again_at for sent in self._sent.values()), default=None)
