"""Every address in every format of boot file is found, with its place; what is damaged is a warning."""

import os
from ipaddress import ip_address, ip_interface
from pathlib import Path

import pytest

from floatip.host.bootentry import MOST_BYTES
from floatip.host.bootfiles import BootEntry, boot_entries

Row = tuple[str, int, str | None]
"""Address, line, interface."""


def write(root: Path, path: str, text: str) -> None:
    """Write a boot file below the root."""
    file = root / path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def found(root: Path, manager: str) -> dict[str, list[Row]]:
    """Give what one manager's files say, by file; it is a failure if anything else was found, or warned of."""
    result = boot_entries(root)
    assert result.warnings == ()
    assert {it.manager for it in result.entries} <= {manager}
    rows: dict[str, list[Row]] = {}
    for it in result.entries:
        rows.setdefault(it.file, []).append((str(it.address), it.line, it.interface))
    return rows


def only(root: Path) -> BootEntry:
    """Give the one entry that there is."""
    (entry,) = boot_entries(root).entries
    return entry


NETPLAN = """\
network:
  version: 2
  renderer: networkd
  ethernets:
    eth0:
      addresses:
        - 10.77.0.11/16
        - "10.77.0.50/32":
            label: "eth0:web"
            lifetime: 0
        - 10.77.0.51   # no prefix
      routes:
        - {to: default, via: 10.77.0.1}
      gateway4: 10.77.0.2
      nameservers:
        addresses: [10.77.0.3, "fd77::3"]
    lan0:
      match: {macaddress: "02:00:00:00:00:01"}
      addresses: ["fd77::50/128"]
    lan1:
      match:
        name: ens3
      addresses: [10.77.0.52/32]
    lan2:
      match: {name: "ens*"}
      addresses: [10.77.0.53/32]
    lo:
      addresses: [127.0.0.1/8, "::1/128", 10.77.0.54/32]
  vlans:
    vlan5: {id: 5, link: eth0, addresses: [10.77.0.55/24]}
"""


def test_netplan(tmp_path: Path) -> None:
    """Addresses of interfaces are found on their lines; gateways, routes and nameservers are none."""
    write(tmp_path, "/etc/netplan/50-net.yaml", NETPLAN)
    write(tmp_path, "/etc/netplan/60-more.yaml", "network: {ethernets: {lan0: {set-name: eth7}}}\n")
    write(tmp_path, "/etc/netplan/50-net.yaml.bak", NETPLAN)
    assert found(tmp_path, "netplan") == {
        "/etc/netplan/50-net.yaml": [
            ("10.77.0.11/16", 7, "eth0"),
            ("10.77.0.50/32", 8, "eth0"),
            ("10.77.0.51/32", 11, "eth0"),
            ("fd77::50/128", 19, "eth7"),
            ("10.77.0.52/32", 23, "ens3"),
            ("10.77.0.53/32", 26, None),
            ("10.77.0.54/32", 28, "lo"),
            ("10.77.0.55/24", 30, "vlan5"),
        ]
    }


def test_netplan_file_masks_one_of_the_same_name(tmp_path: Path) -> None:
    """A file in /etc stands for that in /run and /lib, an empty one too; other names add to it."""
    one = "network: {ethernets: {eth0: {addresses: [10.77.0.50/32]}}}\n"
    write(tmp_path, "/lib/netplan/a.yaml", one)
    write(tmp_path, "/etc/netplan/a.yaml", "")
    write(tmp_path, "/run/netplan/b.yaml", one)
    assert list(found(tmp_path, "netplan")) == ["/run/netplan/b.yaml"]


def test_netplan_entry_tells_text_and_remedy(tmp_path: Path) -> None:
    """An operator reads which words to delete in which file, and the command."""
    write(tmp_path, "/etc/netplan/a.yaml", "network:\n  ethernets:\n    eth0:\n      addresses: [10.77.0.50/32]\n")
    entry = only(tmp_path)
    assert entry.text == "addresses: [10.77.0.50/32]"
    assert entry.remedy == (
        "in /etc/netplan/a.yaml delete 10.77.0.50/32 from `addresses` of eth0 (line 4), then run `netplan apply`"
    )
    assert str(entry) == "10.77.0.50/32 in /etc/netplan/a.yaml:4 (netplan)"


def test_cloud_init_is_named_where_it_would_write_the_file_again(tmp_path: Path) -> None:
    """Deleting the line alone would not last until after the next reboot."""
    one = "network: {ethernets: {eth0: {addresses: [10.77.0.50/32]}}}\n"
    write(tmp_path, "/etc/netplan/50-cloud-init.yaml", one)
    assert only(tmp_path).remedy.startswith("cloud-init writes it anew at boot: put `network: {config: disabled}`")


