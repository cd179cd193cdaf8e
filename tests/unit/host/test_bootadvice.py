"""What is to be written for one more address at boot is right: read back, it is that address on that interface."""

from ipaddress import ip_interface
from pathlib import Path

import pytest

from floatip.host.bootentry import Interface
from floatip.host.bootfiles import additions, boot_entries, managers

V4 = ip_interface("10.77.0.50/24")
V6 = ip_interface("fd77::50/128")
RED_HAT = "/etc/sysconfig/network-scripts/ifcfg-eth0"
SUSE = "/etc/sysconfig/network/ifcfg-eth0"
NETWORKD = "/etc/systemd/network/lan.network"
INTERFACES = "/etc/network/interfaces"
CONNECTION = "/etc/NetworkManager/system-connections/lan.nmconnection"
CONNECTION_TEXT = "[connection]\ninterface-name=eth0\n[ipv4]\naddress1=10.77.0.11/16,10.77.0.1\n[ipv6]\nmethod=auto\n"
HOSTS = {
    "ifcfg": (RED_HAT, "DEVICE=eth0\nIPADDR=10.77.0.11\nIPADDR3=10.77.0.12\n"),
    "ifcfg of SUSE": (SUSE, "IPADDR='10.77.0.11/16'\nIPADDR_1='10.77.0.12/16'\n"),
    "networkd": (NETWORKD, "[Match]\nName=eth0\n[Network]\nDHCP=yes\n"),
    "ifupdown": (INTERFACES, "auto eth0\niface eth0 inet dhcp\n"),
}


def write(root: Path, path: str, text: str) -> None:
    """Write a boot file below the root."""
    file = root / path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("address", [V4, V6], ids=str)
@pytest.mark.parametrize("host", HOSTS)
def test_lines_added_at_the_end_bring_the_address(tmp_path: Path, host: str, address: Interface) -> None:
    """The lines do what the sentence before them says, next to what the file has already."""
    path, text = HOSTS[host]
    write(tmp_path, path, text)
    before = {it.address for it in boot_entries(tmp_path).entries}
    (advice,) = additions(address, "eth0", tmp_path)
    sentence, _, lines = advice.partition("\n")
    assert path in sentence
    write(tmp_path, path, f"{text}{lines}\n")
    result = boot_entries(tmp_path)
    assert result.warnings == ()
    assert {it.address for it in result.entries} == before | {address}
    assert {it.interface for it in result.entries} == {"eth0"}


@pytest.mark.parametrize(
    ("definition", "interface"),
    [
        ("ethernets: {eth0: {dhcp4: true}}", "eth0"),
        ("bonds: {bond0: {interfaces: [eth0, eth1]}}", "bond0"),
        ("ethernets: {lan: {match: {macaddress: '02:00:00:00:00:01'}, set-name: eth5}}", "eth5"),
        ("ethernets: {eth0: {dhcp4: true}}", "eth9"),
    ],
)
def test_netplan_gets_a_file_that_adds_to_the_others(tmp_path: Path, definition: str, interface: str) -> None:
    """The definition is taken up under its own kind and id, which netplan insists on."""
    write(tmp_path, "/etc/netplan/50-net.yaml", f"network: {{{definition}}}\n")
    (advice,) = additions(V4, interface, tmp_path)
    sentence, _, lines = advice.partition("\n")
    assert "/etc/netplan/90-additional-addresses.yaml" in sentence
    write(tmp_path, "/etc/netplan/90-additional-addresses.yaml", lines)
    (entry,) = boot_entries(tmp_path).entries
    assert (entry.address, entry.interface) == (V4, interface)
    assert lines.splitlines()[2].strip() == f"{definition.partition(':')[0]}:"


@pytest.mark.parametrize(
    ("address", "lines"),
    [
        (V4, "the section [ipv4] of {}:\naddress2=10.77.0.50/24"),
        (V6, "the section [ipv6] of {}:\naddress1=fd77::50/128"),
    ],
    ids=["v4", "v6"],
)
def test_connection_gets_the_next_number_of_its_section(tmp_path: Path, address: Interface, lines: str) -> None:
    """A number that is used already would replace an address."""
    write(tmp_path, CONNECTION, CONNECTION_TEXT)
    assert additions(address, "eth0", tmp_path) == ("Add to " + lines.format(CONNECTION),)


def test_a_new_stanza_of_ifupdown_is_started_at_boot(tmp_path: Path) -> None:
    """An interface that the files do not have yet needs its `auto`."""
    write(tmp_path, INTERFACES, "auto eth0\niface eth0 inet dhcp\n")
    (advice,) = additions(V4, "eth1", tmp_path)
    assert advice.endswith("auto eth1\niface eth1 inet static\n    address 10.77.0.50/24")


def test_only_the_manager_that_has_the_interface_is_told_of(tmp_path: Path) -> None:
    """Where several are in use, the others would fight over the interface."""
    write(tmp_path, INTERFACES, "auto eth1\niface eth1 inet dhcp\n")
    write(tmp_path, CONNECTION, CONNECTION_TEXT)
    assert managers(tmp_path) == ("ifupdown", "NetworkManager")
    assert len(additions(V4, "eth0", tmp_path)) == 1
    assert len(additions(V4, "eth2", tmp_path)) == 2


def test_under_netplan_what_it_drives_is_not_told_of(tmp_path: Path) -> None:
    """Its back ends get their files from it."""
    write(tmp_path, "/etc/netplan/a.yaml", "network: {version: 2}\n")
    write(tmp_path, NETWORKD, "[Match]\nName=eth0\n")
    assert managers(tmp_path) == ("netplan",)


def test_managers_that_are_enabled_count_without_files(tmp_path: Path) -> None:
    """A host that gets everything by DHCP has none; then the way to find the right file is told."""
    folder = tmp_path / "etc/systemd/system/multi-user.target.wants"
    folder.mkdir(parents=True)
    for unit in ("NetworkManager.service", "systemd-networkd.service"):
        (folder / unit).symlink_to(f"/usr/lib/systemd/system/{unit}")
    assert managers(tmp_path) == ("networkd", "NetworkManager")
    networkd, connection = additions(V4, "eth0", tmp_path)
    assert "`networkctl status eth0` names it" in networkd
    assert "nmcli connection modify NAME +ipv4.addresses 10.77.0.50/24" in connection


def test_loopback_alone_is_no_manager_in_use(tmp_path: Path) -> None:
    """Some packages ship files for it that nobody uses."""
    write(tmp_path, INTERFACES, "auto lo\niface lo inet loopback\n")
    write(tmp_path, "/etc/sysconfig/network-scripts/ifcfg-lo", "DEVICE=lo\nIPADDR=127.0.0.1\n")
    assert managers(tmp_path) == ()
    (advice,) = additions(V4, "eth0", tmp_path)
    assert advice.endswith("\nip address add 10.77.0.50/24 dev eth0")
