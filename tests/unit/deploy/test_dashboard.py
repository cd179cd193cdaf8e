"""The Grafana dashboard can be imported, asks for metrics that exist, and shows all of them."""

import json
import re
from itertools import combinations
from typing import Any

import pytest

from tests.shipped import DEPLOY, TOP
from tests.unit.deploy.promql import TARGET, Metrics, labels_of

COLUMNS = 24
DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana" / "floatip.json").read_text())
VARIABLES: dict[str, dict[str, Any]] = {one["name"]: one for one in DASHBOARD["templating"]["list"]}
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
SHOWN = [panel for panel in PANELS if panel["type"] != "row"]
BUILT_IN = {"__rate_interval", "__range"}
"""What Grafana itself puts in."""
NOT_SHOWN: set[str] = set()
"""Documented metrics that no panel shows, on purpose."""


def title(panel: dict[str, Any]) -> str:
    """Name a panel in a report."""
    return str(panel["title"])


def test_it_can_be_imported() -> None:
    """By Grafana 10 and later, under a number of its own; which Prometheus it asks is chosen there."""
    assert DASHBOARD["schemaVersion"] == 39
    assert "id" not in DASHBOARD
    assert VARIABLES["datasource"]["type"] == "datasource"
    assert VARIABLES["datasource"]["query"] == "prometheus"
    sources = [*SHOWN, *(target for panel in SHOWN for target in panel["targets"])]
    sources += [one for one in VARIABLES.values() if one["type"] == "query"]
    assert {json.dumps(one["datasource"], sort_keys=True) for one in sources} == {
        '{"type": "prometheus", "uid": "${datasource}"}'
    }


def test_variables_ask_for_what_there_is(metrics: Metrics) -> None:
    """Each lists the values of a label that its metric has."""
    assert set(VARIABLES) == {"datasource", "job", "instance", "vip"}
    for name, one in VARIABLES.items():
        if one["type"] == "query":
            match = re.fullmatch(r"label_values\((.*), (\w+)\)", one["query"]["query"])
            assert match
            assert match[2] == name
            assert name in (labels_of(match[1], metrics) or ())
            several = name != "job"  # VIPs of two clusters may have the same name
            assert (one["multi"], one["includeAll"], one.get("allValue")) == (
                several,
                several,
                ".*" if several else None,
            )


@pytest.mark.parametrize("panel", SHOWN, ids=title)
def test_a_panel_asks_for_what_there_is(panel: dict[str, Any], metrics: Metrics) -> None:
    """Its metrics and labels are those of a daemon, its variables are there, and its legend says what it can."""
    assert panel["targets"]
    assert panel["description"].endswith((".", "name it", "names it."))
    for target in panel["targets"]:
        labels = labels_of(target["expr"], metrics)
        assert labels is not None
        assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= labels
        assert set(re.findall(r"\$(\w+)", target["expr"])) <= set(VARIABLES) | BUILT_IN
        assert target["expr"].count('job="$job"') == len(re.findall(r"\bfloatip_\w+", target["expr"]))
    ids = [target["refId"] for target in panel["targets"]]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("panel", [one for one in SHOWN if one["type"] != "table"], ids=title)
def test_its_series_are_told_apart(panel: dict[str, Any], metrics: Metrics) -> None:
    """Two series of a panel never bear the same name."""
    for target in panel["targets"]:
        assert (labels_of(target["expr"], metrics) or frozenset()) - {"job"} == set(
            re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])
        )


def test_panels_have_room() -> None:
    """No two share an id or a place; all are on the page, and rows are above what they head."""
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    assert len({panel["title"] for panel in PANELS}) == len(PANELS)
    for panel in PANELS:
        at = panel["gridPos"]
        assert 0 <= at["x"] < at["x"] + at["w"] <= COLUMNS
        assert at["h"] > 0
    for one, other in combinations([panel["gridPos"] for panel in PANELS], 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or above, (one, other)


def test_every_documented_metric_is_shown() -> None:
    """Or left out on purpose."""
    guide = (TOP / "docs" / "monitoring.md").read_text()
    documented = set(re.findall(r"^\| `(floatip_\w+)", guide, re.MULTILINE))
    assert len(documented) > 10
    asked = " ".join(target["expr"] for panel in SHOWN for target in panel["targets"])
    shown = {name for name in documented if re.search(rf"\b{name}(?:_bucket|_sum|_count)?\b", asked)}
    assert documented - shown == NOT_SHOWN


def test_it_knows_what_prometheus_adds() -> None:
    """The scrape configuration of the guide gives what the variables ask for."""
    assert "job_name: floatip" in (TOP / "docs" / "deployment.md").read_text()
    assert {"job", "instance"} == TARGET
