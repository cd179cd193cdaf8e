"""The configuration files of a lab cluster."""

import tomllib
from pathlib import Path

import pytest

from floatip.lab.errors import LabError
from floatip.lab.settings import MAX_NODES, Settings, Table, Vip, node_number, render, to_toml


def test_a_file_has_all_that_was_asked_for() -> None:
    """Parameters end up under their keys; priorities belong to one node, `extra` joins tables and wins."""
    settings = Settings(
        heartbeat_ms=50,
        lease_ms=200,
        policy="release",
        priorities={"n2": 150},
        vips=[Vip(), Vip(name="six", addresses=["fd77::50"], extra={"preempt": True})],
        extra={"timing": {"kernel_lifetime": "3s"}, "garp": {"repeat": 2}},
        extra_by_node={"n2": {"log": {"level": "info"}}},
    )
    config = tomllib.loads(render(settings, "n2", ["10.78.0.1"], Path("/run/x/n2")))
    assert config["node"] == "n2"
    assert config["mqtt"]["brokers"] == ["mqtt://10.78.0.1:1883"]
    assert config["timing"] == {
        "heartbeat": "50ms",
        "lease": "200ms",
        "no_quorum_policy": "release",
        "kernel_lifetime": "3s",
    }
    assert config["garp"] == {"repeat": 2}
    assert config["log"] == {"level": "info", "format": "console"}
    assert config["control"]["socket"] == "/run/x/n2/floatip.sock"
    assert [vip["priority"] for vip in config["vip"]] == [150, 150]
    assert config["vip"][1] == {
        "name": "six",
        "addresses": ["fd77::50"],
        "interfaces": ["eth0"],
        "priority": 150,
        "preempt": True,
    }
    other = tomllib.loads(render(settings, "n1", ["10.78.0.1"], Path("/run/x/n1")))
    assert "priority" not in other["vip"][0]
    assert other["log"]["level"] == "debug"


def test_toml_comes_back_the_same() -> None:
    """Strings with quotes, lists, nested tables, lists of tables and plain values survive the way to text and back."""
    table: Table = {
        "a": 'say "hi" \\ ü',
        "b": [1, 2.5, True],
        "c": {"d": {"e": "f"}, "g": []},
        "h": [{"i": 1}, {"j": {"k": 2}}],
    }
    assert tomllib.loads(to_toml(table)) == table


def test_nodes_leave_room_for_vips() -> None:
    """No two nodes share a number, and .50 to .99 belong to VIPs."""
    numbers = [node_number(index) for index in range(1, MAX_NODES + 1)]
    assert numbers[0] == 11
    assert len(set(numbers)) == MAX_NODES
    assert not [number for number in numbers if 50 <= number < 100 or number > 254]


def test_too_many_nodes_are_refused() -> None:
    """More nodes than numbers is an error that says how many there may be."""
    with pytest.raises(LabError, match="1 to 80"):
        Settings(nodes=81)
