"""A false daemon in a thread, and commands that are run against it as an operator would."""

import os
import subprocess
import sys
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


def start(*arguments: str, **options: object) -> "subprocess.Popen[str]":
    """Start the command as a process of its own."""
    return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
        [sys.executable, "-m", "floatip", *arguments],
        stdin=subprocess.DEVNULL,
        text=True,
        env={"PATH": os.environ["PATH"], "TERM": "xterm", "COLUMNS": "160"},
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
    )
