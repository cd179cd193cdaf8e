"""How many packets come in for an address.

Knows: one packet socket per interface and address, whose filter lets through one byte of each packet sent to it; the
kernel counts them. Never: reads a packet, so the smallest buffer fills once and what comes afterwards costs a filter.
"""

import contextlib
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Final

from floatip.lan import bpf
from floatip.lan.bpf import Instruction
from floatip.lan.heard import Address, LanError

MOST_SOCKETS: Final = 512
FORGOTTEN_AFTER_S: Final = 24 * 3600.0
"""Nobody has looked for so long that nobody will: the sockets are closed."""

Place = tuple[str, Address]
"""An interface, and an address for which packets come in there."""

_SOL_PACKET: Final = 263
_PACKET_STATISTICS: Final = 6
_STATISTICS: Final = struct.Struct("=II")  # packets, the dropped among them included; dropped
_ETH_P_IP: Final = 0x0800
_ETH_P_IPV6: Final = 0x86DD

_LOAD_WORD: Final = 0x20
_JUMP_IF_EQUAL: Final = 0x15
_RETURN: Final = 0x06
_PACKET_TYPE: Final = 0x1_0000_0000 - 0x1000 + 4  # SKF_AD_OFF + SKF_AD_PKTTYPE
_PACKET_HOST: Final = 0
_TARGET_AT: Final = {4: 16, 6: 24}  # RFC 791 section 3.1, RFC 8200 section 3
_ONE_BYTE: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Packets that came in during the last `since_s` seconds, which is since the look before."""

    packets: int
    since_s: float


@dataclass(slots=True)
class _Counting:
    """A socket that counts, the index its interface had, and when it was last asked."""

    sock: socket.socket
    index: int
    asked_s: float


def program(address: Address) -> tuple[Instruction, ...]:
    """Accept one byte of each packet to this address and this host's MAC; the filter sees it from the IP header on."""
    words = struct.unpack(f"!{len(address.packed) // 4}I", address.packed)
    tests = [(_PACKET_TYPE, _PACKET_HOST)]
    tests += [(_TARGET_AT[address.version] + 4 * number, word) for number, word in enumerate(words)]
    code: list[Instruction] = []
    for number, (offset, value) in enumerate(tests):
        to_refusal = 2 * (len(tests) - number) - 1
        code += [Instruction(_LOAD_WORD, 0, 0, offset), Instruction(_JUMP_IF_EQUAL, 0, to_refusal, value)]
    return (*code, Instruction(_RETURN, 0, 0, _ONE_BYTE), Instruction(_RETURN, 0, 0, 0))


class TrafficCounter:
    """Counts from one look to the next, in the network namespace of the thread that looks."""

    def __init__(self) -> None:
        self._counting: dict[Place, _Counting] = {}
        self._looked_s = 0.0

    def look(self, wanted: Iterable[Place], now_s: float) -> dict[Place, Traffic | None]:
        """Give what came for each since the last look: None where counting begins now, or cannot.

        It cannot where the interface does not exist, and beyond 512 places. Those not wanted are counted no longer.
        Raises LanError if this process may not open packet sockets.
        """
        self._looked_s = now_s
        places = list(dict.fromkeys(wanted))
        indexes = _indexes({interface for interface, _ in places})
        self._keep({place: indexes[place[0]] for place in places if place[0] in indexes})
        found: dict[Place, Traffic | None] = {}
        for place in places:
            counting = self._counting.get(place)
            found[place] = None if counting is None else _ask(counting, now_s)
            if counting is None and place[0] in indexes:
                self._begin(place, indexes[place[0]], now_s)
        return found

    def expire(self, now_s: float) -> None:
        """Stop counting if nobody has looked for a day."""
        if now_s - self._looked_s >= FORGOTTEN_AFTER_S:
            self.close()

    def close(self) -> None:
        """Stop counting; a later look begins anew."""
        self._keep({})

    def _keep(self, indexes: dict[Place, int]) -> None:
        """Close the sockets of other places, and of interfaces that have been made anew under their old name."""
        for place, counting in list(self._counting.items()):
            if indexes.get(place) != counting.index:
                counting.sock.close()
                del self._counting[place]

    def _begin(self, place: Place, index: int, now_s: float) -> None:
        if len(self._counting) >= MOST_SOCKETS:
            return
        try:
            self._counting[place] = _Counting(_open(*place), index, now_s)
        except PermissionError as error:
            raise LanError(
                f"packets for {place[1]} on {place[0]} cannot be counted: a packet socket needs CAP_NET_RAW, which this"
                " process lacks; `floatip doctor` says how to give it"
            ) from error
        except OSError:  # the interface has gone meanwhile, or there are no file descriptors left
            return


def _ask(counting: _Counting, now_s: float) -> Traffic | None:
    """Read the count, which the kernel sets to zero by that."""
    try:
        raw = counting.sock.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, _STATISTICS.size)
    except OSError:
        return None
    packets, _dropped = _STATISTICS.unpack(raw)
    since_s = now_s - counting.asked_s
    counting.asked_s = now_s
    return Traffic(packets=packets, since_s=since_s)


def _open(interface: str, address: Address) -> socket.socket:
    """Open a socket that counts from its first moment; protocol 0 receives nothing, so the filter is there before."""
    protocol = _ETH_P_IP if isinstance(address, IPv4Address) else _ETH_P_IPV6
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, 0)
    try:
        bpf.attach(sock, program(address))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        sock.bind((interface, protocol))
    except BaseException:
        sock.close()
        raise
    return sock


def _indexes(interfaces: Iterable[str]) -> dict[str, int]:
    """Index of each interface that exists."""
    found = {}
    for name in interfaces:
        with contextlib.suppress(OSError):
            found[name] = socket.if_nametoindex(name)
    return found
