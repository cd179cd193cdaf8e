"""All checks of a node: when they look, what they tell, and what a reload leaves alone."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from floatip.config.tables import Check
from floatip.core import events as ev
from floatip.core.types import Address, CheckName, Mac
from floatip.health import checks as module
from floatip.health.checks import Checks
from floatip.health.verdict import Verdict
from tests.unit.health.servers import check

PATIENCE_S = 20


async def until(true: Callable[[], bool]) -> None:
    """Wait until it is true; fail if it never is."""
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110 (files and processes are no events)
            await asyncio.sleep(0.005)


class Scene:
    """Looks that take as long as the test says, and what was posted."""

    def __init__(self) -> None:
        self.posted: list[ev.Checked] = []
        self.looks: list[tuple[str, float]] = []
        self.at_work: list[str] = []
        self.crowd = 0
        self.takes_s = 0.0
        self.fails_with: Exception | None = None
        self.ended: list[str] = []
        self.farewell_s = 0.0

    def look(self, check: Check, _: object) -> Callable[[], Any]:
        """Stand in for a Look."""

        async def look() -> Verdict:
            self.looks.append((check.name, asyncio.get_running_loop().time()))
            self.at_work.append(check.name)
            self.crowd = max(self.crowd, self.at_work.count(check.name))
            try:
                await asyncio.sleep(self.takes_s)
            except asyncio.CancelledError:
                await asyncio.sleep(self.farewell_s)
                self.ended.append(check.name)
                raise
            finally:
                self.at_work.remove(check.name)
            return Verdict(passed=True, output=check.target or "")

        return look

    def times(self, name: str = "c") -> list[float]:
        """When a check looked."""
        return [at_s for looked, at_s in self.looks if looked == name]


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Put looks of the test's own in place."""
    scene = Scene()
    monkeypatch.setattr(module, "Look", scene.look)
    return scene


@pytest.fixture
async def running(scene: Scene) -> AsyncIterator[Checks]:
    """Give checks without any check, and close them afterwards."""
    checks = Checks((), post=scene.posted.append, entropy=lambda: 0.0)
    checks.start()
    yield checks
    await checks.close()
    assert scene.at_work == []


def named(name: str, target: str = "x", **more: Any) -> Check:
    """A check that looks every 50 ms."""
    return check("process", target, **{"name": name, "interval": "50ms", "timeout": "50ms", **more})


async def test_each_look_is_told_as_it_is(tmp_path: Path) -> None:
    """Raw: nothing is counted here."""
    posted: list[ev.Checked] = []
    path = tmp_path / "ready"
    checks = Checks([check("file", str(path), interval="20ms", timeout="20ms")], post=posted.append)
    checks.start()
    await until(lambda: len(posted) >= 2)
    path.touch()
    await until(lambda: any(one.passed for one in posted))
    await checks.close()
    assert posted[0] == ev.Checked(check=CheckName("c"), passed=False, output=f"{path} does not exist")
    assert posted[-1] == ev.Checked(check=CheckName("c"), passed=True, output=f"{path} exists")
    told = len(posted)
    await asyncio.sleep(0.06)
    assert len(posted) == told


