"""The embedded broker: serves sessions, in one order, and goes when its daemon goes."""

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from floatip.bus import embedded
from floatip.bus.events import Delivered
from floatip.core.messages import State
from tests.lab.bus_scene import free_port, nodes

pytestmark = pytest.mark.lab


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """Run an embedded broker as the daemon does; sessions find it as soon as it is there."""
    port = free_port()
    child = await embedded.start_child(f"127.0.0.1:{port}")
    yield port
    await embedded.stop_child(child)
    assert child.returncode == 0


async def test_one_order_and_a_quick_echo(port: int) -> None:
    """Two nodes hear 400 messages in one order; a single one is back within milliseconds."""
    async with nodes(port, "n1", "n2") as (first, second):
        for _ in range(200):
            first.say()
            second.say()
        for node in (first, second):
            await node.delivered(400)
        orders = [
            [(event.message.sender, event.message.origin.seq) for event in n.of(Delivered)] for n in (first, second)
        ]
        assert orders[0] == orders[1]
        took_s = [await first.echo() for _ in range(50)]
        assert statistics.median(took_s) < 0.020


async def test_wills_and_retained_state(port: int) -> None:
    """A session that breaks off leaves its will, one that is closed does not; state is kept for late joiners."""
    async with nodes(port, "n1", "n2", "n3") as (watcher, broken, closed):
        broken.say(State(state_version=5, version="0.1.0"))
        await watcher.wait(lambda: watcher.heard("n2"))
        await closed.close()
        broken.task.cancel()
        await watcher.wait(lambda: watcher.wills("n2"))
        await asyncio.sleep(0.2)
        assert watcher.wills("n3") == []
        async with nodes(port, "n4") as (late,):
            await late.wait(lambda: late.heard("n2"))
            assert late.of(Delivered)[0].retained


async def test_a_stopped_broker_ends_the_sessions(port: int) -> None:
    """Stopping it while nodes are connected is quick and clean, and they notice."""
    another = free_port()
    child = await embedded.start_child(f"127.0.0.1:{another}")
    async with nodes(another, "n1", "n2") as (first, second):
        began_s = time.monotonic()
        await embedded.stop_child(child)
        assert time.monotonic() - began_s < embedded.STOP_S
        for node in (first, second):
            await node.down()


async def test_a_place_that_is_taken_is_told(port: int, capfd: pytest.CaptureFixture[str]) -> None:
    """The second broker on a port says so in one sentence, without a traceback."""
    async with nodes(port, "n1"):
        child = await embedded.start_child(f"127.0.0.1:{port}")
        assert await asyncio.wait_for(child.wait(), 20) == 1
        (line,) = capfd.readouterr().err.strip().splitlines()
        assert line.startswith(f"floatip broker: cannot listen on 127.0.0.1:{port}: Address already in use: see `ss")


async def test_an_address_of_another_host_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    """An address that this host does not have is named."""
    child = await embedded.start_child("10.77.99.99:1883")
    assert await asyncio.wait_for(child.wait(), 20) == 1
    assert "Cannot assign requested address" in capfd.readouterr().err


async def test_it_dies_with_its_daemon(tmp_path: Path) -> None:
    """When the daemon is killed with -9, no broker is left behind."""
    port = free_port()
    script = (
        "import asyncio\nfrom floatip.bus.embedded import start_child\n"
        "async def main():\n"
        f"    child = await start_child('127.0.0.1:{port}')\n"
        "    print(child.pid, flush=True)\n    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", script, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    async with nodes(port, "n1") as (node,):
        parent.kill()
        await parent.wait()
        await node.down()
        await asyncio.sleep(0.1)
        assert not alive(pid)


def alive(pid: int) -> bool:
    """Return whether a process runs (an unreaped one does not)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in {"Z", "X"}
