"""The filter programs, run by the kernel: a datagram between two local sockets passes through them like a frame."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address

import pytest

from floatip.lan import arp, bpf, ndp

MAC = "02:00:00:00:00:02"
VIP4 = IPv4Address("10.77.0.50")
VIP6 = IPv6Address("fd77::50")
ADVERTISEMENT = ndp.announcements(VIP6, MAC)[0]
SOLICITATION = ndp.probe(VIP6, MAC)
GRATUITOUS = arp.announcements(VIP4, MAC)[0]


def with_byte(frame: bytes, at: int, value: int) -> bytes:
    """Overwrite one byte of a frame."""
    return frame[:at] + bytes([value]) + frame[at + 1 :]


@contextmanager
def filtered(program: tuple[bpf.Instruction, ...]) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Open two joined sockets, the second of which has the filter."""
    sender, receiver = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    with sender, receiver:
        bpf.attach(receiver, program)
        yield sender, receiver


def passes(program: tuple[bpf.Instruction, ...], frame: bytes) -> bool:
    """Tell whether the kernel lets a frame through, whole."""
    with filtered(program) as (sender, receiver):
        sender.send(frame)
        try:
            return receiver.recv(4096) == frame
        except BlockingIOError:
            return False


@pytest.mark.parametrize(
    "frame",
    [*arp.announcements(VIP4, MAC), arp.probe(VIP4, MAC), GRATUITOUS + bytes(18)],
    ids=["request-form", "reply-form", "probe", "padded"],
)
def test_arp_passes(frame: bytes) -> None:
    """All ARP gets through the ARP filter, none through the other."""
    assert passes(bpf.ARP, frame)
    assert not passes(bpf.NEIGHBOUR_DISCOVERY, frame)


@pytest.mark.parametrize(
    "frame",
    [ADVERTISEMENT, SOLICITATION, ADVERTISEMENT + bytes(1000)],
    ids=["advertisement", "solicitation", "long"],
)
def test_neighbour_discovery_passes(frame: bytes) -> None:
    """Solicitations and advertisements get through the discovery filter, none through the other."""
    assert passes(bpf.NEIGHBOUR_DISCOVERY, frame)
    assert not passes(bpf.ARP, frame)


@pytest.mark.parametrize("kind", [1, 128, 129, 133, 134, 137, 143])
def test_other_icmpv6_stays_out(kind: int) -> None:
    """Echo, router messages, redirects and group reports do not wake the daemon."""
    assert not passes(bpf.NEIGHBOUR_DISCOVERY, with_byte(ADVERTISEMENT, 54, kind))


@pytest.mark.parametrize("header", [0, 6, 17, 43, 44, 59])
def test_other_ipv6_stays_out(header: int) -> None:
    """TCP, UDP, and whatever hides behind extension headers or fragments (RFC 6980) do not wake the daemon."""
    assert not passes(bpf.NEIGHBOUR_DISCOVERY, with_byte(ADVERTISEMENT, 20, header))


@pytest.mark.parametrize("program", [bpf.ARP, bpf.NEIGHBOUR_DISCOVERY], ids=["arp", "discovery"])
@pytest.mark.parametrize(
    "frame",
    [b"\0", GRATUITOUS[:13], ADVERTISEMENT[:54], with_byte(GRATUITOUS, 13, 0)],
    ids=["one-byte", "no-ethertype", "no-icmp", "ipv4"],
)
def test_short_and_foreign_frames_stay_out(program: tuple[bpf.Instruction, ...], frame: bytes) -> None:
    """A frame too short to tell, or of another ethertype, is refused."""
    assert not passes(program, frame)


def test_a_program_the_kernel_refuses_is_an_error() -> None:
    """A program that jumps out of itself raises instead of leaving the socket open to everything."""
    wild = (bpf.Instruction(0x15, 9, 9, 0), bpf.Instruction(0x06, 0, 0, 0))
    with pytest.raises(OSError, match="Invalid argument"), filtered(wild):
        pass
