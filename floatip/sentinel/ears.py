"""Packet sockets that hear ARP and neighbour discovery, opened only when the daemon has ended.

Knows: how the kernel is told to drop everything else, and the MAC that we send from. Never: what a frame means for a
VIP.
"""

import array
import contextlib
import errno
import socket
import struct
from collections.abc import Callable, Iterable

from floatip.sentinel import frames, testament
from floatip.sentinel.frames import Claim

FRAMES_PER_TURN = 256
_LONGEST_FRAME_BYTES = 2048
_BUFFER_BYTES = 4 << 20  # two announcements each of a thousand addresses, at the kernel's 768 bytes a small frame
_SO_ATTACH_FILTER = 26
_SO_RCVBUFFORCE = 33

_LOAD_WORD, _LOAD_HALF, _LOAD_BYTE, _IF_EQUAL, _IF_GREATER, _RETURN = 0x20, 0x28, 0x30, 0x15, 0x25, 0x06
_PACKET_TYPE = 0xFFFFF000 + 4  # SKF_AD_OFF + SKF_AD_PKTTYPE
_PACKET_MULTICAST = 2  # above it: to another host, outgoing, looped back
_WHOLE_FRAME = 0xFFFF
_INSTRUCTION = struct.Struct("=HBBI")  # linux/filter.h: code, jump if true, if false, operand

_ARP = (
    (_LOAD_WORD, 0, 0, _PACKET_TYPE),
    (_IF_GREATER, 3, 0, _PACKET_MULTICAST),
    (_LOAD_HALF, 0, 0, 12),
    (_IF_EQUAL, 0, 1, frames.ARP),
    (_RETURN, 0, 0, _WHOLE_FRAME),
    (_RETURN, 0, 0, 0),
)
_NDP = (
    (_LOAD_WORD, 0, 0, _PACKET_TYPE),
    (_IF_GREATER, 8, 0, _PACKET_MULTICAST),
    (_LOAD_HALF, 0, 0, 12),
    (_IF_EQUAL, 0, 6, frames.IPV6),
    (_LOAD_BYTE, 0, 0, 20),  # next header
    (_IF_EQUAL, 0, 4, frames.ICMPV6),
    (_LOAD_BYTE, 0, 0, 54),  # ICMPv6 type
    (_IF_EQUAL, 1, 0, frames.SOLICITATION),
    (_IF_EQUAL, 0, 1, frames.ADVERTISEMENT),
    (_RETURN, 0, 0, _WHOLE_FRAME),
    (_RETURN, 0, 0, 0),
)


class Ears:
    """One socket for each interface and protocol."""

    def __init__(self) -> None:
        self._parsers: dict[socket.socket, Callable[[bytes], Claim | None]] = {}
        self._sockets: dict[tuple[str, bool], socket.socket] = {}

    def open(self, places: Iterable[tuple[str, bool]]) -> list[str]:
        """Listen on each (interface, whether IPv6); say where that is not possible, and why."""
        deaf = []
        for interface, ipv6 in places:
            try:
                opened = _packet_socket(interface, frames.IPV6 if ipv6 else frames.ARP, _NDP if ipv6 else _ARP)
            except OSError as error:
                deaf.append(f"{interface}: {error.strerror or error}")
            else:
                self._parsers[opened] = frames.in_ndp if ipv6 else frames.in_arp
                self._sockets[interface, ipv6] = opened
        return deaf

    def sockets(self) -> list[socket.socket]:
        """What to wait for."""
        return list(self._parsers)

    def testify(self, interface: str, address: bytes) -> None:
        """Tell the LAN of this interface, for this address (packed), that the daemon of this host is dead."""
        ear = self._sockets.get((interface, len(address) == 16))
        if ear is not None:
            with contextlib.suppress(OSError):  # the link is down, or the queue full; it is said again
                ear.send(testament.frame(address, ear.getsockname()[4]))

    def read(self, ready: socket.socket) -> list[Claim]:
        """Give what has been claimed on a socket, at most FRAMES_PER_TURN frames of it."""
        claims = []
        for _ in range(FRAMES_PER_TURN):
            try:
                claim = self._parsers[ready](ready.recv(_LONGEST_FRAME_BYTES))
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno != errno.ENETDOWN:  # told once when the link goes down; it may come up again
                    del self._parsers[ready]
                    ready.close()
                    break
                continue
            if claim is not None:
                claims.append(claim)
        return claims


def _packet_socket(interface: str, ethertype: int, program: tuple[tuple[int, int, int, int], ...]) -> socket.socket:
    """Open a socket that hears what the program lets through; protocol 0 hears nothing before it is bound."""
    opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, 0)
    try:
        code = array.array("B", b"".join(_INSTRUCTION.pack(*each) for each in program))
        described = struct.pack("@HP", len(program), code.buffer_info()[0])
        opened.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, described)
        with contextlib.suppress(PermissionError):
            opened.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_BYTES)
        opened.bind((interface, ethertype))
    except BaseException:
        opened.close()
        raise
    return opened
