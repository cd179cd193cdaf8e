"""What the two measuring processes share: the clock, being on time on a busy machine, and being told to stop.

Knows: CLOCK_BOOTTIME, SCHED_FIFO, SIGTERM. Never: measures.
"""

import gc
import os
import signal
import socket
import time
from types import FrameType

_FIFO_PRIORITY = 20


def now_s() -> float:
    """Read CLOCK_BOOTTIME, the one clock of all results of the lab."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def go_realtime() -> bool:
    """Ask for SCHED_FIFO and stop the garbage collector; says whether SCHED_FIFO was allowed."""
    gc.collect()
    gc.disable()
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(_FIFO_PRIORITY))
    except PermissionError:
        return False
    return True


class Stop:
    """Becomes `asked` on SIGTERM or SIGINT, and readable for a selector."""

    def __init__(self) -> None:
        self.asked = False
        self._readable, self._written = socket.socketpair()
        self._written.setblocking(False)
        signal.set_wakeup_fd(self._written.fileno())
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def fileno(self) -> int:
        """Give the file descriptor that becomes readable."""
        return self._readable.fileno()

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True