def test_a_file_of_a_package_is_overridden_by_a_copy(tmp_path: Path) -> None:
    """What an update brings back is not edited in place; what something writes into /run is found at its source."""
    text = "[Match]\nName=eth0\n[Network]\nAddress=10.77.0.50/32\n"
    write(tmp_path, "/usr/lib/systemd/network/a.network", text)
    assert only(tmp_path).remedy.startswith(
        "copy /usr/lib/systemd/network/a.network to /etc/systemd/network/a.network and there delete line 4"
    )
    write(tmp_path, "/etc/systemd/network/a.network", "")
    write(tmp_path, "/run/systemd/network/b.network", text)
    assert only(tmp_path).remedy.startswith("find what writes /run/systemd/network/b.network at each boot and there ")


RED_HAT = """\
# made by hand
DEVICE="eth0"
ONBOOT=yes
BOOTPROTO=none
IPADDR=10.77.0.11
PREFIX=16   # the LAN
export IPADDR1='10.77.0.50'
NETMASK1=255.255.255.0
IPADDR2=10.77.0.51
GATEWAY=10.77.0.1
DNS1=10.77.0.3
IPV6ADDR=fd77::11/64
IPV6ADDR_SECONDARIES="fd77::50/128 \\
  fd77::51/128"
IPV6_DEFAULTGW=fd77::1
"""


def test_ifcfg_of_red_hat(tmp_path: Path) -> None:
    """Each number has its own prefix or mask, and lists may go over lines."""
    folder = "/etc/sysconfig/network-scripts"
    write(tmp_path, f"{folder}/ifcfg-eth0", RED_HAT)
    write(tmp_path, f"{folder}/ifcfg-eth0:1", "IPADDR=10.77.0.52\nPREFIX=32\nONBOOT=no\n")
    write(tmp_path, f"{folder}/ifcfg-eth0:2", "DEVICE=eth0:2\nIPADDR=10.77.0.53\nONPARENT=no\n")
    write(tmp_path, f"{folder}/ifcfg-eth1", "IPADDR=10.77.0.54\nONBOOT='no'\n")
    write(tmp_path, f"{folder}/ifcfg-eth0.bak", "IPADDR=10.77.0.55\n")
    write(tmp_path, f"{folder}/ifcfg-eth0-range0", "IPADDR_START=10.77.0.60\nIPADDR_END=10.77.0.62\nPREFIX=32\n")
    write(tmp_path, f"{folder}/ifcfg-lo", "DEVICE=lo\nIPADDR=127.0.0.1\nNETMASK=255.0.0.0\n")
    assert found(tmp_path, "ifcfg") == {
        f"{folder}/ifcfg-eth0": [
            ("10.77.0.11/16", 5, "eth0"),
            ("10.77.0.50/24", 7, "eth0"),
            ("10.77.0.51/32", 9, "eth0"),
            ("fd77::11/64", 12, "eth0"),
            ("fd77::50/128", 13, "eth0"),
            ("fd77::51/128", 14, "eth0"),
        ],
        f"{folder}/ifcfg-eth0-range0": [(f"10.77.0.{n}/32", 1, "eth0") for n in (60, 61, 62)],
        f"{folder}/ifcfg-eth0:1": [("10.77.0.52/32", 1, "eth0")],
    }


SUSE = """\
STARTMODE='auto'
IPADDR='10.77.0.11/16'
IPADDR_1='10.77.0.50'
NETMASK_1='255.255.255.0'
IPADDR_web='10.77.0.51'
PREFIXLEN_web='32'
LABEL_web='web'
IPADDR_6='fd77::50/128'
REMOTE_IPADDR='10.77.0.99'
"""


def test_ifcfg_of_suse(tmp_path: Path) -> None:
    """Suffixes are numbers or words, and the prefix stands in the address or beside it."""
    folder = "/etc/sysconfig/network"
    write(tmp_path, f"{folder}/ifcfg-eth0", SUSE)
    write(tmp_path, f"{folder}/ifcfg-eth1", "STARTMODE='off'\nIPADDR='10.77.0.52/24'\n")
    assert found(tmp_path, "ifcfg") == {
        f"{folder}/ifcfg-eth0": [
            ("10.77.0.11/16", 2, "eth0"),
            ("10.77.0.50/24", 3, "eth0"),
            ("10.77.0.51/32", 5, "eth0"),
            ("fd77::50/128", 8, "eth0"),
        ]
    }


