"""The daemon in a real-time class, its memory locked, as the shipped drop-in has it: what inherits that, and what not.

An ordinary user's sandbox may give neither; there the start must be refused for the memory, in words.
"""

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from floatip.lab import namespace
from floatip.lab.cluster import Cluster
from floatip.lab.settings import Settings, Table, Vip
from tests.lab import as_service
from tests.lab.cluster_scene import settled
from tests.shipped import REALTIME

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]

Start = Callable[[Settings], Cluster]
STACK_KIB, USED_KIB = 8 * 1024, 1024
"""What is reserved for a thread's stack, and less than what may be used of it."""
RANK = (
    "import os, pathlib; "
    "print('class', os.sched_getscheduler(0), 'nice', os.getpriority(0, 0),"
    " 'score', int(pathlib.Path('/proc/self/oom_score_adj').read_text()))"
)
MAY = as_service.user() != 0
"""Whether this sandbox is root's own, who may give ranks and lock memory."""


def settings(*words: str) -> Settings:
    """One node, whose VIP needs a check that says which rank it has."""
    check: Table = {
        "name": "rank",
        "type": "exec",
        "command": [sys.executable, "-I", "-S", "-c", RANK],
        "interval": "1s",
        "timeout": "900ms",
        "rise": 1,
        "fall": 20,
    }
    vip = Vip(extra={"checks": ["rank"]})
    return Settings(nodes=1, vips=[vip], daemon=as_service.words("ExecStart", *words), extra={"check": [check]})


def memory_kib(pid: int, file: str, key: str) -> list[int]:
    """Read what the kernel says of a process's memory, or of each mapping of it."""
    return [int(it) for it in re.findall(rf"^{key}:\s+(\d+) kB", Path(f"/proc/{pid}/{file}").read_text(), re.MULTILINE)]


def sentinel(node: str) -> int:
    """Find it among the processes of a node."""
    (found,) = (it for it in namespace.pids(node) if b"floatip.sentinel" in Path(f"/proc/{it}/cmdline").read_bytes())
    return found


def test_a_daemon_of_rank_has_ordinary_programs(start_cluster: Start) -> None:
    """Daemon, its threads and its sentinel are in the class, its memory is locked; its check is like any program."""
    cluster = start_cluster(settings(str(REALTIME)))
    daemon = cluster.daemons["n1"]
    if not MAY:
        assert daemon.wait(20.0) == 4, daemon.tail()
        assert "LimitMEMLOCK=infinity" in daemon.tail()
        return
    settled(cluster)
    threads = [int(it.name) for it in Path(f"/proc/{daemon.pid}/task").iterdir()]
    assert len(threads) > 1
    assert {os.sched_getscheduler(it) for it in [*threads, sentinel("n1")]} == {os.SCHED_RR}
    assert memory_kib(daemon.pid, "status", "VmLck")[0] > 0
    sizes, used = memory_kib(daemon.pid, "smaps", "Size"), memory_kib(daemon.pid, "smaps", "Rss")
    stacks = [kib for size, kib in zip(sizes, used, strict=True) if size == STACK_KIB]
    assert stacks
    assert max(stacks) < USED_KIB, "locked is what is used, not what is reserved"
    (check,) = cluster.ask("n1")["checks"]
    assert check["passes"]
    assert check["output"] == f"class {os.SCHED_OTHER} nice 0 score 0"
