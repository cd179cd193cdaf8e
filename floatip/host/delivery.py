"""When the kernel takes packets to an address for its own.

Knows: that an IPv6 address without duplicate address detection is listed at once, and has its route in the table
`local` some milliseconds later, when a worker of the kernel gets to it (addrconf_dad_completed). Announced before, it
would cost every client the packets that come meanwhile. Never: waits for longer than PATIENCE_S, because the heartbeats
wait too.
"""

import socket
import struct
import time
from collections.abc import Collection
from typing import Final

from floatip.host.messages import HEADER, NLM_F_REQUEST
from floatip.host.netlink import RouteSocket

PATIENCE_S: Final = 0.02
_LOOK_AGAIN_S: Final = 0.0005
_RTM_GETROUTE: Final = 26
_RTA_DST: Final = 1
_RTN_LOCAL: Final = 2
_RTMSG: Final = struct.Struct("=BBBBBBBBI")  # family, lengths of target and source, tos, table, protocol, scope, type
_TYPE_AT: Final = HEADER.size + 7
_ATTRIBUTE: Final = struct.Struct("=HH")  # length, type


def await_delivery(route: RouteSocket, packed: Collection[bytes]) -> bool:
    """Wait until packets to all these IPv6 addresses are delivered here, and return whether they are."""
    missing = list(packed)
    deadline_s = time.monotonic() + PATIENCE_S
    while missing:
        answers = route.ask([_question(address) for address in missing])
        missing = [one for one, answer in zip(missing, answers, strict=True) if not _is_local(answer)]
        if missing:
            if time.monotonic() > deadline_s:
                return False
            time.sleep(_LOOK_AGAIN_S)
    return True


def _question(packed: bytes) -> bytes:
    """Ask by which route a packet to this address would go."""
    body = _RTMSG.pack(socket.AF_INET6, 8 * len(packed), 0, 0, 0, 0, 0, 0, 0)
    target = _ATTRIBUTE.pack(_ATTRIBUTE.size + len(packed), _RTA_DST) + packed
    length = HEADER.size + len(body) + len(target)
    return HEADER.pack(length, _RTM_GETROUTE, NLM_F_REQUEST, 0, 0) + body + target


def _is_local(answer: bytes) -> bool:
    return len(answer) > _TYPE_AT and answer[_TYPE_AT] == _RTN_LOCAL
