"""Operators who hang up in the middle of what they asked for: it is carried out whole or not at all."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from floatip.core.effects import Outcome
from floatip.core.events import DirectiveAsked
from floatip.ops import connect
from tests.unit.ops.backend import N1, N2, FakeBackend, about, served_at, snapshot, vip


async def until(true: Callable[[], bool]) -> None:
    """Wait until it is so."""
    for _ in range(500):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never was so")


def alone() -> bool:
    """Whether the server serves nobody."""
    return not any(task.get_name().startswith("control ") for task in asyncio.all_tasks())


async def hang_up(path: Path, request: bytes, backend: FakeBackend) -> None:
    """Ask, hang up once it has been begun, and wait until the server is rid of the client."""
    _, writer = await asyncio.open_unix_connection(path)
    writer.write(request)
    await until(lambda: bool(backend.asked))
    writer.close()
    await until(alone)


async def test_a_client_that_goes_leaves_the_rest_unmoved(tmp_path: Path) -> None:
    """When the operator hangs up, the moves under way end by themselves and those not yet begun are not."""
    frozen = [replace(vip(name), frozen_for=N1) for name in ("b", "c")]
    backend = FakeBackend(now=snapshot(vip("a"), *frozen), delay_s=0.1)
    async with served_at(tmp_path, backend) as path:
        await hang_up(path, b'{"v":1,"ask":"failover","vips":["a","b","c"],"to":"n2","force":true}\n', backend)
    assert [about(event) for event in backend.asked] == [("a",)]
    assert backend.closed == 1
    assert [each.frozen_for for each in backend.now.vips] == [None, N1, N1]


async def test_a_frozen_vip_is_frozen_where_it_went_although_nobody_waits(tmp_path: Path) -> None:
    """An operator who hangs up in the middle of a forced move does not leave the VIP frozen for another node."""
    backend = FakeBackend(now=snapshot(replace(vip("a"), frozen_for=N1)), delay_s=0.1, outcomes={})
    async with served_at(tmp_path, backend) as path:
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b'{"v":1,"ask":"failover","vips":["a"],"to":"n3","force":true}\n')
        await reader.readline()
        backend.outcomes["a"] = Outcome.FAILED
        writer.close()
        await asyncio.sleep(0.15)
        backend.outcomes.clear()
        await until(alone)
    values = [event.value for event in backend.asked if isinstance(event, DirectiveAsked)]
    assert values == ["n3", "n1"]
    assert backend.now.vips[0].frozen_for == N1


async def test_a_client_that_hangs_up_in_a_drain_leaves_nothing_behind(tmp_path: Path) -> None:
    """The order has been given once and stands; neither a task nor a request is left in the server."""
    backend = FakeBackend(delay_s=0.1)
    async with served_at(tmp_path, backend) as path:
        await hang_up(path, b'{"v":1,"ask":"order","kind":"drain","value":"yes"}\n', backend)
        assert (len(backend.asked), backend.closed) == (1, 1)
        assert backend.now.nodes[0].drained
        async with connect(path) as cluster:
            assert (await cluster.undrain()).proven


async def test_all_of_an_order_is_given_although_nobody_waits(tmp_path: Path) -> None:
    """A freeze of VIPs with several owners is one order an owner; hanging up does not leave some of them out."""
    backend = FakeBackend(now=snapshot(vip("a"), replace(vip("b"), owner=N2)), delay_s=0.1)
    async with served_at(tmp_path, backend) as path:
        await hang_up(path, b'{"v":1,"ask":"order","kind":"freeze","value":"yes"}\n', backend)
    assert [each.frozen_for for each in backend.now.vips] == ["n1", "n2"]


async def test_a_client_that_reads_no_steps_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A move goes on although its operator does not read what it does, and the server is rid of him in the end."""
    monkeypatch.setattr("floatip.control.line.WRITE_S", 0.05)
    backend = FakeBackend(steps=("x" * 50_000,) * 200)
    async with served_at(tmp_path, backend) as path:
        deaf = socket.socket(socket.AF_UNIX)
        deaf.setblocking(False)
        await asyncio.get_running_loop().sock_connect(deaf, str(path))
        await asyncio.get_running_loop().sock_sendall(deaf, b'{"v":1,"ask":"failover","vips":["web"]}\n')
        await until(lambda: bool(backend.closed))
        await until(alone)
        deaf.close()
    assert backend.now.vips[0].owner == N2
