"""Whether all subscribers heard one order. Knows: sequences. Never: a broker."""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the subscribers heard of what was published.

    ``differs_at`` is the place, from 1, of the first message that two of them heard in different orders, among those
    that all of them heard; ``lost`` is what the one that heard least did not hear; ``repeated`` came twice somewhere.
    """

    published: int
    subscribers: int
    lost: int
    repeated: int
    differs_at: int | None

    @property
    def good(self) -> bool:
        """Whether everybody heard everything, once, in one order."""
        return not self.lost and not self.repeated and self.differs_at is None


def compare(published: Sequence[T], heard: Sequence[Sequence[T]]) -> Verdict:
    """Hold what each subscriber heard against what was published, and against each other."""
    wanted = set(published)
    by_all = wanted.intersection(*heard)
    orders = [[one for one in dict.fromkeys(sequence) if one in by_all] for sequence in heard]
    places = (number for number, row in enumerate(zip(*orders, strict=True), start=1) if len(set(row)) > 1)
    return Verdict(
        published=len(wanted),
        subscribers=len(heard),
        lost=max(len(wanted - set(sequence)) for sequence in heard),
        repeated=max(sum(times - 1 for times in Counter(sequence).values()) for sequence in heard),
        differs_at=next(places, None),
    )
