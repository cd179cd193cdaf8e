"""Timing, gratuitous ARP, hooks, routing and static addresses."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floatip.config import parse
from floatip.core.types import Policy, Timing
from floatip.keepalived.draft import Draft, VipDraft
from floatip.keepalived.ledger import Ledger
from floatip.keepalived.timing import Pace, Paces
from floatip.keepalived.toml import written
from tests.unit.keepalived.reading import config, imported, instance, listed, raw


@given(
    advert_s=st.floats(min_value=0.01, max_value=255).map(lambda value: round(value, 4)),
    adverts=st.integers(min_value=1, max_value=100),
)
def test_a_death_is_noticed_as_soon_as_by_keepalived(advert_s: float, adverts: int) -> None:
    """Whatever the interval, the timing is valid; and quicker, unless that is beyond floatip's shortest lease."""
    paces, draft = Paces(Ledger()), Draft(brokers=["mqtt://192.0.2.1"])
    paces.found.append(Pace(advert_s=advert_s, adverts=adverts, said=None))
    paces.settle(draft)
    vip = VipDraft(name="a", addresses=["10.77.0.1"], interfaces=["eth0"], priority=1, preempt=True, preempt_delay_s=0)
    draft.vips.append(vip)
    timing = parse(tomllib.loads(written(draft, "k")), "k").timing
    down_s = Timing(heartbeat_s=timing.heartbeat_s, lease_s=timing.lease_s).owner_down_s(Policy.KEEP)
    assert down_s <= advert_s * adverts + 1e-9 or timing.lease_s == 0.03, (timing, down_s)


def test_the_quickest_instance_sets_the_pace(tmp_path: Path) -> None:
    """The timing is one for the cluster; the others are told."""
    other = "vrrp_instance B {\ninterface eth0\nadvert_int 5\nvirtual_ipaddress {\n10.77.0.51\n}\n}"
    result = imported(tmp_path, instance("advert_int 2\ndown_timer_adverts 4", other))
    timing = raw(result)["timing"]
    assert (timing["heartbeat"], timing["lease"], timing["kernel_lifetime"]) == ("400ms", "6s", "6s")
    assert [(kind, value) for kind, value, _ in listed(result, "advert_int")] == [("changed", "5")]


def test_advertisements_that_are_too_quick(tmp_path: Path) -> None:
    """The shortest lease is floatip's limit, and the list says so."""
    result = imported(tmp_path, instance("advert_int 0.01"))
    assert raw(result)["timing"]["lease"] == "30ms"
    assert "slower than this" in listed(result, "advert_int")[0][2]


@pytest.mark.parametrize(
    ("inside", "defs", "garp"),
    [
        ("", "", None),
        ("garp_master_repeat 2", "vrrp_garp_master_repeat 7", {"repeat": 7}),
        ("", "vrrp_garp_master_repeat 50", {"repeat": 20}),
        ("garp_master_refresh 30", "vrrp_garp_master_refresh 60", {"refresh": "30s"}),
        ("", "vrrp_garp_master_refresh 0", None),
        ("", "vrrp_min_garp", {"repeat": 1}),
        ("", "vrrp_min_garp off", None),
        ("", "vrrp_garp_interval 0.001", {"rate": 1000}),
        ("", "vrrp_garp_interval 0", None),
        ("", "vrrp_garp_interval x", None),
    ],
)
def test_gratuitous_arp(tmp_path: Path, inside: str, defs: str, garp: dict[str, Any] | None) -> None:
    """[garp] is one for all, so the most that anybody asks for counts."""
    result = imported(tmp_path, instance(inside, f"global_defs {{\n{defs}\n}}"))
    config(result)
    assert raw(result).get("garp") == garp


NOTIFY = """
notify_master "/bin/m 'a b'" user group
notify_backup /bin/b
notify_fault "/bin/f x"
notify_stop "/bin/s"
notify "/bin/n y"
smtp_alert
"""


def test_notify_scripts_become_hooks(tmp_path: Path) -> None:
    """Each for its own VIP, with the arguments that keepalived would give."""
    result = imported(tmp_path, instance(NOTIFY))
    hooks = config(result).hooks
    assert [([str(event) for event in hook.on], hook.command, hook.keepalived_arguments) for hook in hooks] == [
        (["acquired"], ("/bin/m", "a b"), False),
        (["released", "backup"], ("/bin/b",), False),
        (["fault"], ("/bin/f", "x"), False),
        (["stop"], ("/bin/s",), False),
        (["acquired", "released", "backup", "fault", "stop"], ("/bin/n", "y"), True),
    ]
    assert {hook.vips for hook in hooks} == {("vi_1",)}
    assert [hook.keepalived_name for hook in hooks] == [None, None, None, None, "VI_1"]
    assert listed(result, "notify") == []
    assert listed(result, "user")[0][:2] == ("not carried over", "user group")


def test_a_groups_notify_script(tmp_path: Path) -> None:
    """The group is the VIP, and so is the word GROUP where hooks know it."""
    group = 'vrrp_sync_group G {\ngroup {\nVI_1\n}\nnotify "/bin/g"\n}'
    result = imported(tmp_path, instance('notify "/bin/i"', group))
    hooks = raw(result)["hook"]
    assert [(hook["command"], hook["vips"], hook["keepalived_arguments"]) for hook in hooks] == [
        (["/bin/g"], ["g"], "group"),
        (["/bin/i"], ["g"], True),
    ]
    assert [hook["keepalived_name"] for hook in hooks] == ["G", "VI_1"]


