"""Programs that do not end: all that they have started is killed, and nobody waits longer than was said."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
import pytest

from floatip.programs import Result, child, run, running

PATIENCE_S = 20

FAMILY = """
import os, sys, time
folder = sys.argv[1]
def born(name):
    open(f"{folder}/{name}.new", "w").write(str(os.getpid()))
    os.rename(f"{folder}/{name}.new", f"{folder}/{name}")
def beget(name, how=lambda: None):
    if os.fork() == 0:
        how()
        born(name)
        if name == "child":
            beget("grandchild"), beget("emigrant", os.setsid), beget("group", lambda: os.setpgid(0, 0))
        time.sleep(600)
beget("child")
if os.fork() == 0:
    beget("orphan", lambda: os.setpgid(0, 0))
    os._exit(0)
born("program")
print("ready", flush=True)
time.sleep(600)
"""
NAMES = ("program", "child", "grandchild", "emigrant", "group", "orphan")


async def until(true: Callable[[], bool]) -> None:
    """Wait until it is true; fail if it never is."""
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110 (other processes have no event to wait for)
            await asyncio.sleep(0.01)


def gone(pid: int) -> bool:
    """Whether there is no such process, or only what its new parent has not reaped yet."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


async def begun(folder: Path, timeout_s: float) -> tuple["asyncio.Task[Result]", list[int]]:
    """Start a program with a large family; give its run, and the family's process numbers."""
    argv = [sys.executable, "-I", "-S", "-c", FAMILY, str(folder)]
    task = asyncio.create_task(run(argv, timeout_s=timeout_s))
    await until(lambda: all((folder / name).exists() for name in NAMES))
    return task, [int((folder / name).read_text()) for name in NAMES]


async def test_when_its_time_is_up_the_whole_family_is_killed(tmp_path: Path) -> None:
    """Children, grandchildren, those in a session or group of their own, and orphans of its session."""
    task, pids = await begun(tmp_path, 3.0)
    assert not any(gone(pid) for pid in pids)
    assert await task == Result(timed_out=True, output="ready\n")
    await until(lambda: all(gone(pid) for pid in pids))
    assert not [one for one in psutil.Process().children() if one.pid in pids]


async def test_when_nobody_waits_any_more_as_well(tmp_path: Path) -> None:
    """It is gone when the cancellation arrives."""
    task, pids = await begun(tmp_path, 600)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: all(gone(pid) for pid in pids))
    assert not [one for one in psutil.Process().children() if one.pid in pids]


async def test_who_does_not_wait_for_that_either(tmp_path: Path) -> None:
    """A second cancellation ends the waiting, not the killing."""
    task, pids = await begun(tmp_path, 600)
    files = psutil.Process().num_fds()
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: all(gone(pid) for pid in pids))
    await until(lambda: psutil.Process().num_fds() < files)
    assert not [one for one in psutil.Process().children() if one.pid in pids]


async def test_a_time_limit_is_kept() -> None:
    """A program that ignores what can be ignored, and says much, is killed all the same."""
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    result = await run(["/bin/sh", "-c", "trap '' TERM INT HUP; while :; do echo noise; done"], timeout_s=0.5)
    assert result.timed_out
    assert result.ending == "was not done in time, and was killed"
    assert set(result.lines) == {"noise"}
    assert 0.5 <= loop.time() - began_s < 10


async def test_fifty_at_once() -> None:
    """They run side by side."""
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    argv = ["/bin/sh", "-c", "sleep 1; echo $0"]
    results = await asyncio.gather(*(run([*argv, str(number)], timeout_s=30) for number in range(50)))
    assert [result.output for result in results] == [f"{number}\n" for number in range(50)]
    assert loop.time() - began_s < 15


@pytest.fixture
def slow_start(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Have each start take a while, as from a file server that does not answer; give the processes started."""
    started: list[int] = []
    start = child._started

    def late(*args: object) -> object:
        time.sleep(0.3)
        found = start(*args)  # type: ignore[arg-type]
        started.append(found[0].pid)
        return found

    monkeypatch.setattr(child, "_started", late)
    return started


def cancelled() -> Awaitable[Result]:
    """Run a program and lose interest before it is started."""
    task = asyncio.create_task(running.run(["/bin/sleep", "600"], timeout_s=60))
    asyncio.get_running_loop().call_later(0.05, task.cancel)
    return task


async def test_a_start_that_takes_too_long(slow_start: list[int]) -> None:
    """Nobody waits for it, and what is started then is killed."""
    files = psutil.Process().num_fds()
    result = await run(["/bin/sleep", "600"], timeout_s=0.05)
    assert result == Result(timed_out=True, error="/bin/sleep was not even started in time")
    with pytest.raises(asyncio.CancelledError):
        await cancelled()
    await until(lambda: len(slow_start) == 2)
    await until(lambda: all(not psutil.pid_exists(pid) for pid in slow_start))
    await until(lambda: psutil.Process().num_fds() == files)


async def test_killing_without_another_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program itself is killed all the same."""
    task = asyncio.create_task(run(["/bin/sh", "-c", "sleep 600 & wait"], timeout_s=1.0))
    await until(lambda: any(one.name() == "sleep" for one in psutil.Process().children(recursive=True)))
    pids = [one.pid for one in psutil.Process().children(recursive=True) if one.name() in {"sh", "sleep"}]

    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("floatip.programs.threads.Thread.start", refuse)
    assert await task == Result(timed_out=True)
    await until(lambda: all(gone(pid) for pid in pids))
