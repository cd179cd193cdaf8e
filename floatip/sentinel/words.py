"""What daemon, sentinel and those who ask it say to one another: one JSON object a line.

Knows: the words and their form. Never: what they are good for.

The daemon to its sentinel: {"own": [MAC...]}, {"peers": [MAC...]}, {"hold": [HOLD...]}, {"drop": [VIP...]},
{"farewell": true}. Others to the sentinel, by its socket: one verb. It answers {"pid", "held": [HOLD...]}, and to those
who wait {"removed": [VIP...], "why"}, until it ends.
"""

import json
import socket
import struct
from collections.abc import Iterable
from typing import Any, NamedTuple

NAME = "@floatip-sentinel"
"""The sentinel's abstract unix socket, one in each network namespace."""
ADDRESS = "\0" + NAME[1:]

TAKEOVER = "takeover"
"""Say what you hold, and end without removing it."""
WAIT = "wait"
"""Say what you hold, then what you remove, and keep the connection until you end."""
LIST = "list"
"""Say what you hold."""

HOLDS_PER_LINE = 100
_MOST_WAITING_BYTES = 1 << 20
_UCRED = struct.Struct("3i")  # pid, uid, gid


class Entry(NamedTuple):
    """One address on one interface; ``delete``: the netlink request that removes it."""

    address: str
    prefix: int
    interface: str
    delete: bytes

    def __str__(self) -> str:
        return f"{self.address}/{self.prefix} on {self.interface}"


class Hold(NamedTuple):
    """One VIP as entrusted: removed ``at_once`` when the daemon ends, or held while the kernel may have it."""

    vip: str
    at_once: bool
    lasts_s: float
    """How long that is after its last renewal, in seconds."""
    entries: tuple[Entry, ...]
    undo: tuple[bytes, ...] = ()
    """The netlink requests that take its source routing away."""


def line(word: dict[str, Any]) -> bytes:
    """Write one word down."""
    return json.dumps(word, separators=(",", ":")).encode() + b"\n"


def packed(hold: Hold) -> bytes:
    """Write a hold as it stands in a line; one without source routing is as it was before there was any."""
    entries = [[it.address, it.prefix, it.interface, it.delete.hex()] for it in hold.entries]
    told = [hold.vip, hold.at_once, hold.lasts_s, entries, *([[it.hex() for it in hold.undo]] if hold.undo else [])]
    return json.dumps(told, separators=(",", ":")).encode()


def holding(holds: Iterable[bytes]) -> bytes:
    """Write lines that entrust these packed holds."""
    waiting = list(holds)
    parts = [waiting[at : at + HOLDS_PER_LINE] for at in range(0, len(waiting), HOLDS_PER_LINE)]
    return b"".join(b'{"hold":[' + b",".join(part) + b"]}\n" for part in parts)


def account(pid: int, holds: Iterable[Hold]) -> bytes:
    """Write what a sentinel answers."""
    return b'{"pid":%d,"held":[%s]}\n' % (pid, b",".join(packed(hold) for hold in holds))


def hold_of(told: Any) -> Hold:
    """Read a hold; ValueError, TypeError, or what else a list does that is none."""
    vip, at_once, lasts_s, entries, *undo = told
    return Hold(
        str(vip),
        bool(at_once),
        float(lasts_s),
        tuple(
            Entry(str(address), int(prefix), str(interface), bytes.fromhex(delete))
            for address, prefix, interface, delete in entries
        ),
        tuple(bytes.fromhex(request) for request in (undo[0] if undo else ())),
    )


class Lines:
    """Puts together what arrives in pieces."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        """Give the words that are complete now; ValueError for one that is none, or never ends."""
        self._waiting += data
        *whole, rest = self._waiting.split(b"\n")
        self._waiting = rest
        if len(rest) > _MOST_WAITING_BYTES:
            raise ValueError(f"a line of more than {_MOST_WAITING_BYTES} bytes")
        found = [json.loads(text) for text in whole]
        if not all(isinstance(word, dict) for word in found):
            raise ValueError("a line that is no JSON object")
        return found


def other_end(connected: socket.socket) -> tuple[int, int]:
    """Give (pid, uid) of the process at the other end of a unix socket; pid 0 if it cannot be seen from here."""
    pid, uid, _gid = _UCRED.unpack(connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
    return pid, uid
