"""The metrics of /metrics, read off a snapshot and the tally when they are asked for. Never: costs anything between.

Knows: the names that alert rules are written against. A thousand VIPs are written down slice by slice, and the loop
goes on in between.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from floatip import __version__
from floatip.core.effects import Cause
from floatip.core.snapshot import Snapshot, VipSnapshot
from floatip.core.types import BrokerName, Role
from floatip.observe.tally import TAKEOVER_BUCKETS_S, Tally

SLICE = 50
"""How many VIPs are written down in one turn of the loop."""
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What there is to tell at one moment; ``urls`` names brokers as the user wrote them."""

    snapshot: Snapshot
    tally: Tally
    dropped: Mapping[str, int]
    """How many messages were dropped, by reason."""
    urls: Mapping[BrokerName, str]
    lag_s: float


async def exposition(facts: Facts) -> bytes:
    """Return all of it in the text format of Prometheus."""
    vips = facts.snapshot.vips
    text = [generate_latest(_Families(_of_node(facts)))]
    first = [generate_latest(_Families([family])) for family in _of_vips((), facts.tally)]
    slices: list[list[bytes]] = [[] for _ in first]
    for start in range(0, len(vips), SLICE):
        for at, family in enumerate(_of_vips(vips[start : start + SLICE], facts.tally)):
            slices[at].append(_samples(family))
        await asyncio.sleep(0)
    for head, body in zip(first, slices, strict=True):
        text += [head, *body]
    return b"".join(text)


class _Families(Collector):
    """What ``generate_latest`` takes for a registry."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def _samples(family: Metric) -> bytes:
    """Return the samples of a family without its two lines of HELP and TYPE."""
    if not family.samples:
        return b""
    return generate_latest(_Families([family])).split(b"\n", 2)[2]


def _of_vips(vips: Iterable[VipSnapshot], tally: Tally) -> tuple[Metric, ...]:
    owner = GaugeMetricFamily(
        "floatip_vip_owner", "1 if this node owns the VIP, isolated or not; 1 in the sum of all nodes.", labels=["vip"]
    )
    isolated = GaugeMetricFamily(
        "floatip_vip_isolated", "1 if this node keeps the VIP without a quorum of the brokers.", labels=["vip"]
    )
    witnesses = GaugeMetricFamily(
        "floatip_vip_witnesses",
        "How many nodes have seen the owner's MAC answer for the VIP in its present term, as this node knows.",
        labels=["vip"],
    )
    lease = GaugeMetricFamily(
        "floatip_lease_remaining_seconds",
        "Seconds for which this node stays owner if no heartbeat comes back any more; absent if it is no owner.",
        labels=["vip"],
    )
    failovers = CounterMetricFamily(
        "floatip_failovers", "Changes of owner that this node made or saw, by why.", labels=["vip", "reason"]
    )
    for vip in vips:
        labels = [vip.name]
        for cause in Cause:
            if (count := tally.failovers[vip.name, cause]) or cause is Cause.TAKEOVER:
                failovers.add_metric([vip.name, cause], count)
        owner.add_metric(labels, vip.role in {Role.OWNER, Role.ISOLATED})
        isolated.add_metric(labels, vip.role is Role.ISOLATED)
        witnesses.add_metric(labels, len(vip.verified_by))
        if vip.lease_s is not None:
            lease.add_metric(labels, max(0.0, vip.lease_s))
    return owner, isolated, witnesses, lease, failovers


def _of_node(facts: Facts) -> Iterator[Metric]:
    snapshot = facts.snapshot
    build = GaugeMetricFamily("floatip_build_info", "1; the label tells the version that runs.", labels=["version"])
    build.add_metric([__version__], 1)
    yield build
    yield GaugeMetricFamily(
        "floatip_quorum", "1 if this node is connected to a majority of the brokers.", snapshot.quorum
    )
    peers = GaugeMetricFamily("floatip_peer_alive", "1 if the peer was heard within a lease.", labels=["peer"])
    for node in snapshot.nodes:
        if node.name != snapshot.node:
            peers.add_metric([node.name], node.alive)
    yield peers
    yield from _of_brokers(facts)
    checks = GaugeMetricFamily(
        "floatip_check_passing",
        "1 if the check passes, 0 if it fails; absent until it has looked often enough.",
        labels=["check"],
    )
    for check in snapshot.checks:
        if check.passes is not None:
            checks.add_metric([check.name], check.passes)
    yield checks
    yield GaugeMetricFamily(
        "floatip_loop_lag_seconds",
        "Seconds by which the event loop was woken late, the worst of the last 30 to 60 seconds.",
        facts.lag_s,
    )
    yield from _of_tally(facts)


def _of_brokers(facts: Facts) -> Iterator[Metric]:
    connected = GaugeMetricFamily(
        "floatip_broker_connected", "1 if this node has a session with the broker.", labels=["broker"]
    )
    rtt = GaugeMetricFamily(
        "floatip_broker_rtt_seconds",
        "Seconds until a heartbeat comes back from the broker, the median of the last ones.",
        labels=["broker"],
    )
    for broker in facts.snapshot.brokers:
        labels = [facts.urls.get(broker.name, broker.name)]
        connected.add_metric(labels, broker.connected)
        if broker.rtt_ms is not None:
            rtt.add_metric(labels, broker.rtt_ms / 1000)
    yield connected
    yield rtt


def _of_tally(facts: Facts) -> Iterator[Metric]:
    tally = facts.tally
    counts = [sum(tally.takeovers[: at + 1]) for at in range(len(tally.takeovers))]
    bounds = [*(str(bound) for bound in TAKEOVER_BUCKETS_S), "+Inf"]
    yield HistogramMetricFamily(
        "floatip_takeover_seconds",
        "Seconds from the last word of the former owner to the first announcement of this node, its takeovers only.",
        buckets=list(zip(bounds, counts, strict=True)),
        sum_value=tally.takeover_sum_s,
    )
    dropped = CounterMetricFamily(
        "floatip_messages_dropped", "Messages that were not believed or not understood, by why.", labels=["reason"]
    )
    for reason, count in facts.dropped.items():
        dropped.add_metric([reason], count)
    yield dropped
    yield CounterMetricFamily(
        "floatip_conflicts", "Warnings about who answers on the LAN for the addresses of VIPs.", value=tally.conflicts
    )
