"""Keys that are none: every misspelling leads to the key that was meant, every stray key to its table."""

from collections.abc import Iterator
from typing import Any

import pytest

from floatip.config.explain import keys_of
from floatip.config.model import TABLES
from tests.unit.config.samples import errors

LISTS = {"vip", "alias", "check", "hook"}
EVERY_KEY = sorted({key for table in TABLES for key in keys_of(table)})


def misspelt(key: str) -> Iterator[str]:
    """A key with a letter less, one twice, two of them swapped, in capitals, or with other strokes."""
    for place, letter in enumerate(key):
        yield key[:place] + key[place + 1 :]
        yield key[:place] + letter + key[place:]
        yield key[:place] + key[place + 1 : place + 2] + letter + key[place + 2 :]
    yield from (key.upper(), key.replace("_", "-"), f"{key}s", f"{key}_s")


def told(table: tuple[str, ...], key: str) -> str:
    """What is said of one key in a table of the file."""
    raw: dict[str, Any] = {}
    here = raw
    for name in table:
        inner: dict[str, Any] = {}
        here[name] = [inner] if name in LISTS else inner
        here = inner
    here[key] = 1
    (line,) = (line for line in errors(raw) if "is not a key here" in line)
    return line


def named(table: tuple[str, ...]) -> str:
    """A table as its header says it."""
    return f"[[{table[0]}]]" if table[0] in LISTS else f"[{'.'.join(table)}]"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: ".".join(table) or "top")
def test_a_misspelt_key_leads_to_the_one_that_was_meant(table: tuple[str, ...]) -> None:
    """The nearest name is told, of every key and every slip."""
    known = keys_of(table)
    for key in known:
        for wrong in {*misspelt(key)} - {*known, ""}:
            assert f'did you mean "{key}"?' in told(table, wrong), wrong


@pytest.mark.parametrize("table", TABLES, ids=lambda table: ".".join(table) or "top")
def test_a_key_in_the_wrong_table_is_told_where_it_belongs(table: tuple[str, ...]) -> None:
    """Above all tables, in those that have it, or as a table of its own."""
    for key in {*EVERY_KEY} - {*keys_of(table)}:
        line = told(table, key)
        homes = [home for home in TABLES if home and key in keys_of(home)]
        if (key,) in TABLES:
            assert f" is a table of its own: {named((key,))}" in line
        elif key in keys_of(()):
            assert line.endswith(" belongs at the top, above all tables")
        else:
            assert " belongs in " in line
            assert all(named(home) in line for home in homes), line
