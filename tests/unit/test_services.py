"""Checks and hooks as the file says: what it takes to get from a key to a look, and to a program that is called."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from floatip.config import parse
from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.types import NodeName, Occasion, Role, VipName
from floatip.hands.lan import LanHand
from floatip.services import Services
from tests.unit.config.samples import document, vip

PATIENCE_S = 30
USUAL_S = 9
"""Less than a hook may take that has no timeout of its own."""


class Scene:
    """A daemon's services, what its checks told, and where its hooks write."""

    def __init__(self, folder: Path) -> None:
        self.out = folder / "out"
        self.posted: list[ev.Checked] = []
        self.services: Services | None = None

    def begin(self, *, hook: dict[str, Any] | None = None, checks: tuple[dict[str, Any], ...] = ()) -> Services:
        """Begin with these tables in the file."""
        command = ["/bin/sh", "-c", f'echo "$FLOATIP_CLUSTER $FLOATIP_ADDRESSES $FLOATIP_EVENT $*" >> {self.out}', "x"]
        raw = document(
            check=list(checks),
            vip__checks=[check["name"] for check in checks],
            hook=[] if hook is None else [{"on": ["acquired"], "command": command} | hook],
        )
        raw["vip"].append(vip("mail", "10.77.0.51"))
        lan = LanHand([], rate_per_s=500, post=lambda _: None, warn=lambda _: None)
        self.services = Services(parse(raw, "f"), lan, self._post)
        return self.services

    def _post(self, event: ev.Event) -> None:
        assert isinstance(event, ev.Checked)
        self.posted.append(event)

    async def calls(self, *told: tuple[Occasion, str]) -> list[str]:
        """Let this happen; return what the hook wrote."""
        assert self.services is not None
        for occasion, name in told:
            self.services.hooks.call(
                ef.CallHooks(
                    occasion=occasion,
                    vip=VipName(name),
                    was=Role.BACKUP,
                    now=Role.OWNER,
                    term=1,
                    priority=7,
                    owner=NodeName("n1"),
                    why="test",
                )
            )
        await self.services.hooks.close(PATIENCE_S)
        return self.out.read_text().splitlines() if self.out.exists() else []


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """Give a scene, and end what it began."""
    scene = Scene(tmp_path)
    yield scene
    if scene.services is not None:
        await scene.services.checks.close()
        await scene.services.hooks.close(PATIENCE_S)


ACQUIRED, STOP = (Occasion.ACQUIRED, "web"), (Occasion.STOP, "web")


async def test_a_hook_is_called_for_what_it_is_on(scene: Scene) -> None:
    """And for nothing else, with its own command, cluster and addresses."""
    scene.begin(hook={"on": ["stop"]})
    assert await scene.calls(ACQUIRED, STOP) == ["web 10.77.0.50 stop "]


async def test_a_hook_is_called_for_its_vips(scene: Scene) -> None:
    """A list of VIPs leaves the others out."""
    scene.begin(hook={"vips": ["mail"]})
    assert await scene.calls(ACQUIRED, (Occasion.ACQUIRED, "mail")) == ["web 10.77.0.51 acquired "]


@pytest.mark.parametrize(
    ("keys", "arguments"),
    [
        ({"keepalived_arguments": True}, "INSTANCE web MASTER 7"),
        ({"keepalived_arguments": "group"}, "GROUP web MASTER 0"),
        ({"keepalived_arguments": True, "keepalived_name": "VI_1"}, "INSTANCE VI_1 MASTER 7"),
    ],
    ids=["instance", "group", "name"],
)
async def test_a_hook_has_the_arguments_that_the_file_asks_for(
    scene: Scene, keys: dict[str, Any], arguments: str
) -> None:
    """Those of keepalived's notify, by the name that it had there."""
    scene.begin(hook=keys)
    assert await scene.calls(ACQUIRED) == [f"web 10.77.0.50 acquired {arguments}"]


async def test_a_hook_that_takes_too_long_is_killed(scene: Scene) -> None:
    """After the time that the file gives it."""
    with capture_logs() as told:
        scene.begin(hook={"command": ["/bin/sleep", "60"], "timeout": "50ms"})
        async with asyncio.timeout(USUAL_S):
            await scene.calls(ACQUIRED)
    assert ["was not done in time, and was killed" in line["event"] for line in told] == [True]


async def until(true: Callable[[], bool]) -> None:
    """Wait until it is true; fail if it never is."""
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110 (programs are no events)
            await asyncio.sleep(0.005)


async def test_a_check_looks_at_what_the_file_says(scene: Scene, tmp_path: Path) -> None:
    """At its target or by its command, for what it contains and how old it is, and no longer than its timeout."""
    state = tmp_path / "state"
    state.write_text("standby")
    old = tmp_path / "old"
    old.touch()
    os.utime(old, (0, 0))
    own = {"type": "file", "target": str(state), "interval": "1h", "timeout": "20s"}
    slow = {"type": "exec", "command": ["/bin/sleep", "60"], "interval": "100ms", "timeout": "50ms"}
    tables = (
        {"name": "there"} | own,
        {"name": "gone"} | own | {"target": f"{state}s"},
        {"name": "master", "contains": "master"} | own,
        {"name": "fresh", "max_age": "1h"} | own,
        {"name": "stale", "max_age": "1h"} | own | {"target": str(old)},
        {"name": "program", "command": ["/bin/false"], "type": "exec"},
        {"name": "slow"} | slow,
    )
    wanted = {"there": True, "gone": False, "master": False, "fresh": True, "stale": False, "program": False}
    wanted["slow"] = False
    services = scene.begin(checks=tables)
    services.checks._entropy = lambda: 0.0
    services.checks.start()
    await until(lambda: {one.check for one in scene.posted} == set(wanted))
    assert {one.check: one.passed for one in scene.posted} == wanted
    assert {one.output for one in scene.posted if one.check == "slow"} == {"was not done in time, and was killed"}


async def test_a_check_looks_as_often_as_the_file_says(scene: Scene) -> None:
    """The quick one again and again, the slow one once meanwhile."""
    program = {"type": "exec", "command": ["/bin/true"]}
    quick = {"name": "quick", "interval": "20ms", "timeout": "20ms"} | program
    services = scene.begin(checks=(quick, {"name": "slow", "interval": "1h", "timeout": "20s"} | program))
    services.checks.start()
    await until(lambda: sum(one.check == "quick" for one in scene.posted) >= 20)
    assert sum(one.check == "slow" for one in scene.posted) <= 1
