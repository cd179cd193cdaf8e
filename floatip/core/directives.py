"""The operators' orders that last: pin, drain, freeze (design section 7). Knows: the records. Never: who owns.

Every node keeps the newest record of each kind and subject, on disk and in its state, so that they outlive restarts
of nodes and brokers. A record that revokes is kept for a while, lest an old copy come back.
"""

from collections.abc import Iterable
from dataclasses import replace

from floatip.core.types import Directive, DirectiveKind, NodeName, Stamp, VipName

REVOKED_FOR_S = 30 * 86_400.0
"""How long a record that revokes another is kept."""
MOST = 4096
MOST_AHEAD = 1_000_000
"""A counter that is so far above all others was made up."""
NOBODY = "-"
"""For whom a VIP is frozen that nobody owned."""
YES = "yes"
"""What the record of a drained node says."""
FORCED = "forced"
"""A drained node with this value gives its VIPs up even where nobody can take them."""

Key = tuple[DirectiveKind, str]


class Directives:
    """All that one node knows of; times in seconds of the wall clock."""

    def __init__(self) -> None:
        self._records: dict[Key, Directive] = {}
        self._wall_s = float("-inf")
        self._highest = 0
        """Of all counters that were heard of."""

    def all(self) -> tuple[Directive, ...]:
        """Every record, in a fixed order."""
        return tuple(self._records[key] for key in sorted(self._records))

    def merge(self, records: Iterable[Directive]) -> list[Directive]:
        """Take in those that are newer than what is known; return them.

        An old copy of what was revoked keeps the revocation alive: somebody still has it.
        """
        newer = []
        for one in records:
            if self._is_newer(one):
                self._records[one.kind, one.subject] = one
                self._highest = max(self._highest, one.stamp.counter)
                newer.append(one)
        return newer

    def restore(self, records: Iterable[Directive]) -> None:
        """Take in what this node knew in an earlier life: however high the stamps are, they were believed then."""
        known = tuple(records)
        self._highest = max((one.stamp.counter for one in known), default=0)
        self.merge(known)

    def _is_newer(self, one: Directive) -> bool:
        known = self._records.get((one.kind, one.subject))
        if one.expires_at <= self._wall_s or one.stamp.counter > self._highest + MOST_AHEAD:
            return False
        if known is not None and not known.value and one.value and one.stamp < known.stamp:
            expires_at = max(known.expires_at, self._wall_s + REVOKED_FOR_S)
            self._records[one.kind, one.subject] = replace(known, expires_at=expires_at)
        return one.stamp > known.stamp if known is not None else len(self._records) < MOST

    def order(self, kind: DirectiveKind, subject: str, value: str, *, by: NodeName, lasts_s: float | None) -> Directive:
        """Make a record that is newer than all that are known; an empty value revokes."""
        if not value:
            lasts_s = REVOKED_FOR_S
        counter = 1 + self._highest
        expires_at = float("inf") if lasts_s is None else self._wall_s + lasts_s
        return Directive(kind=kind, subject=subject, value=value, expires_at=expires_at, stamp=Stamp(counter, by))

    def clock_is(self, wall_s: float) -> bool:
        """Forget what has expired by now; return whether anything that was in force has."""
        self._wall_s = wall_s
        gone = [key for key, one in self._records.items() if one.expires_at <= wall_s]
        values = [self._records.pop(key).value for key in gone]
        return any(values)

    def next_expiry(self) -> float:
        """When the next record expires; infinity if none does."""
        return min((one.expires_at for one in self._records.values()), default=float("inf"))

    def newest(self, kind: DirectiveKind, subject: str) -> Directive | None:
        """The record in force, or the one that revoked it."""
        return self._records.get((kind, subject))

    def _value(self, kind: DirectiveKind, subject: str) -> str:
        one = self._records.get((kind, subject))
        return one.value if one is not None else ""

    def drained(self, node: NodeName) -> bool:
        """Whether the node takes no VIPs."""
        return bool(self.value_of_drain(node))

    def all_drained(self) -> list[NodeName]:
        """Every node that takes no VIPs, known or not."""
        return [NodeName(one.subject) for one in self.all() if one.kind is DirectiveKind.DRAIN and one.value]

    def value_of_drain(self, node: NodeName) -> str:
        """How the node is drained: ``FORCED``, otherwise, or (empty) not at all."""
        return self._value(DirectiveKind.DRAIN, node)

    def pinned(self, vip: VipName) -> NodeName | None:
        """The node that the VIP prefers."""
        value = self._value(DirectiveKind.PIN, vip)
        return NodeName(value) if value else None

    def frozen_for(self, vip: VipName) -> NodeName | None:
        """The only node that may take the VIP, which may be ``NOBODY``; None: it is not frozen."""
        value = self._value(DirectiveKind.FREEZE, vip)
        return NodeName(value) if value else None

    def admits(self, node: NodeName, vip: VipName) -> bool:
        """Whether no order keeps the node from taking the VIP."""
        return not self.drained(node) and self.frozen_for(vip) in {None, node}
