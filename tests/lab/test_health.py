"""Checks and programs on a real kernel: what a link, a neighbour and the capabilities of this process are to them."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from floatip.config.tables import Check
from floatip.core import events as ev
from floatip.hands.asking import AskingHand
from floatip.hands.lan import LanHand
from floatip.health.checks import Checks
from tests.lab.namespaces import Namespace, require_sandbox

pytestmark = pytest.mark.lab

PATIENCE_S = 20
MAC = "02:00:00:00:00:02"
NET_ADMIN_AND_RAW = 0x3000


def ip(words: str) -> str:
    """Run `ip` here."""
    argv = ["ip", *words.split()]
    return subprocess.run(argv, check=True, capture_output=True, text=True, timeout=PATIENCE_S).stdout


@pytest.fixture
def neighbour() -> Iterator[Namespace]:
    """Lay a cable from eth5 here to a neighbour with two addresses on it."""
    require_sandbox("ip", "setpriv")
    with Namespace("neighbour") as there:
        there.ip(f"link add eth0 type veth peer name eth5 netns {os.getpid()}")
        ip("link set lo up")
        ip("link set eth5 up")
        ip("addr add 10.77.5.1/24 dev eth5")
        there.sysctl("ipv6/conf/eth0/accept_dad", 0)
        there.ip(f"link set eth0 address {MAC} up")
        there.ip("addr add 10.77.5.2/24 dev eth0")
        yield there
        ip("link del eth5")


class Scene:
    """The checks that are asked for, the LAN they ask, and what they told."""

    def __init__(self) -> None:
        self.posted: list[ev.Checked] = []
        self._lan = LanHand([], rate_per_s=500, post=lambda _: None, warn=lambda _: None)
        asking = AskingHand(self._lan.lan, self._lan.overhear)
        self._checks = Checks((), post=self.posted.append, ask=asking.who_has)

    def look(self, kind: str, target: str) -> None:
        """Look at this from now on."""
        raw = {"name": "c", "type": kind, "target": target, "interval": "300ms", "timeout": "300ms"}
        self._checks.replace([Check.model_validate(raw)])

    async def tells(self, output: str, *, passed: bool) -> None:
        """Wait until a look tells this."""
        await until(lambda: bool(self.posted) and (self.posted[-1].passed, self.posted[-1].output) == (passed, output))

    async def close(self) -> None:
        """Look at nothing any more."""
        await self._checks.close()
        self._lan.close()


async def until(true: Callable[[], bool]) -> None:
    """Wait until it is true; fail if it never is."""
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110 (kernels are no events)
            await asyncio.sleep(0.01)


@pytest.fixture
async def scene(neighbour: Namespace) -> AsyncIterator[Scene]:
    """Give the checks beside the neighbour."""
    scene = Scene()
    yield scene
    await scene.close()


async def test_a_neighbour_comes_and_goes(scene: Scene, neighbour: Namespace) -> None:
    """It is asked on the LAN on whose subnet it is, which nothing else has opened."""
    scene.look("arp", "10.77.5.2")
    await scene.tells(f"{MAC} answers for 10.77.5.2", passed=True)
    neighbour.ip("addr del 10.77.5.2/24 dev eth0")
    await scene.tells("10.77.5.2 did not answer within 300ms", passed=False)
    neighbour.ip("addr add 10.77.5.2/24 dev eth0")
    await scene.tells(f"{MAC} answers for 10.77.5.2", passed=True)


async def test_an_ipv6_neighbour(scene: Scene, neighbour: Namespace) -> None:
    """By neighbour discovery."""
    ip("addr add fd77:5::1/64 dev eth5 nodad")
    neighbour.ip("addr add fd77:5::2/64 dev eth0 nodad")
    await until(lambda: "fe80:" in ip("-6 addr show dev eth5 scope link -tentative"))
    scene.look("arp", "fd77:5::2")
    await scene.tells(f"{MAC} answers for fd77:5::2", passed=True)


async def test_a_link_goes_down_and_up(scene: Scene, neighbour: Namespace) -> None:
    """Whoever pulls the cable, or switches it off; in the namespace of this process, whatever /sys shows."""
    scene.look("link", "eth5")
    await scene.tells("eth5 is up", passed=True)
    neighbour.ip("link set eth0 down")
    await scene.tells("eth5 has no carrier", passed=False)
    neighbour.ip("link set eth0 up")
    await scene.tells("eth5 is up", passed=True)
    ip("link set eth5 down")
    await scene.tells("eth5 is switched off", passed=False)


def test_programs_do_not_inherit_what_the_daemon_may() -> None:
    """The daemon's ambient capabilities are not theirs; it keeps them itself."""
    require_sandbox("setpriv")
    capabilities = "+net_admin,+net_raw"
    argv = ["setpriv", "--securebits", "+noroot", "--inh-caps", capabilities, "--ambient-caps", capabilities]
    script = Path(__file__).with_name("unprivileged_program.py")
    env = {**os.environ, "PYTHONPATH": str(script.parents[2])}
    done = subprocess.run(
        [*argv, sys.executable, str(script)], capture_output=True, text=True, check=False, timeout=PATIENCE_S, env=env
    )
    assert done.returncode == 0, done.stderr
    ours, theirs = ({"CapAmb": mask, "CapEff": mask} for mask in (NET_ADMIN_AND_RAW, 0))
    assert json.loads(done.stdout) == [ours, theirs, ours, theirs]
