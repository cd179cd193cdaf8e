"""What is wrong with a configuration. Knows: key paths and sentences. Never: files, models, rules."""

import json
import re
from dataclasses import dataclass
from datetime import date, time
from typing import Any

KeyPath = tuple[str | int, ...]
"""Where a value stands, in the words of the file: ``("vip", 0, "addresses", 1)``."""

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SHOWN_CHARACTERS = 60
_CREDENTIALS = re.compile(r'://[^\s"]*@')


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong, and what would be right; ``reads`` are the further keys the finding rests on."""

    path: KeyPath
    text: str
    reads: tuple[KeyPath, ...] = ()

    def __str__(self) -> str:
        return f"{dotted(self.path)}: {self.text}"


class ConfigError(Exception):
    """The configuration cannot be used; ``errors`` has every reason, one line each."""

    def __init__(self, *errors: str) -> None:
        super().__init__("\n".join(errors))
        self.errors: list[str] = list(errors)


def dotted(path: KeyPath) -> str:
    """A key path as errors write it: ``vip[0].addresses[1]``; odd keys in quotes."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += ("." if text else "") + (step if _BARE_KEY.fullmatch(step) else json.dumps(step))
    return text


def shown(value: Any) -> str:
    """A value of the file as an error shows it: on one line, cut short, no control characters, no password."""
    if isinstance(value, date | time):
        text = value.isoformat()
    else:
        try:
            text = json.dumps(value, ensure_ascii=False, default=str)
        except (TypeError, ValueError, RecursionError):
            text = f"something of type {type(value).__name__}"
    text = _CREDENTIALS.sub("://***@", text)
    text = "".join(character if character.isprintable() else "?" for character in text)
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 3] + "..."


def listed(words: list[str], joint: str) -> str:
    """Words as prose: ``keep, release or lan``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {joint} {words[-1]}"
