"""One floatip per network namespace.

Knows an abstract unix socket, which exists once in each network namespace and goes away with the process that bound
it, however that ends. Never writes a file, so nothing stale can be left behind.
"""

import errno
import socket
import struct
from types import TracebackType
from typing import Self

from floatip.host.errors import HostError, LockError

NAME = "@floatip-host"
_BACKLOG = 4096  # refused rivals stay in the queue unread; none of them waits for an answer
_UCRED = struct.Struct("3i")  # pid, uid, gid


class HostLock:
    """Held from `acquire` to `release` or the end of the process; a forked child that keeps it open holds it too."""

    def __init__(self, name: str = NAME) -> None:
        self._name = name
        self._address = "\0" + name.removeprefix("@")
        self._socket: socket.socket | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._socket is not None

    def acquire(self) -> None:
        """Take the lock, or raise LockError that names the process which has it."""
        if self._socket is not None:
            return
        bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            bound.bind(self._address)
            bound.listen(_BACKLOG)
        except OSError as error:
            bound.close()
            if error.errno == errno.EADDRINUSE:
                raise self._taken() from error
            message = f"cannot bind the abstract socket {self._name}: {error.strerror}; see `ss -xl`"
            raise HostError(message) from error
        self._socket = bound

    def release(self) -> None:
        """Let the next one in; releasing twice is fine."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self.release()

    def _taken(self) -> LockError:
        pid = self._holder()
        if pid is None:
            return LockError(
                f"another floatip holds {self._name} in this network namespace: find it with `ss -xlp | grep floatip`, "
                "and stop it with `systemctl stop floatip`",
                pid=None,
            )
        return LockError(
            f"another floatip, process {pid}, holds {self._name} in this network namespace: "
            f"see `ps -p {pid} -f`, and stop it with `systemctl stop floatip` or `kill {pid}`",
            pid=pid,
        )

    def _holder(self) -> int | None:
        """Pid of the process that listens, or None if it lives in a pid namespace that cannot be seen from here."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as probe:
            probe.setblocking(False)
            try:
                probe.connect(self._address)
                pid: int = _UCRED.unpack(probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))[0]
            except OSError:
                return None
            return pid or None
