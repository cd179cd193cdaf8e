"""What this daemon may have been given before others, and no program inherits: the scheduler's and the kernel's favour.

Knows: scheduling classes, niceness, ambient capabilities, scores of the out-of-memory killer. Never: gets any of it.
"""

import ctypes
import os
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
_REAL_TIME = {os.SCHED_FIFO, os.SCHED_RR}


def step_down() -> None:
    """Make this thread an ordinary one for good, and what it starts; PermissionError if it must keep a real-time class.

    All of this is a thread's own, and inherited. A better niceness stays where a filter forbids to change it.
    """
    ctypes.CDLL(None).prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    if os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK in _REAL_TIME:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    if os.getpriority(os.PRIO_PROCESS, 0) < 0:
        with suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, 0, 0)


def make_expendable(pid: int, proc: Path = PROC) -> None:
    """Let the kernel, out of memory, think of this process as of any other, however dear this daemon is to it."""
    with suppress(OSError, ValueError):
        if int((proc / "self/oom_score_adj").read_text()) < 0:
            (proc / f"{pid}/oom_score_adj").write_text("0")
