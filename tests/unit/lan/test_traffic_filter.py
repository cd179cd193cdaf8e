"""The filter that counts packets to an address, run by the kernel between two local sockets."""

import socket
from ipaddress import IPv4Address, IPv6Address

import pytest

from floatip.lan import bpf
from floatip.lan.heard import Address
from floatip.lan.traffic import program

V4 = IPv4Address("10.77.0.50")
V6 = IPv6Address("fd77::50")
OTHERS: list[tuple[Address, Address]] = [
    (V4, IPv4Address("10.77.0.51")),
    (V4, IPv4Address("11.77.0.50")),
    *((V6, IPv6Address(int(V6) ^ 1 << bit)) for bit in (0, 31, 32, 63, 64, 95, 96, 127)),
]


def packet(target: Address, source: Address | None = None) -> bytes:
    """Make an IP header to an address; the sender is as told, or empty."""
    length = len(target.packed)
    return bytes(12 if length == 4 else 8) + (source.packed if source else bytes(length)) + target.packed


def counted(address: Address, data: bytes) -> bytes | None:
    """Give what the filter of an address lets through of a packet, or None."""
    sender, receiver = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    with sender, receiver:
        bpf.attach(receiver, program(address))
        sender.send(data)
        try:
            return receiver.recv(4096)
        except BlockingIOError:
            return None


@pytest.mark.parametrize("address", [V4, V6], ids=str)
def test_one_byte_of_a_packet_to_the_address_is_kept(address: Address) -> None:
    """More would be copied for nobody."""
    data = b"\x45" + packet(address)[1:] + bytes(100)
    assert counted(address, data) == b"\x45"


@pytest.mark.parametrize(("address", "other"), OTHERS, ids=str)
def test_a_packet_to_another_address_is_not_counted(address: Address, other: Address) -> None:
    """One bit elsewhere in any word of the target is enough, and the sender does not matter."""
    assert counted(address, packet(other)) is None
    assert counted(address, packet(other, source=address)) is None


@pytest.mark.parametrize("address", [V4, V6], ids=str)
def test_a_packet_cut_off_is_not_counted(address: Address) -> None:
    """A target that is not there in full equals nothing."""
    assert counted(address, packet(address)[:-1]) is None


@pytest.mark.parametrize("address", [V4, V6], ids=str)
def test_a_packet_to_another_host_is_refused_first(address: Address) -> None:
    """The first test is whether it was sent to this host's MAC, and failing it leads to the refusal."""
    code = program(address)
    assert (code[0].operand, code[1].operand) == (0xFFFFF004, 0)
    assert code[1 + 1 + code[1].if_false] == code[-1] == bpf.Instruction(0x06, 0, 0, 0)
