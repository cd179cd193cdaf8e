"""Lines become blocks. Knows: statements and braces. Never: what a keyword means.

A statement is one line of words; a block is a statement with further statements between braces.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from floatip.keepalived.errors import KeepalivedError
from floatip.keepalived.lexis import pieces, words
from floatip.keepalived.lines import Line

MAX_NESTED = 64
_SECRETS = frozenset({"auth_pass", "password"})


@dataclass(slots=True, eq=False, kw_only=True)
class Statement:
    """A keyword with its values, where it stands, and its block if it has one."""

    raw: str
    file: str
    line: int
    words: tuple[str, ...]
    block: list["Statement"] | None = None

    @property
    def keyword(self) -> str:
        """The first word."""
        return self.words[0] if self.words else self.raw

    @property
    def values(self) -> tuple[str, ...]:
        """The words after the keyword."""
        return self.words[1:]

    @property
    def value(self) -> str:
        """The word after the keyword, or nothing."""
        return self.words[1] if len(self.words) > 1 else ""

    @property
    def children(self) -> list["Statement"]:
        """What is in its block."""
        return [] if self.block is None else self.block

    def shown(self) -> str:
        """The values on one line, with the whole block, and without a password."""
        return self._text().removeprefix(self.keyword).strip()

    def _text(self) -> str:
        text = f"{self.keyword} ***" if self.keyword in _SECRETS else self.raw
        if self.block is None:
            return text
        return f"{text} {{ {'; '.join(child._text() for child in self.block)} }}"  # noqa: SLF001 (its own kind)


def tree(lines: Iterable[Line]) -> list[Statement]:
    """The statements on top; KeepalivedError where braces do not pair."""
    top: list[Statement] = []
    levels = [top]
    owners: list[Statement] = []
    for line in lines:
        for piece in pieces(line.text):
            if piece == "{":
                owners.append(_opened(levels[-1], line, len(owners)))
                levels.append(owners[-1].children)
            elif piece == "}":
                if not owners:
                    raise KeepalivedError(line.file, line.number, "this } closes nothing; remove it, or add the {")
                owners.pop()
                levels.pop()
            else:
                levels[-1].append(Statement(raw=piece, file=line.file, line=line.number, words=words(piece)))
    if owners:
        last = owners[-1]
        text = f'the block "{last.keyword[:60]}" is not closed at the end of the file; add the }}'
        raise KeepalivedError(last.file, last.line, text)
    return top


def _opened(level: list[Statement], line: Line, depth: int) -> Statement:
    """The statement whose block a brace opens: the last one."""
    if depth >= MAX_NESTED:
        raise KeepalivedError(
            line.file, line.number, f"blocks are nested more than {MAX_NESTED} deep; close some by }}"
        )
    if not level or level[-1].block is not None:
        raise KeepalivedError(line.file, line.number, "this { opens a block without a name; remove it, or write one")
    owner = level[-1]
    owner.block = []
    return owner
