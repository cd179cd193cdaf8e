"""What pydantic finds, in sentences. Knows: pydantic's kinds of errors, the tables. Never: relations, files."""

import difflib

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from floatip.config.model import TABLES
from floatip.config.problems import KeyPath, Problem, dotted, listed, shown

_ARRAYS = frozenset({("vip",), ("alias",), ("check",), ("hook",)})
_EXAMPLES: dict[tuple[str, ...], str] = {
    ("cluster",): 'cluster = "web"',
    ("mqtt",): '[mqtt] with brokers = ["mqtt://10.78.0.1:1883"]',
    ("mqtt", "brokers"): 'brokers = ["mqtt://10.78.0.1:1883"]',
    ("mqtt", "embedded", "listen"): 'listen = "10.78.0.11:1883"',
    ("http", "listen"): 'listen = "127.0.0.1:9477"',
    ("vip", "name"): 'name = "web"',
    ("vip", "addresses"): 'addresses = ["10.77.0.50"]',
    ("vip", "interfaces"): 'interfaces = ["eth0"]',
    ("alias", "address"): 'address = "10.77.0.60"',
    ("alias", "purpose"): 'purpose = "printer of the second floor"',
    ("check", "name"): 'name = "nginx"',
    ("check", "type"): 'type = "tcp"',
    ("hook", "on"): 'on = ["acquired", "released"]',
    ("hook", "command"): 'command = ["/etc/floatip/notify.sh"]',
}
_PERHAPS, _SURELY = 0.6, 0.85
"""How alike a key must be to one that is meant; more so if it is right elsewhere."""
_KINDS = {
    "int_type": "a whole number",
    "bool_type": "true or false",
    "string_type": "a string",
    "tuple_type": "a list",
}
_BOUNDS = {
    "enum": "{expected}",
    "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
}


def explained(error: ValidationError) -> list[Problem]:
    """One Problem for each thing that pydantic found."""
    return [
        Problem(path=details["loc"], text=_sentence(details))
        for details in error.errors(include_url=False)
        if not (details["type"] == "too_short" and details["input"])  # its items have been told of already
    ]


def table_of(path: KeyPath) -> tuple[str, ...]:
    """A path without the numbers of items."""
    return tuple(step for step in path if isinstance(step, str))


def keys_of(table: tuple[str, ...]) -> list[str]:
    """The keys that a table can have."""
    return [field.alias or name for name, field in TABLES[table].model_fields.items()]


def _sentence(details: ErrorDetails) -> str:
    kind, context = details["type"], details.get("ctx", {})
    example = _EXAMPLES.get(table_of(details["loc"]), "")
    if kind == "value_error":
        return str(context["error"])
    if kind == "extra_forbidden":
        return _unknown(table_of(details["loc"]))
    if kind == "missing":
        return f"is missing; write for example {example}"
    if kind == "too_short":
        return f"is empty, must have at least one item; write for example {example}"
    if kind in _BOUNDS:
        wanted = _BOUNDS[kind].format(**context).replace("'", '"')
        return f"found {shown(details['input'])}, must be {wanted}"
    return _wrong_kind(details)


def _wrong_kind(details: ErrorDetails) -> str:
    value, keys = details["input"], table_of(details["loc"])
    if keys in _ARRAYS:
        return f"must be a list of tables: write {_header(keys)}" + (
            f", not [{keys[0]}]" if isinstance(value, dict) else ""
        )
    if keys in TABLES:
        return f"must be a table: write {_header(keys)}" + (
            f", not [[{dotted(keys)}]]" if isinstance(value, list) else ""
        )
    return f"found {shown(value)}, must be {_KINDS.get(details['type'], 'of another kind')}"


def _unknown(path: tuple[str, ...]) -> str:
    *table, key = path
    known = keys_of(tuple(table))
    home = _home(key)
    near = difflib.get_close_matches(key.lower(), known, n=1, cutoff=_SURELY if home else _PERHAPS)
    near = near or [one for one in known if sorted(one) == sorted(key.lower())]  # "no" for "on": alike to nobody else
    if near:
        return f'is not a key here; did you mean "{near[0]}"?' + (f' "{key}" {home}' if home else "")
    return "is not a key here; " + (f"it {home}" if home else f"known are {', '.join(known)}")


def _home(key: str) -> str:
    """Where a key belongs that is one elsewhere; nothing if it is none."""
    if (key,) in TABLES:
        return f"is a table of its own: {_header((key,))}"
    if key in keys_of(()):
        return "belongs at the top, above all tables"
    tables = [_header(table) for table in TABLES if table and key in keys_of(table)]
    return f"belongs in {listed(tables, 'or')}" if tables else ""


def _header(table: tuple[str, ...]) -> str:
    return f"[[{dotted(table)}]]" if table in _ARRAYS else f"[{dotted(table)}]"