@pytest.mark.parametrize(
    "text", ["NAME='it\n#\nIPADDR=10.77.0.50\n", "A=it's\n#\nIPADDR=10.77.0.50\nB=it's\n"], ids=["never", "in a word"]
)
def test_ifcfg_with_an_open_quote_costs_one_line(tmp_path: Path, text: str) -> None:
    """A quote that is never closed, or that begins within a word, does not hide the addresses after it."""
    write(tmp_path, "/etc/sysconfig/network-scripts/ifcfg-eth0", text)
    entry = only(tmp_path)
    assert (str(entry.address), entry.line) == ("10.77.0.50/32", 3)


NETWORKD = """\
[Match]
Name=eth0

[Network]
# Address=10.77.0.49/32
Address = 10.77.0.11/16
Gateway=10.77.0.1
DNS=10.77.0.3
Address=0.0.0.0/24
[Address]
Address=10.77.0.50/32
Label=eth0:web
[Route]
Destination=10.78.0.0/16
[DHCPServer]
Address=10.77.0.98
"""


def test_networkd(tmp_path: Path) -> None:
    """Both sections count, and drop-ins of the name and of its beginning; [Match] names the interface."""
    write(tmp_path, "/etc/systemd/network/10-lan-a.network", NETWORKD)
    write(tmp_path, "/run/systemd/network/10-lan-a.network.d/x.conf", "[Network]\nAddress=fd77::50/128\n")
    write(tmp_path, "/etc/systemd/network/10-lan-.network.d/y.conf", "[Address]\nAddress=10.77.0.51/32\n")
    write(tmp_path, "/etc/systemd/network/11-gone.network.d/x.conf", "[Network]\nAddress=10.77.0.52/32\n")
    write(tmp_path, "/usr/lib/systemd/network/10-lan-a.network", "[Network]\nAddress=10.77.0.53/32\n")
    write(
        tmp_path, "/usr/lib/systemd/network/80-all.network", "[Match]\nName=e* !eth1\n[Network]\nAddress=10.77.0.54/32"
    )
    write(tmp_path, "/run/systemd/network/10-netplan-eth0.network", NETWORKD)
    assert found(tmp_path, "networkd") == {
        "/etc/systemd/network/10-lan-a.network": [("10.77.0.11/16", 6, "eth0"), ("10.77.0.50/32", 11, "eth0")],
        "/run/systemd/network/10-lan-a.network.d/x.conf": [("fd77::50/128", 2, "eth0")],
        "/etc/systemd/network/10-lan-.network.d/y.conf": [("10.77.0.51/32", 2, "eth0")],
        "/usr/lib/systemd/network/80-all.network": [("10.77.0.54/32", 4, None)],
    }


def test_a_masked_networkd_file_is_none(tmp_path: Path) -> None:
    """A link to /dev/null is how an administrator switches a file off."""
    write(tmp_path, "/usr/lib/systemd/network/a.network", NETWORKD)
    folder = tmp_path / "etc/systemd/network"
    folder.mkdir(parents=True)
    (folder / "a.network").symlink_to("/dev/null")
    assert found(tmp_path, "networkd") == {}


INTERFACES = """\
# the primary network interface
source-directory interfaces.d
source /etc/network/more/*.cfg
auto lo eth0 eth0:1
allow-hotplug /eth2*
iface lo inet loopback
iface eth0 inet static
    netmask 255.255.0.0
    address 10.77.0.11
    gateway 10.77.0.1
    up ip addr add 10.77.0.50/32 dev $IFACE label $IFACE:web || true
    post-up /sbin/ip -6 address replace \\
        dev eth1 fd77::50/128; ip a add local 10.77.0.51/24 dev "eth0"
    up ifconfig eth0:2 10.77.0.52 netmask 255.255.255.0 up
    up ip route add 10.78.0.0/16 via 10.77.0.2
    down ip addr del 10.77.0.59/32 dev eth0
iface eth0:1 inet static
    address 10.77.0.53
    netmask 24
iface eth0 inet6 static
    address fd77::11
    netmask 64
iface eth2 inet static
    address 10.77.0.54/24
iface eth3 inet static
    address 10.77.0.55/24
"""


