"""Kernel settings: which are wrong, how bad that is, and the command."""

from pathlib import Path
from typing import Any

import pytest

from floatip.doctor.findings import Finding, Severity
from floatip.doctor.kernel import check
from tests.unit.doctor.scene import config, write, wrong

RIGHT = {"arp_announce": 2, "arp_filter": 1, "arp_ignore": 1, "ignore_routes_with_linkdown": 1, "rp_filter": 0}


@pytest.fixture
def proc_sys(tmp_path: Path) -> Path:
    """Give a /proc/sys in which everything is right for eth0 and eth1."""
    for name in ("all", "eth0", "eth1"):
        for key, value in RIGHT.items():
            write(tmp_path, f"net/ipv4/conf/{name}/{key}", f"{0 if name == 'all' else value}\n")
        write(tmp_path, f"net/ipv6/conf/{name}/ndisc_notify", "1\n")
        write(tmp_path, f"net/ipv6/conf/{name}/disable_ipv6", "0\n")
    return tmp_path


def looked(proc_sys: Path, **more: Any) -> list[Finding]:
    """Return what is found with this configuration."""
    return list(check(config(**more), proc_sys))


def test_all_is_well(proc_sys: Path) -> None:
    """One line says so."""
    (finding,) = looked(proc_sys)
    assert (finding.subject, finding.severity) == ("eth0", Severity.OK)
    assert finding.text == "4 settings as they must be"


def test_what_the_daemon_sets_by_itself_is_a_warning(proc_sys: Path) -> None:
    """Key, value found, value wanted, and the command."""
    write(proc_sys, "net/ipv4/conf/eth0/arp_filter", "0\n")
    (finding,) = looked(proc_sys)
    assert (finding.subject, finding.severity) == ("net.ipv4.conf.eth0.arp_filter", Severity.WARNING)
    assert finding.text.startswith("is 0, must be 1: ")
    assert "the daemon sets it" in finding.text
    assert finding.remedy == "`sysctl -w net.ipv4.conf.eth0.arp_filter=1`"


def test_what_nobody_sets_is_a_problem(proc_sys: Path) -> None:
    """Either because the configuration says so, or because `all` is to blame and not to be touched."""
    write(proc_sys, "net/ipv4/conf/eth0/arp_filter", "0\n")
    (finding,) = looked(proc_sys, sysctl={"enforce": False})
    assert finding.severity is Severity.PROBLEM
    write(proc_sys, "net/ipv4/conf/eth0/arp_filter", "1\n")
    write(proc_sys, "net/ipv4/conf/all/arp_ignore", "8\n")
    (finding,) = looked(proc_sys)
    assert (finding.subject, finding.severity) == ("net.ipv4.conf.all.arp_ignore", Severity.PROBLEM)
    assert "does not start" in finding.text


def test_routes_of_dead_links_with_several_interfaces(proc_sys: Path) -> None:
    """Only a VIP that can move between interfaces needs it."""
    write(proc_sys, "net/ipv4/conf/eth1/ignore_routes_with_linkdown", "0\n")
    assert wrong(looked(proc_sys, vips=[{"interfaces": ["eth1"]}])) == []
    (finding,) = looked(proc_sys, vips=[{"interfaces": ["eth0", "eth1"]}])
    assert finding.subject == "net.ipv4.conf.eth1.ignore_routes_with_linkdown"


@pytest.mark.parametrize("culprit", ["eth0", "all"])
def test_strict_reverse_path_filter(proc_sys: Path, culprit: str) -> None:
    """It matters with source routing only; the interface's own 2 is greater than a 1 of `all`."""
    write(proc_sys, f"net/ipv4/conf/{culprit}/rp_filter", "1\n")
    assert wrong(looked(proc_sys)) == []
    routed = [{"gateway": "10.77.0.1", "table": 150}]
    (finding,) = looked(proc_sys, vips=routed)
    assert finding.severity is Severity.WARNING
    assert finding.text.startswith(f"net.ipv4.conf.{culprit}.rp_filter is 1")
    assert finding.remedy == "`sysctl -w net.ipv4.conf.eth0.rp_filter=2`"
    write(proc_sys, "net/ipv4/conf/eth0/rp_filter", "2\n")
    assert wrong(looked(proc_sys, vips=routed)) == []


def test_no_ipv6_where_a_vip_needs_it(proc_sys: Path) -> None:
    """It matters for an IPv6 address on that interface."""
    write(proc_sys, "net/ipv6/conf/eth0/disable_ipv6", "1\n")
    assert wrong(looked(proc_sys)) == []
    (finding,) = looked(proc_sys, vips=[{"addresses": ["fd77::50"]}])
    assert finding.remedy == "`sysctl -w net.ipv6.conf.eth0.disable_ipv6=0`"
    assert wrong(looked(proc_sys, vips=[{"addresses": ["10.77.0.50", "fd77::50@eth1"]}])) == []
