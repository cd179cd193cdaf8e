"""Messages about rules and routes, against those that pyroute2 writes, and reading what nobody should send."""

import socket
import struct
from contextlib import suppress
from ipaddress import IPv4Network, ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroute2.netlink.rtnl.fibmsg import fibmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg

from floatip.host.messages import messages_in
from floatip.host.routemessages import (
    RTM_DELROUTE,
    RTM_DELRULE,
    RTM_NEWROUTE,
    RTM_NEWRULE,
    Route,
    RouteRecord,
    Rule,
    pack_forget,
    pack_route,
    pack_rule,
    read_route,
    read_rule,
)

PUT, PUT_ONCE, ASK = 0x501, 0x601, 0x1  # REQUEST with CREATE|REPLACE, with CREATE|EXCL, alone
WEB, WEB6 = Rule(ip_address("10.77.0.50"), 150), Rule(ip_address("fd77::50"), 70000)
LINK = Route(150, ip_network("10.77.0.0/16"), "eth0")
LINK6 = Route(70000, ip_network("fd77::/64"), "eth0")
OUT = Route(150, ip_network("0.0.0.0/0"), "eth0", ip_address("10.77.0.1"), onlink=True)
OUT6 = Route(70000, ip_network("::/0"), "eth0", ip_address("fe80::1"))


def encoded(message: Any, kind: int, flags: int, fields: dict[str, int], attributes: list[tuple[str, object]]) -> bytes:
    """What pyroute2 makes of it."""
    for name, value in fields.items():
        message[name] = value
    message["attrs"] = attributes
    message["header"]["type"] = kind
    message["header"]["flags"] = flags
    message.encode()
    return bytes(message.data)


@pytest.mark.parametrize("rule", [WEB, WEB6])
def test_a_rule_is_put_once_and_taken_away_by_all_that_it_is(rule: Rule) -> None:
    """Address, priority, table, and our number: nobody else's rule is meant."""
    family, bits = (socket.AF_INET, 32) if rule.address.version == 4 else (socket.AF_INET6, 128)
    fields = {"family": family, "src_len": bits, "action": 1}
    attributes: list[tuple[str, object]] = [
        ("FRA_SRC", str(rule.address)),
        ("FRA_PRIORITY", 1900),
        ("FRA_TABLE", rule.table),
        ("FRA_PROTOCOL", 102),
    ]
    assert pack_rule(rule, put=True) == encoded(fibmsg(), RTM_NEWRULE, PUT_ONCE, fields, attributes)
    assert pack_rule(rule, put=False) == encoded(fibmsg(), RTM_DELRULE, ASK, fields, attributes)


@pytest.mark.parametrize("route", [LINK, LINK6, OUT, OUT6])
def test_a_route_replaces_another_of_ours_and_is_taken_away_as_it_is(route: Route) -> None:
    """Interface and gateway included, so that one which has replaced it stays."""
    fields = {
        "family": socket.AF_INET if route.network.version == 4 else socket.AF_INET6,
        "dst_len": route.network.prefixlen,
        "proto": 102,
        "scope": 253 if route is LINK else 0,
        "type": 1,
        "flags": 4 if route.onlink else 0,
    }
    attributes: list[tuple[str, object]] = []
    if route.network.prefixlen:
        attributes.append(("RTA_DST", str(route.network.network_address)))
    if route.gateway is not None:
        attributes.append(("RTA_GATEWAY", str(route.gateway)))
    attributes += [("RTA_OIF", 7), ("RTA_TABLE", route.table)]
    assert pack_route(route, 7, put=True) == encoded(rtmsg(), RTM_NEWROUTE, PUT, fields, attributes)
    assert pack_route(route, 7, put=False) == encoded(rtmsg(), RTM_DELROUTE, ASK, fields, attributes)
    loose = [one for one in attributes if one[0] in {"RTA_DST", "RTA_TABLE"}]
    assert pack_forget(route) == encoded(rtmsg(), RTM_DELROUTE, ASK, {**fields, "scope": 255, "flags": 0}, loose)


@pytest.mark.parametrize("item", [WEB, WEB6, LINK, LINK6, OUT, OUT6])
def test_what_was_packed_reads_back(item: Rule | Route) -> None:
    """Reader and packer agree on where things are."""
    data = pack_rule(item, put=True) if isinstance(item, Rule) else pack_route(item, 7, put=True)
    [(_, start, end)] = messages_in(data)
    if isinstance(item, Rule):
        assert read_rule(data, start, end) == item
    else:
        expected = RouteRecord(item.table, item.network, 7, item.gateway, item.onlink)
        assert read_route(data, start, end) == expected


def test_what_is_somebody_elses_is_not_read() -> None:
    """Another number, or a rule that is not about one address."""
    data = bytearray(pack_rule(WEB, put=True))
    data[-4] = 3  # boot
    assert read_rule(bytes(data), 0, len(data)) is None
    data = bytearray(pack_rule(WEB, put=True))
    data[18] = 24
    assert read_rule(bytes(data), 0, len(data)) is None
    data = bytearray(pack_route(OUT, 7, put=True))
    data[21] = 4  # static
    assert read_route(bytes(data), 0, len(data)) is None


def test_they_are_named_as_ip_names_them() -> None:
    """What a message says can be typed."""
    assert str(WEB) == "rule from 10.77.0.50 lookup 150"
    assert str(LINK) == "route 10.77.0.0/16 dev eth0 table 150"
    assert str(OUT) == "route default via 10.77.0.1 dev eth0 onlink table 150"


@given(st.binary(max_size=200), st.sampled_from([socket.AF_INET, socket.AF_INET6, 0, 128]), st.integers(0, 255))
def test_any_bytes_read_as_something_or_as_struct_error(noise: bytes, family: int, bits: int) -> None:
    """Whatever comes, the readers give a record, nothing, or struct.error."""
    for fixed in (
        bytes([family, bits, 0, 0, 0, 102, 0, 1]) + bytes(4),
        bytes([family, 0, bits, 0, 0, 0, 0, 1]) + bytes(4),
    ):
        data = struct.pack("=IHHII", 28 + len(noise), 24, 0, 0, 0) + fixed + noise
        for read in (read_rule, read_route):
            with suppress(struct.error):
                read(data, 0, len(data))


def test_host_bits_of_a_target_are_no_error() -> None:
    """The kernel has none there; who writes some is forgiven."""
    data = bytearray(pack_route(LINK, 7, put=True))
    data[32:36] = bytes([10, 77, 0, 9])
    record = read_route(bytes(data), 0, len(data))
    assert record is not None
    assert record.network == IPv4Network("10.77.0.0/16")
