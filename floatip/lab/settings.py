"""What a lab cluster is made of, and the floatip.toml of each of its nodes.

Knows: the keys of the configuration file. Never: checks them; that is the daemon's work, and part of what is tested.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from floatip.lab.errors import LabError

Value = str | int | float | bool | Sequence["Value"] | Mapping[str, "Value"]
Table = Mapping[str, Value]

DAEMON = (sys.executable, "-m", "floatip", "run", "-c")
MQTT_PORT = 1883
MQTTS_PORT = 8883
MAX_NODES = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Vip:
    """One VIP as configured on every node; `extra` are further keys of its table."""

    name: str = "web"
    addresses: Sequence[str] = ("10.77.0.50",)
    interfaces: Sequence[str] = ("eth0",)
    extra: Table = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A cluster: nodes n1.., brokers b1.., a client."""

    nodes: int = 3
    brokers: int = 1
    mqtt: str = "mgmt"
    """The network that MQTT runs over: "mgmt" or "data"."""
    vips: Sequence[Vip] = (Vip(),)
    heartbeat_ms: int = 200
    lease_ms: int = 1000
    policy: str = "keep"
    """no_quorum_policy"""
    priorities: Mapping[str, int] = field(default_factory=dict)
    """Node to its priority for every VIP; nodes not named have the default."""
    extra: Table = field(default_factory=dict)
    """Further keys and tables of every node's file; they win over the ones above."""
    extra_by_node: Mapping[str, Table] = field(default_factory=dict)
    """The same for single nodes."""
    nics: Mapping[str, str] = field(default_factory=lambda: {"eth0": "data", "eth1": "mgmt"})
    """Every node's NICs, and the network of each."""
    daemon: Sequence[str] = DAEMON
    """The daemon's command, to which the file's path is added."""
    broker: Sequence[str] = ()
    """A broker's command, to which ADDRESS:PORT is added; default: mosquitto."""
    broker_hosts: Mapping[str, str] = field(default_factory=dict)
    """Broker to the node that it runs on; brokers not named have hosts of their own."""
    broker_persistence: bool = False
    """Whether mosquitto keeps what is retained over a restart."""
    mosquitto: str = ""
    """The text of every mosquitto's configuration, in place of the lab's own."""
    tls: bool = False
    """Whether nodes come to brokers by TLS: `mosquitto` and `extra` then say with which certificates."""

    def __post_init__(self) -> None:
        if not 1 <= self.nodes <= MAX_NODES:
            raise LabError(f"nodes is {self.nodes}; the lab has room for 1 to {MAX_NODES}")

    @property
    def node_names(self) -> list[str]:
        """Give the nodes' names."""
        return [f"n{i}" for i in range(1, self.nodes + 1)]

    @property
    def port(self) -> int:
        """Give the port that brokers listen on."""
        return MQTTS_PORT if self.tls else MQTT_PORT

    @property
    def broker_names(self) -> list[str]:
        """Give the brokers' names, which are hosts of their own."""
        return [f"b{i}" for i in range(1, self.brokers + 1)]


def node_number(index: int) -> int:
    """Give the host number of node `index` (from 1): n1 is .11, and .50 to .99 are left to VIPs."""
    return 10 + index if index < 40 else 60 + index


def render(settings: Settings, node: str, broker_addresses: Sequence[str], home: Path) -> str:
    """Give the text of a node's floatip.toml; state and socket are below `home`."""
    scheme = "mqtts" if settings.tls else "mqtt"
    config: dict[str, Value] = {
        "cluster": "lab",
        "node": node,
        "state_dir": str(home / "state"),
        "mqtt": {"brokers": [f"{scheme}://{address}:{settings.port}" for address in broker_addresses]},
        "timing": {
            "heartbeat": f"{settings.heartbeat_ms}ms",
            "lease": f"{settings.lease_ms}ms",
            "no_quorum_policy": settings.policy,
        },
        "log": {"level": "debug", "format": "console"},
        "control": {"socket": str(home / "floatip.sock"), "group": "root"},
        "vip": [_vip(vip, settings.priorities.get(node)) for vip in settings.vips],
    }
    config = _joined(_joined(config, settings.extra), settings.extra_by_node.get(node, {}))
    return to_toml(config)


def _vip(vip: Vip, priority: int | None) -> dict[str, Value]:
    table: dict[str, Value] = {"name": vip.name, "addresses": vip.addresses, "interfaces": vip.interfaces}
    if priority is not None:
        table["priority"] = priority
    return {**table, **vip.extra}


def _joined(base: Table, over: Table) -> dict[str, Value]:
    """Put one table over another, table by table; other values replace."""
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        both = isinstance(value, Mapping) and isinstance(below, Mapping)
        result[key] = _joined(below, value) if both else value  # type: ignore[arg-type]
    return result


def to_toml(table: Table, path: str = "") -> str:
    """Write a table as TOML: its plain values first, then its tables and lists of tables."""
    lines, below = [], []
    for key, value in table.items():
        where = f"{path}.{key}" if path else key
        if isinstance(value, Mapping):
            below.append(f"\n[{where}]\n{to_toml(value, where)}")
        elif _is_tables(value):
            below += [f"\n[[{where}]]\n{to_toml(one, where)}" for one in value]  # type: ignore[union-attr, arg-type]
        else:
            lines.append(f"{key} = {_inline(value)}\n")
    return "".join([*lines, *below])


def _is_tables(value: Value) -> bool:
    return not isinstance(value, str) and isinstance(value, Sequence) and any(isinstance(v, Mapping) for v in value)


def _inline(value: Value) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Sequence):
        return f"[{', '.join(_inline(one) for one in value)}]"
    return str(value).lower()
