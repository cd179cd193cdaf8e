"""Network namespaces for tests that act in several of them from one process.

Knows: that a namespace belongs to a thread, and a socket to the namespace in which it was opened. Never: floatip.
"""

import ctypes
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

import pytest

_CLONE_NEWNET = 0x40000000
_PATIENCE_S = 20

P = ParamSpec("P")
R = TypeVar("R")


def require_sandbox(*tools: str) -> None:
    """Skip the test outside the sandbox; inside it, fail it if a tool is missing."""
    if os.environ.get("FLOATIP_SANDBOX") != "1":
        pytest.skip("needs namespaces of its own: `make test` runs it in the sandbox (FLOATIP_SANDBOX=1)")
    for tool in tools:
        if shutil.which(tool) is None:
            pytest.fail(f"{tool} is missing: install the package that has it (iproute2, iputils-ping, util-linux)")


class Namespace:
    """A network namespace that lives as long as its thread and the sockets opened in it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._worker = ThreadPoolExecutor(1, thread_name_prefix=f"namespace-{name}", initializer=_leave)
        self.thread_id = self.run(threading.get_native_id)
        self.ip("link set lo up")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._worker.shutdown()

    def run(self, do: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call a function inside the namespace, and wait for what it returns or raises."""
        return self._worker.submit(do, *args, **kwargs).result(_PATIENCE_S)

    def shell(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run a program inside the namespace to its end; its exit code is the caller's to judge."""

        def call() -> subprocess.CompletedProcess[str]:
            return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=_PATIENCE_S)

        return self.run(call)

    def ip(self, words: str) -> str:
        """Run `ip` with these words inside the namespace; the test fails if it does."""
        done = self.shell("ip", *words.split())
        assert done.returncode == 0, f"ip {words} in {self.name}: {done.stderr}"
        return done.stdout

    def sysctl(self, key: str, value: int) -> None:
        """Set one value below /proc/sys/net of the namespace."""
        self.run(Path("/proc/sys/net", key).write_text, str(value), "ascii")


def join(left: Namespace, right: Namespace) -> None:
    """Put an Ethernet cable between two namespaces: eth0 at both ends, up and with usable addresses on return."""
    left.ip(f"link add eth0 type veth peer name eth0 netns {right.thread_id}")
    for number, end in enumerate((left, right), start=1):
        end.sysctl("ipv6/conf/eth0/accept_dad", 0)
        end.sysctl("ipv6/conf/eth0/router_solicitations", 0)
        end.ip(f"link set eth0 address 02:00:00:00:00:0{number} up")
        end.ip(f"addr add 10.77.0.{number}/16 dev eth0")
        end.ip(f"addr add fd77::{number}/64 dev eth0 nodad")
    for end in (left, right):
        _await_ready(end)


def _await_ready(end: Namespace) -> None:
    """Wait until the kernel has seen the carrier: only then it makes a link-local address, and answers for IPv6."""
    deadline_s = time.monotonic() + _PATIENCE_S
    while "inet6 fe80:" not in end.ip("-6 addr show dev eth0 scope link -tentative"):
        assert time.monotonic() < deadline_s, f"eth0 in {end.name} has no link-local address after {_PATIENCE_S} s"
        time.sleep(0.005)


def _leave() -> None:
    """Give the calling thread a network namespace of its own."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "cannot make a network namespace; run as root, or in a user namespace")
