"""Runs a command in namespaces of its own: network, mounts, processes and, for an ordinary user, user ids.

`python -m floatip.lab.sandbox -- COMMAND...`; the exit code is the command's. Inside, /run is empty and private, `lo`
is up, there is no other network, and FLOATIP_SANDBOX is 1. Three processes: this one (outside), unshare, and an init
inside that is process 1 there. The init holds the read end of a pipe whose write end only we have: however we end,
the pipe closes, the init exits, and the kernel kills whatever is left inside. Never: leaves anything behind.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from floatip.lab import tools
from floatip.lab.errors import LabError

MARK = "FLOATIP_SANDBOX"
_AS_ROOT = ("--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
_AS_USER = ("--user", "--map-root-user", *_AS_ROOT)
_FORBIDDEN = (
    ("kernel/unprivileged_userns_clone", "0", "1"),
    ("kernel/apparmor_restrict_unprivileged_userns", "1", "0"),
    ("user/max_user_namespaces", "0", "10000"),
)
"""Sysctl, the value that forbids user namespaces, the value that allows them."""


def is_inside() -> bool:
    """Say whether this process runs in the sandbox."""
    return os.environ.get(MARK) == "1"


def reexec_in_sandbox(argv: Sequence[str]) -> int:
    """Run `floatip ARGV...` in a sandbox and give its exit code."""
    return run([sys.executable, "-m", "floatip", *argv])


def run(command: Sequence[str]) -> int:
    """Run the command in a new sandbox and give its exit code (128 + N if signal N ended it).

    Ctrl-C reaches the command through the terminal; TERM and HUP are passed on, the second of them ends everything.
    Raises LabError if namespaces are forbidden here or a program is missing.
    """
    tools.require("unshare", "mount", "ip")
    flags = _working_flags()
    lifeline, ours = os.pipe()
    init = (sys.executable, "-m", "floatip.lab.sandbox", "--init", str(lifeline), "--", *command)
    env = {**os.environ, MARK: "1", "PATH": tools.search_path()}
    signals = 0

    def pass_on(number: int, _frame: FrameType | None) -> None:
        nonlocal signals
        signals += 1
        if signals == 1:
            os.write(ours, bytes([number]))
        elif signals == 2:
            os.close(ours)

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGTERM, signal.SIGHUP)}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, _let_pass)
    try:
        with subprocess.Popen([tools.find("unshare"), *flags, "--", *init], pass_fds=[lifeline], env=env) as child:
            os.close(lifeline)
            code = child.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if signals < 2:
            os.close(ours)
    return code if code >= 0 else 128 - code


def _working_flags() -> tuple[str, ...]:
    """Try out which flags of unshare this machine allows: root may be forbidden inside a container."""
    choices = (_AS_ROOT, _AS_USER) if os.geteuid() == 0 else (_AS_USER,)
    complaint = ""
    for flags in choices:
        trial = subprocess.run(
            [tools.find("unshare"), *flags, "--", tools.find("ip"), "link", "set", "lo", "up"],
            capture_output=True,
            text=True,
            check=False,
        )
        if trial.returncode == 0:
            return flags
        complaint = trial.stderr.strip() or f"unshare ended with {trial.returncode}"
    raise LabError(f"cannot make namespaces: {complaint}; remedy: {remedy()}")


def remedy(proc_sys: Path = Path("/proc/sys")) -> str:
    """Name the setting that forbids user namespaces on this machine and the command that allows them."""
    for key, forbids, allows in _FORBIDDEN:
        try:
            found = (proc_sys / key).read_text().strip()
        except OSError:
            continue
        if found == forbids:
            name = key.replace("/", ".")
            return f"{name} is {found}: sudo sysctl -w {name}={allows}"
    return "run as root, or in a container allow user namespaces and mounts (docker run --privileged)"


def _init(lifeline: int, command: list[str]) -> int:
    """Be process 1: prepare, start the command, reap every orphan until the command ends."""
    os.set_inheritable(lifeline, False)
    signal.signal(signal.SIGINT, _let_pass)
    subprocess.run([tools.find("mount"), "-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/run"], check=True)
    Path("/run/netns").mkdir()
    subprocess.run([tools.find("ip"), "link", "set", "lo", "up"], check=True)
    try:
        pid = os.posix_spawnp(command[0], command, os.environ, setsigdef=[signal.SIGPIPE, signal.SIGXFSZ])
    except OSError as error:
        raise LabError(f"cannot run {command[0]!r}: {error.strerror}") from error
    threading.Thread(target=_obey, args=(lifeline, pid), name="lifeline", daemon=True).start()
    while True:
        gone, status = os.wait()
        if gone == pid:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _obey(lifeline: int, pid: int) -> None:
    """Pass signals from outside on to the command; end everything when outside is gone."""
    while byte := os.read(lifeline, 1):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, byte[0])
    os._exit(128 + signal.SIGKILL)


def _let_pass(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: the terminal sends Ctrl-C to the command as well, and we end when it ends."""


def main(argv: Sequence[str]) -> int:
    """Run as a program; exit code 2 on wrong usage, 1 if there can be no sandbox."""
    try:
        match list(argv):
            case ["--init", lifeline, "--", *command] if command:
                return _init(int(lifeline), command)
            case ["--", *command] if command:
                return run(command)
            case _:
                sys.stderr.write("usage: python -m floatip.lab.sandbox -- COMMAND...\n")
                return 2
    except LabError as error:
        sys.stderr.write(f"sandbox: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
