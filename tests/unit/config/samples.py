"""Documents that tests begin with. Knows: TOML as dicts. Never: what is right or wrong about them."""

import tomllib
from typing import Any

from floatip.config import ConfigError, parse

MINIMAL = """
cluster = "web"
node = "n1"
[mqtt]
brokers = ["mqtt://10.78.0.1:1883"]
[[vip]]
name = "web"
addresses = ["10.77.0.50"]
interfaces = ["eth0"]
"""
THREE = 'brokers = ["mqtts://10.78.0.1", "mqtts://10.78.0.2", "mqtts://10.78.0.3"]'


def document(**more: Any) -> dict[str, Any]:
    """The minimal configuration with keys set or added: ``mqtt__username="n1"``, ``vip__priority=300``."""
    raw = tomllib.loads(MINIMAL)
    for key, value in more.items():
        *tables, last = key.split("__")
        table = raw
        for name in tables:
            inner = table.setdefault(name, {})
            table = inner[0] if isinstance(inner, list) else inner
        table[last] = value
    return raw


def vip(name: str, *addresses: str, **more: Any) -> dict[str, Any]:
    """One more VIP."""
    return {"name": name, "addresses": list(addresses), "interfaces": ["eth0"], **more}


def errors(raw: dict[str, Any]) -> list[str]:
    """What is wrong with a document, without the file's name; nothing if it is right."""
    try:
        parse(raw, "f.toml")
    except ConfigError as error:
        lines = error.errors
    else:
        lines = []
    assert all(line.startswith("f.toml:") for line in lines)
    return [line.removeprefix("f.toml:") for line in lines]


def asked_for(lines: list[str]) -> list[str]:
    """Errors without those that only say that this version lacks something."""
    return [line for line in lines if "is not in this version" not in line]
