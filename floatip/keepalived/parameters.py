"""Parameters, sequences and lists: what stands for what. Knows: keepalived.conf(5), "Parameter substitution".

Never: files, blocks.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_DEFINITION = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_USE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$([A-Za-z_][A-Za-z0-9_]*)(?=\s|$)")
_SEQUENCE = re.compile(r"~(SEQ|SEQx|LST)\(([^()]*)\)\s*(.*)", re.DOTALL)
_SET = re.compile(r"\{([^{}]*)\}|([^,{}\s][^,{}]*)")
_LATE = {"_HASH": "#", "_BANG": "!"}

Definitions = dict[str, str]


@dataclass(slots=True)
class Parameters:
    """What the parameters stand for, as far as the file has been read."""

    known: Definitions = field(default_factory=dict)

    def define(self, text: str) -> str | None:
        """Learn ``$NAME=VALUE``; the name, or None if the line is no definition."""
        match = _DEFINITION.fullmatch(text)
        if match is None:
            return None
        self.known[match[1]] = match[2].strip()
        return match[1]

    def replaced(self, text: str) -> str:
        """The line with each known parameter replaced once; what a value brings in is for the next call."""
        return _USE.sub(lambda match: self.known.get(match[1] or match[2], match[0]), text)

    @staticmethod
    def finished(text: str) -> str:
        """The line with those characters that would have begun a comment before."""
        return _USE.sub(lambda match: _LATE.get(match[1] or match[2], match[0]), text)


def rounds(text: str) -> Iterator[tuple[Definitions, str]] | None:
    """``~SEQ`` and ``~LST``: what is defined in each round, and the rest of the line; None for other lines.

    ValueError if the specification cannot be read.
    """
    if not text.startswith(("~SEQ", "~LST")):
        return None
    match = _SEQUENCE.fullmatch(text)
    if match is None:
        raise ValueError('must be ~SEQ(NAME, FROM, STEP, TO) or ~LST(NAME, VALUE, ...), with the ")"')
    kind, inside, rest = match.groups()
    found = _list(inside) if kind == "LST" else _sequence(inside, hexadecimal=kind == "SEQx")
    return ((known, rest) for known in found)


def _sequence(inside: str, *, hexadecimal: bool) -> Iterator[Definitions]:
    name, *numbers = [part.strip() for part in inside.split(",")]
    if not 1 <= len(numbers) <= 3 or not name.isidentifier():
        raise ValueError("~SEQ must be ~SEQ(NAME, FROM, STEP, TO): FROM and STEP may be left out")
    values = [int(number, 0) for number in numbers]
    end = values[-1]
    start = values[0] if len(values) > 1 else (1 if end > 0 else -1)
    step = values[1] if len(values) == 3 else (1 if end >= start else -1)
    if step == 0:
        raise ValueError("~SEQ has a STEP of 0, must be another number")
    span = range(start, end + (1 if step > 0 else -1), step)
    return ({name: f"{value:x}" if hexadecimal else str(value)} for value in span)


def _list(inside: str) -> Iterator[Definitions]:
    first, *sets = [match[1] if match[1] is not None else match[2] for match in _SET.finditer(inside)]
    names = [name.strip() for name in first.split(",")]
    found = []
    for one in sets:
        values = [value.strip() for value in one.split(",")]
        if len(values) != len(names):
            raise ValueError(f"~LST has {len(values)} values for {len(names)} names: must be as many in each {{ }}")
        found.append(dict(zip(names, values, strict=True)))
    return iter(found)