ROUTED = """
virtual_rules {{
{rules}
}}
virtual_routes {{
{routes}
}}
"""


@pytest.mark.parametrize(
    ("rules", "routes"),
    [
        ("from 10.77.0.50 table 150", "default via 10.77.0.1 table 150"),
        ("from 10.77.0.50/32 lookup 150 pref 100", "0.0.0.0/0 gw 10.77.0.1 dev eth0 table 150"),
        ("from 10.77.0.50 table 150", "to 0/0 via 10.77.0.1 table 150 src 10.77.0.50\n192.0.2.0/24 via 10.77.0.2"),
    ],
)
def test_source_routing(tmp_path: Path, rules: str, routes: str) -> None:
    """A rule from the VIP and a default route in its table are `gateway` and `table`."""
    result = imported(tmp_path, instance(ROUTED.format(rules=rules, routes=routes)))
    (vip,) = config(result).vips
    assert (str(vip.gateway), vip.table) == ("10.77.0.1", 150)


@pytest.mark.parametrize(
    ("rules", "routes"),
    [
        ("from 10.77.0.0/24 table 150", "default via 10.77.0.1 table 150"),
        ("from 10.77.0.50 table 151", "default via 10.77.0.1 table 150"),
        ("from 10.77.0.50 table 254", "default via 10.77.0.1 table 254"),
        ("from 10.77.0.50 table isp", "default via 10.77.0.1 table isp"),
        ("from 10.77.0.50 to 192.0.2.1 table 150", "default via 10.77.0.1 table 150"),
        ("from 10.77.0.50 table 150", "192.0.2.0/24 via 10.77.0.1 table 150"),
        ("from 10.77.0.50 table 150", "default via 10.77.0.50 table 150"),
        ("from 10.77.0.50 table 150", "default dev eth0 table 150"),
        ("from 10.77.0.50 fwmark 3 table 150", "default via 10.77.0.1 table 150"),
        ("from nowhere table 150", "default via 10.77.0.1 table 150"),
    ],
)
def test_other_routing_is_listed(tmp_path: Path, rules: str, routes: str) -> None:
    """Nothing is guessed."""
    result = imported(tmp_path, instance(ROUTED.format(rules=rules, routes=routes)))
    assert config(result).vips[0].gateway is None
    assert listed(result, "virtual_rules")[0][0] == listed(result, "virtual_routes")[0][0] == "not carried over"


def test_source_routing_of_some_addresses_is_listed(tmp_path: Path) -> None:
    """A VIP has one gateway for all its addresses of a kind."""
    routing = ROUTED.format(rules="from 10.77.0.50 table 150", routes="default via 10.77.0.1 table 150")
    result = imported(tmp_path, instance("virtual_ipaddress_excluded {\n10.77.0.51\n}" + routing))
    assert config(result).vips[0].gateway is None
    assert "give them a VIP of their own" in listed(result, "default")[0][2]


def test_a_table_leads_to_one_gateway(tmp_path: Path) -> None:
    """The second VIP that would have another is listed."""
    other = "vrrp_instance B {\ninterface eth0\nvirtual_ipaddress {\n10.77.0.51\n}\n"
    other += ROUTED.format(rules="from 10.77.0.51 table 150", routes="default via 10.77.0.2 table 150") + "}"
    routing = ROUTED.format(rules="from 10.77.0.50 table 150", routes="default via 10.77.0.1 table 150")
    assert [vip.table for vip in config(imported(tmp_path, instance(routing, other))).vips] == [150, None]


def test_static_addresses_are_written_down(tmp_path: Path) -> None:
    """As plain addresses, each once, and with the word that floatip does not add them."""
    static = "static_ipaddress {\n10.77.0.60/24 dev eth0 scope link\n10.77.0.60 dev eth1\n10.77.0.50\nx\n}"
    result = imported(tmp_path, instance(outside=static))
    assert raw(result)["alias"] == [{"address": "10.77.0.60", "purpose": "static address of keepalived.conf"}]
    assert [listed(result, word)[0][0] for word in ("10.77.0.60/24", "10.77.0.60", "10.77.0.50", "x")] == [
        "changed",
        "not carried over",
        "not carried over",
        "not carried over",
    ]


def test_router_id_is_the_name_of_the_node(tmp_path: Path) -> None:
    """Made valid, with the warning that it must be unique."""
    result = imported(tmp_path, instance(outside="global_defs {\nrouter_id LVS_DEVEL\n}"))
    assert config(result).node == "lvs_devel"
    assert "no two nodes" in listed(result, "router_id")[0][2]


def test_what_is_said_twice_counts_once(tmp_path: Path) -> None:
    """The last one, and the list says so."""
    result = imported(tmp_path, instance("priority 10\npriority 20"))
    assert config(result).vips[0].priority == 20
    assert listed(result, "priority") == [("not needed", "10", "line 9 says it again, and counts")]


def test_includes_and_conditions_are_in_the_list(tmp_path: Path) -> None:
    """What was left out when the file was read."""
    result = imported(tmp_path, instance("@n2 priority 7", "include none.conf"), config_id="n1")
    assert listed(result, "priority")[0][:2] == ("not needed", "7")
    assert listed(result, "include")[0][0] == "not carried over"
