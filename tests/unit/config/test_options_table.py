"""The table of keys and of the tests that prove them is whole: no key without a test, no test that is not there."""

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from floatip.config.explain import keys_of
from floatip.config.model import TABLES

ROOT = Path(__file__).parents[3]
RAW: dict[str, Any] = tomllib.loads(Path(__file__).with_name("options_table.toml").read_text())


def proven(table: dict[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Each key of the table, by its path in the file, with its tests."""
    for key, value in table.items():
        path = () if (*above, key) == ("top",) else (*above, key)
        if isinstance(value, dict):
            yield from proven(value, path)
        else:
            yield path, value


PROOFS = list(proven(RAW))


@cache
def names_in(file: Path) -> set[str]:
    """The names of the tests in a file."""
    functions = (
        node for node in ast.parse(file.read_text()).body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return {function.name for function in functions}


def test_every_key_has_its_tests_and_there_are_no_others() -> None:
    """A table within another is no key: its own keys are."""
    keys = {(*table, key) for table in TABLES for key in keys_of(table)} - set(TABLES)
    assert {path for path, _ in PROOFS} == keys


@pytest.mark.parametrize(
    ("path", "tests"), PROOFS, ids=lambda value: ".".join(value) if isinstance(value, tuple) else ""
)
def test_the_tests_of_a_key_exist(path: tuple[str, ...], tests: list[str]) -> None:
    """By file and name, without what they are parametrised with."""
    assert tests, path
    for test in tests:
        file, _, name = test.partition("::")
        assert name.startswith("test_"), test
        assert (ROOT / file).is_file(), test
        assert name in names_in(ROOT / file), test
