"""Instances and groups as VIPs: names, addresses, priorities, preemption, and what is said about each."""

from pathlib import Path

import pytest

from floatip.keepalived import KeepalivedError, NothingToImport, Wishes, import_file
from tests.unit.keepalived.reading import CONFIGS, config, imported, instance, listed, raw


def test_the_smallest_instance(tmp_path: Path) -> None:
    """Keepalived's defaults are written out where floatip has others."""
    result = imported(tmp_path, instance())
    (vip,) = raw(result)["vip"]
    assert vip == {
        "name": "vi_1",
        "addresses": ["10.77.0.50"],
        "interfaces": ["eth0"],
        "priority": 100,
        "preempt": True,
    }
    assert raw(result)["timing"]["no_quorum_policy"] == "keep"
    assert config(result).cluster == "vi_1"


def test_a_web_server(tmp_path: Path) -> None:
    """A usual file, with all that is usual in it."""
    result = import_file(CONFIGS / "web-n1.conf", Wishes(config_id="n1"))
    made = config(result)
    (vip,) = made.vips
    assert made.node == "web-n1"
    assert raw(result)["vip"][0]["addresses"] == ["10.77.0.50/24", "10.77.0.51/24@eth1"]
    assert (vip.priority, vip.preempt, vip.checks) == (160, True, ("link-eth1", "chk_nginx"))
    assert [(check.name, check.weight) for check in made.checks] == [("link-eth1", -10), ("chk_nginx", -60)]
    assert made.garp.refresh_s == 30
    assert "s3cr3t" not in result.config + str(result.entries) + str(result.carried)


def test_a_pair_of_routers(tmp_path: Path) -> None:
    """A sync group is one VIP; conditions say which node this is."""
    for node, priority in (("n1", 200), ("n2", 100)):
        result = import_file(CONFIGS / "routers.conf", Wishes(config_id=node))
        made = config(result)
        (vip,) = made.vips
        assert raw(result)["vip"][0]["addresses"] == [
            "10.77.0.1/24",
            "fd77::1/64",
            "10.78.0.1/24@eth1",
            "10.78.0.2/24@eth1",
            "10.78.0.3/24@eth1",
        ]
        assert (vip.name, vip.priority, vip.preempt, vip.source) == ("router", priority, False, True)
        assert vip.gateway is None
        assert (made.garp.repeat, made.garp.rate) == (3, 100)
        assert [str(alias.address) for alias in made.aliases] == ["10.77.0.60"]
        assert [check.weight for check in made.checks] == [0, 0]


def test_names_are_made_valid_and_unique(tmp_path: Path) -> None:
    """The name of an instance may be anything."""
    text = "".join(
        f'vrrp_instance "{name}" {{\ninterface eth0\nvirtual_ipaddress {{\n10.77.0.{number}\n}}\n}}\n'
        for number, name in enumerate(("Web Eins", "web-eins", "***", "", "x" * 80, "x" * 79), start=10)
    )
    names = [vip.name for vip in config(imported(tmp_path, text)).vips]
    assert names == ["web-eins", "web-eins-2", "vip", "vip-2", "x" * 63, "x" * 61 + "-2"]


def test_an_address_is_in_one_place(tmp_path: Path) -> None:
    """The second line with it is listed, in the same instance or in another."""
    other = "vrrp_instance B {\ninterface eth0\nvirtual_ipaddress {\n10.77.0.50/24\n10.77.0.51\n}\n}"
    result = imported(tmp_path, instance("virtual_ipaddress_excluded {\n10.77.0.50 label eth0:1\n}", other))
    assert [list(map(str, vip.addresses)) for vip in config(result).vips] == [["10.77.0.50/32"], ["10.77.0.51/32"]]
    assert listed(result, "10.77.0.50") == [("not needed", "label eth0:1", "it stands in line 6 already")]
    assert listed(result, "10.77.0.50/24") == [("not needed", "", "it stands in line 6 already")]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("fe80::1 dev eth0", "is link-local: each interface makes its own"),
        ("10.77.0.255/24", "is the broadcast address of 10.77.0.0/24"),
        ("here", "is no IPv4 or IPv6 address"),
        ("10.77.0.52@eth0", "is no address"),
        ("10.77.0.52 dev lo", 'found "lo", which has no LAN'),
        ("10.77.0.52/40", "is no IPv4 or IPv6 address"),
    ],
)
def test_an_address_that_cannot_float(tmp_path: Path, line: str, why: str) -> None:
    """It is listed with the reason, and the others stay."""
    result = imported(tmp_path, instance(f"virtual_ipaddress_excluded {{\n{line}\n}}"))
    assert len(config(result).vips[0].addresses) == 1
    ((kind, _, found),) = listed(result, line.split(maxsplit=1)[0])
    assert kind == "not carried over"
    assert found.startswith(why), found


