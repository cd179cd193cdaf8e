"""One process. Knows: how it is started, heard, killed and reaped. Never: for how long it may run."""

import asyncio
import errno
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from pathlib import Path

from floatip.programs.family import kill_family
from floatip.programs.rank import make_expendable, step_down
from floatip.programs.result import Result
from floatip.programs.threads import in_thread

MOST_OUTPUT = 4096
"""So many bytes of output are kept, the last ones; the rest is read and thrown away."""
GRACE_S = 0.05
"""How long output may still come after the program itself has ended."""
REAP_S = 1.0
"""How long a killed program is waited for; one that the kernel does not let go ends later, by itself."""

_READ = 1 << 16


class CannotStartError(Exception):
    """Why a program cannot be started, in a sentence."""


class Child:
    """One process: started in a thread that is its own, then watched by the loop."""

    def __init__(self, argv: Sequence[str], stdin: bytes | None, env: Mapping[str, str]) -> None:
        self.ended = asyncio.Event()
        self._silent = asyncio.Event()
        self._tail = b""
        self._is_cut = False
        self._killing: Future[None] | None = None
        try:
            self._process, self._output, self._pidfd = _started(argv, stdin, env)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            raise CannotStartError(_why_not(argv[0], error)) from error

    def watch(self) -> None:
        """Begin to read its output, and to wait for its end."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._output, self._read)
        loop.add_reader(self._pidfd, self._exits)

    async def hear_out(self) -> None:
        """Take what it said last; somebody that it left behind may keep the pipe open."""
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE_S):
                await self._silent.wait()

    async def kill(self) -> None:
        """Kill it and all that it has started, and wait until it is gone."""
        if self.ended.is_set():
            return
        try:
            self._killing = in_thread(kill_family, self._process.pid)
        except RuntimeError:  # no thread is to be had
            os.killpg(self._process.pid, signal.SIGKILL)
        else:
            await asyncio.shield(asyncio.wrap_future(self._killing))
        with suppress(TimeoutError):
            async with asyncio.timeout(REAP_S):
                await self.ended.wait()

    def destroy(self) -> None:
        """Kill it where nobody watches it; may block."""
        kill_family(self._process.pid)
        self._process.wait()
        os.close(self._pidfd)
        os.close(self._output)

    def close(self) -> None:
        """Hear no more of it."""
        asyncio.get_running_loop().remove_reader(self._output)
        os.close(self._output)

    def result(self, *, timed_out: bool = False) -> Result:
        """Tell how it ended."""
        code = self._process.returncode
        text = self._tail.decode(errors="replace")
        if self._is_cut:
            text = text.partition("\n")[2] or text
        if timed_out or code is None:
            return Result(timed_out=True, output=text)
        return Result(code=code, output=text) if code >= 0 else Result(signal=-code, output=text)

    def _read(self) -> None:
        try:
            data = os.read(self._output, _READ)
        except BlockingIOError:
            return
        if not data:
            asyncio.get_running_loop().remove_reader(self._output)
            self._silent.set()
            return
        said = self._tail + data
        self._is_cut = self._is_cut or len(said) > MOST_OUTPUT
        self._tail = said[-MOST_OUTPUT:]

    def _exits(self) -> None:
        """Reap it, but not while its number is still being used to kill others."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._pidfd)
        if self._killing is None:
            self._reap()
        else:
            self._killing.add_done_callback(lambda _: loop.call_soon_threadsafe(self._reap))

    def _reap(self) -> None:
        self._process.poll()
        os.close(self._pidfd)
        self.ended.set()


def _started(
    argv: Sequence[str], stdin: bytes | None, env: Mapping[str, str]
) -> tuple[subprocess.Popen[bytes], int, int]:
    """Start a program; return it, what it says, and what becomes readable when it ends.

    Popen keeps the interpreter's lock until the program has taken the new process over (vfork), so what it might wait
    for there, a disk or a file server, is read before.
    """
    with suppress(OSError), Path(argv[0]).open("rb") as program:
        program.read(_READ)
    with ExitStack() as always, ExitStack() as on_failure:
        output, theirs = os.pipe()
        on_failure.callback(os.close, output)
        always.callback(os.close, theirs)
        os.set_blocking(output, False)
        given = subprocess.DEVNULL
        if stdin is not None:
            given = _file_of(stdin)
            always.callback(os.close, given)
        step_down()
        process = subprocess.Popen(
            argv,
            stdin=given,
            stdout=theirs,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=env,
            umask=0o022,
            start_new_session=True,
        )
        make_expendable(process.pid)
        pidfd = _handle(process)
        on_failure.pop_all()
        return process, output, pidfd


def _handle(process: subprocess.Popen[bytes]) -> int:
    """A file that becomes readable when the process has ended."""
    try:
        return os.pidfd_open(process.pid)
    except OSError:
        kill_family(process.pid)
        process.wait()
        raise


def _file_of(content: bytes) -> int:
    """A file without a name, to be read from its beginning: unlike a pipe it never has to be waited for."""
    file = os.memfd_create("stdin")
    with os.fdopen(file, "wb", closefd=False) as writer:
        writer.write(content)
    os.lseek(file, 0, os.SEEK_SET)
    return file


def _why_not(program: str, error: Exception) -> str:
    match error:
        case FileNotFoundError() if Path(program).exists():
            why = "the program that its first line or its header names does not exist"
        case FileNotFoundError():
            why = "there is no such file"
        case PermissionError():
            why = f"permission denied; see `ls -l {program}`, it must be executable"
        case OSError(errno=errno.ENOEXEC):
            why = "it is no program of this machine, nor a script that begins with a line like #!/bin/sh"
        case OSError(strerror=str(text)):
            why = text.lower()
        case _:
            why = str(error)
    return f"cannot start {program}: {why}"
