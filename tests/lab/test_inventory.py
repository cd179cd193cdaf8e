"""What a real kernel has is told, and plain aliases come and go in it."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest

from floatip.host.addresses import Addresses, Alias
from floatip.host.aliases import add_alias, remove_alias
from floatip.host.inventory import HostAddress, interface_for, inventory, present, primaries
from floatip.host.listeners import Listener
from floatip.host.messages import IPAddress
from tests.contract.namespace import ip, private_network

pytestmark = pytest.mark.lab

OWN4 = IPv4Address("10.77.0.11")
OWN6 = IPv6Address("fd77::11")
ALIAS4 = IPv4Address("10.77.0.60")
ALIAS6 = IPv6Address("fd77::60")
ALIASES = pytest.mark.parametrize(("address", "prefix"), [(ALIAS4, 32), (ALIAS4, 16), (ALIAS6, 128), (ALIAS6, 64)])


@pytest.fixture(autouse=True)
def _host() -> Iterator[None]:
    """Put the test on a host with two interfaces and an own address of each family on the first."""
    with private_network(["eth0", "eth1"]):
        ip(f"addr add {OWN4}/16 dev eth0")
        ip(f"addr add {OWN6}/64 dev eth0 nodad")
        ip("addr add fe80::11/64 dev eth0 nodad")
        yield


def entries(address: IPAddress) -> list[HostAddress]:
    """Give the kernel's entries of an address."""
    return [it for it in present() if it.address == address]


def shown(address: IPAddress) -> str:
    """Give the line that ip(8) prints for an address, blanks made one."""
    return " ".join(ip(f"-o addr show to {address}").split())


def test_each_address_is_told_with_what_it_is() -> None:
    """Own, secondary, alias for good, VIP of floatip; loopback and link-local are left out."""
    ip("addr add 10.77.0.12/16 dev eth0")
    ip("addr add 10.78.0.1/32 dev lo label lo:web")
    addresses = Addresses()
    addresses.open()
    addresses.ensure([Alias(address=ALIAS4, prefix=32, interface="eth0", label="web")], 30)
    addresses.close()
    told = {(str(it), it.permanent, it.label, it.ours, it.secondary) for it in inventory(Path("/nowhere")).addresses}
    assert told == {
        ("10.77.0.11/16 on eth0", True, "eth0", False, False),
        ("10.77.0.12/16 on eth0", True, "eth0", False, True),
        ("10.77.0.60/32 on eth0", False, "eth0:web", True, False),
        ("10.78.0.1/32 on lo", True, "lo:web", False, False),
        ("fd77::11/64 on eth0", True, "", False, False),
    }
    assert {it.address for it in primaries(present())} == {OWN4, OWN6}


def test_oldest_ipv6_address_is_the_interfaces_own() -> None:
    """An alias added later to the same subnet is none, whatever its prefix."""
    ip("addr add fd77::12/64 dev eth0 nodad")
    assert [str(it) for it in primaries(present()) if it.address.version == 6] == ["fd77::11/64 on eth0"]


def test_who_listens_is_told() -> None:
    """A server on the address, one on all addresses, one on another, and a UDP socket."""
    with ExitStack() as stack:
        for kind, where, port in (
            (socket.SOCK_STREAM, str(OWN4), 8001),
            (socket.SOCK_STREAM, "", 8002),
            (socket.SOCK_STREAM, "127.0.0.1", 8003),
            (socket.SOCK_DGRAM, str(OWN4), 8004),
        ):
            server = stack.enter_context(socket.socket(socket.AF_INET, kind))
            server.bind((where, port))
            if kind == socket.SOCK_STREAM:
                server.listen()
        client = stack.enter_context(socket.create_connection((str(OWN4), 8001)))
        assert client.getpeername()[1] == 8001
        found = inventory(Path("/nowhere"))
    by_address = {it.address: it.listeners for it in found.addresses}
    name = Path("/proc/self/comm").read_text(encoding="ascii").strip()
    assert by_address[OWN4] == (
        Listener(protocol="tcp", port=8001, process=name, specific=True),
        Listener(protocol="tcp", port=8002, process=name, specific=False),
        Listener(protocol="udp", port=8004, process=name, specific=True),
    )
    assert by_address[OWN6] == ()
    assert found.warnings == ()


def test_a_server_on_all_ipv6_addresses_hears_ipv4_too() -> None:
    """That is the kernel's default, so it is told."""
    with socket.create_server(("", 8005), family=socket.AF_INET6, dualstack_ipv6=True):
        by_address = {it.address: it.listeners for it in inventory(Path("/nowhere")).addresses}
    assert [(it.port, it.specific) for it in by_address[OWN4]] == [(8005, False)]
    assert [(it.port, it.specific) for it in by_address[OWN6]] == [(8005, False)]


def test_boot_files_are_joined_to_the_addresses(tmp_path: Path) -> None:
    """By the address, whatever the prefix; what is in files alone is told too."""
    file = tmp_path / "etc/systemd/network/a.network"
    file.parent.mkdir(parents=True)
    file.write_text(f"[Match]\nName=eth0\n[Network]\nAddress={OWN4}/24\nAddress=10.77.0.99/32\nAddress=x\n", "ascii")
    found = inventory(tmp_path)
    assert {it.address: [entry.line for entry in it.boot] for it in found.addresses} == {OWN4: [4], OWN6: []}
    assert [str(it.address) for it in found.boot] == [f"{OWN4}/24", "10.77.0.99/32"]
    assert [it for it in found.warnings if "a.network:6" in it] == list(found.warnings) != []


