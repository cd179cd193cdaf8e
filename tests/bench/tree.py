"""A daemon and all its children, as /proc has them: their ids, CPU time and memory. Never: signals anything."""

from pathlib import Path


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
    """Give the CPU time that the threads of these processes used so far; the kernel counts it in nanoseconds."""
    return sum(thread_s(path.read_text()) for pid in pids for path in Path(f"/proc/{pid}/task").glob("*/schedstat"))


def thread_s(schedstat: str) -> float:
    """Read the time on a CPU from a thread's schedstat: the ticks of `stat` are too coarse for a daemon that idles."""
    return int(schedstat.split(maxsplit=1)[0]) / 1e9


def memory_mib(pids: list[int], word: str) -> float:
    """Sum up `Rss` or `Pss` of /proc/PID/smaps_rollup."""
    total_kib = 0
    for pid in pids:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        total_kib += sum(int(line.split()[1]) for line in lines if line.startswith(f"{word}:"))
    return total_kib / 1024
