"""A daemon whose wall clock can be stepped: ``clocked_daemon.py FILE`` is ``floatip run -c FILE``.

CLOCK_REALTIME belongs to the whole machine and to no namespace, so what is stepped is what this daemon reads of it: by
the seconds in the file ``clock`` beside FILE. Knows: the clock. Never: what the daemon makes of it.
"""

import sys
import time
from pathlib import Path

STEP = "clock"

if __name__ == "__main__":
    config = Path(sys.argv[1])
    file = config.parent / STEP
    clock_gettime, wall_s, wall_ns = time.clock_gettime, time.time, time.time_ns

    def step_s() -> float:
        """Give the seconds by which the wall clock is wrong."""
        try:
            return float(file.read_text() or 0.0)
        except OSError:
            return 0.0

    def stepped(clock: int) -> float:
        """Read a clock of which the wall clock alone is stepped."""
        return clock_gettime(clock) + (step_s() if clock == time.CLOCK_REALTIME else 0.0)

    time.clock_gettime = stepped
    time.time = lambda: wall_s() + step_s()
    time.time_ns = lambda: wall_ns() + int(step_s() * 1e9)

    from floatip import daemon
    from floatip.config import load

    sys.exit(daemon.run(load(config), config))
