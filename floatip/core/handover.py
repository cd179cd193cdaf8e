"""A planned move, led by the owner (design section 7). Knows: one VIP's way to its next owner. Never: changes a role.

ASKED: the target looks whether it is fit and whether the LAN knows nobody but us.
GIVEN: the VIP is released to the target, until T only it may claim. We keep the addresses until we see it have
them (make-before-break), or have removed them before (break-before-make).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from floatip.core.claims import able
from floatip.core.effects import Kind
from floatip.core.messages import Verdict
from floatip.core.ranking import ranked
from floatip.core.situation import Failure, Farewell, Situation
from floatip.core.types import Mac, NodeName, Policy, Standing, VipSpec

RESERVED_S = 1.0
"""T: how long a VIP that its owner has released to a node is reserved for it."""
PREPARE_S = 0.8
"""How long a target may take to say that it is ready."""
LOOKS_S = 0.4
"""How long a target looks around before it answers, at the longest."""
SLOW = 6.0
"""So many round trips must fit in, where the brokers are slow."""
AGAIN_S = 2.0
"""How long to wait before a move that nobody waits for is tried again; longer each time."""
LONGEST_REST_S = 60.0
TRIES = 3
"""How many targets are asked where the operator has named none."""
INFINITE = float("inf")


class Stage(Enum):
    """How far it is."""

    NONE = "none"
    ASKED = "asked"
    GIVEN = "given"


class End(Enum):
    """How it ended."""

    TAKEN = "taken"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Why a VIP shall move, to which of these nodes, best first; ``id`` of the request, if an operator waits for it."""

    why: str
    targets: tuple[NodeName, ...]
    id: str = ""
    asker: NodeName | None = None
    """Through which node the operator asked."""
    stops: bool = False
    """The node is to end: what is not handed over is given up."""
    preempts: bool = False
    """Only because the target comes before this node, in this node's eyes."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a handover ended, and why."""

    end: End
    why: str


