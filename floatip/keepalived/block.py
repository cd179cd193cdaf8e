"""One block, asked keyword by keyword. Knows: statements, the ledger. Never: what a keyword becomes."""

import math
import re
from dataclasses import dataclass
from pathlib import PurePath

from floatip.keepalived.ledger import Kind, Ledger
from floatip.keepalived.tree import Statement

_NUMBER = re.compile(r"[+-]?[0-9]{1,10}(\.[0-9]{0,9})?")


@dataclass(frozen=True, slots=True)
class Block:
    """A block whose statements are taken one after the other; what nobody takes is left to the table of words."""

    statement: Statement
    ledger: Ledger

    def has(self, keyword: str) -> bool:
        """Whether the keyword stands in it."""
        return any(child.keyword == keyword for child in self.statement.children)

    def last(self, *keywords: str) -> Statement | None:
        """The statement that counts for these keywords: the last; earlier ones are listed."""
        found = [child for child in self.statement.children if child.keyword in keywords]
        for one in found[:-1]:
            if not self.ledger.settled(one):
                self.ledger.leave(one, Kind.NEEDLESS, f"line {found[-1].line} says it again, and counts")
        return found[-1] if found else None

    def lines(self, *keywords: str) -> list[Statement]:
        """All lines of the blocks of these keywords."""
        return [line for child in self.statement.children if child.keyword in keywords for line in child.children]

    def carry_blocks(self, became: str, *keywords: str) -> None:
        """The blocks of these keywords became something; their lines are accounted for one by one."""
        for child in self.statement.children:
            if child.keyword in keywords and not self.ledger.settled(child):
                self.ledger.carry(child, became, used=1)

    def number(self, keyword: str, low: float, high: float, instead: str) -> float | None:
        """The number of a keyword; None if there is none, or if it is no such number, which is listed."""
        found = self.last(keyword)
        if found is None or self.ledger.settled(found):
            return None
        value = number_in(found.value, low, high)
        if value is None:
            self.ledger.leave(found, Kind.LOST, f"is no number from {low:g} to {high:g}; the result has {instead}")
        return value


def number_in(text: str, low: float, high: float) -> float | None:
    """The number that a text is, if it is one within bounds."""
    if _NUMBER.fullmatch(text) is None:
        return None
    value = float(text)
    return value if math.isfinite(value) and low <= value <= high else None


def at(statement: Statement) -> str:
    """Where a statement stands, for comments: the name of its file without folders, and its line."""
    return f"{PurePath(statement.file).name}:{statement.line}"
