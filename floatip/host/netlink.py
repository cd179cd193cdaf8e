"""A route netlink socket that asks and waits.

Knows how requests are numbered, sent and answered (netlink(7)). The kernel works off a request within the very sendmsg
that brings it, so the answer is there when send returns and waiting costs nothing; the timeout is for a broken kernel.
A whole batch goes out in one send: a request that fails is always answered, so only the last one asks for an
acknowledgement, and when that has come, those not mentioned succeeded. Never reads what the messages are about.
"""

import contextlib
import errno
import os
import socket
import struct
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from floatip.host.errors import NetlinkError
from floatip.host.messages import HEADER, NLM_F_ACK, NLM_F_REQUEST, RTM_GETADDR, RTM_GETLINK, attributes, messages_in
from floatip.host.routemessages import RTM_GETROUTE, RTM_GETRULE

ANSWER_TIMEOUT_S: Final = 0.5
_BUFFER_BYTES: Final = 8 << 20
_ANSWER_BYTES: Final = 1280  # what one queued answer takes of the receive buffer, bookkeeping included
_REQUEST_BYTES: Final = 128  # what one request takes of the send buffer, the longest of ours being 104
_MOST_IN_ONE: Final = 2048
_RECV_BYTES: Final = 1 << 16
_DUMP_TRIES: Final = 5
_LAST_SEQ: Final = 0xFFFFFFFF - _MOST_IN_ONE

_NLMSG_ERROR: Final = 2
_NLMSG_DONE: Final = 3
_NLM_F_DUMP_INTR: Final = 0x10
_NLM_F_ACK_TLVS: Final = 0x200
_NLM_F_DUMP: Final = 0x300
_NLMSGERR_ATTR_MSG: Final = 1
_SOL_NETLINK: Final = 270
_NETLINK_CAP_ACK: Final = 10
_NETLINK_EXT_ACK: Final = 11
_NETLINK_GET_STRICT_CHK: Final = 12
_SO_SNDBUFFORCE: Final = 32
_SO_RCVBUFFORCE: Final = 33
_FLAGS_AT: Final = 6
_SEQ: Final = struct.Struct("=I")
_SEQ_AT: Final = 8
_ERROR: Final = struct.Struct("=i")
_LISTS: Final = {RTM_GETADDR: "addresses", RTM_GETLINK: "links", RTM_GETROUTE: "routes", RTM_GETRULE: "rules"}


class Answer(NamedTuple):
    """What became of one request: 0 or an errno, and the kernel's own words if it gave any."""

    errno: int
    text: str = ""


DONE: Final = Answer(0)


def open_socket(groups: int = 0) -> socket.socket:
    """Open a bound route socket that hears the multicast groups of this bit mask, with room for thousands of messages.

    The kernel may refuse the large buffers outside its first user namespace; then they are as large as it allows.
    """
    opened = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
    for forced, plain in ((_SO_SNDBUFFORCE, socket.SO_SNDBUF), (_SO_RCVBUFFORCE, socket.SO_RCVBUF)):
        try:
            opened.setsockopt(socket.SOL_SOCKET, forced, _BUFFER_BYTES)
        except PermissionError:
            opened.setsockopt(socket.SOL_SOCKET, plain, _BUFFER_BYTES)
    opened.bind((0, groups))
    return opened


