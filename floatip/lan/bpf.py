"""The kernel's filter in front of our sockets, as ready-made classic BPF.

Knows: the instructions that let ARP, or neighbour solicitations and advertisements, through. Never: a compiler.
A socket bound to the IPv6 ethertype would otherwise be handed all IPv6 traffic of the host.
"""

import ctypes
import socket
import struct
from dataclasses import dataclass

from floatip.lan import arp, ndp


@dataclass(frozen=True, slots=True)
class Instruction:
    """One `struct sock_filter` of linux/filter.h."""

    code: int
    if_true: int
    if_false: int
    operand: int


_LOAD_WORD = 0x20
_LOAD_HALF = 0x28
_LOAD_BYTE = 0x30
_JUMP_IF_EQUAL = 0x15
_JUMP_IF_GREATER = 0x25
_RETURN = 0x06

_PACKET_TYPE = 0x1_0000_0000 - 0x1000 + 4  # SKF_AD_OFF + SKF_AD_PKTTYPE
_PACKET_MULTICAST = 2  # and below: to this host, or broadcast; above: to another host, outgoing, looped back
_WHOLE_FRAME = 0xFFFF

_ETHERTYPE_AT = 12
_NEXT_HEADER_AT = 20
_ICMP_TYPE_AT = 54
_ICMPV6 = 58

_SO_ATTACH_FILTER = 26

# The packet type test is the one that the kernel's own ARP begins with. It also keeps out frames of other LANs: one
# tagged for a VLAN that has no interface here reaches the sockets of the parent interface with its tag taken off, and
# marked as sent to another host although it was broadcast.
ARP: tuple[Instruction, ...] = (
    Instruction(_LOAD_WORD, 0, 0, _PACKET_TYPE),
    Instruction(_JUMP_IF_GREATER, 3, 0, _PACKET_MULTICAST),
    Instruction(_LOAD_HALF, 0, 0, _ETHERTYPE_AT),
    Instruction(_JUMP_IF_EQUAL, 0, 1, arp.ETHERTYPE),
    Instruction(_RETURN, 0, 0, _WHOLE_FRAME),
    Instruction(_RETURN, 0, 0, 0),
)

NEIGHBOUR_DISCOVERY: tuple[Instruction, ...] = (
    Instruction(_LOAD_WORD, 0, 0, _PACKET_TYPE),
    Instruction(_JUMP_IF_GREATER, 8, 0, _PACKET_MULTICAST),
    Instruction(_LOAD_HALF, 0, 0, _ETHERTYPE_AT),
    Instruction(_JUMP_IF_EQUAL, 0, 6, ndp.ETHERTYPE),
    Instruction(_LOAD_BYTE, 0, 0, _NEXT_HEADER_AT),
    Instruction(_JUMP_IF_EQUAL, 0, 4, _ICMPV6),
    Instruction(_LOAD_BYTE, 0, 0, _ICMP_TYPE_AT),
    Instruction(_JUMP_IF_EQUAL, 1, 0, ndp.SOLICITATION),
    Instruction(_JUMP_IF_EQUAL, 0, 1, ndp.ADVERTISEMENT),
    Instruction(_RETURN, 0, 0, _WHOLE_FRAME),
    Instruction(_RETURN, 0, 0, 0),
)


def attach(sock: socket.socket, program: tuple[Instruction, ...]) -> None:
    """Let through to `sock` only what `program` accepts, from now on; OSError if the kernel refuses the program."""
    code = b"".join(struct.pack("=HBBI", i.code, i.if_true, i.if_false, i.operand) for i in program)
    memory = ctypes.create_string_buffer(code, len(code))
    sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("@HP", len(program), ctypes.addressof(memory)))
