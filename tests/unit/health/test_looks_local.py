"""Looks at this host: programs, interfaces, files, processes."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from floatip import programs
from floatip.health import local, looking
from floatip.health.looking import Look
from floatip.health.verdict import Verdict, span
from tests.unit.health.servers import check


async def seen(kind: str, target: object = None, **more: object) -> tuple[bool, str]:
    """Look once."""
    verdict = await Look(check(kind, None if target is None else str(target), **more))()
    return verdict.passed, verdict.output


# -- programs ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "passed", "output"),
    [
        ("exit 0", True, "exit code 0"),
        ("echo all; echo well; echo", True, "well"),
        ("exit 2", False, "exit code 2"),
        ("echo one >&2; exit 1", False, "exit code 1: one"),
        ("kill -9 $$", False, "ended by signal SIGKILL"),
    ],
)
async def test_a_program_decides(script: str, passed: bool, output: str) -> None:
    """By its exit code; its last line is told."""
    assert await seen("exec", command=["/bin/sh", "-c", script]) == (passed, output)


async def test_a_program_that_hangs_is_killed() -> None:
    """What it said so far is told."""
    command = ["/bin/sh", "-c", "echo begun; sleep 600"]
    told = "was not done in time, and was killed: begun"
    assert await seen("exec", command=command, timeout="500ms") == (False, told)


async def test_a_program_that_is_not_there() -> None:
    """A failure that says why."""
    assert await seen("exec", command=["/no/such"]) == (False, "cannot start /no/such: there is no such file")


# -- interfaces -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "passed", "output"),
    [
        (0x1043, True, "eth1 is up"),
        (0x1003, False, "eth1 has no carrier"),
        (0x1002, False, "eth1 is switched off"),
        (None, False, "there is no interface eth1"),
    ],
)
async def test_an_interface(monkeypatch: pytest.MonkeyPatch, flags: int | None, passed: bool, output: str) -> None:
    """Up, with carrier."""
    monkeypatch.setattr(local, "_flags", lambda _: flags)
    assert await seen("link", "eth1") == (passed, output)


async def test_a_real_interface() -> None:
    """The loopback of any host, and one that no host has."""
    assert await seen("link", "lo0815") == (False, "there is no interface lo0815")
    assert await seen("link", "lo") in {(True, "lo is up"), (False, "lo is switched off")}


# -- files ------------------------------------------------------------------------------------------------------------


async def test_a_file_that_is_there(tmp_path: Path) -> None:
    """Or a folder; a broken link is not."""
    path = tmp_path / "ready"
    assert await seen("file", path) == (False, f"{path} does not exist")
    path.symlink_to(tmp_path / "target")
    assert await seen("file", path) == (False, f"{path} does not exist")
    (tmp_path / "target").touch()
    assert await seen("file", path) == (True, f"{path} exists")
    assert await seen("file", tmp_path) == (True, f"{tmp_path} exists")
    assert await seen("file", path / "x") == (False, f"{path}/x: not a directory")


async def test_what_a_file_contains(tmp_path: Path) -> None:
    """In its first 64 KiB, whatever the bytes around it are."""
    path = tmp_path / "ready"
    path.write_bytes(b"\xff state: \xc3\xbcber \n")
    assert await seen("file", path, contains="über") == (True, f'{path} contains "über"')
    assert await seen("file", path, contains="ready") == (False, f'{path} does not contain "ready"')
    path.write_bytes(b"x" * (64 * 1024 - 2) + b"ready")
    assert await seen("file", path, contains="ready") == (False, f'{path} does not contain "ready"')
    path.write_bytes(b"x" * (64 * 1024 - 5) + b"ready")
    assert await seen("file", path, contains="ready") == (True, f'{path} contains "ready"')


async def test_what_has_no_content(tmp_path: Path) -> None:
    """A folder, and a pipe that nobody writes into: nobody waits for that."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (tmp_path, pipe):
        assert await seen("file", path, contains="x") == (False, f"{path} is not a regular file")


async def test_how_old_a_file_is(tmp_path: Path) -> None:
    """From when it was last written to; what is from the future is not old."""
    path = tmp_path / "ready"
    path.write_text("ready")
    assert (await seen("file", path, max_age="1m", contains="ready"))[0]
    for age_s, output in ((200, f"{path} was modified 3m ago, which is more than 90s"), (-200, f"{path} exists")):
        os.utime(path, (time.time() - age_s,) * 2)
        assert await seen("file", path, max_age="90s") == (age_s < 0, output)


