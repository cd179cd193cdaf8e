"""Rules and routes of ours in a real kernel: put, replaced, taken away; nobody else's is touched."""

from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from floatip.host.routemessages import Route, Rule
from floatip.host.routes import Item, Routes, undoing
from floatip.sentinel.kernel import GONE, Kernel
from tests.contract.namespace import ip, private_network

pytestmark = pytest.mark.lab

ANY, ANY6 = ip_network("0.0.0.0/0"), ip_network("::/0")
RULE, RULE6 = Rule(ip_address("10.77.0.50"), 150), Rule(ip_address("fd77::50"), 70000)


def on(nic: str) -> list[Item]:
    """All that two VIPs need on an interface, on whose link their gateways are."""
    return [
        Route(150, ip_network("10.77.0.0/16"), nic),
        Route(150, ANY, nic, ip_address("10.77.0.1")),
        Route(70000, ip_network("fd77::/64"), nic),
        Route(70000, ANY6, nic, ip_address("fd77::1")),
        RULE,
        RULE6,
    ]


def shown() -> list[str]:
    """Every rule and route of ours, as ip(8) shows it."""
    lists = [ip(f"{family} {what}") for family in ("-4", "-6") for what in ("rule show", "route show table all")]
    lines = [line for text in lists for line in text.splitlines()]
    return sorted(" ".join(line.split()) for line in lines if "proto 102" in line)


def expected(nic: str) -> list[str]:
    """The same, as it must be."""
    return [
        f"10.77.0.0/16 dev {nic} table 150 proto 102 scope link",
        "1900: from 10.77.0.50 lookup 150 proto 102",
        "1900: from fd77::50 lookup 70000 proto 102",
        f"default via 10.77.0.1 dev {nic} table 150 proto 102",
        f"default via fd77::1 dev {nic} table 70000 proto 102 metric 1024 pref medium",
        f"fd77::/64 dev {nic} table 70000 proto 102 metric 1024 pref medium",
    ]


@pytest.fixture
def routes() -> Iterator[Routes]:
    """Give Routes in a network with two interfaces on the same subnets."""
    with private_network(("eth0", "eth1")):
        for number, name in enumerate(("eth0", "eth1"), start=1):
            Path(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6").write_text("0")
            ip(f"address add 10.77.{number}.11/16 dev {name}")
            ip(f"address add fd77::{number}:11/64 dev {name} nodad")
        made = Routes()
        made.open()
        try:
            yield made
        finally:
            made.close()


def test_they_come_move_and_go(routes: Routes) -> None:
    """Another interface takes the place of the first; twice is once; nothing is left."""
    assert routes.apply(on("eth0")).failed == ()
    assert shown() == expected("eth0")
    routes._have.clear()
    assert routes.apply(on("eth0")).failed == ()
    assert shown() == expected("eth0")
    assert routes.apply(on("eth1")).failed == ()
    assert shown() == expected("eth1")
    assert routes.apply([]).failed == ()
    assert shown() == []


def test_what_is_read_is_what_was_put(routes: Routes) -> None:
    """A look changes nothing that is right, tables above 255 included."""
    routes.apply(on("eth0"))
    change = routes.settle(on("eth0"), {150, 70000})
    assert (change.put, change.taken) == ((), ())
    change = routes.settle(on("eth0"))
    assert (change.put, change.taken) == ((), ())
    ip("-6 route flush table 70000")
    ip("rule del from 10.77.0.50 lookup 150")
    assert set(routes.settle(on("eth0"), {150, 70000}).put) == {*on("eth0")[2:4], RULE}
    assert shown() == expected("eth0")


def test_a_gateway_that_no_subnet_has_needs_onlink(routes: Routes) -> None:
    """Without it the kernel refuses, and says so; what was refused hinders nothing else."""
    away = [Route(150, ANY, "eth0", ip_address("10.78.0.1")), Route(151, ANY6, "eth0", ip_address("fd78::1"))]
    change = routes.apply([*away, RULE])
    assert change.put == (RULE,)
    assert "Nexthop has invalid gateway; see `ip rule` and `ip route show table 150`" in change.failed[0][1]
    onlink = [item._replace(onlink=True) for item in away]
    assert routes.apply([*onlink, RULE]).failed == ()
    assert routes.settle([*onlink, RULE]).put == ()


def test_nobody_elses_is_taken_away(routes: Routes) -> None:
    """The like of ours by somebody else stays, also when a sentinel takes ours away."""
    routes.apply(on("eth0"))
    ip("rule add from 10.77.0.50 lookup 150 priority 1900")
    ip("route add 10.78.9.0/24 via 10.77.0.3 table 150")
    ip("-6 rule add from fd77::50 lookup 70000 priority 1900")
    theirs = (ip("rule"), ip("-6 rule"), ip("route show table 150"))
    sentinels = Kernel()
    for nic in ("eth1", "eth0"):
        assert set(sentinels.remove(undoing(on(nic)))) <= GONE
        assert shown() == []
    sentinels._close()
    routes.settle([])
    for before, now in zip(theirs, (ip("rule"), ip("-6 rule"), ip("route show table 150")), strict=True):
        assert now.splitlines() == [line for line in before.splitlines() if "proto 102" not in line]


def test_many_are_one_send(routes: Routes) -> None:
    """A thousand rules, and away again."""
    many = [Rule(ip_address(f"10.77.{100 + n // 250}.{n % 250}"), 150) for n in range(1000)]
    assert routes.apply(many).failed == ()
    assert len(shown()) == 1000
    assert routes.apply([]).failed == ()
    assert shown() == []