class RouteSocket:
    """Sends batches and reads dumps; not for two threads at once.

    `strict`: the kernel (4.20 and later) heeds what a dump asks for, and does not list everything.
    """

    def __init__(self, *, strict: bool = False) -> None:
        self._strict = strict
        self._socket: socket.socket | None = None
        self._seq = 1
        self._most = 1

    def open(self) -> None:
        """Open it in the network namespace of the calling thread, where it stays; opening twice is fine."""
        if self._socket is not None:
            return
        opened = open_socket()
        opened.settimeout(ANSWER_TIMEOUT_S)
        for option in (_NETLINK_CAP_ACK, _NETLINK_EXT_ACK):
            opened.setsockopt(_SOL_NETLINK, option, 1)
        if self._strict:
            with contextlib.suppress(OSError):
                opened.setsockopt(_SOL_NETLINK, _NETLINK_GET_STRICT_CHK, 1)
        answers = opened.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // _ANSWER_BYTES
        requests = opened.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) // 2 // _REQUEST_BYTES
        self._most = max(1, min(answers, requests, _MOST_IN_ONE))
        self._socket = opened

    def close(self) -> None:
        """Close it; closing twice is fine."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def send(self, requests: Sequence[bytes | bytearray]) -> list[Answer]:
        """Send the requests in as few sends as the buffers allow and give the answer to each, in the same order.

        A request whose answer did not come within 0.5 s is answered with ETIMEDOUT, or with the error of the socket.
        """
        answers: list[Answer] = []
        for at in range(0, len(requests), self._most):
            answers += self._send_chunk(requests[at : at + self._most])
        return answers

    def ask(self, questions: Sequence[bytes]) -> list[bytes]:
        """Send questions that have one answer each; give the answers in the same order, empty where there is none."""
        answers: list[bytes] = []
        for at in range(0, len(questions), self._most):
            chunk = questions[at : at + self._most]
            first = self._take_seqs(len(chunk))
            found: dict[int, bytes] = {}
            with contextlib.suppress(OSError, struct.error):
                self._opened().send(_numbered(chunk, first))
                while len(found) < len(chunk):
                    data = self._opened().recv(_RECV_BYTES)
                    for kind, start, end in messages_in(data):
                        seq = HEADER.unpack_from(data, start)[3]
                        if first <= seq < first + len(chunk):
                            found[seq] = b"" if kind == _NLMSG_ERROR else data[start:end]
            answers += [found.get(seq, b"") for seq in range(first, first + len(chunk))]
        return answers

    def dump(self, kind: int, question: bytes = b"") -> list[tuple[bytes, int, int]]:
        """Ask for everything of a kind (RTM_GETADDR and the like), or what the question names of it.

        Gives (data, start, end) of each message; nothing if the table that is asked for is not there. Raises
        NetlinkError if the kernel answers with an error, or changes its mind five times while it tells.
        """
        trouble = ""
        for _ in range(_DUMP_TRIES):
            try:
                whole = self._dump_once(kind, question)
            except FileNotFoundError:
                return []
            except (OSError, struct.error) as error:
                trouble = str(error)
                continue
            if whole is not None:
                return whole
            trouble = "it changed each time while it was read"
        raise NetlinkError(f"the kernel did not list its {_LISTS[kind]}: {trouble}; does `ip addr` work here?")

    def _send_chunk(self, requests: Sequence[bytes | bytearray]) -> list[Answer]:
        first = self._take_seqs(len(requests))
        batch = _numbered(requests, first)
        batch[len(batch) - len(requests[-1]) + _FLAGS_AT] |= NLM_F_ACK
        last = first + len(requests) - 1
        answers: dict[int, Answer] = {}
        unanswered = DONE
        try:
            self._opened().send(batch)
            while last not in answers:
                answers.update(_answers_in(self._opened().recv(_RECV_BYTES)))
        except TimeoutError:
            unanswered = Answer(errno.ETIMEDOUT)
        except OSError as error:
            unanswered = Answer(error.errno or errno.EIO)
        return [answers.get(seq, unanswered) for seq in range(first, last + 1)]

    def _dump_once(self, kind: int, question: bytes) -> list[tuple[bytes, int, int]] | None:
        """Give the messages, or None if the kernel says that they do not belong together."""
        seq = self._take_seqs(1)
        body = question or bytes(16 if kind == RTM_GETLINK else 8)
        header = HEADER.pack(HEADER.size + len(body), kind, NLM_F_REQUEST | _NLM_F_DUMP, seq, 0)
        self._opened().send(header + body)
        whole: list[tuple[bytes, int, int]] = []
        interrupted = False
        while True:
            data = self._opened().recv(_RECV_BYTES)
            for found, start, end in messages_in(data):
                _length, _kind, flags, of_seq, _port = HEADER.unpack_from(data, start)
                if of_seq != seq:
                    continue
                interrupted |= bool(flags & _NLM_F_DUMP_INTR)
                if found in {_NLMSG_DONE, _NLMSG_ERROR}:
                    _raise_if_negative(data, start)
                    return None if interrupted else whole
                whole.append((data, start, end))

    def _take_seqs(self, count: int) -> int:
        if self._seq > _LAST_SEQ:
            self._seq = 1
        first = self._seq
        self._seq += count
        return first

    def _opened(self) -> socket.socket:
        if self._socket is None:
            raise NetlinkError("the netlink socket is not open: call open() first")
        return self._socket


def _numbered(requests: Sequence[bytes | bytearray], first: int) -> bytearray:
    batch = bytearray().join(requests)
    at = 0
    for seq, request in enumerate(requests, first):
        _SEQ.pack_into(batch, at + _SEQ_AT, seq)
        at += len(request)
    return batch


def _answers_in(data: bytes) -> Iterator[tuple[int, Answer]]:
    """Yield (seq, answer) of each NLMSG_ERROR message; a late answer has an older seq and hurts nobody."""
    for kind, start, end in messages_in(data):
        if kind != _NLMSG_ERROR:
            continue
        flags = HEADER.unpack_from(data, start)[2]
        (error,) = _ERROR.unpack_from(data, start + HEADER.size)
        (seq,) = _SEQ.unpack_from(data, start + HEADER.size + _ERROR.size + _SEQ_AT)
        text = ""
        if flags & _NLM_F_ACK_TLVS:
            found = attributes(data, start + 2 * HEADER.size + _ERROR.size, end)
            text = found.get(_NLMSGERR_ATTR_MSG, b"").rstrip(b"\0").decode("utf-8", "replace")
        yield seq, Answer(-error, text)


def _raise_if_negative(data: bytes, start: int) -> None:
    (error,) = _ERROR.unpack_from(data, start + HEADER.size)
    if error < 0:
        raise OSError(-error, os.strerror(-error))