async def test_a_file_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The look fails in time, and there is no second one as long as the first one hangs; then all is as before."""
    pipe, calls = os.pipe(), []

    def hang(_: object) -> Verdict:
        calls.append(1)
        os.read(pipe[0], 1)
        return Verdict(passed=True, output="back")

    monkeypatch.setattr(looking, "_look_here", hang)
    look = Look(check("file", str(tmp_path), timeout="50ms"))
    assert await look() == Verdict(passed=False, output=f"{tmp_path} did not answer within 50ms")
    for _ in range(3):
        blocked = Verdict(passed=False, output=f"{tmp_path}: an earlier look is still waiting for the kernel")
        assert await look() == blocked
    assert calls == [1]
    os.write(pipe[1], b"xx")
    async with asyncio.timeout(20):
        while await look() != Verdict(passed=True, output="back"):  # noqa: ASYNC110 (a thread has no event of ours)
            await asyncio.sleep(0.01)
    os.close(pipe[0])
    os.close(pipe[1])


# -- processes --------------------------------------------------------------------------------------------------------


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process of a program with a name of its own, longer than the kernel keeps one."""
    program = tmp_path / "a-program-with-a-long-name"
    program.symlink_to(sys.executable)
    code = "import time; print(flush=True); time.sleep(600)"
    with subprocess.Popen([str(program), "-I", "-S", "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


async def test_a_process_that_lives(sleeper: subprocess.Popen[bytes]) -> None:
    """Found by the whole name of its program, and not by a part of it."""
    name = "a-program-with-a-long-name"
    assert await seen("process", name) == (True, f"{name} is process {sleeper.pid}")
    for part in (name[:15], name[:20], "a-program-with-a-long-name-too"):
        found = (
            (True, f"{part} is process {sleeper.pid}") if len(part) == 15 else (False, f"there is no process {part}")
        )
        assert await seen("process", part) == found


async def test_a_dead_process_does_not_count(sleeper: subprocess.Popen[bytes]) -> None:
    """One that ended and that nobody has reaped is a zombie."""
    sleeper.kill()
    await programs.aside(os.waitid, os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    name = "a-program-with-a-long-name"
    for one in (name, name[:15]):
        assert await seen("process", one) == (False, f"there is no process {one}")


async def test_odd_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names with brackets and blanks, kernel threads, and processes that end meanwhile."""
    monkeypatch.setattr(local, "PROCESSES", tmp_path)
    for number, stat, cmdline in (
        (7, b"7 (kworker/0:1) I 2", b""),
        (8, b"8 (a) (b) S 1", b"/usr/sbin/real\0-x"),
        (9, b"9 (web) Z 1", b""),
    ):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "cmdline").write_bytes(cmdline)
        (tmp_path / str(number) / "stat").write_bytes(stat)
    (tmp_path / "10").mkdir()
    (tmp_path / "meminfo").touch()
    for name in ("a) (b", "real"):
        assert await seen("process", name) == (True, f"{name} is process 8")
    for name in ("web", "x"):
        assert await seen("process", name) == (False, f"there is no process {name}")


async def test_a_process_that_calls_itself_otherwise() -> None:
    """The name that the kernel has is found as well."""
    code = "import ctypes, time; ctypes.CDLL(None).prctl(15, b'renamed', 0, 0, 0); print(flush=True); time.sleep(600)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-I", "-S", "-c", code, stdout=subprocess.PIPE)
    assert process.stdout is not None
    await process.stdout.readline()
    assert await seen("process", "renamed") == (True, f"renamed is process {process.pid}")
    process.kill()
    await process.communicate()


# -- what people are told ---------------------------------------------------------------------------------------------


def test_an_output_is_one_line() -> None:
    """Printable, and at most 200 characters."""
    assert Verdict(passed=True, output=" a\tb\x1b \n").output == "a b"
    assert len(Verdict(passed=True, output="x" * 1000).output) == 200


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "0s"), (59.2, "59s"), (61, "1m"), (3599, "59m"), (3600, "1h"), (4000, "66m")]
)
def test_a_time_is_told_roughly(seconds: float, text: str) -> None:
    """Nobody wants to know the microseconds."""
    assert span(seconds) == text
