"""Network managers and other VIP daemons beside us."""

from pathlib import Path

import pytest

from floatip.doctor.findings import Finding, Severity
from floatip.doctor.managers import check
from floatip.doctor.processes import running
from tests.unit.doctor.scene import config, link, process, write, wrong

NETWORK_FILE = "/run/systemd/network/10-eth0.network"
MANAGED = f"ADMIN_STATE=configured\nOPER_STATE=routable\nNETWORK_FILE={NETWORK_FILE}\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give a root in which one process runs: ours."""
    process(tmp_path, 1, "floatip")
    (tmp_path / "proc/self").symlink_to("1")
    return tmp_path


def looked(root: Path) -> list[Finding]:
    """Return what is wrong for a VIP on eth0, which is interface 2."""
    return wrong(check(config(), running(root), {"eth0": link("eth0")}, root))


def test_nobody_else(root: Path) -> None:
    """One line says so."""
    (finding,) = check(config(), running(root), {"eth0": link("eth0")}, root)
    assert finding.severity is Severity.OK


def test_networkd_that_manages_a_vip_interface(root: Path) -> None:
    """It runs, and it manages that very interface."""
    write(root, "run/systemd/netif/links/2", MANAGED)
    assert looked(root) == []
    process(root, 50, "systemd-networkd")
    (finding,) = looked(root)
    assert (finding.subject, finding.severity) == ("eth0", Severity.WARNING)
    assert NETWORK_FILE in finding.text
    assert "/etc/systemd/network/10-eth0.network.d/floatip.conf" in finding.remedy
    write(root, "run/systemd/netif/links/2", "ADMIN_STATE=unmanaged\n")
    assert looked(root) == []


def test_networkd_that_keeps_what_is_not_its_own(root: Path) -> None:
    """Its file or the last drop-in says so."""
    process(root, 50, "systemd-networkd")
    write(root, "run/systemd/netif/links/2", MANAGED)
    write(root, NETWORK_FILE.lstrip("/"), "[Network]\nKeepConfiguration=yes\n")
    assert looked(root) == []
    write(root, "etc/systemd/network/10-eth0.network.d/a.conf", "[Network]\nKeepConfiguration = static\n")
    assert looked(root)
    write(root, "etc/systemd/network/10-eth0.network.d/floatip.conf", "[Network]\nKeepConfiguration=yes\n")
    assert looked(root) == []


def test_network_manager_that_manages_a_vip_interface(root: Path) -> None:
    """It runs, and it manages that very interface."""
    process(root, 50, "NetworkManager")
    assert looked(root) == []
    write(root, "run/NetworkManager/devices/2", "[device]\nmanaged=true\nnm-owned=0\n")
    (finding,) = looked(root)
    assert finding.severity is Severity.WARNING
    assert "nmcli device set eth0 managed no" in finding.remedy
    write(root, "run/NetworkManager/devices/2", "[device]\nmanaged=false\n")
    assert looked(root) == []
    write(root, "run/NetworkManager/devices/2", "no ini file")
    assert looked(root) == []


def test_dhcpcd(root: Path) -> None:
    """It manages everything but what its file leaves out."""
    process(root, 50, "dhcpcd", "-q")
    (finding,) = looked(root)
    assert "denyinterfaces eth0" in finding.remedy
    write(root, "etc/dhcpcd.conf", "denyinterfaces docker* eth*\n")
    assert looked(root) == []
    write(root, "etc/dhcpcd.conf", "allowinterfaces wlan0\n")
    assert looked(root) == []


def test_keepalived_with_the_same_address(root: Path) -> None:
    """A problem while it runs, a warning while it does not; comments and other addresses are neither."""
    write(root, "etc/keepalived/keepalived.conf", "virtual_ipaddress {\n  10.77.0.51/16 # 10.77.0.50\n}\n")
    assert looked(root) == []
    write(root, "etc/keepalived/keepalived.conf", "virtual_ipaddress {\n  10.77.0.50/16 dev eth0\n}\n")
    (finding,) = looked(root)
    assert (finding.subject, finding.severity) == ("10.77.0.50", Severity.WARNING)
    process(root, 50, "keepalived", "-n")
    (finding,) = looked(root)
    assert finding.severity is Severity.PROBLEM
    assert "/etc/keepalived/keepalived.conf" in finding.text
    assert "systemctl disable --now keepalived" in finding.remedy


def test_ucarp_says_it_in_its_arguments(root: Path) -> None:
    """Address by option, as `ps` shows it."""
    process(root, 50, "ucarp", "--interface=eth0", "--addr=10.77.0.50")
    (finding,) = looked(root)
    assert "process 50" in finding.text


def test_a_process_in_another_network_is_none_of_ours(root: Path) -> None:
    """A container's keepalived works on the container's addresses."""
    process(root, 50, "ucarp", "--addr=10.77.0.50", network="net:[2]")
    assert looked(root) == []
