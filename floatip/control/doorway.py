"""The file of the control socket: whose it is and who may use it. Knows: files, modes, groups. Never: what is said.

The socket exists from its first moment with mode 0600 and is opened to the group only afterwards.
"""

import grp
import os
import socket
import stat
from contextlib import suppress
from pathlib import Path

_MAX_PATH_BYTES = 107
"""sun_path of unix(7), without its final zero."""
_BACKLOG = 64


class ControlError(Exception):
    """The control socket cannot be had; the message names it, what is in the way, and the remedy."""


class Doorway:
    """The socket file at ``path``, usable by root and the members of ``group`` (None: by its owner alone)."""

    def __init__(self, path: Path, group: str | None) -> None:
        self._path = path
        self._group = group
        self._identity: tuple[int, int] | None = None

    def open(self) -> tuple[socket.socket, list[str]]:
        """Return the listening socket, and warnings about who cannot use it; ControlError if it cannot be had."""
        path = self._path
        if len(os.fsencode(path)) > _MAX_PATH_BYTES:
            raise ControlError(f"control socket {path}: longer than {_MAX_PATH_BYTES} bytes; choose a shorter path")
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            self._clear()
            mask = os.umask(0o177)
            try:
                listener.bind(str(path))
            finally:
                os.umask(mask)
            found = path.stat()
            self._identity = found.st_dev, found.st_ino
            warnings = self._admit_group()
            listener.listen(_BACKLOG)
        except OSError as error:
            listener.close()
            raise ControlError(
                f"control socket {path}: {error.strerror or error}; make its directory writable for floatip, or set"
                " another [control] socket"
            ) from error
        except ControlError:
            listener.close()
            raise
        return listener, warnings

    def close(self) -> None:
        """Remove the socket file, if it is still ours."""
        with suppress(OSError):
            found = self._path.stat()
            if (found.st_dev, found.st_ino) == self._identity:
                self._path.unlink()
        self._identity = None

    def _clear(self) -> None:
        """Remove the socket that a dead daemon left; ControlError if anything else is there."""
        try:
            mode = self._path.lstat().st_mode
        except FileNotFoundError:
            return
        if not stat.S_ISSOCK(mode):
            raise ControlError(
                f"control socket {self._path}: something else is there; move it away, or set another path"
            )
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
            caller.settimeout(1.0)
            try:
                caller.connect(str(self._path))
            except ConnectionRefusedError:
                self._path.unlink()
                return
            except (TimeoutError, BlockingIOError):
                pass
        raise ControlError(
            f"control socket {self._path}: another daemon answers there; stop it (`systemctl stop floatip`), or set"
            " another [control] socket"
        )

    def _admit_group(self) -> list[str]:
        """Open the socket to the group; return what keeps it from being opened."""
        if self._group is None:
            return []
        alone = f"only the owner of {self._path} may use it"
        try:
            gid = grp.getgrnam(self._group).gr_gid
        except KeyError:
            return [f"group {self._group!r} does not exist: {alone}; create it with `groupadd --system {self._group}`"]
        try:
            os.chown(self._path, -1, gid)
            self._path.chmod(0o660)
        except OSError as error:
            return [f"{self._path} cannot be given to group {self._group!r} ({error.strerror}): {alone}"]
        return []
