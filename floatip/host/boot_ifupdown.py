"""Addresses in the files of ifupdown.

Knows: stanzas, their options, the commands in them that add addresses, and the files that a file takes in
(interfaces(5)). Never: runs those commands, or expands more of their shell than $IFACE.
"""

import fnmatch
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from floatip.host.bootentry import BootEntry, Reader, Text

FILE: Final = "/etc/network/interfaces"
_MOST_FILES: Final = 200
_SHELL: Final = frozenset("*?[{$`~")
_ENDS_STANZA: Final = re.compile(
    r"(iface|auto|allow-\S+|mapping|source|source-directory|rename|template|no-auto-down|no-scripts)"
)
_COMMANDS: Final = frozenset({"up", "post-up", "pre-up"})
_IP_ADDRESS_ADD: Final = re.compile(r"\bip\s+(?:-\S+\s+)*a[dres]*\s+(?:add|a|replace|change)\s+([^;&|]*)")
_IFCONFIG: Final = re.compile(r"\bifconfig\s+(\S+)\s+(?:inet6?\s+)?(?:add\s+)?(\d+\.\S+|\S*:\S*)([^;&|]*)")


class _Line(NamedTuple):
    """A line with those that a backslash joins to it."""

    text: Text
    number: int
    words: list[str]
    rest: str


@dataclass(slots=True)
class _Stanza:
    interface: str
    file: str
    addresses: list[tuple[_Line, str]] = field(default_factory=list)
    netmask: str | None = None
    commands: list[_Line] = field(default_factory=list)


@dataclass(slots=True)
class _Files:
    """What the files say: stanzas, and the patterns of the interfaces that are started at boot."""

    reader: Reader
    stanzas: list[_Stanza] = field(default_factory=list)
    started: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def load(self, path: str) -> None:
        """Read a file and those that it takes in, each once."""
        if path in self.seen or len(self.seen) >= _MOST_FILES:
            return
        self.seen.add(path)
        text = self.reader.read(path)
        stanza: _Stanza | None = None
        for line in _lines(text) if text is not None else ():
            keyword = line.words[0]
            if not _ENDS_STANZA.fullmatch(keyword):
                if stanza is not None:
                    _note(stanza, line)
                continue
            stanza = None
            if keyword == "iface" and len(line.words) > 1:
                stanza = _Stanza(line.words[1], path)
                self.stanzas.append(stanza)
            elif keyword == "auto" or keyword.startswith("allow-"):
                self.started += [word.removeprefix("/").partition("/")[0] for word in line.words[1:]]
            elif keyword in {"source", "source-directory"}:
                self._take_in(path, keyword, line.words[1:])

    def _take_in(self, path: str, keyword: str, patterns: list[str]) -> None:
        for pattern in patterns:
            whole = posixpath.normpath(posixpath.join(posixpath.dirname(path), pattern))
            folder, name = (whole, "") if keyword == "source-directory" else posixpath.split(whole)
            if _SHELL & set(folder) or "$" in name:
                self.reader.warn(path, 0, f"takes in {pattern}, which was not read: look yourself for addresses there")
                continue
            wanted = r"[A-Za-z0-9_-]+" if keyword == "source-directory" else r"(?!\.)" + fnmatch.translate(name)
            for one in self.reader.names(folder, wanted, leftovers=True):
                self.load(one)


def entries(reader: Reader) -> list[BootEntry]:
    """Every address in stanzas that are started at boot, and in their commands."""
    files = _Files(reader)
    files.load(FILE)
    found: list[BootEntry] = []
    for stanza in files.stanzas:
        if any(fnmatch.fnmatchcase(stanza.interface, pattern) for pattern in files.started):
            for line, written in stanza.addresses:
                found += _entry(reader, line, (written, stanza.netmask), stanza.interface)
            for line in stanza.commands:
                found += _added_by(reader, line, stanza.interface)
    return found


def interfaces(reader: Reader) -> dict[str, str]:
    """File of the first stanza of each interface; of interfaces whether started at boot or not."""
    files = _Files(reader)
    files.load(FILE)
    return {stanza.interface: stanza.file for stanza in reversed(files.stanzas)}


def _note(stanza: _Stanza, line: _Line) -> None:
    match line.words:
        case ["address", written, *_]:
            stanza.addresses.append((line, written))
        case ["netmask", written, *_]:
            stanza.netmask = written
        case [keyword, *_] if keyword in _COMMANDS:
            stanza.commands.append(line)


def _added_by(reader: Reader, line: _Line, interface: str) -> Iterator[BootEntry]:
    command = re.sub(r"\$\{?IFACE\}?", interface, line.rest)
    for match in _IP_ADDRESS_ADD.finditer(command):
        device = re.search(r"\bdev\s+(\S+)", match.group(1))
        words = re.sub(r"\b(dev\s+\S+|local\b)", "", match.group(1)).split()
        if words:
            yield from _entry(reader, line, (words[0], None), device.group(1) if device else interface)
    for match in _IFCONFIG.finditer(command):
        netmask = re.search(r"\bnetmask\s+(\S+)", match.group(3))
        yield from _entry(reader, line, (match.group(2), netmask.group(1) if netmask else None), match.group(1))


def _entry(reader: Reader, line: _Line, written: tuple[str, str | None], interface: str) -> Iterator[BootEntry]:
    address = reader.address(line.text, line.number, *written)
    if address is not None:
        shown = line.text.line(line.number)
        yield BootEntry(
            manager="ifupdown",
            file=line.text.path,
            line=line.number,
            address=address,
            interface=interface.strip("\"'").partition(":")[0],
            text=shown,
            remedy=line.text.remedy(
                f"delete line {line.number} (`{shown}`), and its `iface` if nothing is left of it",
                "it is so from the next boot on: do not run `ifdown`, which would take the interface away",
            ),
        )


def _lines(text: Text) -> Iterator[_Line]:
    """Yield what is neither empty nor a comment; the number is that of the first of joined lines."""
    joined, first = "", 0
    for number, line in enumerate(text.lines, start=1):
        first = first or number
        if not joined and line.lstrip().startswith("#"):
            first = 0
            continue
        joined += line.removesuffix("\\") if line.endswith("\\") else line
        if line.endswith("\\") and number < len(text.lines):
            joined += " "
            continue
        words = joined.split()
        if words:
            yield _Line(text, first, words, joined.strip().removeprefix(words[0]).strip())
        joined, first = "", 0
