"""Which addresses are a host's own, and which sockets hear an address."""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from floatip.host.inventory import HostAddress, primaries
from floatip.host.listeners import Bound, Listener, bound, listeners, v6_sockets_take_v4

V4 = IPv4Address("10.77.0.50")
V6 = IPv6Address("fd77::50")


def entry(
    address: str,
    prefix: int,
    *,
    interface: str = "eth0",
    label: str = "",
    secondary: bool = False,
    by_floatip: bool = False,
) -> HostAddress:
    """Make an entry of the address list."""
    return HostAddress(
        address=ip_address(address),
        prefix=prefix,
        interface=interface,
        permanent=True,
        label=label or ("" if ":" in address else interface),
        ours=False,
        by_floatip=by_floatip,
        secondary=secondary,
    )


@pytest.mark.parametrize(
    ("address", "own"),
    [
        (entry("10.77.0.11", 16), True),
        (entry("10.77.0.11", 16, secondary=True), False),
        (entry("10.77.0.11", 32), False),
        (entry("10.77.0.11", 16, by_floatip=True), False),
        (entry("10.77.0.11", 16, label="eth0:1"), False),
        (entry("fd77::11", 64), True),
        (entry("fd77::11", 64, secondary=True), False),
        (entry("fd77::11", 128), False),
        (entry("fd77::11", 64, by_floatip=True), False),
    ],
    ids=str,
)
def test_own_addresses(address: HostAddress, own: bool) -> None:
    """One by which the interface is in its subnet is its own; an alias is not."""
    assert (primaries([address]) == (address,)) is own


def test_one_for_each_subnet_and_interface() -> None:
    """IPv6 has no secondary ones, and the kernel lists the newest first."""
    addresses = [
        entry("10.77.0.11", 16),
        entry("10.78.0.11", 16),
        entry("10.77.0.11", 16, interface="eth1"),
        entry("10.77.0.50", 16, secondary=True),
        entry("fd77::50", 64),
        entry("fd77::11", 64),
    ]
    assert set(primaries(addresses)) == {*addresses[:3], addresses[5]}


def test_a_labelled_address_that_others_depend_on_is_own() -> None:
    """The kernel would take the others away with it."""
    first = entry("10.77.0.11", 16, label="eth0:1")
    other_subnet = entry("10.78.0.11", 16, label="eth0:2")
    assert primaries([first, other_subnet, entry("10.77.0.12", 16, secondary=True)]) == (first,)


def bound_to(address: str | None, family: int = socket.AF_INET, port: int = 80) -> Bound:
    """Make a socket of nginx."""
    where = None if address is None else ip_address(address)
    return Bound(family=family, address=where, protocol="tcp", port=port, process="nginx")


def test_listeners_of_an_address() -> None:
    """Those bound to it, and those bound to all addresses of its family; a program once per port."""
    sockets = [
        bound_to("10.77.0.50", port=443),
        bound_to("10.77.0.51", port=444),
        bound_to(None),
        bound_to(None),
        bound_to(None, socket.AF_INET6),
        bound_to(None, socket.AF_INET6, port=81),
        bound_to("fd77::50", socket.AF_INET6, port=445),
    ]

    def ports(address: IPv4Address | IPv6Address, *, v4_by_v6: bool) -> list[tuple[int, bool]]:
        return [(it.port, it.specific) for it in listeners(address, sockets, v4_by_v6=v4_by_v6)]

    assert ports(V4, v4_by_v6=False) == [(80, False), (443, True)]
    assert ports(V4, v4_by_v6=True) == [(80, False), (81, False), (443, True)]
    assert ports(V6, v4_by_v6=True) == [(80, False), (81, False), (445, True)]
    assert listeners(V4, sockets[:1], v4_by_v6=True) == (
        Listener(protocol="tcp", port=443, process="nginx", specific=True),
    )


def connection(kind: int, ip: str, status: str, peer: object = (), family: int = socket.AF_INET) -> SimpleNamespace:
    """Make what psutil tells of a socket."""
    return SimpleNamespace(
        family=family, type=kind, laddr=SimpleNamespace(ip=ip, port=80), raddr=peer, status=status, pid=None
    )


def test_only_sockets_that_wait_for_anybody_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Established connections, clients, and connected UDP sockets are nobody's service; mapped IPv4 is IPv4."""
    peer = ("10.77.0.2", 5)
    told = [
        connection(socket.SOCK_STREAM, "0.0.0.0", "LISTEN"),  # noqa: S104
        connection(socket.SOCK_STREAM, "10.77.0.50", "ESTABLISHED", peer),
        connection(socket.SOCK_STREAM, "10.77.0.50", "CLOSE"),
        connection(socket.SOCK_DGRAM, "10.77.0.51", "NONE"),
        connection(socket.SOCK_DGRAM, "10.77.0.52", "NONE", peer),
        connection(socket.SOCK_STREAM, "::ffff:10.77.0.53", "LISTEN", family=socket.AF_INET6),
        SimpleNamespace(family=socket.AF_INET, type=socket.SOCK_DGRAM, laddr=(), raddr=(), status="NONE", pid=None),
    ]
    monkeypatch.setattr(psutil, "net_connections", lambda kind: told)
    sockets, _ = bound()
    assert [(it.family, it.address, it.protocol) for it in sockets] == [
        (socket.AF_INET, None, "tcp"),
        (socket.AF_INET, IPv4Address("10.77.0.51"), "udp"),
        (socket.AF_INET, IPv4Address("10.77.0.53"), "tcp"),
    ]


@pytest.mark.parametrize(("user", "told"), [(0, 0), (1000, 1)])
def test_names_that_this_process_may_not_know_are_told(monkeypatch: pytest.MonkeyPatch, user: int, told: int) -> None:
    """Root sees all there is to see, so that a socket without a name then has none."""
    found = [connection(socket.SOCK_STREAM, "10.77.0.50", "LISTEN")]
    monkeypatch.setattr(psutil, "net_connections", lambda kind: found)
    monkeypatch.setattr("os.geteuid", lambda: user)
    warnings = bound()[1]
    assert [it for it in warnings if it.startswith("who has 1 of the listening sockets")] == warnings
    assert len(warnings) == told


@pytest.mark.parametrize("error", [psutil.AccessDenied(), PermissionError(13, "no"), RuntimeError("malformed line")])
def test_sockets_that_cannot_be_read_are_a_warning(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """The addresses are told all the same."""

    def refuse(kind: str) -> None:
        raise error

    monkeypatch.setattr(psutil, "net_connections", refuse)
    sockets, (warning,) = bound()
    assert sockets == []
    assert "could not be read" in warning


def test_a_process_that_has_gone_has_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """It ended between two looks; its socket is told without it."""
    told = connection(socket.SOCK_STREAM, "10.77.0.50", "LISTEN")
    told.pid = 12345

    def gone(pid: int) -> None:
        raise psutil.NoSuchProcess(pid)

    monkeypatch.setattr(psutil, "net_connections", lambda kind: [told])
    monkeypatch.setattr(psutil, "Process", gone)
    assert [it.process for it in bound()[0]] == [""]


@pytest.mark.parametrize(("setting", "taken"), [("0\n", True), ("1\n", False), (None, False)])
def test_ipv4_is_taken_by_ipv6_sockets_by_default(tmp_path: Path, setting: str | None, taken: bool) -> None:
    """A host without IPv6 has no such setting."""
    path = tmp_path / "bindv6only"
    if setting is not None:
        path.write_text(setting, encoding="ascii")
    assert v6_sockets_take_v4(path) is taken
