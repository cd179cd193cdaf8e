"""What the engine decides by, key by key: each says in the file what it says in the engine's own terms."""

from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import pytest

from floatip.config import parse
from floatip.core.types import CheckSpec, NodeSpec, Placed, Placement, Policy, Route, VipSpec
from tests.unit.config.samples import document

CHECK = {"name": "http", "type": "tcp", "target": "127.0.0.1:80"}
BROKERS = ["mqtt://10.78.0.1", "mqtt://10.78.0.2:1884", "mqtts://10.78.0.3"]


def spec_of(**more: Any) -> NodeSpec:
    """What the engine gets of the minimal file with these keys."""
    return parse(document(**more), "f").node_spec("1")


@pytest.mark.parametrize(
    ("more", "of", "expected"),
    [
        ({"cluster": "db"}, lambda spec: spec.cluster, "db"),
        ({"node": "n7"}, lambda spec: spec.node, "n7"),
        (
            {"mqtt__brokers": BROKERS},
            lambda spec: (spec.brokers, spec.quorum),
            (("10.78.0.1:1883", "10.78.0.2:1884", "10.78.0.3:8883"), 2),
        ),
        ({"timing__heartbeat": "100ms"}, lambda spec: spec.timing.heartbeat_s, 0.1),
        ({"timing__lease": "900ms"}, lambda spec: spec.timing.lease_s, 0.9),
        ({"timing__kernel_lifetime": "7s"}, lambda spec: spec.timing.lifetime_s(Policy.KEEP), 7),
        ({"timing__no_quorum_policy": "lan"}, lambda spec: spec.vips[0].policy, Policy.LAN),
        ({"garp__repeat": 2}, lambda spec: spec.garp_offsets_s, (0.0, 0.05)),
        ({"garp__refresh": "7s"}, lambda spec: spec.garp_refresh_s, 7.0),
        ({"lan__gateway": "10.77.0.1"}, lambda spec: spec.gateway, ip_address("10.77.0.1")),
        ({"lan__health": False}, lambda spec: spec.lan_health, False),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_key_of_the_node_reaches_the_engine(
    more: dict[str, Any], of: Callable[[NodeSpec], object], expected: object
) -> None:
    """In its own terms, and it is another than without the key."""
    assert of(spec_of(**more)) == expected
    assert of(spec_of()) != expected


@pytest.mark.parametrize(
    ("more", "of", "expected"),
    [
        ({"name": "mail"}, lambda vip: vip.name, "mail"),
        (
            {"addresses": ["10.77.0.51/24", "fd77::51@eth1"]},
            lambda vip: vip.addresses,
            (
                Placed(address=ip_address("10.77.0.51"), prefix=24),
                Placed(address=ip_address("fd77::51"), prefix=128, interface="eth1"),
            ),
        ),
        ({"interfaces": ["eth1", "eth0"]}, lambda vip: vip.interfaces, ("eth1", "eth0")),
        ({"priority": 7}, lambda vip: vip.priority, 7),
        ({"placement": "spread"}, lambda vip: vip.placement, Placement.SPREAD),
        ({"preempt": True}, lambda vip: vip.preempt, True),
        ({"preempt": True, "preempt_delay": "7s"}, lambda vip: vip.preempt_delay_s, 7.0),
        ({"handover": "break-before-make"}, lambda vip: vip.make_before_break, False),
        ({"no_quorum_policy": "release"}, lambda vip: (vip.policy, vip.make_before_break), (Policy.RELEASE, False)),
        ({"no_quorum_policy": "release", "handover": "make-before-break"}, lambda vip: vip.policy, Policy.RELEASE),
        ({"source": True}, lambda vip: vip.source, True),
        (
            {"gateway": "10.77.0.1", "table": 150},
            lambda vip: vip.route,
            Route(gateway=ip_address("10.77.0.1"), table=150),
        ),
        ({"checks": ["http"]}, lambda vip: vip.checks, ("http",)),
        ({"damping": "7s"}, lambda vip: vip.damping_s, 7.0),
        ({"purpose": "front"}, lambda vip: vip.purpose, "front"),
        ({"contact": "ops"}, lambda vip: vip.contact, "ops"),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)
def test_a_key_of_a_vip_reaches_the_engine(
    more: dict[str, Any], of: Callable[[VipSpec], object], expected: object
) -> None:
    """In its own terms, and it is another than without the key."""
    checks = {"check": [CHECK]} if "checks" in more else {}
    assert of(spec_of(**{f"vip__{key}": value for key, value in more.items()}, **checks).vips[0]) == expected
    assert of(spec_of().vips[0]) != expected


def test_keys_of_a_check_reach_the_engine() -> None:
    """How its results count; of the checks that a VIP asks for alone."""
    counted = {**CHECK, "rise": 4, "fall": 5, "weight": -6}
    (check,) = spec_of(check=[counted, {**CHECK, "name": "idle"}], vip__checks=["http"]).checks
    assert check == CheckSpec(name=check.name, rise=4, fall=5, weight=-6)
    assert check.name == "http"
