"""Runs one command of the shipped unit as systemd would: `as_service.py KEY [WITHOUT...] CONFIG`.

Knows: the unit's user, capabilities, umask, directories, read-only system, memory and rank; it reads them from the unit
itself. Never: the system call filter and the address families, which systemd alone can apply. It runs in the mount
namespace that `ip netns exec` made for it, so that what it mounts ends with the command.

KEY is ExecStart, ExecReload or ExecStopPost; every command of it runs, in order. WITHOUT is a capability that the unit
is taken to lack, or `sysctls` for a /proc/sys that is read-only, as in a container; or the path of a drop-in that the
unit is taken to have.
"""

import ctypes
import os
import resource
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from tests.shipped import TOP, service

UID = 64123
"""Stands for the user floatip; where only root is mapped, root stands for it, with nothing of root's privileges."""
_PR_SET_MDWE, _REFUSE_EXEC_GAIN = 65, 1


def main(key: str, *without: str) -> NoReturn:
    """Run the commands up to the first that fails; become the last of them."""
    *lacks, config = without
    unit = service(*(Path(it) for it in lacks if it.endswith(".conf")))
    uid = user()
    _make_directories(Path(config), uid)
    if uid:
        for place in (sys.base_prefix, sys.prefix, str(TOP)):
            _open_the_way_to(Path(place))
    if unit["ProtectSystem"] == ["strict"]:
        _mount("-o", "remount,bind,ro", "/")
    if "sysctls" in lacks or unit["ProtectKernelTunables"] == ["yes"]:
        _mount("--bind", "/proc/sys", "/proc/sys")
        _mount("-o", "remount,bind,ro", "/proc/sys")
    os.umask(int(unit["UMask"][0], 8))
    if unit["MemoryDenyWriteExecute"] == ["yes"]:
        _deny_write_execute()
    os.environ["FLOATIP_CONFIG"] = config
    privileges = _privileges(uid, set(lacks), _take_rank(unit))
    commands = [[*privileges, *_command(written, config)] for written in unit[key]]
    for command in commands[:-1]:
        if code := subprocess.run(command, check=False).returncode:
            sys.exit(code)
    os.execvp(commands[-1][0], commands[-1])  # noqa: S606 (it keeps the pid, as under systemd)


def _take_rank(unit: Mapping[str, Sequence[str]]) -> list[str]:
    """Take real-time class and limit of locked memory; return what stands for that where root may not raise it."""
    if unit.get("CPUSchedulingPolicy") == ["rr"]:
        try:
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(int(unit["CPUSchedulingPriority"][0])))
        except PermissionError:
            sys.stderr.write("CPUSchedulingPolicy not applied\n")
    if unit.get("LimitMEMLOCK") == ["infinity"]:
        try:
            resource.setrlimit(resource.RLIMIT_MEMLOCK, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        except ValueError:
            return ["CAP_IPC_LOCK"]
    return []


def _command(written: str, config: str) -> list[str]:
    """Split as systemd does, with $MAINPID put in; `floatip` is this interpreter's, its socket that of the lab."""
    words = [word.replace("$$", "\0") for word in shlex.split(written)]
    words = [word.replace("$MAINPID", os.environ.get("MAINPID", "")).replace("\0", "$") for word in words]
    if words[0] == "floatip":
        words[0] = str(Path(sys.executable).with_name("floatip"))
        words += ["--socket", str(Path(config).with_name("floatip.sock"))] * (words[1] == "reload")
    return words


def _privileges(uid: int, lacks: set[str], more: Sequence[str] = ()) -> list[str]:
    """Give the words of setpriv(1): exactly the unit's capabilities, as ambient ones, below its bounding set."""
    unit = service()
    ambient, bounding = (
        ",".join(
            [
                "-all",
                *(f"+{name.removeprefix('CAP_').lower()}" for name in sorted({*unit[key][0].split(), *more} - lacks)),
            ]
        )
        for key in ("AmbientCapabilities", "CapabilityBoundingSet")
    )
    who = [f"--reuid={uid}", f"--regid={uid}", "--clear-groups"] if uid else ["--securebits=+noroot"]
    grow = ["--no-new-privs"] if unit["NoNewPrivileges"] == ["yes"] else []
    return ["setpriv", *who, f"--inh-caps={ambient}", f"--ambient-caps={ambient}", f"--bounding-set={bounding}", *grow]


def user() -> int:
    """Give the number of the user that stands for floatip: root's, where this user namespace has no other."""
    ranges = [[int(word) for word in line.split()] for line in Path("/proc/self/uid_map").read_text().splitlines()]
    return UID if any(first <= UID < first + count for first, _, count in ranges) else 0


def _make_directories(config: Path, uid: int) -> None:
    """Give the user its state and runtime directory, and the way to them."""
    unit = service()
    state, runtime = config.parent / "state", config.parent
    for place, mode in ((state, unit["StateDirectoryMode"]), (runtime, unit["RuntimeDirectoryMode"])):
        os.chown(place, uid, uid)
        place.chmod(int(mode[0], 8))
    runtime.parent.chmod(0o755)


def _open_the_way_to(place: Path) -> None:
    """Make a path passable whose upper folders are closed to others (as root's home is), in this namespace alone."""
    closed = [folder for folder in reversed(place.parents) if not folder.stat().st_mode & 0o001]
    if not closed:
        return
    top, kept = closed[0], Path("/run/kept")
    kept.mkdir(exist_ok=True)
    inside = [it for it in (Path(sys.base_prefix), Path(sys.prefix), TOP) if it.is_relative_to(top)]
    for number, it in enumerate(inside):
        (kept / str(number)).mkdir(exist_ok=True)
        _mount("--bind", str(it), str(kept / str(number)))
    _mount("-t", "tmpfs", "-o", "mode=0755", "tmpfs", str(top))
    for number, it in enumerate(inside):
        it.mkdir(parents=True, exist_ok=True)
        _mount("--bind", str(kept / str(number)), str(it))


def _mount(*words: str) -> None:
    """Mount for this command alone."""
    subprocess.run(["mount", *words], check=True)


def _deny_write_execute() -> None:
    """Refuse memory that is writable and executable, or becomes so, from here on; Linux 6.3 and later can."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_MDWE, _REFUSE_EXEC_GAIN, 0, 0, 0):
        sys.stderr.write(f"MemoryDenyWriteExecute not applied: {os.strerror(ctypes.get_errno())}\n")


def words(key: str, *without: str) -> Sequence[str]:
    """Give the command line of this program, to which the path of the configuration is added."""
    return (sys.executable, __file__, key, *without)


if __name__ == "__main__":
    main(*sys.argv[1:])