async def test_looks_are_at_fixed_moments(scene: Scene, running: Checks) -> None:
    """However long each takes, the next begins where it would have; in step with the first."""
    scene.takes_s = 0.01
    running.replace([named("c")])
    await until(lambda: len(scene.looks) >= 6)
    first, *later = scene.times()
    late_s = [(at_s - first) % 0.05 for at_s in later]
    assert sorted(late_s)[len(late_s) // 2] < 0.02


async def test_never_two_at_once_and_never_a_burst(scene: Scene, running: Checks) -> None:
    """What was missed while a look, or the whole machine, took its time is not made up for."""
    scene.takes_s = 0.12
    running.replace([named("c")])
    await until(lambda: len(scene.looks) >= 3)
    scene.takes_s = 0.0
    await until(lambda: scene.at_work == [])
    stopped_at = len(scene.looks)
    time.sleep(0.4)  # noqa: ASYNC251 (this is how a machine stands still)
    await until(lambda: len(scene.looks) >= stopped_at + 3)
    first, second, third = scene.times()[stopped_at : stopped_at + 3]
    assert scene.crowd == 1
    assert second - first > 0.0005
    assert third - second > 0.03


async def test_the_first_look_comes_within_the_first_interval(scene: Scene) -> None:
    """At different moments, even if the look takes all the time it has."""
    loop = asyncio.get_running_loop()
    specs = [check("process", "x", name=f"c{number}", interval="10s", timeout="9800ms") for number in range(50)]
    checks = Checks(specs, post=scene.posted.append)
    began_s = loop.time()
    checks.start()
    await until(lambda: len(scene.looks) == 50)
    await checks.close()
    after_s = [at_s - began_s for _, at_s in scene.looks]
    assert max(after_s) < 5
    assert len({round(at_s, 2) for at_s in after_s}) > 5


@pytest.mark.parametrize(
    ("interval", "limit", "latest_s"),
    [("1h", "1s", 0.5), ("1s", "1s", 0.0), ("1s", "900ms", 0.1), ("100ms", "1ms", 0.05)],
)
async def test_how_late_the_first_look_may_be(scene: Scene, interval: str, limit: str, latest_s: float) -> None:
    """Never so late that its time limit ends after the first interval."""
    spec = check("process", "x", interval=interval, timeout=limit)
    checks = Checks([spec], post=scene.posted.append, entropy=lambda: 1.0)
    began_s = asyncio.get_running_loop().time()
    checks.start()
    await until(lambda: bool(scene.looks))
    await checks.close()
    assert latest_s - 0.01 <= scene.times()[0] - began_s < latest_s + 0.4


async def test_a_reload_leaves_alone_what_did_not_change(scene: Scene, running: Checks) -> None:
    """A look under way is finished; of the others one ends, one begins, one begins anew, at once."""
    scene.takes_s = 600
    running.replace([named("same"), named("gone"), named("changed")])
    await until(lambda: len(scene.at_work) == 3)
    running.replace([named("same"), named("changed", "y"), named("new")])
    await until(lambda: sorted(scene.at_work) == ["changed", "new", "same"])
    assert sorted(scene.ended) == ["changed", "gone"]
    assert sorted(name for name, _ in scene.looks) == ["changed", "changed", "gone", "new", "same"]
    assert scene.posted == []


async def test_the_new_one_waits_for_the_end_of_the_old_one(scene: Scene, running: Checks) -> None:
    """However often it changes, and if it is gone for a while: never two looks of one check."""
    scene.takes_s, scene.farewell_s = 600, 0.1
    running.replace([named("c", "first")])
    await until(lambda: scene.at_work == ["c"])
    running.replace([named("c", "second")])
    await asyncio.sleep(0.01)
    running.replace([])
    running.replace([named("c", "third")])
    await asyncio.sleep(0.01)
    running.replace([named("c", "fourth")])
    scene.takes_s = 0.0
    await until(lambda: bool(scene.posted))
    assert scene.crowd == 1
    assert {one.output for one in scene.posted} == {"fourth"}
    assert len(scene.ended) == 1


async def test_closing_waits_for_what_is_under_way(scene: Scene) -> None:
    """Also for what a reload has ended a moment ago."""
    scene.takes_s, scene.farewell_s = 600, 0.05
    checks = Checks([named("a"), named("b")], post=scene.posted.append, entropy=lambda: 0.0)
    checks.start()
    await until(lambda: len(scene.at_work) == 2)
    checks.replace([named("a")])
    await checks.close()
    assert sorted(scene.ended) == ["a", "b"]
    await checks.close()


async def test_closing_before_anything_began() -> None:
    """Nothing is looked at."""
    checks = Checks([named("a")], post=lambda _: None)
    await checks.close()
    checks.start()
    await checks.close()


async def test_a_defect_in_a_look_ends_no_loop(tmp_path: Path) -> None:
    """It is a failure with its text, and the next look is as good as any."""
    posted: list[ev.Checked] = []
    answers: list[Exception | Mac] = [RuntimeError("boom"), OSError(19, "No such device"), Mac("02:00:00:00:00:01")]

    async def ask(_: Address) -> Mac | None:
        answer = answers.pop(0) if answers else None
        if isinstance(answer, Exception):
            raise answer
        return answer

    checks = Checks([check("arp", "10.77.0.1", interval="20ms", timeout="20ms")], post=posted.append, ask=ask)
    checks.start()
    await until(lambda: len(posted) >= 4)
    await checks.close()
    assert [(one.passed, one.output) for one in posted[:4]] == [
        (False, "cannot look: RuntimeError: boom"),
        (False, "cannot look: OSError: [Errno 19] No such device"),
        (True, "02:00:00:00:00:01 answers for 10.77.0.1"),
        (False, "nobody answers for 10.77.0.1"),
    ]


async def test_programs_that_hang_are_killed_and_do_not_pile_up(tmp_path: Path) -> None:
    """By their time limit, and when the checks are closed; with all that they have started."""
    posted: list[ev.Checked] = []
    pids = tmp_path / "pids"
    script = f"echo $$ >> {pids}; setsid sleep 600 & echo $! >> {pids}; wait"
    command = ["/bin/sh", "-c", script]
    specs = [
        check("exec", command=command, name="short", interval="400ms", timeout="400ms"),
        check("exec", command=command, name="long"),
    ]
    checks = Checks(specs, post=posted.append, entropy=lambda: 0.0)
    checks.start()
    await until(lambda: len(posted) >= 2)
    await checks.close()
    assert {one.check for one in posted} == {CheckName("short")}
    assert {one.output for one in posted} == {"was not done in time, and was killed"}
    seen = [int(pid) for pid in pids.read_text().split()]
    assert len(seen) >= 6
    await until(lambda: not any(psutil.pid_exists(pid) and _lives(pid) for pid in seen))
    assert not [one for one in psutil.Process().children() if one.pid in seen]


def _lives(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


async def test_fifty_programs_side_by_side(tmp_path: Path) -> None:
    """Each is told of, and nothing stays behind."""
    posted: list[ev.Checked] = []
    files = psutil.Process().num_fds()
    specs = [
        check("exec", command=["/bin/sh", "-c", f"exit {number % 2}"], name=f"c{number}", interval="10s", timeout="9s")
        for number in range(50)
    ]
    checks = Checks(specs, post=posted.append)
    checks.start()
    await until(lambda: len(posted) == 50)
    await checks.close()
    assert sum(one.passed for one in posted) == 25
    assert psutil.Process().num_fds() == files
    assert os.getpid() not in {one.ppid() for one in psutil.Process().children() if one.name() == "sh"}
