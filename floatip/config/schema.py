"""The JSON Schema as it describes a TOML file. Knows: JSON Schema. Never: any key by name."""

from typing import Any

from floatip.config.fields import DURATION_PATTERN, duration


def tidy(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema that pydantic makes, without null (TOML has none) and with defaults spelled as in the file."""
    definitions = {name: _tidy(definition) for name, definition in schema.pop("$defs", {}).items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_tidy(schema),
        "title": "floatip configuration",
        "$defs": definitions,
    }


def _tidy(table: dict[str, Any]) -> dict[str, Any]:
    properties = {key: _key(value) for key, value in table.get("properties", {}).items()}
    return table | {"properties": properties} if properties else table


def _key(schema: dict[str, Any]) -> dict[str, Any]:
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) == 1:
        schema = choices[0] | {key: value for key, value in schema.items() if key != "anyOf"}
    schema = {key: value for key, value in schema.items() if key != "title"}
    default = schema.get("default")
    if default is None or isinstance(default, dict):
        schema.pop("default", None)
    elif schema.get("pattern") == f"^{DURATION_PATTERN}$":
        schema["default"] = duration(default)
    return schema
