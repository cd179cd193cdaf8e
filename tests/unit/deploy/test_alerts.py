"""The alert rules ask for metrics that exist, in expressions that can be true, and tell people what to do."""

import re
from typing import Any

import pytest
import yaml

from tests.shipped import DEPLOY
from tests.unit.deploy.promql import Metrics, labels_of


def rules() -> list[dict[str, Any]]:
    """Read all rules."""
    (group,) = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_a_rule_is_whole(rule: dict[str, Any]) -> None:
    """It asks for metrics of floatip's job, and says how bad it is, what it is and what to do."""
    asked = re.findall(r"\b(?:floatip_\w+|up)\b", rule["expr"])
    assert asked
    assert rule["expr"].count('{job="floatip"}') == len(asked)
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert set(rule) - {"for"} == {"alert", "expr", "labels", "annotations"}
    assert re.fullmatch(r"\d+[smh]", rule.get("for", "1m"))
    assert set(rule["annotations"]) == {"summary", "description"}
    assert not rule["annotations"]["summary"].endswith(".")
    assert rule["annotations"]["description"].endswith(".")


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_its_expression_makes_sense(rule: dict[str, Any], metrics: Metrics) -> None:
    """It is a condition on metrics and labels of a daemon, and its words name none that are not there then."""
    labels = labels_of(rule["expr"], metrics)
    assert labels is not None
    assert re.search(r"[<>]|==|\babsent\(", rule["expr"])
    for text in rule["annotations"].values():
        named = set(re.findall(r"\$labels\.(\w+)", text))
        assert named <= labels, f"{named - labels} is not there when the alert is"
        assert (
            text.count("{{")
            == text.count("}}")
            == len(re.findall(r"\{\{ \$(?:value|labels\.\w+)(?: \|[^}]*)? \}\}", text))
        )


def test_names_are_told_apart() -> None:
    """No alert is there twice, and each is known as floatip's."""
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names)) > 10
    assert all(name.startswith("Floatip") for name in names)