@ALIASES
def test_alias_is_added_for_a_while_and_then_for_good(address: IPAddress, prefix: int) -> None:
    """The second call changes the lifetime of the same entry, and nothing else of it."""
    assert add_alias(address, prefix, "eth0", label="web", lifetime_s=30) is None
    (entry,) = entries(address)
    assert (entry.prefix, entry.interface, entry.permanent, entry.ours) == (prefix, "eth0", False, True)
    assert "noprefixroute" in shown(address)
    if address.version == 4:
        assert entry.label == "eth0:web"
    else:
        assert " nodad deprecated " in shown(address)
    assert add_alias(address, prefix, "eth0", label="web", lifetime_s=None) is None
    (entry,) = entries(address)
    assert (entry.permanent, entry.ours, entry.by_floatip) == (True, False, True)
    assert "valid_lft forever" in shown(address)
    assert "noprefixroute" in shown(address)
    assert address not in {it.address for it in primaries(present())}


@pytest.mark.slow
def test_alias_for_a_while_goes_by_itself() -> None:
    """A migration that is cut off leaves nothing behind."""
    assert add_alias(ALIAS4, 32, "eth0", label="web", lifetime_s=1) is None
    deadline_s = time.monotonic() + 5
    while entries(ALIAS4):
        assert time.monotonic() < deadline_s
        time.sleep(0.05)


def test_ipv6_alias_may_be_a_source_if_asked() -> None:
    """It is then not deprecated."""
    assert add_alias(ALIAS6, 128, "eth0", label="", lifetime_s=None, source=True) is None
    assert "deprecated" not in shown(ALIAS6)


def test_alias_without_a_label_has_that_of_its_interface() -> None:
    """A label that ends in a colon would look cut off."""
    assert add_alias(ALIAS4, 32, "eth0", label="", lifetime_s=None) is None
    assert [it.label for it in entries(ALIAS4)] == ["eth0"]


@pytest.mark.parametrize(
    ("prefix", "interface", "lifetime_s", "words"),
    [
        (33, "eth0", None, "10.77.0.60 cannot have the prefix length 33"),
        (32, "eth9", None, "10.77.0.60/32 on eth9 could not be added: there is no such interface"),
        (32, "eth0", 0, "a lifetime must be at least 1 s"),
    ],
)
def test_alias_that_cannot_be_is_a_sentence(prefix: int, interface: str, lifetime_s: int | None, words: str) -> None:
    """Nothing raises, and nothing is there."""
    error = add_alias(ALIAS4, prefix, interface, label="web", lifetime_s=lifetime_s)
    assert error is not None
    assert error.startswith(words)
    assert entries(ALIAS4) == []


def test_kernels_refusal_is_told_with_what_helps() -> None:
    """IPv6 may be off on an interface."""
    Path("/proc/sys/net/ipv6/conf/eth1/disable_ipv6").write_text("1\n", encoding="ascii")
    error = add_alias(ALIAS6, 128, "eth1", label="web", lifetime_s=None)
    assert error is not None
    assert error.startswith("fd77::60/128 on eth1 could not be added: ")
    assert "is IPv6 off there?" in error


def test_somebodys_address_is_given_no_end() -> None:
    """A host's own address must not go because a migration to it was cut off; for good it is there already."""
    error = add_alias(OWN4, 16, "eth0", label="web", lifetime_s=30)
    assert error is not None
    assert error.endswith("it is there for good already, and not by floatip: it was left alone")
    assert [it.permanent for it in entries(OWN4)] == [True]


@ALIASES
def test_every_entry_of_an_alias_is_removed(address: IPAddress, prefix: int) -> None:
    """Of whatever prefix, on whatever interface, whoever put it there; a second time is success too."""
    add_alias(address, prefix, "eth0", label="web", lifetime_s=None)
    ip(f"addr add {address}/{address.max_prefixlen} dev eth1 {'nodad' if address.version == 6 else ''}")
    assert len(entries(address)) == 2
    assert remove_alias(address) is None
    assert entries(address) == []
    assert remove_alias(address) is None
    assert {it.address for it in present()} == {OWN4, OWN6}


def test_secondary_address_by_hand_is_an_alias() -> None:
    """Whoever added it with ip(8) and the subnet's prefix can migrate it."""
    for address, prefix in ((ALIAS4, 16), (ALIAS6, 64)):
        ip(f"addr add {address}/{prefix} dev eth0")
        assert remove_alias(address) is None
        assert entries(address) == []


@pytest.mark.parametrize("address", [OWN4, OWN6], ids=str)
def test_interfaces_own_address_is_not_removed(address: IPAddress) -> None:
    """The host would leave its subnet; the sentence has the command for whoever wants that."""
    error = remove_alias(address)
    assert error is not None
    assert f"`ip addr del {address}/" in error
    assert len(entries(address)) == 1


def test_interface_for_an_address() -> None:
    """That of the narrowest subnet; a link that is down only if there is no other; none off the link."""
    ip("addr add 10.77.5.1/24 dev eth1")
    ip("addr add 10.78.0.9/32 dev eth1")
    assert interface_for(ALIAS4) == "eth0"
    assert interface_for(IPv4Address("10.77.5.60")) == "eth1"
    assert interface_for(ALIAS6) == "eth0"
    assert interface_for(IPv4Address("10.78.0.9")) is None
    assert interface_for(IPv6Address("fe80::99")) is None
    assert interface_for(IPv4Address("127.0.0.9")) is None
    ip("link set p-eth1 down")
    assert interface_for(IPv4Address("10.77.5.60")) == "eth0"
