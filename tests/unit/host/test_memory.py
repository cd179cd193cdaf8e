"""What keeps memory from being locked is told with its remedy."""

import ctypes
import errno
import resource
from types import SimpleNamespace

import pytest

from floatip.host import memory
from floatip.host.errors import MemoryLockError


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Give a kernel without a limit that locks what it is asked to; a test may set it otherwise."""
    kernel = SimpleNamespace(limit=resource.RLIM_INFINITY, may=False, answer=0, asked=[])

    def mlockall(flags: int) -> int:
        kernel.asked.append(flags)
        ctypes.set_errno(kernel.answer)
        return -1 if kernel.answer else 0

    monkeypatch.setattr(resource, "getrlimit", lambda _: (kernel.limit, kernel.limit))
    monkeypatch.setattr("floatip.host.capabilities.has_memory_lock", lambda: kernel.may)
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: SimpleNamespace(mlockall=mlockall))
    return kernel


def test_all_that_is_and_will_be_is_locked_as_it_is_used(kernel: SimpleNamespace) -> None:
    """One call: present and future mappings, on fault; a capability is as good as no limit."""
    memory.lock()
    kernel.limit, kernel.may = 8 << 20, True
    memory.lock()
    assert kernel.asked == [7, 7]


def test_a_limit_is_refused_before_it_is_reached(kernel: SimpleNamespace) -> None:
    """It would hold for what comes later, too: nothing is locked."""
    kernel.limit = 8 << 20
    with pytest.raises(MemoryLockError, match=r"the limit of locked memory is 8192 KiB: .* `LimitMEMLOCK=infinity`"):
        memory.lock()
    assert kernel.asked == []


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EPERM, "operation not permitted: the unit's SystemCallFilter= must allow @memlock: "),
        (errno.ENOMEM, "cannot allocate memory: it is more than LimitMEMLOCK= allows: "),
        (errno.EINVAL, "invalid argument: give the unit"),
    ],
)
def test_what_the_kernel_refuses_is_told(kernel: SimpleNamespace, number: int, words: str) -> None:
    """In its words, with what helps, and how to start without."""
    kernel.answer = number
    with pytest.raises(MemoryLockError) as refusal:
        memory.lock()
    assert str(refusal.value).startswith(f"--lock-memory: memory cannot be locked: {words}")
    assert str(refusal.value).endswith("or start without --lock-memory")
