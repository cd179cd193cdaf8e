"""A false daemon in a thread, and commands that are run against it as an operator would."""

import contextlib
import os
import pty
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from floatip.cli.app import app
from tests.unit.ops.backend import FakeBackend, serving


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a command printed, and its exit code."""

    stdout: str
    stderr: str
    exit_code: int


Floatip = Callable[..., Ran]


@pytest.fixture
def backend() -> FakeBackend:
    """Give the daemon's inside, to be set by the test."""
    return FakeBackend()


@pytest.fixture
def socket(tmp_path: Path, backend: FakeBackend) -> Iterator[Path]:
    """Give the socket of a daemon that runs."""
    with serving(tmp_path / "s", backend):
        yield tmp_path / "s"


@pytest.fixture
def floatip(socket: Path) -> Floatip:
    """Give a function that runs a command against the daemon, in this process."""

    def run(*arguments: str) -> Ran:
        result = CliRunner().invoke(app, ["--socket", str(socket), *arguments], prog_name="floatip")
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return Ran(
            stdout=result.stdout.replace(str(socket), "SOCKET"),
            stderr=result.stderr.replace(str(socket), "SOCKET"),
            exit_code=result.exit_code,
        )

    return run


class Terminal:
    """A command on a terminal of its own, with this width and height."""

    def __init__(self, *arguments: str, width: int = 160, height: int = 50) -> None:
        self._outer, inner = pty.openpty()
        termios.tcsetwinsize(inner, (height, width))
        self.process = start(*arguments, stdout=inner, stderr=inner)
        os.close(inner)
        self.seen = b""

    def until(self, *texts: bytes) -> float:
        """Read until all of these came, after what was read before; return the seconds that took."""
        began_s, fresh = time.monotonic(), b""
        while not all(text in fresh for text in texts):
            fresh += os.read(self._outer, 4096)
        self.seen += fresh
        return time.monotonic() - began_s

    def resize(self, width: int, height: int) -> None:
        """Make it larger or smaller, and tell the command."""
        termios.tcsetwinsize(self._outer, (height, width))
        self.process.send_signal(signal.SIGWINCH)

    def end(self) -> int:
        """Read to the end, and return the exit code."""
        with contextlib.suppress(OSError):  # EIO: the other side has closed the terminal
            while True:
                self.seen += os.read(self._outer, 4096)
        os.close(self._outer)
        return self.process.wait(10)


def start(*arguments: str, **options: object) -> "subprocess.Popen[str]":
    """Start the command as a process of its own."""
    return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
        [sys.executable, "-m", "floatip", *arguments],
        stdin=subprocess.DEVNULL,
        text=True,
        env={"PATH": os.environ["PATH"], "TERM": "xterm"},
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
    )