def test_words_of_an_address(tmp_path: Path) -> None:
    """Each is accounted for, the unknown one too."""
    line = "10.77.0.52/24 brd 10.77.0.255 dev eth1 scope link label eth1:2 no_track home frob 7"
    result = imported(tmp_path, instance(f"virtual_ipaddress {{\n{line}\n}}"))
    assert raw(result)["vip"][0]["addresses"][1] == "10.77.0.52/24@eth1"
    for word, kind in {
        "brd": "not needed",
        "scope": "not needed",
        "label": "not needed",
        "home": "not needed",
        "no_track": "not carried over",
        "frob": "unknown",
        "7": "unknown",
    }.items():
        assert [one[0] for one in listed(result, word)] == [kind], word


@pytest.mark.parametrize(
    ("line", "source"),
    [
        ("fd77::50", False),
        ("fd77::50/128 preferred_lft forever", True),
        ("fd77::50/64", True),
        ("fd77::50/64 preferred_lft 0", False),
    ],
)
def test_whether_an_ipv6_address_is_a_source(tmp_path: Path, line: str, source: bool) -> None:
    """Keepalived deprecates a /128 unless told otherwise; floatip has `source` for it."""
    assert config(imported(tmp_path, instance(f"virtual_ipaddress_excluded {{\n{line}\n}}"))).vips[0].source is source


@pytest.mark.parametrize(
    ("said", "priority", "kind"),
    [("200", 200, None), ("255", 254, "changed"), ("0", 100, "not carried over"), ("high", 100, "not carried over")],
)
def test_priorities(tmp_path: Path, said: str, priority: int, kind: str | None) -> None:
    """255 has no counterpart, and what is no priority is keepalived's default."""
    result = imported(tmp_path, instance(f"priority {said}"))
    assert config(result).vips[0].priority == priority
    assert [one[0] for one in listed(result, "priority")] == ([] if kind is None else [kind])


@pytest.mark.parametrize(
    ("inside", "preempt", "delay_s"),
    [
        ("", True, 0),
        ("nopreempt", False, 0),
        ("preempt", True, 0),
        ("state BACKUP\nnopreempt", False, 0),
        ("state MASTER\nnopreempt", True, 0),
        ("preempt_delay 4.5", True, 4.5),
        ("state MASTER\npreempt_delay 4", True, 0),
        ("nopreempt\npreempt_delay 4", False, 0),
        ("preempt_delay never", True, 0),
        ("nopreempt\npreempt", True, 0),
    ],
)
def test_preemption(tmp_path: Path, inside: str, preempt: bool, delay_s: float) -> None:
    """It is keepalived's default; beside state MASTER keepalived ignores what would soften it."""
    (vip,) = config(imported(tmp_path, instance(inside))).vips
    assert (vip.preempt, vip.preempt_delay_s) == (preempt, delay_s)


GROUP = """
vrrp_sync_group G {{
    group {{
        A
        B nobody
    }}
}}
vrrp_instance A {{
    interface eth0
    priority 150
    {a}
    virtual_ipaddress {{
        10.77.0.1
    }}
}}
vrrp_instance B {{
    interface eth1
    priority 120
    virtual_ipaddress {{
        10.78.0.1
        10.77.0.2 dev eth0
    }}
}}
"""


def test_members_that_differ(tmp_path: Path) -> None:
    """The lowest priority counts, preemption needs all, each address keeps its interface, strangers are listed."""
    result = imported(tmp_path, GROUP.format(a="nopreempt\nsmtp_alert"))
    (vip,) = config(result).vips
    assert raw(result)["vip"][0]["addresses"] == ["10.77.0.1", "10.78.0.1@eth1", "10.77.0.2"]
    assert (vip.name, vip.interfaces, vip.priority, vip.preempt) == ("g", ("eth0",), 120, False)
    assert listed(result, "priority") == [
        ("changed", "150", "a sync group is one VIP with one priority: its lowest, 120")
    ]
    assert [one[0] for one in listed(result, "nobody")] == ["not carried over"]


