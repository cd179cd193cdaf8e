"""One program that the lab runs in a host, its log beside it.

Knows: pid and log. Never: signals anything it did not start.
"""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from floatip.lab import tools
from floatip.lab.errors import LabError


class Process:
    """A running program; `ip netns exec` replaces itself with it, so the pid is the program's own.

    Without a host it runs beside them, where the lab itself runs.
    """

    def __init__(self, host: str | None, argv: Sequence[str], log: Path, env: Mapping[str, str] | None = None) -> None:
        self.host = host
        self.argv = tuple(argv)
        self.log = log
        with log.open("ab") as out:
            self._popen = subprocess.Popen(
                [*([tools.find("ip"), "netns", "exec", host] if host else []), *argv],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the lab, which then stops its processes in order
                env={**os.environ, "PYTHONUNBUFFERED": "1", "PATH": tools.search_path(), **(env or {})},
            )

    @property
    def pid(self) -> int:
        """Give the process id, as seen inside the sandbox."""
        return self._popen.pid

    @property
    def alive(self) -> bool:
        """Say whether it still runs (frozen counts as running)."""
        return self._popen.poll() is None

    @property
    def exit_code(self) -> int | None:
        """Give the exit code (minus the signal's number if one ended it), None while it runs."""
        return self._popen.poll()

    def terminate(self) -> None:
        """Ask it to end (SIGTERM), and do not wait."""
        self._popen.terminate()

    def hang_up(self) -> None:
        """Send SIGHUP: a daemon reads its configuration again."""
        self._popen.send_signal(signal.SIGHUP)

    def kill(self) -> None:
        """End it with SIGKILL and reap it."""
        self._popen.kill()
        self._popen.wait()

    def freeze(self) -> None:
        """Stop it with SIGSTOP until thawed."""
        self._popen.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._popen.send_signal(signal.SIGCONT)

    def wait(self, timeout_s: float) -> int:
        """Wait for its end and give the exit code; raises LabError with the end of its log after the timeout."""
        try:
            return self._popen.wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            raise LabError(f"{self} still runs after {timeout_s} s\n{self.tail()}") from error

    def stop(self, grace_s: float) -> None:
        """End it: SIGTERM, then SIGKILL after the grace; frozen ones are thawed first."""
        if self.alive:
            self.terminate()
            self.thaw()
        try:
            self._popen.wait(grace_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def wait_for_line(self, line: str, timeout_s: float) -> None:
        """Wait until the log has this line; raises LabError with the end of the log if it ends or takes too long."""
        deadline_s = time.monotonic() + timeout_s
        while line not in self.log.read_text(errors="replace").splitlines():
            if not self.alive:
                raise LabError(f"{self} ended with {self.exit_code} before it said {line!r}\n{self.tail()}")
            if time.monotonic() > deadline_s:
                raise LabError(f"{self} did not say {line!r} within {timeout_s} s\n{self.tail()}")
            time.sleep(0.005)

    def tail(self, lines: int = 20) -> str:
        """Give the end of its log."""
        return tail(self.log, lines)

    def __str__(self) -> str:
        return f"{' '.join(self.argv[:4])} on {self.host or 'the lab'} (pid {self.pid})"


def tail(log: Path, lines: int = 20) -> str:
    """Give the last lines of a log under its name."""
    try:
        text = log.read_text(errors="replace")
    except FileNotFoundError:
        text = "(no log)"
    return "\n".join([f"--- {log}", *text.splitlines()[-lines:]])
