"""Removes addresses, rules and routes from the kernel by requests that were made ready before.

Knows: how netlink requests are numbered and acknowledged (netlink(7)). Never: what a request is about.
"""

import errno
import socket
import struct
import time
from collections.abc import Sequence

GONE = frozenset({0, errno.EADDRNOTAVAIL, errno.ENODEV, errno.ENOENT, errno.ESRCH})
"""Answers after which an address, a rule or a route is not there."""

_TRIES = 3
_PAUSE_S = 0.005
_ANSWER_TIMEOUT_S = 0.5  # the kernel answers within the send; this is for a broken one
_BATCH = 64  # answers that fit into the smallest receive buffer
_HEADER = struct.Struct("=IHHII")  # length, type, flags, seq, port
_NUMBER = struct.Struct("=I")
_ERROR = struct.Struct("=i")
_FLAGS_AT, _SEQ_AT = 6, 8
_NLM_F_ACK = 0x4
_NLMSG_ERROR = 2


class Kernel:
    """A route netlink socket; open from the start, so that nothing is needed when it counts."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._seq = 0
        self._open()

    def remove(self, requests: Sequence[bytes]) -> list[int]:
        """Send the requests, again if they fail, and give the last answer to each: 0, or an errno."""
        answers = [errno.EIO] * len(requests)
        for attempt in range(_TRIES):
            if attempt:
                time.sleep(_PAUSE_S)
            left = [at for at, answer in enumerate(answers) if answer not in GONE]
            for start in range(0, len(left), _BATCH):
                batch = left[start : start + _BATCH]
                for at, answer in zip(batch, self._send([requests[at] for at in batch]), strict=True):
                    answers[at] = answer
        return answers

    def _send(self, requests: list[bytes]) -> list[int]:
        first = self._seq + 1
        self._seq += len(requests)
        batch = bytearray()
        for seq, request in enumerate(requests, first):
            numbered = bytearray(request)
            numbered[_FLAGS_AT] |= _NLM_F_ACK
            _NUMBER.pack_into(numbered, _SEQ_AT, seq)
            batch += numbered
        answers: dict[int, int] = {}
        missing = errno.ETIMEDOUT
        try:
            opened = self._socket or self._open()
            opened.send(batch)
            while self._seq not in answers:
                answers.update(_answers_in(opened.recv(1 << 16)))
        except TimeoutError:
            self._close()
        except OSError as error:
            missing = error.errno or errno.EIO
            self._close()
        return [answers.get(seq, missing) for seq in range(first, self._seq + 1)]

    def _open(self) -> socket.socket:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
        self._socket.settimeout(_ANSWER_TIMEOUT_S)
        self._socket.bind((0, 0))
        return self._socket

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _answers_in(data: bytes) -> dict[int, int]:
    """Give the errno by the number of the request, for each that is answered here."""
    answers = {}
    at = 0
    while at + _HEADER.size <= len(data):
        length, kind, _flags, seq, _port = _HEADER.unpack_from(data, at)
        if length < _HEADER.size:
            break
        if kind == _NLMSG_ERROR:
            answers[seq] = -_ERROR.unpack_from(data, at + _HEADER.size)[0]
        at += (length + 3) & ~3
    return answers
