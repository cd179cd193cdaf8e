"""The alert rules ask for metrics that exist, and tell people what to do."""

import re
from typing import Any

import pytest
import yaml

from tests.shipped import DEPLOY

METRICS = {
    "floatip_vip_owner",
    "floatip_vip_isolated",
    "floatip_vip_witnesses",
    "floatip_failovers_total",
    "floatip_takeover_seconds",
    "floatip_peer_alive",
    "floatip_broker_connected",
    "floatip_broker_rtt_seconds",
    "floatip_messages_dropped_total",
    "floatip_conflicts_total",
    "floatip_loop_lag_seconds",
    "floatip_lease_remaining_seconds",
}
"""All that /metrics has."""


def rules() -> list[dict[str, Any]]:
    """Read all rules."""
    (group,) = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_a_rule_is_whole(rule: dict[str, Any]) -> None:
    """It asks for documented metrics of floatip's job, and says how bad it is, what it is and what to do."""
    metrics = set(re.findall(r"\b(?:floatip_\w+|up)\b", rule["expr"]))
    assert metrics
    assert metrics <= METRICS | {"up"}
    assert rule["expr"].count('{job="floatip"}') == len(re.findall(r"\b(?:floatip_\w+|up)\b", rule["expr"]))
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert set(rule["annotations"]) == {"summary", "description"}
    assert not rule["annotations"]["summary"].endswith(".")
    assert rule["annotations"]["description"].endswith(".")


def test_names_are_told_apart() -> None:
    """No alert is there twice, and each is known as floatip's."""
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names)) > 10
    assert all(name.startswith("Floatip") for name in names)
