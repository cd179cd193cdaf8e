"""Rules and routes of a false kernel, for the hands that put them there."""

from collections.abc import Collection, Iterable

from floatip.host.errors import NetlinkError
from floatip.host.routes import Change, Item


class FakeRoutes:
    """Rules and routes without a kernel."""

    def __init__(self) -> None:
        self.there: list[Item] = []
        self.settled: list[Collection[int] | None] = []
        self.refused: dict[Item, str] = {}
        self.mute = False
        self.robbed = False

    def open(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def has(self, item: Item) -> bool:
        """Whether it is there."""
        return item in self.there

    def apply(self, wanted: Iterable[Item]) -> Change:
        """Have what is wanted, but for what is refused."""
        before, asked = self.there, list(wanted)
        self.there = [item for item in asked if item not in self.refused]
        return Change(
            put=tuple(item for item in self.there if item not in before),
            taken=tuple(item for item in before if item not in asked),
            failed=tuple((item, self.refused[item]) for item in asked if item in self.refused),
        )

    def settle(self, wanted: Iterable[Item], tables: Collection[int] | None = None) -> Change:
        """Have what is wanted; if it is robbed, find that somebody took everything away."""
        if self.mute:
            raise NetlinkError("the kernel did not list its rules")
        self.settled.append(tables)
        if self.robbed:
            self.there = []
        return self.apply(wanted)