def test_ifupdown(tmp_path: Path) -> None:
    """Stanzas that are started at boot, the commands in them that add addresses, and files that are taken in."""
    write(tmp_path, "/etc/network/interfaces", INTERFACES)
    write(tmp_path, "/etc/network/interfaces.d/web", "auto eth4\niface eth4 inet static\naddress 10.77.0.56/32\n")
    write(tmp_path, "/etc/network/interfaces.d/web.bak", "auto eth4\niface eth4 inet static\naddress 10.77.0.57/32\n")
    write(tmp_path, "/etc/network/more/a.cfg", "source /etc/network/interfaces\nauto eth5\niface eth5 inet static\n")
    write(tmp_path, "/etc/network/more/b.cfg", "iface eth5 inet static\n  address 10.77.0.58\n")
    assert found(tmp_path, "ifupdown") == {
        "/etc/network/interfaces.d/web": [("10.77.0.56/32", 3, "eth4")],
        "/etc/network/more/b.cfg": [("10.77.0.58/32", 2, "eth5")],
        "/etc/network/interfaces": [
            ("10.77.0.11/16", 9, "eth0"),
            ("10.77.0.50/32", 11, "eth0"),
            ("fd77::50/128", 12, "eth1"),
            ("10.77.0.51/24", 12, "eth0"),
            ("10.77.0.52/24", 14, "eth0"),
            ("10.77.0.53/24", 18, "eth0"),
            ("fd77::11/64", 21, "eth0"),
            ("10.77.0.54/24", 24, "eth2"),
        ],
    }


def test_ifupdown_says_what_it_did_not_follow(tmp_path: Path) -> None:
    """A pattern for folders is not expanded, and that is told."""
    write(tmp_path, "/etc/network/interfaces", "source /etc/*/if.d/x\nsource $HOME/x\n")
    assert [it.partition(", ")[0] for it in boot_entries(tmp_path).warnings] == [
        "/etc/network/interfaces takes in /etc/*/if.d/x",
        "/etc/network/interfaces takes in $HOME/x",
    ]


CONNECTION = """\
[connection]
id=lan
interface-name=eth0
[ipv4]
method=manual
address1=10.77.0.11/16,10.77.0.1
address2=10.77.0.50/32
addresses=10.77.0.51/24;10.77.0.52/24;
addresses1=10.77.0.53;24;10.77.0.1;
dns=10.77.0.3;
route1=10.78.0.0/16,10.77.0.2
gateway=10.77.0.1
[ipv6]
address1=fd77::50/128
"""


def test_network_manager(tmp_path: Path) -> None:
    """Addresses in the new and the old writing are found; a connection that does not start by itself has none."""
    folder = "/etc/NetworkManager/system-connections"
    write(tmp_path, f"{folder}/lan.nmconnection", CONNECTION)
    write(tmp_path, f"{folder}/old", "[connection]\nautoconnect=true\n[ipv4]\naddress1=10.77.0.54/24\n")
    write(tmp_path, f"{folder}/off", "[connection]\nautoconnect=false\n[ipv4]\naddress1=10.77.0.55/24\n")
    write(tmp_path, f"{folder}/lan.nmconnection~", CONNECTION)
    write(tmp_path, "/run/NetworkManager/system-connections/netplan-eth0.nmconnection", CONNECTION)
    write(tmp_path, "/run/NetworkManager/system-connections/x.nmconnection", "[ipv4]\naddress1=10.77.0.56/24\n")
    assert found(tmp_path, "NetworkManager") == {
        f"{folder}/lan.nmconnection": [
            ("10.77.0.11/16", 6, "eth0"),
            ("10.77.0.50/32", 7, "eth0"),
            ("10.77.0.51/24", 8, "eth0"),
            ("10.77.0.52/24", 8, "eth0"),
            ("10.77.0.53/24", 9, "eth0"),
            ("fd77::50/128", 14, "eth0"),
        ],
        f"{folder}/old": [("10.77.0.54/24", 4, None)],
        "/run/NetworkManager/system-connections/x.nmconnection": [("10.77.0.56/24", 2, None)],
    }


def test_no_boot_files_at_all(tmp_path: Path) -> None:
    """A host without any, as a container, has no entries and no warnings."""
    assert boot_entries(tmp_path).entries == ()
    assert boot_entries(tmp_path / "nowhere").warnings == ()


