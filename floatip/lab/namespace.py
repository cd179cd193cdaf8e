"""Network namespaces by name (as `ip netns` keeps them): enter one for a moment, list who lives in it.

Knows: /run/netns and /proc. Never: creates or removes one.
"""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from floatip.lab.errors import LabError

NETNS_DIR = Path("/run/netns")
_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)  # os.setns exists from Python 3.12 on


@contextmanager
def inside(name: str) -> Iterator[None]:
    """Move this thread into the namespace; sockets and processes made meanwhile belong to it for good.

    Nothing may be awaited meanwhile. Raises LabError if there is no such namespace.
    """
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _enter(name)
        try:
            yield
        finally:
            _set(home, "the namespace it came from")
    finally:
        os.close(home)


def pids(name: str) -> list[int]:
    """List the living processes in the namespace, this one excepted."""
    try:
        home = (NETNS_DIR / name).stat()
    except FileNotFoundError:
        return []
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            theirs = (entry / "ns/net").stat()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # gone meanwhile, or a zombie
        if (theirs.st_dev, theirs.st_ino) == (home.st_dev, home.st_ino):
            found.append(int(entry.name))
    return found


def _enter(name: str) -> None:
    try:
        door = os.open(NETNS_DIR / name, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise LabError(f"no network namespace {name!r}; `ip netns` lists those there are") from error
    try:
        _set(door, name)
    finally:
        os.close(door)


def _set(door: int, name: str) -> None:
    if _libc.setns(door, _CLONE_NEWNET) != 0:
        why = os.strerror(ctypes.get_errno())
        raise LabError(f"cannot enter network namespace {name!r}: {why}; run inside the sandbox (floatip.lab.sandbox)")
