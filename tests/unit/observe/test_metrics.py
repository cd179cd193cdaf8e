"""What Prometheus reads, by its own parser."""

import re
from dataclasses import replace
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from floatip import __version__
from tests.unit.observe.browser import get, served
from tests.unit.observe.busy import busy
from tests.unit.ops.backend import N2, FakeBackend, snapshot, vip

DOCUMENTED = {
    "floatip_build_info": "version",
    "floatip_quorum": "",
    "floatip_vip_owner": "vip",
    "floatip_vip_isolated": "vip",
    "floatip_vip_witnesses": "vip",
    "floatip_lease_remaining_seconds": "vip",
    "floatip_failovers_total": "reason vip",
    "floatip_takeover_seconds_bucket": "le",
    "floatip_takeover_seconds_count": "",
    "floatip_takeover_seconds_sum": "",
    "floatip_peer_alive": "peer",
    "floatip_broker_connected": "broker",
    "floatip_broker_rtt_seconds": "broker",
    "floatip_messages_dropped_total": "reason",
    "floatip_conflicts_total": "",
    "floatip_loop_lag_seconds": "",
    "floatip_check_passing": "check",
}
"""Each metric with its labels: alert rules are written against these."""
Samples = dict[tuple[str, tuple[str, ...]], float]


async def scraped(backend: FakeBackend) -> Samples:
    """Return the samples by name and label values."""
    async with served(backend) as port:
        reply = await get(port, "/metrics")
    assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        (one.name, tuple(one.labels.values())): one.value
        for family in text_string_to_metric_families(reply.body)
        for one in family.samples
    }


async def test_every_metric_has_its_name_its_labels_and_a_help_text() -> None:
    """Exactly those that are documented."""
    async with served(busy()) as port:
        families = list(text_string_to_metric_families((await get(port, "/metrics")).body))
    found = {one.name: " ".join(sorted(one.labels)) for family in families for one in family.samples}
    assert found == DOCUMENTED
    assert all(len(family.documentation) > 10 for family in families)
    assert len({family.name for family in families}) == len(families)
    for family in families:
        if family.name.endswith("_seconds"):
            assert "Seconds" in family.documentation


async def test_the_guide_names_every_metric() -> None:
    """And no other."""
    guide = (Path(__file__).parents[3] / "docs" / "monitoring.md").read_text()
    named = set(re.findall(r"floatip_[a-z_]+", guide))
    expected = {name.removesuffix("_bucket") for name in DOCUMENTED if not name.endswith(("_sum", "_count"))}
    assert expected <= named
    assert named <= expected | set(DOCUMENTED)


async def test_what_they_say() -> None:
    """Owner of one, isolated owner of another, backup of a third; one broker of two."""
    found = await scraped(busy())
    assert found["floatip_build_info", (__version__,)] == 1
    assert [found["floatip_vip_owner", (name,)] for name in ("web", "db", "mail")] == [1, 1, 0]
    assert [found["floatip_vip_isolated", (name,)] for name in ("web", "db", "mail")] == [0, 1, 0]
    assert [found["floatip_vip_witnesses", (name,)] for name in ("web", "db", "mail")] == [2, 0, 2]
    assert {key: value for key, value in found.items() if "lease" in key[0]} == {
        ("floatip_lease_remaining_seconds", ("web",)): 0.8
    }
    assert found["floatip_failovers_total", ("takeover", "web")] == 2
    assert found["floatip_failovers_total", ("drain", "web")] == 1
    assert found["floatip_failovers_total", ("takeover", "mail")] == 0
    assert found["floatip_peer_alive", ("n2",)] == 1
    assert ("floatip_peer_alive", ("n1",)) not in found
    assert found["floatip_broker_connected", ("mqtt://10.78.0.1:1883",)] == 1
    assert found["floatip_broker_connected", ("b2:1883",)] == 0
    assert found["floatip_broker_rtt_seconds", ("mqtt://10.78.0.1:1883",)] == 0.0007
    assert ("floatip_broker_rtt_seconds", ("b2:1883",)) not in found
    assert found["floatip_messages_dropped_total", ("bad signature",)] == 2
    assert found["floatip_conflicts_total", ()] == 1
    assert found["floatip_loop_lag_seconds", ()] == 0.25
    assert {key[1][0]: value for key, value in found.items() if "check" in key[0]} == {"up": 1, "down": 0}


async def test_takeovers_are_a_histogram() -> None:
    """Cumulative, as Prometheus wants it."""
    found = await scraped(busy())
    assert found["floatip_takeover_seconds_count", ()] == 2
    assert found["floatip_takeover_seconds_sum", ()] == 1.2
    assert found["floatip_takeover_seconds_bucket", ("0.5",)] == 0
    assert found["floatip_takeover_seconds_bucket", ("0.75",)] == 2
    assert found["floatip_takeover_seconds_bucket", ("+Inf",)] == 2


async def test_a_thousand_vips_are_whole() -> None:
    """However they are sliced, each family is once there, with all of its samples together."""
    backend = FakeBackend(now=snapshot(*(vip(f"v{number}") for number in range(1000))))
    async with served(backend) as port:
        body = (await get(port, "/metrics")).body
    families = {family.name: family for family in text_string_to_metric_families(body)}
    assert len(families["floatip_vip_owner"].samples) == 1000
    assert body.count("# TYPE floatip_vip_owner ") == 1


async def test_a_label_may_hold_anything() -> None:
    """A peer's name with quotes and line breaks stays one label."""
    evil = 'a"b\\c\nd'
    nodes = tuple(replace(node, name=evil) if node.name == N2 else node for node in snapshot().nodes)  # type: ignore[arg-type]
    found = await scraped(FakeBackend(now=replace(snapshot(), nodes=nodes)))
    assert found["floatip_peer_alive", (evil,)] == 1
