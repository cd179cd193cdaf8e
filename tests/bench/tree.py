"""A daemon and all its children, as /proc has them: their ids, CPU time and memory. Never: signals anything."""

import os
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> list[int]:
    """Give the process and its descendants, parents first; those that are gone are left out."""
    found = [pid]
    for one in found:
        try:
            for task in Path(f"/proc/{one}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def cpu_s(pids: list[int]) -> float:
    """Give the CPU time that these processes used so far."""
    return sum(cpu_ticks(Path(f"/proc/{pid}/stat").read_text()) for pid in pids) / _TICKS_PER_S


def cpu_ticks(stat: str) -> int:
    """Read user and system time from a line of /proc/PID/stat; the name in it may have spaces."""
    fields = stat.rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def memory_mib(pids: list[int], word: str) -> float:
    """Sum up `Rss` or `Pss` of /proc/PID/smaps_rollup."""
    total_kib = 0
    for pid in pids:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        total_kib += sum(int(line.split()[1]) for line in lines if line.startswith(f"{word}:"))
    return total_kib / 1024
