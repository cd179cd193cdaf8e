"""The control socket under clients that mean no good: one clear answer each, and the server stays as it was."""

import asyncio
import contextlib
import gc
import json
import socket
import tracemalloc
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from floatip.control import server as module
from floatip.ops import connect
from tests.unit.examples import MORE, examples
from tests.unit.ops.backend import FakeBackend, served_at

KNOWN = [
    {"v": 1, "ask": "status"},
    {"v": 1, "ask": "failover", "vips": ["web"], "to": "n2", "timeout_s": 1.0},
    {"v": 1, "ask": "announce", "vip": "web"},
    {"v": 1, "ask": "order", "kind": "pin", "subjects": ["web"], "value": "n2", "lasts_s": 60.0},
    {"v": 1, "ask": "explain", "vip": "web"},
    {"v": 1, "ask": "errand", "node": "n2", "task": "add", "address": "10.77.0.60", "prefix": 16},
    {"v": 1, "ask": "events"},
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(["web", "n2"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=10,
)
KEYS = sorted({key for known in KNOWN for key in known} | {"force", "dry_run", "follow", "interface", "lifetime_s"})
SHAPES = st.builds(
    lambda known, more: known | {key: value for key, value in more.items() if (key, value) != ("follow", True)},
    st.sampled_from(KNOWN),
    st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=3),
)
LINES = st.one_of(
    st.binary(max_size=300).map(lambda noise: noise.replace(b"\n", b"") + b"\n"),
    SHAPES.map(lambda shape: json.dumps(shape).encode() + b"\n"),
    VALUES.map(lambda value: json.dumps(value).encode() + b"\n"),
    st.sampled_from([b"[" * 60_000 + b"\n", b'{"v":1,"ask":"status"' + b" " * 65_500 + b"\n", b"9" * 60_000 + b"\n"]),
)
ROUND = max(25, MORE // 100)


async def answer(path: Path, request: bytes, *, hang_up: bool = False) -> list[dict[str, Any]]:
    """Send bytes as they are; return all lines of the reply."""
    reader, writer = await asyncio.open_unix_connection(path, limit=1 << 24)
    try:
        writer.write(request)
        if hang_up:
            writer.write_eof()
        return [json.loads(line) for line in (await asyncio.wait_for(reader.read(), 10)).splitlines()]
    except OSError:
        return []
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def descriptors() -> int:
    """How many files this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


@examples(40)
@given(st.lists(LINES, min_size=1, max_size=8))
def test_every_line_has_one_end(tmp_path_factory: Any, lines: list[bytes]) -> None:
    """Noise, odd JSON and requests of wrong shapes: steps, then one result or one error; and the next is served."""

    async def scene() -> None:
        folder = tmp_path_factory.mktemp("control")
        async with served_at(folder, FakeBackend()) as path:
            for line in lines:
                said = await answer(path, line)
                ends = [one for one in said if "result" in one or "error" in one]
                assert ends == said[-1:], (line, said)
                assert all(one["v"] == 1 for one in said)
                for one in ends:
                    text = one.get("error", {"text": "fine"})["text"]
                    assert text.isprintable()
                    assert len(text) < 1000
            async with connect(path) as cluster:
                assert (await cluster.status()).node == "n1"

    asyncio.run(scene())


async def test_clients_of_every_bad_kind_cost_nothing_for_good(tmp_path: Path, monkeypatch: Any) -> None:
    """Silent, slow, half, huge, deaf, gone and too many: no file, task or memory is left of them."""
    monkeypatch.setattr(module, "READ_S", 0.2)
    monkeypatch.setattr(module, "DISCARD_S", 0.1)
    async with served_at(tmp_path, FakeBackend()) as path:
        await mob(path)
        gc.collect()
        files, tasks = descriptors(), len(asyncio.all_tasks())
        tracemalloc.start(1)
        try:
            await mob(path)
            gc.collect()
            before = tracemalloc.get_traced_memory()[0]
            for _ in range(3):
                await mob(path)
            gc.collect()
            grown = tracemalloc.get_traced_memory()[0] - before
        finally:
            tracemalloc.stop()
        assert (descriptors(), len(asyncio.all_tasks())) == (files, tasks)
        assert grown < 64 * 1024, f"{grown} bytes more after {3 * ROUND} clients of each kind"
        async with connect(path) as cluster:
            assert (await cluster.status()).node == "n1"


async def mob(path: Path) -> None:
    """Let a crowd of bad clients come at once, and wait until the server is rid of them."""
    crowd = [
        asyncio.create_task(client(path)) for _ in range(ROUND) for client in (silent, slow, half, huge, deaf, gone)
    ]
    await asyncio.gather(*crowd)
    async with asyncio.timeout(10):
        while any(task.get_name().startswith("control client") for task in asyncio.all_tasks()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def silent(path: Path) -> None:
    """Say nothing, and wait to be sent away."""
    await answer(path, b"")


async def slow(path: Path) -> None:
    """Say a request byte by byte, too slowly."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_UNIX) as talking, contextlib.suppress(OSError):
        talking.setblocking(False)
        await loop.sock_connect(talking, str(path))
        for byte in b'{"v":1,"ask":"status"}':
            await loop.sock_sendall(talking, bytes([byte]))
            await asyncio.sleep(0.03)


async def half(path: Path) -> None:
    """Stop in the middle of a request."""
    await answer(path, b'{"v":1,"as', hang_up=True)


async def huge(path: Path) -> None:
    """Say far more than a request may have."""
    await answer(path, b"x" * 300_000)


async def deaf(path: Path) -> None:
    """Ask, and go without reading."""
    _, writer = await asyncio.open_unix_connection(path)
    with contextlib.suppress(OSError):
        writer.write(b'{"v":1,"ask":"status"}\n')
        await writer.drain()
    writer.transport.abort()


async def gone(path: Path) -> None:
    """Follow what happens, and vanish."""
    _, writer = await asyncio.open_unix_connection(path)
    writer.write(b'{"v":1,"ask":"events","follow":true}\n')
    await asyncio.sleep(0.02)
    writer.transport.abort()
