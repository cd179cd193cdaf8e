"""What the model knows and this version does not do: refused, never ignored. Knows: one table. Never: rules.

A version that builds one of these deletes its row.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from floatip.config.model import Config
from floatip.config.problems import KeyPath, Problem, shown
from floatip.config.tables import Table


@dataclass(frozen=True, slots=True)
class Row:
    """A key that is refused when it is written (with ``value``, or with any value but an empty one)."""

    key: str
    remedy: str
    value: object = None


NOT_YET: tuple[Row, ...] = (Row("http", "leave [http] out, and ask `floatip status --json`"),)


def unsupported(config: Config) -> list[Problem]:
    """Everything that the file asks for and this version cannot do."""
    return [
        Problem(path=path, text=f"{_what(path, value)} is not in this version; {row.remedy}")
        for row in NOT_YET
        for path, value in _written(config, (), row.key.split("."))
        if (value == row.value if row.value is not None else value not in (None, ()))
    ]


def _what(path: KeyPath, value: object) -> str:
    key = path[-1]
    if isinstance(value, Table):
        return f"[{key}]"
    return f"[[{key}]]" if isinstance(value, tuple) else f"{key} = {shown(value)}"


def _written(table: Table, at: KeyPath, keys: list[str]) -> Iterator[tuple[KeyPath, object]]:
    """(path, value) wherever the file itself, and not a default, says something for these keys."""
    key, *further = keys
    name = next(name for name, field in type(table).model_fields.items() if key in (name, field.alias))
    if name not in table.model_fields_set:
        return
    value = getattr(table, name)
    if not further:
        yield (*at, key), value
    elif isinstance(value, Table):
        yield from _written(value, (*at, key), further)
    else:
        for number, item in enumerate(value):
            yield from _written(item, (*at, key, number), further)