@pytest.mark.parametrize(
    ("path", "text", "warning"),
    [
        ("/etc/netplan/a.yaml", "network: [\n  a: {b\n", "/etc/netplan/a.yaml:"),
        ("/etc/netplan/a.yaml", "network: \0", "/etc/netplan/a.yaml is no YAML"),
        ("/etc/netplan/a.yaml", "[" * 100_000, "/etc/netplan/a.yaml is no YAML"),
        ("/etc/netplan/a.yaml", "a: 1\n---\nb: 2\n", "/etc/netplan/a.yaml:2: is no YAML"),
        ("/etc/netplan/a.yaml", "network: {ethernets: {e: {addresses: 10.77.0.50/32}}}", "/etc/netplan/a.yaml:1:"),
        ("/etc/netplan/a.yaml", "network: {ethernets: {e: {addresses: [[x]]}}}", "/etc/netplan/a.yaml:1:"),
        (
            "/etc/netplan/a.yaml",
            "network: {ethernets: {e: {addresses: [10.77/16]}}}",
            "/etc/netplan/a.yaml:1: '10.77/16'",
        ),
        ("/etc/systemd/network/a.network", "[Network]\nAddress=10.77.0.300/8\n", "/etc/systemd/network/a.network:2:"),
        ("/etc/sysconfig/network-scripts/ifcfg-a", "IPADDR=$IP\n", "/etc/sysconfig/network-scripts/ifcfg-a:1: '$IP'"),
        (
            "/etc/sysconfig/network-scripts/ifcfg-a-range1",
            "IPADDR_START=10.77.0.1\nIPADDR_END=x\n",
            "/etc/sysconfig/network-scripts/ifcfg-a-range1:1: 10.77.0.1 to x",
        ),
        (
            "/etc/network/interfaces",
            "auto a\niface a inet static\n address 10.77.0.50\n netmask 999\n",
            "/etc/network/interfaces:3: '10.77.0.50/999'",
        ),
        ("/etc/NetworkManager/system-connections/a", "[ipv6]\naddress1=::g/64\n", "/etc/NetworkManager/"),
        ("/etc/network/interfaces", "x" * (MOST_BYTES + 1), "/etc/network/interfaces is longer than"),
    ],
)
def test_a_damaged_file_is_a_warning_and_costs_no_other(tmp_path: Path, path: str, text: str, warning: str) -> None:
    """Its place is told; the addresses of other files are found all the same."""
    write(tmp_path, path, text)
    write(tmp_path, "/etc/netplan/z.yaml", "network: {ethernets: {eth0: {addresses: [10.77.0.50/32]}}}\n")
    result = boot_entries(tmp_path)
    assert [it.file for it in result.entries] == ["/etc/netplan/z.yaml"]
    assert [it[: len(warning)] for it in result.warnings] == [warning]


@pytest.mark.parametrize(
    "path",
    [
        "/etc/netplan/a.yaml",
        "/etc/sysconfig/network-scripts/ifcfg-a",
        "/etc/sysconfig/network/ifcfg-a",
        "/etc/systemd/network/a.network",
        "/etc/network/interfaces",
        "/etc/NetworkManager/system-connections/a",
    ],
)
@pytest.mark.parametrize(
    "data",
    [bytes(range(256)) * 4, b"\xff\xfe\0[", b"=\n[\n]\n:\n\\\n'", b"iface\naddress\nup\nauto\n- [x"],
    ids=range(4),
)
def test_rubbish_raises_nothing(tmp_path: Path, path: str, data: bytes) -> None:
    """Bytes that are no text, and lines that are cut off, are no reason to stop."""
    write(tmp_path, path, "")
    (tmp_path / path.lstrip("/")).write_bytes(data)
    assert boot_entries(tmp_path).entries == ()


def test_what_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence would look like a host without the address."""
    write(tmp_path, "/etc/network/interfaces", INTERFACES)
    write(tmp_path, "/etc/netplan/a.yaml", NETPLAN)

    def refuse(self: Path, *_: object) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refuse)
    real = Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda self: refuse(self) if self.name == "system-connections" else real(self))
    result = boot_entries(tmp_path)
    assert result.entries == ()
    assert [it for it in result.warnings if "(Permission denied)" in it and "as root" in it] == list(result.warnings)
    assert {it.split()[0] for it in result.warnings} >= {
        "/etc/network/interfaces",
        "/etc/netplan/a.yaml",
        "/etc/NetworkManager/system-connections",
    }


def test_a_folder_or_a_pipe_in_the_place_of_a_file_is_passed_over(tmp_path: Path) -> None:
    """Opening a pipe would wait for ever."""
    (tmp_path / "etc/netplan/a.yaml").mkdir(parents=True)
    os.mkfifo(tmp_path / "etc/netplan/b.yaml")
    write(tmp_path, "/etc/sysconfig/network", "NETWORKING=yes\n")
    assert boot_entries(tmp_path) == boot_entries(tmp_path / "nowhere")


def test_the_entry_is_an_address_with_its_prefix(tmp_path: Path) -> None:
    """It can be compared by its address alone."""
    write(tmp_path, "/etc/systemd/network/a.network", "[Network]\nAddress=10.77.0.50/16\n")
    entry = only(tmp_path)
    assert entry.address == ip_interface("10.77.0.50/16")
    assert entry.address.ip == ip_address("10.77.0.50")