class Handover:
    """One VIP of this node; times in seconds."""

    def __init__(self, spec: VipSpec, situation: Situation) -> None:
        self.stage = Stage.NONE
        self.order: Order | None = None
        self.target: NodeName | None = None
        self.request_id = ""
        """Of the request by which the target was asked to get ready."""
        self.rests_until = float("-inf")
        """Until when a move that nobody waits for is not tried again."""
        self.stop_failed = False
        """Nobody took over although this node is to end, or to give the VIP up."""
        self._rest_s = AGAIN_S
        self._term = 0
        self._spec = spec
        self._later: VipSpec | None = None
        """What to go by when this move is over."""
        self._s = situation
        self._targets: list[NodeName] = []
        self._until = INFINITE
        self._given_at = INFINITE
        self._reserved_s = RESERVED_S
        self._claimed = False
        self._says_owner_at = INFINITE
        self._announced: set[NodeName] = set()
        """The peers that have announced it since; another than the target took it because that died."""
        self._abandoned: str | None = None
        self._last_complaint = ""

    def respec(self, spec: VipSpec) -> None:
        """Go by this from now on, unless a move is under way: that ends as it began."""
        self._later = None if self.stage is Stage.NONE else spec
        self._spec = spec if self.stage is Stage.NONE else self._spec

    @property
    def keeps(self) -> bool:
        """Whether the VIP is released, and the addresses are kept until the target has them."""
        return self.stage is Stage.GIVEN and self._spec.make_before_break

    # -- asking -------------------------------------------------------------------------------------------------------

    def begin(self, order: Order, now: float) -> None:
        """Ask the first of the targets."""
        self.order, self._targets = order, list(order.targets[:TRIES])
        self._ask_next(now)

    def _ask_next(self, now: float) -> None:
        self.stage, self.target = Stage.ASKED, self._targets.pop(0)
        self._until = now + max(PREPARE_S, LOOKS_S + SLOW * self._s.rtt_s())
        self._abandoned = None
        look = self._spec.make_before_break
        preempts = self.order is not None and self.order.preempts
        self._s.outbox.prepares.setdefault((self.target, look, preempts), []).append(self._spec.name)
        self._s.outbox.beat = self._s.outbox.beat or preempts  # the target judges it by the priorities told last
        why = self.order.why if self.order is not None else ""
        self._s.tell(Kind.HANDOVER, f"hands {self._spec.name} to {self.target}: {why}", vip=self._spec.name)

    def replied(self, node: NodeName, verdict: Verdict, text: str) -> bool:
        """The target says whether it is ready; return whether it is."""
        if self.stage is not Stage.ASKED or node != self.target:
            return False
        if verdict is not Verdict.ACCEPTED:
            self._abandoned = text
        return verdict is Verdict.ACCEPTED

    def refused(self, now: float) -> str | None:
        """Ask the next target if this one cannot, or says nothing; return why nobody will, or None."""
        if self._abandoned is None and now >= self._until:
            self._abandoned = f"{self.target} does not answer"
        if self._abandoned is None:
            return None
        if self._targets:
            self._s.tell(Kind.HANDOVER, f"not to {self.target}: {self._abandoned}", vip=self._spec.name)
            self._ask_next(now)
            return None
        return self._abandoned

    def cancel(self, why: str, now: float) -> None:
        """It comes to nothing: tell whoever waits for it, and everybody else the first time."""
        if self.order is not None and self.order.id:
            self._s.failures.append(Failure(self._spec.name, self.order.id, self.order.asker, why))
        ends = self._s.stopping or self._spec.name in self._s.retiring
        self.stop_failed = ends and self.order is not None and self.order.stops
        if self.order is not None and (self.order.id or why != self._last_complaint):
            self._last_complaint = "" if self.order.id else why
            self._s.step(self._spec.name, f"{self._spec.name} is not handed over: {why}", warning=True)
        self.rests_until = now + self._rest_s
        self._rest_s = min(2 * self._rest_s, LONGEST_REST_S)
        self.rest()

    def rest(self) -> None:
        """It is over."""
        self._spec, self._later = self._later or self._spec, None
        self.stage, self.order, self.target, self._targets = Stage.NONE, None, None, []
        self._until = INFINITE

    # -- giving -------------------------------------------------------------------------------------------------------

    def give(self, term: int, now: float) -> Farewell:
        """From now on the target may claim; return what to say of it. ``term`` is the one that ends."""
        self.stage, self._given_at, self._last_complaint = Stage.GIVEN, now, ""
        self._term, self._rest_s = term, AGAIN_S
        self._reserved_s = max(RESERVED_S, SLOW * self._s.rtt_s())
        self._claimed = False
        self._announced.clear()
        self._says_owner_at, self._abandoned = INFINITE, None
        kept = self._spec.make_before_break
        return Farewell(vacated=not kept, to=self.target, reserved_s=self._reserved_s, kept=kept)

    def announced(self, mac: Mac) -> None:
        """A MAC announces an address of the VIP; an answer alone may be that of a dead node's kernel."""
        if self.keeps and (node := self._s.peers.by_mac(mac)) is not None:
            self._announced.add(node)

    def doubt(self) -> None:
        """This process stood still: whatever was agreed is long over."""
        self._abandoned = "this node stood still"

    def ended(self, now: float) -> Ended | None:
        """Whether the target has the addresses, or will not get them; None while it may."""
        name = self._spec.name
        for node in sorted(self._announced):
            if node == self.target or Standing.OWNER in self._standings(node, now):
                return Ended(End.TAKEN, f"{node} announces {name} on the LAN")
        if self._insists_on_owning(now):
            return Ended(End.TAKEN, f"{self.target} owns {name}")
        why = self._abandoned or self._why_not(now)
        return Ended(End.FAILED, why) if why else None

    def _insists_on_owning(self, now: float) -> bool:
        """Whether the target says so again a heartbeat after it first did: by then it has added the addresses."""
        if Standing.OWNER not in self._standings(self.target, now):
            self._says_owner_at = INFINITE
            return False
        self._says_owner_at = min(self._says_owner_at, now)
        words = [log.entry_at(self._spec.name) or 0.0 for log in self._s.logs_of(self.target)] if self.target else []
        return max(words, default=0.0) >= self._says_owner_at + self._s.timing.heartbeat_s

    def _standings(self, node: NodeName | None, now: float) -> Iterator[Standing]:
        """What a peer says of the VIP since it was released, on each broker where that still counts (rule 4)."""
        down_s = self._s.owner_down_s(self._spec.policy)
        for log in self._s.logs_of(node) if node is not None else ():
            entry = log.entries.get(self._spec.name)
            later = entry is not None and entry.term > self._term
            if entry is not None and later and log.blocks_until(self._spec.name, self._spec.policy, down_s) > now:
                yield entry.standing

    def next(self, now: float) -> float:
        """When to look again."""
        if self.stage is Stage.ASKED:
            return self._until
        reserved_until = self._given_at + self._reserved_s
        ends = (reserved_until, reserved_until + 2 * self._s.timing.heartbeat_s)
        later = [at for at in ends if at > now]
        return min([*later, now + self._s.timing.heartbeat_s / 2])

    def _why_not(self, now: float) -> str | None:
        name, reserved_until = self._spec.name, self._given_at + self._reserved_s
        claims = any(True for _ in self._standings(self.target, now))
        if self._spec.policy is Policy.RELEASE:
            if not self._s.connected:
                return f"the brokers are out of reach while {name} is handed over"
            if now >= reserved_until + 2 * self._s.timing.heartbeat_s:
                return f"{self.target} has not taken {name} in time"
        if claims:
            self._claimed = True
        elif self._claimed:
            return f"{self.target} has given {name} up again, or has fallen silent"
        elif now >= reserved_until:
            return f"{self.target} has not claimed {name} within {self._reserved_s:.3g} s"
        return None


def targets(s: Situation, spec: VipSpec, now: float) -> tuple[NodeName, ...]:
    """The peers that could take the VIP, best first."""
    return ranked(spec.name, able(s, spec, now), spec.placement, pinned=s.directives.pinned(spec.name))
