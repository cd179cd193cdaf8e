"""Interfaces, subnets, and VIPs that are somebody else's."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from floatip.config import Config
from floatip.doctor.findings import Finding, Severity
from floatip.doctor.interfaces import Route, check, routes
from floatip.host.links import Link
from tests.unit.doctor.scene import config, found, link, write, wrong

ROUTES = """Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth1\t00000000\t01004E0A\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t00004D0A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
eth0\t00004E0A\t00000000\t0201\t0\t0\t0\t0000FFFF\t0\t0\t0
garbage
"""
ROUTES6 = """\
fd770000000000000000000000000000 40 00000000000000000000000000000000 00 0 00000100 1 0 00000001     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 0 00000400 1 0 00000003     eth0
fd770000000000000000000000000011 80 00000000000000000000000000000000 00 0 00000000 3 0 80200001     eth0
"""


def looked(settings: Config, *links: Link, known: tuple[Route, ...] = ()) -> list[Finding]:
    """Return what is found with these interfaces and routes."""
    return list(check(settings, {it.name: it for it in links}, [], known))


def test_all_is_well() -> None:
    """The interface is shown with its addresses."""
    findings = looked(config(), link("eth0", "10.77.0.11/16"))
    assert [(it.subject, it.text) for it in findings] == [
        ("eth0", "up, 10.77.0.11/16"),
        ("VIPs", "none is permanent on this host"),
    ]
    assert wrong(findings) == []


def test_an_interface_that_is_not_there() -> None:
    """It is named, and what there is."""
    (finding,) = wrong(looked(config(), link("lo"), link("ens3")))
    assert (finding.subject, finding.severity) == ("eth0", Severity.PROBLEM)
    assert "here are ens3, lo" in finding.text


def test_an_interface_that_is_down() -> None:
    """The command is named."""
    (finding,) = wrong(looked(config(), link("eth0", "10.77.0.11/16", up=False)))
    assert finding.severity is Severity.PROBLEM
    assert "ip link set eth0 up" in finding.remedy


@pytest.mark.parametrize("own", [(), ("10.78.0.11/16",), ("10.77.0.50/16",), ("10.77.0.11/32",), ("fd77::11/64",)])
def test_an_interface_that_is_not_on_the_subnet(own: tuple[str, ...]) -> None:
    """No address of its own there: neither the VIP itself nor a host prefix is one."""
    (finding,) = wrong(looked(config(), link("eth0", *own)))
    assert finding.severity is Severity.WARNING
    assert "subnet of 10.77.0.50 (VIP web)" in finding.text


def test_a_route_is_as_good_as_an_address() -> None:
    """It must leave by the same interface."""
    lan = ip_network("10.77.0.0/16")
    assert wrong(looked(config(), link("eth0"), known=(Route(interface="eth0", network=lan),))) == []
    assert wrong(looked(config(), link("eth0"), known=(Route(interface="eth1", network=lan),)))


def test_of_several_interfaces_each_needs_its_own_way() -> None:
    """Without one everything is lost once the VIP is there."""
    settings = config(vips=[{"interfaces": ["eth0", "eth1"]}])
    (finding,) = wrong(looked(settings, link("eth0", "10.77.0.11/16"), link("eth1", "10.78.0.11/16")))
    assert (finding.subject, finding.severity) == ("eth1", Severity.PROBLEM)


def test_an_address_that_names_its_interface_needs_no_other() -> None:
    """Only that one must be on its subnet."""
    settings = config(vips=[{"addresses": ["10.77.0.50", "10.78.0.50@eth1"]}])
    assert wrong(looked(settings, link("eth0", "10.77.0.11/16"), link("eth1", "10.78.0.11/16"))) == []


def test_a_vip_that_is_permanent() -> None:
    """Somebody else's is a problem with the command, our own is not."""
    links = {"eth0": link("eth0", "10.77.0.11/16")}
    assert wrong(check(config(), links, [found("10.77.0.50", ours=True), found("10.77.0.99", ours=False)], [])) == []
    (finding,) = wrong(check(config(), links, [found("10.77.0.50", ours=False)], []))
    assert (finding.subject, finding.severity) == ("10.77.0.50", Severity.PROBLEM)
    assert "`ip address delete 10.77.0.50/32 dev eth0`" in finding.remedy


def test_routes_as_the_kernel_tells_them(tmp_path: Path) -> None:
    """Default, local and forbidden ones are no way to a subnet; what cannot be read is none either."""
    assert routes(tmp_path) == []
    write(tmp_path, "proc/net/route", ROUTES)
    write(tmp_path, "proc/net/ipv6_route", ROUTES6)
    assert routes(tmp_path) == [
        Route(interface="eth0", network=ip_network("10.77.0.0/16")),
        Route(interface="eth0", network=ip_network("fd77::/64")),
    ]
