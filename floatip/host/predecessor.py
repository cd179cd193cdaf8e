"""The sentinel of a daemon that ran here before: take over from it, or wait for its end.

Knows: its socket and its answers. Never: what becomes of the addresses. Both calls block, for as long as they are told.
"""

import os
import select
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from floatip.host.errors import SentinelError
from floatip.sentinel import words
from floatip.sentinel.words import Hold

PATIENCE_S = 1.0
"""How long a sentinel may take to let go."""
_AGAIN_S = 0.01
_ITS_CODE = b"floatip.sentinel"


def take_over(patience_s: float = PATIENCE_S) -> tuple[Hold, ...]:
    """Have a sentinel that lives end without removing anything; give what it held. It is gone when this returns.

    One that does not answer, or not in these words, is killed: what it held is not known then. SentinelError if it
    cannot be killed.
    """
    held: tuple[Hold, ...] = ()
    deadline_s = time.monotonic() + patience_s
    called = _call(words.TAKEOVER, deadline_s)
    if called is None:
        return held
    with called:
        pid, _ = words.other_end(called)
        try:
            for word in _said(called, deadline_s):
                held = tuple(map(words.hold_of, word["held"]))
        except (TimeoutError, ValueError, TypeError, KeyError):
            _kill(pid, patience_s)
    return held


def guards() -> bool:
    """Whether a sentinel lives here that is to be believed."""
    try:
        called = _call(words.LIST, time.monotonic() + PATIENCE_S)
    except SentinelError:
        return False
    if called is None:
        return False
    called.close()
    return True


def await_end(patience_s: float, tell: Callable[[str], None]) -> bool:
    """Wait until no sentinel lives here, telling what it removes meanwhile; False if one lives after that time."""
    deadline_s = time.monotonic() + patience_s
    called = _call(words.WAIT, deadline_s)
    if called is None:
        return True
    with called:
        try:
            for word in _said(called, deadline_s):
                if "held" in word:
                    vips = ", ".join(hold.vip for hold in map(words.hold_of, word["held"]))
                    tell(f"the sentinel (process {word['pid']}) holds {vips or 'nothing'}: waits for its end")
                else:
                    tell(f"the sentinel removed {', '.join(map(str, word['removed']))}: {word['why']}")
        except TimeoutError:
            return False
        except (ValueError, TypeError, KeyError):
            return False
    return True


def _call(verb: str, deadline_s: float) -> socket.socket | None:
    """Ask the sentinel; None if none lives here. SentinelError if whoever has its name is not to be believed."""
    while True:
        caller = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            caller.setblocking(False)
            caller.connect(words.ADDRESS)
            pid, uid = words.other_end(caller)
            if uid not in {0, os.geteuid()}:
                caller.close()
                raise SentinelError(
                    f"process {pid} of user {uid} has {words.NAME}, and may remove what a daemon adds:"
                    f" see `ps -p {pid} -f`, and end it"
                )
            caller.send(verb.encode() + b"\n")
        except BlockingIOError as error:  # too many others wait at its door
            caller.close()
            if time.monotonic() > deadline_s:
                raise SentinelError(f"{words.NAME} does not answer: see `ss -xlp`, and end who has it") from error
            time.sleep(_AGAIN_S)
        except OSError:
            caller.close()
            return None
        else:
            return caller


def _said(called: socket.socket, deadline_s: float) -> Iterator[dict[str, Any]]:
    """Yield what it says until it ends; TimeoutError if it does not."""
    lines = words.Lines()
    while True:
        called.settimeout(max(0.001, deadline_s - time.monotonic()))
        try:
            data = called.recv(1 << 16)
        except ConnectionError:
            return
        if not data:
            return
        yield from lines.feed(data)


def _kill(pid: int, patience_s: float) -> None:
    """End a sentinel that is frozen or stuck: it would remove, later, what is ours by then."""
    try:
        trouble = _end(pid, patience_s) if pid else "it lives in another pid namespace"
    except ProcessLookupError:
        return
    except OSError as error:
        trouble = str(error)
    if not trouble:
        return
    raise SentinelError(
        f"the sentinel of an earlier daemon, process {pid}, does not answer at {words.NAME} and cannot be ended:"
        f" {trouble}; see `ss -xlp`, and end it"
    )


def _end(pid: int, patience_s: float) -> str:
    """Kill the process if it is a sentinel; say why it still lives, or nothing."""
    fd = os.pidfd_open(pid)  # from here on the number cannot become another process's
    try:
        if _ITS_CODE not in Path(f"/proc/{pid}/cmdline").read_bytes():
            return "that process is none"
        signal.pidfd_send_signal(fd, signal.SIGKILL)
        return "" if select.select([fd], [], [], patience_s)[0] else "SIGKILL does not end it"
    finally:
        os.close(fd)
