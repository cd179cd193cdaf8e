"""Whose answers are worth telling."""

from ipaddress import IPv4Address

import pytest

from floatip.lan.asked import ASKED_S, MOST_PER_INTERFACE, AskedHosts
from floatip.lan.heard import Heard, HeardKind

HOST = IPv4Address("10.77.0.12")
OTHER = IPv4Address("10.77.0.13")


def frame(
    kind: HeardKind = HeardKind.REPLY, *, address: IPv4Address = HOST, interface: str = "eth0", to_us: bool = True
) -> Heard:
    """Give a frame of the host."""
    return Heard(interface=interface, address=address, mac="02:00:00:00:00:0c", kind=kind, to_us=to_us)


def test_an_answer_to_us_of_a_host_asked_for_is_told() -> None:
    """It shows that both ways are whole."""
    hosts = AskedHosts()
    hosts.ask("eth0", HOST, 1.0)
    assert hosts.is_answer(frame(), 1.1)


@pytest.mark.parametrize(
    "heard",
    [
        frame(address=OTHER),
        frame(interface="eth1"),
        frame(to_us=False),
        *(frame(kind) for kind in HeardKind if kind is not HeardKind.REPLY),
    ],
    ids=repr,
)
def test_nothing_else_is(heard: Heard) -> None:
    """Another host's, on another LAN, an answer to others, or what the host says of itself: it may not hear us."""
    hosts = AskedHosts()
    hosts.ask("eth0", HOST, 1.0)
    assert not hosts.is_answer(heard, 1.1)


def test_a_host_is_forgotten_in_time() -> None:
    """Nobody asks for it any more."""
    hosts = AskedHosts()
    hosts.ask("eth0", HOST, 1.0)
    assert hosts.is_answer(frame(), 1.0 + ASKED_S)
    assert not hosts.is_answer(frame(), 1.1 + ASKED_S)


def test_the_set_is_bounded() -> None:
    """The one asked for the longest ago makes room."""
    hosts = AskedHosts()
    hosts.ask("eth0", HOST, 1.0)
    hosts.ask("eth0", OTHER, 1.0)
    hosts.ask("eth0", HOST, 1.5)
    for number in range(MOST_PER_INTERFACE - 1):
        hosts.ask("eth0", IPv4Address("10.77.1.1") + number, 2.0)
    assert hosts.is_answer(frame(), 2.0)
    assert not hosts.is_answer(frame(address=OTHER), 2.0)
