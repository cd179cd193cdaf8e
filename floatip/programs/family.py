"""Ends a program with all that it started. Knows: processes, their parents and sessions. Never: why they end."""

import os
import signal
from contextlib import suppress

import psutil

_SEARCHES = 10
"""So often new members of a family are looked for before it is killed."""


def kill_family(root: int) -> None:
    """Kill a process, its descendants and its session.

    All are stopped first, so that nobody starts another while they are looked for; the last ones found die first.
    """
    found: dict[int, psutil.Process] = {}
    for _ in range(_SEARCHES):
        fresh = {process.pid: process for process in _family(root) if process.pid not in found}
        if not fresh:
            break
        for process in fresh.values():
            with suppress(psutil.Error):
                process.suspend()
        found |= fresh
    for process in reversed(found.values()):
        with suppress(psutil.Error):
            process.kill()
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(root, signal.SIGKILL)


def _family(root: int) -> list[psutil.Process]:
    family = []
    with suppress(psutil.Error):
        family = [psutil.Process(root), *psutil.Process(root).children(recursive=True)]
    for pid in psutil.pids():
        with suppress(OSError, psutil.Error):
            if os.getsid(pid) == root:
                family.append(psutil.Process(pid))
    return family
