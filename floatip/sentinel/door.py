"""The sentinel's abstract unix socket: others ask what it holds, wait for its end, or take over from it.

Knows: the verbs, and who may ask: root, and whoever the sentinel runs as. Never: waits for a caller that does not read,
but for half a second with the first answer.
"""

import contextlib
import errno
import os
import socket
from collections.abc import Callable, Collection

from floatip.sentinel import words

MOST_CALLERS = 16
_LONGEST_VERB_BYTES = 64
_ANSWER_TIMEOUT_S = 0.5


class Door:
    """Answers with what ``account`` gives; calls ``leave`` when somebody has taken over."""

    def __init__(self, account: Callable[[], bytes], leave: Callable[[], None], address: str = words.ADDRESS) -> None:
        self._account = account
        self._leave = leave
        self._address = address
        self._listener: socket.socket | None = None
        self._asked: dict[socket.socket, bytes] = {}
        self._waiting: set[socket.socket] = set()

    def open(self) -> bool:
        """Take the name; False while another process has it. OSError if there can be no such socket."""
        opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        try:
            opened.bind(self._address)
            opened.listen(MOST_CALLERS)
        except OSError as error:
            opened.close()
            if error.errno == errno.EADDRINUSE:
                return False
            raise
        self._listener = opened
        return True

    def sockets(self) -> list[socket.socket]:
        """What to wait for."""
        return [*([] if self._listener is None else [self._listener]), *self._asked, *self._waiting]

    def serve(self, ready: Collection[socket.socket]) -> None:
        """Let in and answer whoever is at the door."""
        for caller in [it for it in (*self._asked, *self._waiting) if it in ready]:
            self._hear(caller)
        if self._listener is not None and self._listener in ready:
            self._let_in(self._listener)

    def tell(self, text: bytes) -> None:
        """Tell those who wait; one who does not read is not waited for."""
        for caller in list(self._waiting):
            try:
                caller.send(text)
            except BlockingIOError:
                continue
            except OSError:
                self._close(caller)

    def _let_in(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            caller, _ = listener.accept()
            caller.setblocking(False)
            allowed = words.other_end(caller)[1] in {0, os.geteuid()}
            if not allowed or len(self._asked) + len(self._waiting) >= MOST_CALLERS:
                caller.close()
                return
            self._asked[caller] = b""
            self._hear(caller)

    def _hear(self, caller: socket.socket) -> None:
        try:
            data = caller.recv(_LONGEST_VERB_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        heard = self._asked.get(caller, b"") + data
        if not data or len(heard) > _LONGEST_VERB_BYTES:
            self._close(caller)
        elif caller in self._asked:
            self._asked[caller] = heard
            if heard.endswith(b"\n"):
                self._answer(caller, heard.decode("ascii", "replace").strip())

    def _answer(self, caller: socket.socket, verb: str) -> None:
        if verb not in {words.TAKEOVER, words.WAIT, words.LIST}:
            self._close(caller)
            return
        try:
            caller.settimeout(_ANSWER_TIMEOUT_S)
            caller.sendall(self._account())
            caller.setblocking(False)
        except OSError:
            self._close(caller)
        if verb == words.WAIT and caller in self._asked:
            del self._asked[caller]
            self._waiting.add(caller)
        elif verb == words.TAKEOVER:
            self._leave()
        else:
            self._close(caller)

    def _close(self, caller: socket.socket) -> None:
        self._asked.pop(caller, None)
        self._waiting.discard(caller)
        caller.close()
