"""Runs other people's programs. Knows: processes and their limits. Never: what they are run for.

A program has a session of its own, a small environment, and nothing of what puts this process before others: neither
its ambient capabilities nor its real-time class. What it starts and leaves behind when it ends by itself lives on; when
its time is up, or nobody waits any more, all of it is killed.
"""

from floatip.programs.rank import step_down
from floatip.programs.result import MOST_CHARACTERS, Result, printable
from floatip.programs.running import environment, run
from floatip.programs.threads import aside, in_thread

__all__ = ["MOST_CHARACTERS", "Result", "aside", "environment", "in_thread", "printable", "run", "step_down"]
