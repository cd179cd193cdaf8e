"""A network namespace of its own for one test.

Knows how the calling thread leaves its network namespace and comes back. What the test makes inside goes away with it.
Never works outside the sandbox, so that no test ever touches the network of the machine.
"""

import ctypes
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.lab.namespaces import require_sandbox

_CLONE_NEWNET = 0x40000000


def ip(command: str) -> str:
    """Run iproute2 with these words in the network namespace of the calling thread; give what it prints."""
    done = subprocess.run(["ip", *command.split()], capture_output=True, text=True, check=False, timeout=10)
    assert done.returncode == 0, f"ip {command}: {done.stderr}"
    return done.stdout


@contextmanager
def private_network(interfaces: Sequence[str]) -> Iterator[None]:
    """Put the calling thread into a new network namespace that has these interfaces, up, each with a peer "p-...".

    IPv6 duplicate address detection is off, so that nothing happens in it by itself.
    """
    require_sandbox("ip")
    libc = ctypes.CDLL(None, use_errno=True)
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _check(libc.unshare(_CLONE_NEWNET))
        try:
            ip("link set lo up")
            for name in interfaces:
                ip(f"link add {name} type veth peer name p-{name}")
                for end in (name, f"p-{name}"):
                    ip(f"link set {end} addrgenmode none up")
            yield
        finally:
            _check(libc.setns(home, _CLONE_NEWNET))
    finally:
        os.close(home)


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
