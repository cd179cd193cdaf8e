"""The drop-ins for other network managers are what `floatip doctor` asks for."""

from configparser import RawConfigParser
from pathlib import Path

from floatip.doctor.managers import check
from floatip.doctor.processes import running
from tests.shipped import DEPLOY, sections
from tests.unit.doctor.scene import config, link, process, write, wrong

MANAGED = "ADMIN_STATE=configured\nNETWORK_FILE=/run/systemd/network/10-netplan-eth0.network\n"


def test_the_doctor_is_content_with_the_drop_in_for_networkd(tmp_path: Path) -> None:
    """Without it, it warns, and names the very place and line."""
    process(tmp_path, 1, "floatip")
    (tmp_path / "proc/self").symlink_to("1")
    process(tmp_path, 50, "systemd-networkd")
    write(tmp_path, "run/systemd/netif/links/2", MANAGED)
    links = {"eth0": link("eth0")}
    (finding,) = wrong(check(config(), running(tmp_path), links, tmp_path))
    place = "etc/systemd/network/10-netplan-eth0.network.d/floatip.conf"
    assert f"/{place}" in finding.remedy
    shipped = DEPLOY / "networkd" / "network.conf"
    (wanted,) = sections(shipped)["Network"].items()
    assert f"`{wanted[0]}={wanted[1][0]}`" in finding.remedy
    write(tmp_path, place, shipped.read_text())
    assert wrong(check(config(), running(tmp_path), links, tmp_path)) == []


def test_networkd_leaves_routes_and_rules_alone() -> None:
    """Both kinds: a VIP with a gateway of its own has a rule and a table."""
    assert sections(DEPLOY / "networkd" / "networkd.conf")["Network"] == {
        "ManageForeignRoutes": ["no"],
        "ManageForeignRoutingPolicyRules": ["no"],
    }


def test_network_manager_leaves_the_interface_alone() -> None:
    """Added to what is unmanaged already."""
    text = RawConfigParser(delimiters=("=",), strict=True)
    text.read_string((DEPLOY / "networkmanager" / "90-floatip.conf").read_text())
    assert dict(text["keyfile"]) == {"unmanaged-devices+": "interface-name:eth0"}
