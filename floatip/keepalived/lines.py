"""From a file to the lines that count on this node: conditions, parameters and includes are settled here.

Knows: which line stands where. Never: blocks, what a keyword means.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from floatip.keepalived.errors import KeepalivedError
from floatip.keepalived.files import MAX_BYTES, MAX_FILES, is_file, lines_of, matches
from floatip.keepalived.lexis import decomment
from floatip.keepalived.parameters import Parameters, rounds

MAX_LINES = 100_000
MAX_LINE = 65_536
_MAX_ROUNDS = 64
_MAX_DEPTH = 16
_CONDITION = re.compile(r"@(\^?)(\S*)\s*(.*)", re.DOTALL)
_INCLUDE = re.compile(r"(include[rmwba]?)\s+(.+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line that counts, without comment, and where it stands."""

    text: str
    file: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """A line that was read and brings nothing: whether it is for other nodes, and why."""

    line: Line
    elsewhere: bool
    why: str


@dataclass(slots=True)
class Reader:
    """Reads one keepalived.conf and all that it includes; ``config_id`` is what ``@`` lines are compared with."""

    config_id: str
    asides: list[Aside] = field(default_factory=list)
    _parameters: Parameters = field(default_factory=Parameters)
    _open: list[str] = field(default_factory=list)
    _several: str | None = None
    """The parameter whose value goes on in the next line."""
    _lines: int = 0
    _size: int = 0
    _files: int = 0

    def read(self, path: Path) -> Iterator[Line]:
        """The lines that count, in order; KeepalivedError for what cannot be read."""
        self._parameters.known["_INSTANCE"] = self.config_id
        yield from self._file(path)

    def _file(self, path: Path) -> Iterator[Line]:
        real = os.path.realpath(path)
        self._files += 1
        self._open.append(real)
        self._parameters.known["_PWD"] = os.path.dirname(real)  # noqa: PTH120 (a string, as the file gets it)
        for number, raw in enumerate(lines_of(path), start=1):
            at = Line(text=raw, file=str(path), number=number)
            text = self._clean(at, raw)
            if self._several is not None:
                self._continue(self._several, text)
            elif text:
                yield from self._line(at, text, 0)
        self._several = None
        self._open.pop()

    def _clean(self, at: Line, text: str) -> str:
        """The text without comment and margins; KeepalivedError beyond the limits."""
        self._lines += 1
        self._size += len(text)
        if len(text) > MAX_LINE:
            raise self._wrong(at, f"is a line of more than {MAX_LINE} characters; break it, or use fewer parameters")
        if self._lines > MAX_LINES or self._size > MAX_BYTES:
            much = f"{MAX_LINES} lines or {MAX_BYTES >> 20} MiB"
            raise self._wrong(at, f"the configuration has more than {much} by now; use fewer includes and sequences")
        try:
            return decomment(text)
        except ValueError as error:
            raise self._wrong(at, str(error)) from None

    def _continue(self, name: str, text: str) -> None:
        """One more line of a parameter's value; a line that does not end in a backslash is the last."""
        known, part = self._parameters.known, text.removesuffix("\\").strip()
        known[name] += ("\n" if known[name] and part else "") + part
        if len(known[name]) > MAX_LINE or not text.endswith("\\"):
            self._several = None

    def _line(self, at: Line, text: str, depth: int) -> Iterator[Line]:
        """What a line stands for: itself, nothing, or more lines."""
        if depth > _MAX_ROUNDS:
            raise self._wrong(at, f"parameters stand for each other without end: {text[:60]}; define them otherwise")
        text = self._conditional(at, text)
        if not text or self._defines(text):
            return
        try:
            again = rounds(text)
            for known, rest in again or ():
                self._parameters.known |= known
                yield from self._line(at, self._clean(at, rest), depth + 1)
        except ValueError as error:
            raise self._wrong(at, f"{text[:60]}: {error}") from None
        if again is not None:
            return
        replaced = self._parameters.replaced(text)
        if replaced != text:
            for part in replaced.split("\n"):
                yield from self._line(at, self._clean(at, part), depth + 1)
        elif (include := _INCLUDE.fullmatch(text)) is not None:
            yield from self._include(at, include[2].strip('"'))
        else:
            yield Line(text=self._parameters.finished(text), file=at.file, number=at.number)

    def _conditional(self, at: Line, text: str) -> str:
        """The line without its ``@`` condition; nothing if that does not hold here."""
        condition = _CONDITION.fullmatch(text)
        if condition is None:
            return text
        other, name, rest = condition.groups()
        if (name == self.config_id) != bool(other):
            return rest
        why = f'stands behind @{other}{name}, and was read with configuration id "{self.config_id}" (--config-id)'
        self._aside(at, rest or text, why, elsewhere=True)
        return ""

    def _defines(self, text: str) -> bool:
        """Whether the line defines a parameter, which is then known."""
        name = self._parameters.define(text)
        if name is not None and self._parameters.known[name].endswith("\\"):
            self._parameters.known[name] = self._parameters.known[name].removesuffix("\\").strip()
            self._several = name
        return name is not None

    def _include(self, at: Line, pattern: str) -> Iterator[Line]:
        folder = self._parameters.known["_PWD"]
        found = [] if "{" in pattern else matches(pattern, folder)
        if not found:
            braces = "braces in an include are not read: write one include for each file"
            self._aside(at, f"include {pattern}", braces if "{" in pattern else f"no file is there, seen from {folder}")
        for path in found:
            if os.path.realpath(path) in self._open:
                raise self._wrong(at, f"includes {path}, which is being read already; remove one of the includes")
            if len(self._open) >= _MAX_DEPTH or self._files >= MAX_FILES:
                raise self._wrong(at, f"includes too much: {MAX_FILES} files, {_MAX_DEPTH} deep, at most; join some")
            if is_file(path):
                yield from self._file(path)
                self._parameters.known["_PWD"] = folder
            else:
                self._aside(at, f"include {path}", "cannot be read as a file")

    def _aside(self, at: Line, text: str, why: str, *, elsewhere: bool = False) -> None:
        line = Line(text=text, file=at.file, number=at.number)
        self.asides.append(Aside(line=line, elsewhere=elsewhere, why=why))

    @staticmethod
    def _wrong(at: Line, text: str) -> KeepalivedError:
        return KeepalivedError(at.file, at.number, text)
