"""The JSON Schema, the documented keys and the examples for operators say the same as the model."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from floatip.config import Config, load, parse
from floatip.config.model import TABLES
from tests.unit.config.samples import MINIMAL, document

EXAMPLES = sorted((Path(__file__).parents[3] / "configs").glob("*.toml"))

DOCUMENTED = {
    "": "cluster node state_dir mqtt security timing log sysctl garp control http lan vip alias check hook",
    "mqtt": "brokers username password_file ca_file cert_file key_file embedded",
    "mqtt.embedded": "listen",
    "security": "keys",
    "timing": "heartbeat lease no_quorum_policy kernel_lifetime",
    "log": "level format",
    "sysctl": "enforce restore_on_exit all",
    "garp": "repeat refresh rate",
    "control": "socket group",
    "http": "listen",
    "lan": "gateway health",
    "vip": "name addresses interfaces priority placement preempt preempt_delay handover source no_quorum_policy "
    "gateway table checks damping purpose contact",
    "alias": "address purpose contact",
    "check": "name type target command interval timeout contains max_age rise fall weight",
    "hook": "on command vips keepalived_arguments keepalived_name timeout",
}
DEFAULTS = {
    "state_dir": "/var/lib/floatip",
    "timing.heartbeat": "200ms",
    "timing.lease": "1s",
    "timing.no_quorum_policy": "keep",
    "timing.kernel_lifetime": "3s",
    "log.level": "info",
    "log.format": "auto",
    "sysctl.enforce": True,
    "sysctl.restore_on_exit": False,
    "sysctl.all": False,
    "garp.repeat": 5,
    "garp.refresh": "1m",
    "garp.rate": 500,
    "control.socket": "/run/floatip/floatip.sock",
    "control.group": "floatip",
    "lan.health": True,
    "vip.priority": 100,
    "vip.placement": "priority",
    "vip.preempt": False,
    "vip.preempt_delay": "0s",
    "vip.source": False,
    "vip.damping": "10s",
    "check.interval": "1s",
    "check.timeout": "500ms",
    "check.rise": 2,
    "check.fall": 3,
    "check.weight": 0,
    "hook.keepalived_arguments": False,
    "hook.timeout": "10s",
}
REQUIRED = {
    "": {"cluster", "mqtt"},
    "mqtt": {"brokers"},
    "mqtt.embedded": {"listen"},
    "http": {"listen"},
    "vip": {"name", "addresses", "interfaces"},
    "alias": {"address", "purpose"},
    "check": {"name", "type"},
    "hook": {"on", "command"},
}


def schema_of(table: str) -> dict[str, Any]:
    """The part of the schema that describes one table."""
    schema = Config.json_schema()
    found: dict[str, Any] = schema
    for key in filter(None, table.split(".")):
        found = found["properties"][key]
        found = found.get("items", found)
        found = schema["$defs"][found["$ref"].rpartition("/")[2]]
    return found


def violations(value: Any, schema: dict[str, Any], root: dict[str, Any], path: str = "") -> list[str]:
    """Where a value does not follow a schema: the part of JSON Schema that ours uses."""
    if "$ref" in schema:
        return violations(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root, path)
    if "type" not in schema:
        return [] if value in schema["enum"] else [f"{path}: {value!r} is none of {schema['enum']}"]
    kinds = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict}
    kind = kinds[schema["type"]]
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        return [f"{path}: {value!r} is not of type {schema['type']}"]
    found = []
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{path}: {value!r} is none of {schema['enum']}")
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        found.append(f"{path}: {value!r} does not match {schema['pattern']}")
    if isinstance(value, int) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        found.append(f"{path}: {value!r} is out of range")
    if isinstance(value, list):
        found += [] if len(value) >= schema.get("minItems", 0) else [f"{path}: is too short"]
        found += [each for item in value for each in violations(item, schema["items"], root, f"{path}[]")]
    if isinstance(value, dict):
        found += [f"{path}.{key}: is missing" for key in schema.get("required", []) if key not in value]
        for key, item in value.items():
            known = schema["properties"].get(key)
            found += [f"{path}.{key}: is unknown"] if known is None else violations(item, known, root, f"{path}.{key}")
    return found


def test_every_documented_key_exists_and_no_other() -> None:
    """The model has exactly the keys that users were told of."""
    found = {
        ".".join(path): {field.alias or name for name, field in table.model_fields.items()}
        for path, table in TABLES.items()
    }
    assert found == {table: set(keys.split()) for table, keys in DOCUMENTED.items()}


def test_defaults_are_the_documented_ones() -> None:
    """The schema tells the documented defaults, spelled as in the file; what it tells is what the model does."""
    found = {
        ".".join(filter(None, (table, key))): schema["default"]
        for table in DOCUMENTED
        for key, schema in schema_of(table)["properties"].items()
        if schema.get("default", "") not in ("", [])
    }
    assert found == DEFAULTS
    written = document()
    for key, value in DEFAULTS.items():
        table, _, last = key.rpartition(".")
        if table not in {"check", "hook"} and key != "lan.health":
            target = written["vip"][0] if table == "vip" else written.setdefault(table, {}) if table else written
            target[last] = value
    assert parse(written, "f") == parse(document(), "f")


@pytest.mark.parametrize("table", DOCUMENTED)
def test_the_schema_describes_each_key(table: str) -> None:
    """Each key has a description, unknown keys are refused, and what is required is said."""
    schema = schema_of(table)
    assert schema["additionalProperties"] is False
    assert set(schema.get("required", [])) == REQUIRED.get(table, set())
    assert all(key.get("description") for key in schema["properties"].values())
    assert "null" not in str(schema)


def test_durations_are_strings_in_the_schema() -> None:
    """The schema refuses a bare number and accepts a number with a unit."""
    schema = schema_of("timing")["properties"]["lease"]
    assert schema["type"] == "string"
    assert re.search(schema["pattern"], "200ms")
    assert not re.search(schema["pattern"], "200")


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)
def test_each_example_is_a_configuration(file: Path) -> None:
    """Every example for operators is accepted by the model and by the schema, and names a valid node."""
    schema = Config.json_schema()
    assert violations(tomllib.loads(file.read_text()), schema, schema) == []
    assert load(file).node_spec("1").vips


def test_examples_are_there() -> None:
    """The examples that other pages point to exist."""
    names = {file.name for file in EXAMPLES}
    assert names >= {
        "two-nodes-n1.toml",
        "two-nodes-n2.toml",
        "three-brokers.toml",
        "dual-stack.toml",
        "reference.toml",
    }


def test_the_reference_has_every_key() -> None:
    """Some as a comment, where they have no use beside the others."""
    text = next(file for file in EXAMPLES if file.name == "reference.toml").read_text()
    keys = {key for table in DOCUMENTED.values() for key in table.split()}
    assert {key for key in keys if not re.search(rf"^(# )?{key} =|^\[+(\w+\.)?{key}\]", text, re.MULTILINE)} == set()


def test_two_nodes_agree() -> None:
    """The two halves of the first example are one cluster: same definition, another node."""
    first, second = (load(file).node_spec("1") for file in EXAMPLES if file.name.startswith("two-nodes"))
    assert (first.cluster, first.brokers, first.terms) == (second.cluster, second.brokers, second.terms)
    assert [vip.definition for vip in first.vips] == [vip.definition for vip in second.vips]
    assert first.node != second.node


def test_the_schema_refuses_what_is_wrong() -> None:
    """The schema is more than a shape: the checker above finds a wrong document wrong."""
    schema = Config.json_schema()
    raw = tomllib.loads(MINIMAL) | {"timing": {"lease": 1}, "colour": "blue"}
    raw["vip"][0]["priority"] = 300
    assert violations(raw, schema, schema) == [
        ".vip[].priority: 300 is out of range",
        ".timing.lease: 1 is not of type string",
        ".colour: is unknown",
    ]
