"""What became of each statement. Knows: statements, verdicts. Never: what floatip's configuration looks like.

Nothing is dropped silently: whatever nobody has accounted for by the end is judged by the table of words, and what
that does not know is listed as unknown.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from floatip.keepalived.lines import Aside
from floatip.keepalived.tree import Statement


class Kind(StrEnum):
    """How much of a statement the result has."""

    CHANGED = "changed"
    """It was carried over, in another form, or there is something to know about it."""
    LOST = "not carried over"
    NEEDLESS = "not needed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What becomes of a keyword that nothing carries over, and why."""

    kind: Kind
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One keyword that is not, or not just so, in the result; line 0: it concerns the file as a whole."""

    file: str
    line: int
    keyword: str
    value: str
    kind: Kind
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """One keyword and what it became."""

    file: str
    line: int
    keyword: str
    value: str
    became: str


@dataclass(slots=True)
class Ledger:
    """Accounts for every statement."""

    carried: list[Carried] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    _settled: set[Statement] = field(default_factory=set)
    _whole: set[Statement] = field(default_factory=set)

    def carry(self, statement: Statement, became: str, used: int | None = 2) -> None:
        """The statement's first ``used`` words (None: all) became something; further ones are listed as unknown."""
        self._settled.add(statement)
        text = " ".join(statement.values) if statement.block is None else " ".join(statement.values[:1])
        self.carried.append(
            Carried(file=statement.file, line=statement.line, keyword=statement.keyword, value=text, became=became)
        )
        if used is not None and len(statement.words) > used:
            self.word(statement, statement.words[used], " ".join(statement.words[used + 1 :]), Kind.UNKNOWN, UNKNOWN)

    def leave(self, statement: Statement, kind: Kind, why: str) -> None:
        """The statement, with all that is in its block, is not in the result."""
        self._settled.add(statement)
        self._whole.add(statement)
        self.word(statement, statement.keyword, statement.shown(), kind, why)

    def change(self, statement: Statement, why: str) -> None:
        """The statement is in the result (see ``carry``), and this is to be known about it."""
        self.word(statement, statement.keyword, " ".join(statement.values), Kind.CHANGED, why)

    def word(self, statement: Statement, keyword: str, value: str, kind: Kind, why: str) -> None:
        """List one word of a statement."""
        self.entries.append(
            Entry(file=statement.file, line=statement.line, keyword=keyword, value=value, kind=kind, why=why)
        )

    def general(self, file: str, keyword: str, value: str, why: str) -> None:
        """List something that the result has and no line of the file asks for."""
        self.entries.append(Entry(file=file, line=0, keyword=keyword, value=value, kind=Kind.CHANGED, why=why))

    def aside(self, asides: Iterable[Aside]) -> None:
        """List the lines that brought nothing when they were read."""
        for aside in asides:
            keyword, value = (*aside.line.text.split(maxsplit=1), "", "")[:2]
            kind = Kind.NEEDLESS if aside.elsewhere else Kind.LOST
            at = aside.line
            self.entries.append(
                Entry(file=at.file, line=at.number, keyword=keyword, value=value, kind=kind, why=aside.why)
            )

    def settled(self, statement: Statement) -> bool:
        """Whether the statement has been accounted for."""
        return statement in self._settled

    def close(self, statements: list[Statement], words: dict[str, dict[str, Verdict]], context: str = "") -> None:
        """Judge, by the table of words for this context, all that nobody has accounted for."""
        for statement in statements:
            if statement not in self._settled:
                verdict = words.get(context, {}).get(statement.keyword)
                verdict = verdict or Verdict(kind=Kind.UNKNOWN, why=UNKNOWN)
                self.leave(statement, verdict.kind, verdict.why)
            elif statement.block is not None and statement not in self._whole:
                self.close(statement.block, words, statement.keyword)

    def listed(self) -> list[Entry]:
        """The entries, in the order of the files."""
        order = {file: number for number, file in enumerate(dict.fromkeys(entry.file for entry in self.entries))}
        return sorted(self.entries, key=lambda entry: (entry.line != 0, order[entry.file], entry.line))


UNKNOWN = "is not a word that keepalived.conf(5) of version 2.2 has here; see whether something depends on it"
