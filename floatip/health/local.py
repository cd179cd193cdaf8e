"""Looks at this host. Knows: programs, interfaces, files, processes. Never: for how long to wait.

All but ``look_exec`` may block (a file server, a busy kernel): they are called in a thread.
"""

import errno
import fcntl
import os
import socket
import stat
import struct
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from floatip import programs
from floatip.config.fields import duration
from floatip.health.verdict import Verdict, span

PROCESSES = Path("/proc")
MOST_CONTENT = 1 << 16
"""A text is looked for in so many bytes at the beginning of a file."""

_SIOCGIFFLAGS = 0x8913
_IFF_UP, _IFF_RUNNING = 0x1, 0x40
_COMM = 15
"""The kernel keeps so many bytes of a process's name."""


async def look_exec(argv: Sequence[str], timeout_s: float) -> Verdict:
    """Run a program; exit code 0 passes, and the last line that it says is told."""
    result = await programs.run(argv, timeout_s=timeout_s)
    last = result.lines[-1] if result.lines else ""
    if result.code == 0:
        return Verdict(passed=True, output=last or result.ending)
    return Verdict(passed=False, output=f"{result.ending}: {last}" if last else result.ending)


def look_link(interface: str) -> Verdict:
    """Whether an interface is up and has carrier."""
    flags = _flags(interface)
    if flags is None:
        return Verdict(passed=False, output=f"there is no interface {interface}")
    if not flags & _IFF_UP:
        return Verdict(passed=False, output=f"{interface} is switched off")
    running = bool(flags & _IFF_RUNNING)
    return Verdict(passed=running, output=f"{interface} is up" if running else f"{interface} has no carrier")


def look_file(path: Path, contains: str | None, max_age_s: float | None) -> Verdict:
    """Whether a file is there, has a text, and was modified within some time."""
    try:
        status = path.stat()
        regular = stat.S_ISREG(status.st_mode)
        found = _content(path) if regular and contains is not None else b""
    except FileNotFoundError:
        return Verdict(passed=False, output=f"{path} does not exist")
    except OSError as error:
        return Verdict(passed=False, output=f"{path}: {(error.strerror or str(error)).lower()}")
    age_s = time.time() - status.st_mtime
    if max_age_s is not None and age_s > max_age_s:
        text = f"{path} was modified {span(age_s)} ago, which is more than {duration(max_age_s)}"
        return Verdict(passed=False, output=text)
    if contains is not None and contains.encode() not in found:
        text = f'does not contain "{contains}"' if regular else "is not a regular file"
        return Verdict(passed=False, output=f"{path} {text}")
    return Verdict(passed=True, output=f"{path} exists" if contains is None else f'{path} contains "{contains}"')


def look_process(name: str) -> Verdict:
    """Whether a process of this name lives: as the kernel has it, or as the program was called."""
    pids = [int(entry.name) for entry in PROCESSES.iterdir() if entry.name.isdecimal()]
    pid = next((pid for pid in sorted(pids) if _is(pid, os.fsencode(name))), None)
    if pid is None:
        return Verdict(passed=False, output=f"there is no process {name}")
    return Verdict(passed=True, output=f"{name} is process {pid}")


def _flags(interface: str) -> int | None:
    """What the kernel says of an interface (netdevice(7)); None if there is none. /sys may show another namespace's."""
    request = struct.pack("16sH22x", os.fsencode(interface), 0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            answer = fcntl.ioctl(sock, _SIOCGIFFLAGS, request)
        except OSError as error:
            if error.errno == errno.ENODEV:
                return None
            raise
    flags: int = struct.unpack_from("H", answer, 16)[0]
    return flags


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_CONTENT)


def _is(pid: int, name: bytes) -> bool:
    with suppress(OSError):
        before, _, after = (PROCESSES / str(pid) / "stat").read_bytes().rpartition(b")")
        if after.split(maxsplit=1)[0] in {b"Z", b"X"}:
            return False
        if before.partition(b"(")[2] == name[:_COMM] and len(name) <= _COMM:
            return True
        program = (PROCESSES / str(pid) / "cmdline").read_bytes().split(b"\0", 1)[0]
        return program.rpartition(b"/")[2] == name
    return False
