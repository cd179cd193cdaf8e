"""One line of keepalived's: its comment, its quotes, its braces, its words. Never: another line, a meaning.

Double quotes protect comments and braces; single quotes and escapes count only where a script is named
(keepalived.conf(5), "Quoted strings").
"""

import re
from collections.abc import Iterator

_QUOTED = r'"(?:\\.|[^"\\])*"'
_COMMENTED = re.compile(rf'(?P<kept>{_QUOTED}|\\[^#!]|[^"\\#!]+)|\\(?P<mark>[#!])|(?P<comment>[#!].*)|(?P<end>\\$)')
_BRACED = re.compile(rf'{_QUOTED}|\$\{{[^{{}}]*\}}|[^"{{}}$]+|\$')
_WORD = re.compile(rf'({_QUOTED})|([^\s"]+)')
_ESCAPE = re.compile(r"x([0-9A-Fa-f]+)|c(.)|([0-7]{1,3})|(.)", re.DOTALL)
_LETTERS = {"a": "\a", "b": "\b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def decomment(text: str) -> str:
    """The line without its comment, its margins, and the backslash before a `#` or `!`; ValueError: open quote."""
    kept, at = "", 0
    while at < len(text):
        match = _COMMENTED.match(text, at)
        if match is None:
            raise ValueError('a " is not closed; add the second one, or remove the first')
        if match["comment"] is not None:
            break
        kept += match["kept"] or match["mark"] or match["end"]
        at = match.end()
    return kept.strip(" \t\f\v")


def pieces(text: str) -> Iterator[str]:
    """The parts of a line: ``{``, ``}``, and what stands between them."""
    part, at = "", 0
    while at < len(text):
        match = _BRACED.match(text, at)
        piece = match[0] if match else text[at]
        at += len(piece)
        if piece not in {"{", "}"}:
            part += piece
            continue
        if part.strip():
            yield part.strip()
        part = ""
        yield piece
    if part.strip():
        yield part.strip()


def words(text: str) -> tuple[str, ...]:
    """Words between blanks; double quotes hold one together and are taken off."""
    return tuple(match[1][1:-1] if match[1] else match[2] for match in _WORD.finditer(text))


def shell_words(text: str) -> tuple[str, ...]:
    """Words as in a shell: both kinds of quotes, anywhere in a word, and escapes; ValueError: open quote."""
    found: list[str] = []
    word: str | None = None
    quote, at = "", 0
    while at < len(text):
        char = text[at]
        at += 1
        if char == "\\":
            literal, at = _escaped(text, at)
            word = (word or "") + literal
        elif quote:
            quote, word = ("", word) if char == quote else (quote, (word or "") + char)
        elif char in "\"'":
            quote, word = char, word or ""
        elif char not in " \t\f\v\r\n":
            word = (word or "") + char
        elif word is not None:
            found.append(word)
            word = None
    if quote:
        raise ValueError(f"a {quote} is not closed; add the second one, or remove the first")
    return tuple(found if word is None else [*found, word])


def _escaped(text: str, at: int) -> tuple[str, int]:
    """What stands for the escape after a backslash, and where it ends."""
    match = _ESCAPE.match(text, at)
    if match is None:
        raise ValueError("a backslash is the last character; remove it, or write two")
    hexadecimal, control, octal, other = match.groups()
    if hexadecimal is not None:
        return chr(int(hexadecimal[-2:], 16)), match.end()
    if control is not None:
        return chr(ord(control) & 0x1F), match.end()
    if octal is not None:
        return chr(int(octal, 8) & 0xFF), match.end()
    return _LETTERS.get(other, other), match.end()