def test_a_group_without_members_leaves_the_instances(tmp_path: Path) -> None:
    """It is listed, and the instance is a VIP of its own."""
    result = imported(tmp_path, instance(outside="vrrp_sync_group G {\ngroup {\nX\n}\n}"))
    assert [vip.name for vip in config(result).vips] == ["vi_1"]
    assert [one[0] for one in listed(result, "vrrp_sync_group")] == ["not carried over"]


def test_an_instance_without_an_interface(tmp_path: Path) -> None:
    """That of its addresses is used, else the default."""
    plain = "vrrp_instance A {{\nvirtual_ipaddress {{\n10.77.0.1{dev}\n}}\n}}\n{more}"
    for dev, more, interface in (
        (" dev eth3", "", "eth3"),
        ("", "", "eth0"),
        ("", "global_defs {\ndefault_interface eth7\n}", "eth7"),
    ):
        result = imported(tmp_path, plain.format(dev=dev, more=more))
        assert config(result).vips[0].all_interfaces == (interface,)


def test_the_second_of_two_instances_of_one_name(tmp_path: Path) -> None:
    """Keepalived takes the first."""
    result = imported(tmp_path, instance() + instance().replace("10.77.0.50", "10.77.0.51"))
    assert len(config(result).vips) == 1
    assert listed(result, "vrrp_instance")[0][2].startswith("line 2 has an instance of this name")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "global_defs {\nrouter_id a\n}\n",
        "vrrp_instance A {\ninterface eth0\n}\n",
        "vrrp_instance A {\ninterface lo\nvirtual_ipaddress {\n10.77.0.1\n}\n}\n",
        "virtual_server 10.77.0.1 80 {\nreal_server 10.77.0.2 80 {\n}\n}\n",
    ],
)
def test_nothing_to_import(tmp_path: Path, text: str) -> None:
    """The list says what the file has."""
    with pytest.raises(NothingToImport, match="has no vrrp_instance with an address that can float") as caught:
        imported(tmp_path, text)
    assert len(caught.value.entries) == (1 if text else 0)


def test_what_the_operator_says(tmp_path: Path) -> None:
    """Brokers, cluster and node; then nothing stands in for them."""
    result = imported(tmp_path, instance(), brokers=("mqtts://10.78.0.1",), cluster="site", node="n7")
    made = config(result)
    assert (made.cluster, made.node, [str(one) for one in made.mqtt.brokers]) == ("site", "n7", ["mqtts://10.78.0.1"])
    assert [one for one in result.entries if not one.line] == []
    assert "CHANGE THIS" not in result.config


@pytest.mark.parametrize(
    ("wishes", "sentence"),
    [
        ({"brokers": ("10.78.0.1",)}, "--broker: found"),
        ({"brokers": ("mqtt://10.78.0.1", "mqtt://10.78.0.2")}, "--broker: found 2 brokers, must be 1, 3 or 5"),
        ({"brokers": ("mqtt://10.77.0.50",)}, "the result would not be valid: result:mqtt.brokers"),
        ({"cluster": "Web!"}, "--cluster: found"),
        ({"node": ""}, "--node: found"),
    ],
)
def test_what_the_operator_says_wrong(tmp_path: Path, wishes: dict[str, object], sentence: str) -> None:
    """One sentence, and no file."""
    with pytest.raises(KeepalivedError) as caught:
        imported(tmp_path, instance(), **wishes)
    assert sentence in str(caught.value)


def test_a_broker_that_nobody_has_is_no_vip(tmp_path: Path) -> None:
    """The one that stands in is another address, and the list says that it must be changed."""
    result = imported(tmp_path, instance().replace("10.77.0.50", "192.0.2.1"))
    assert [str(one) for one in config(result).mqtt.brokers] == ["mqtt://192.0.2.2:1883"]
    assert listed(result, "brokers")[0][2].endswith("change it to your brokers' (--broker)")
