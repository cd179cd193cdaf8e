"""Keeps this process in memory. Knows mlockall(2) and what may forbid it. Never: decides whether that is wanted."""

import ctypes
import errno
import os
import resource

from floatip.host import capabilities
from floatip.host.errors import MemoryLockError

_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4
"""As on all architectures but alpha, powerpc and sparc, whose kernels refuse these (EINVAL)."""
_REMEDIES = {
    errno.EPERM: "the unit's SystemCallFilter= must allow @memlock",
    errno.ENOMEM: "it is more than LimitMEMLOCK= allows",
}


def lock() -> None:
    """Have the kernel page out nothing of what this process has, or will have; MemoryLockError if it may not.

    Pages are locked as they are used, so that nothing grows: a thread's stack of 8 MiB takes hardly any memory. But
    each mapping counts in full against the limit, so that must be without an end: a daemon that reached it later could
    start no thread any more.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if limit != resource.RLIM_INFINITY and not capabilities.has_memory_lock():
        _refuse(f"the limit of locked memory is {limit // 1024} KiB")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT):
        number = ctypes.get_errno()
        remedy = _REMEDIES.get(number)
        _refuse(os.strerror(number).lower() + (f": {remedy}" if remedy else ""))


def _refuse(why: str) -> None:
    raise MemoryLockError(
        f"--lock-memory: memory cannot be locked: {why}: give the unit `LimitMEMLOCK=infinity`, as "
        "floatip.service.d/realtime.conf does (in a shell `ulimit -l unlimited`), or start without --lock-memory"
    )
