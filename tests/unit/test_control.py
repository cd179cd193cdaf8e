"""The server of the control socket: whose file it is, and clients that behave badly."""

import asyncio
import gc
import grp
import json
import os
import socket
import stat
import warnings
from contextlib import suppress
from pathlib import Path

import pytest

from floatip.control import ControlError, ControlServer
from floatip.ops import Failed, NotRunning, connect
from tests.unit.ops.backend import FakeBackend, record, served_at, server, snapshot, vip
from tests.unit.passing import later

STATUS = b'{"v":1,"ask":"status"}\n'
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def ask(path: Path, request: bytes) -> list[dict[str, object]]:
    """Send bytes as they are, and return all lines of the reply."""
    reader, writer = await asyncio.open_unix_connection(path, limit=1 << 24)
    try:
        writer.write(request)
        return [json.loads(line) for line in (await asyncio.wait_for(reader.read(), 10)).splitlines()]
    finally:
        writer.close()
        await writer.wait_closed()


async def tasks_are(count: int, name: str = "control client") -> None:
    """Wait until so many tasks of that name are running."""
    async with asyncio.timeout(10):
        while sum(it.get_name().startswith(name) for it in asyncio.all_tasks()) != count:  # noqa: ASYNC110 (no event)
            await asyncio.sleep(0.001)


def control(path: Path, group: str | None) -> ControlServer:
    """Return a server for this group."""
    return ControlServer(path, group=group, backend=FakeBackend(), urls={})


def mode(path: Path) -> int:
    """Return the permission bits of a file."""
    return stat.S_IMODE(path.stat().st_mode)


async def test_a_group_may_use_the_socket(tmp_path: Path) -> None:
    """The socket belongs to the group with mode 0660, in a new directory with 0755, and ends with the server."""
    path = tmp_path / "run" / "floatip.sock"
    own = grp.getgrgid(os.getgid()).gr_name
    served = control(path, own)
    assert await served.start() == []
    assert (mode(path), path.stat().st_gid) == (0o660, os.getgid())
    assert mode(path.parent) == 0o755
    await served.close()
    assert not path.exists()


async def test_a_missing_group_is_a_warning(tmp_path: Path) -> None:
    """Without the group only the owner may use the socket, and the warning says how to make the group."""
    path = tmp_path / "s"
    served = control(path, "no-such-group")
    (warning,) = await served.start()
    assert mode(path) == 0o600
    assert "groupadd --system no-such-group" in warning
    await served.close()


async def test_a_dead_daemons_socket_is_replaced(tmp_path: Path) -> None:
    """A socket file that nobody listens on any more is no obstacle."""
    path = tmp_path / "s"
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))
    left.close()
    async with served_at(tmp_path, FakeBackend()), connect(path) as cluster:
        assert (await cluster.status()).node == "n1"


async def test_a_living_daemons_socket_is_refused(tmp_path: Path) -> None:
    """A second daemon at one socket is refused, and the first goes on."""
    async with served_at(tmp_path, FakeBackend()) as path:
        with pytest.raises(ControlError, match="another daemon answers there; stop it"):
            await control(path, None).start()
        assert (await ask(path, STATUS))[0]["v"] == 1


async def test_what_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    """A file in the way is not removed; a path that is too long or cannot be made is told."""
    (tmp_path / "s").write_text("precious")
    with pytest.raises(ControlError, match="something else is there"):
        await control(tmp_path / "s", None).start()
    assert (tmp_path / "s").read_text() == "precious"
    with pytest.raises(ControlError, match="longer than 107 bytes"):
        await control(tmp_path / ("x" * 110), None).start()
    with pytest.raises(ControlError, match="File exists; make its directory writable"):
        await control(tmp_path / "s" / "t", None).start()


async def test_another_daemons_file_is_not_removed(tmp_path: Path) -> None:
    """A server whose file was replaced leaves the new one there when it ends."""
    async with served_at(tmp_path, FakeBackend()) as path:
        path.unlink()
        path.write_text("not ours")
    assert path.read_text() == "not ours"


@pytest.mark.parametrize(
    ("request_", "kind", "code"),
    [
        (b"garbage\n", "bad-request", 2),
        (b"x" * 100_000 + b"\n", "bad-request", 2),
        (b"\x00" * 70_000, "bad-request", 2),
        (b'{"v":9,"ask":"status"}\n', "protocol-mismatch", 1),
        (b'{"v":1,"ask":"announce","vip":"w\\ud800"}\n', "unknown-vip", 4),
    ],
)
async def test_garbage_gets_one_clear_line(tmp_path: Path, request_: bytes, kind: str, code: int) -> None:
    """What is no request is answered by one error line, and the connection ends."""
    async with served_at(tmp_path, FakeBackend()) as path:
        (line,) = await ask(path, request_)
        assert isinstance(line["error"], dict)
        assert (line["v"], line["error"]["kind"], line["error"]["exit_code"]) == (1, kind, code)


async def test_half_a_request(tmp_path: Path) -> None:
    """A client that stops in the middle is told; one that says nothing and goes is forgotten."""
    async with served_at(tmp_path, FakeBackend()) as path:
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b'{"v":1')
        writer.write_eof()
        assert b"does not end in a newline" in await reader.read()
        writer.close()
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()


async def test_a_half_closed_client_is_answered(tmp_path: Path) -> None:
    """A client that has closed its side after the request, as nc does, still gets the answer."""
    async with served_at(tmp_path, FakeBackend(delay_s=0.05)) as path:
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b'{"v":1,"ask":"failover","vips":["web"]}\n')
        writer.write_eof()
        lines = (await reader.read()).splitlines()
        assert [next(iter(set(json.loads(line)) - {"v"})) for line in lines] == ["step", "step", "step", "result"]
        writer.close()


async def test_a_silent_client_is_sent_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that sends no request is told so in time, and its place is free again."""
    monkeypatch.setattr("floatip.control.server.READ_S", 0.05)
    async with served_at(tmp_path, FakeBackend()) as path:
        (line,) = await ask(path, b"")
        assert "no request came within 0.05 s" in str(line["error"])


async def test_at_most_so_many_clients(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One client too many is told that the daemon is busy; there is room when another has gone."""
    monkeypatch.setattr("floatip.control.server.MAX_CLIENTS", 3)
    async with served_at(tmp_path, FakeBackend()) as path:
        idle: list[Streams] = [await asyncio.open_unix_connection(path) for _ in range(3)]
        await tasks_are(3)
        async with connect(path) as cluster:
            with pytest.raises(Failed, match="busy with 3 other clients"):
                await cluster.status()
            for _, writer in idle:
                writer.close()
            await tasks_are(0)
            assert (await cluster.status()).node == "n1"


async def test_a_flood_of_clients_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice too many clients are not even told, so that telling cannot fill the daemon."""
    monkeypatch.setattr("floatip.control.server.MAX_CLIENTS", 2)
    async with served_at(tmp_path, FakeBackend()) as path:
        idle: list[Streams] = []
        for _ in range(5):
            idle.append(await asyncio.open_unix_connection(path))
            await asyncio.sleep(0.01)
        assert await idle[4][0].read() == b""
        for _, writer in idle:
            writer.close()


async def test_a_client_that_does_not_read_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that asks much and reads nothing loses its connection, and others are served meanwhile."""
    monkeypatch.setattr("floatip.control.line.WRITE_S", 100.0)
    many = tuple(vip(f"v{number}") for number in range(3000))
    loop = asyncio.get_running_loop()
    async with served_at(tmp_path, FakeBackend(now=snapshot(*many))) as path:
        deaf, told = socket.socket(socket.AF_UNIX), asyncio.Event()
        deaf.setblocking(False)
        await loop.sock_connect(deaf, str(path))
        await loop.sock_sendall(deaf, STATUS)
        loop.add_reader(deaf, told.set)
        await told.wait()
        loop.remove_reader(deaf)
        assert len(await ask(path, STATUS)) == 1
        await tasks_are(1)
        await later(100.0)
        await tasks_are(0)
        deaf.close()


async def test_a_follower_that_hangs_up_is_forgotten(tmp_path: Path) -> None:
    """A follower that goes away while nothing happens frees its place at once."""
    async with served_at(tmp_path, FakeBackend()) as path:
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b'{"v":1,"ask":"events","follow":true}\n')
        await tasks_are(1, "control events")
        writer.close()
        await tasks_are(0, "control ")
        assert await reader.read() == b""


async def test_a_follower_that_lags_is_told(tmp_path: Path) -> None:
    """A follower that fell too far behind gets an error and not a silent gap."""
    backend = FakeBackend()
    async with served_at(tmp_path, backend) as path, connect(path) as cluster:
        stream = cluster.events(follow=True)
        backend.journal.add(record(0))
        assert await anext(stream) == record(0)
        for number in range(1001):
            backend.journal.add(record(number))
        with pytest.raises(Failed, match="events were lost"):
            async for _ in stream:
                pass


async def test_close_cuts_everybody_off(tmp_path: Path) -> None:
    """A server that ends waits for nobody: moves and followers alike get the end of their connection."""
    backend = FakeBackend(delay_s=60)
    served = server(tmp_path / "s", backend)
    await served.start()
    async with connect(tmp_path / "s") as cluster:
        move = asyncio.create_task(cluster.failover("web"), name="move")
        stream = cluster.events(follow=True)
        backend.journal.add(record(0))
        await anext(stream)
        async with asyncio.timeout(30):  # half of what the move would take
            await served.close()
        for broken in (move, anext(stream)):
            with pytest.raises(NotRunning, match="ended before it answered"):
                await broken
    assert backend.closed == 1
    await served.close()


@pytest.mark.parametrize("turns", range(6))
async def test_close_leaves_no_connection_half_accepted(tmp_path: Path, turns: int) -> None:
    """However far the server has come with a client, it is told the end, and nothing of it stays open."""
    served = server(tmp_path / "s", FakeBackend())
    await served.start()
    client = socket.socket(socket.AF_UNIX)
    client.connect(str(tmp_path / "s"))
    for _ in range(turns):
        await asyncio.sleep(0)
    with warnings.catch_warnings(record=True) as left_open:
        warnings.simplefilter("always")
        await served.close()
        await asyncio.sleep(0)
        gc.collect()
    assert [str(one.message) for one in left_open] == []
    client.settimeout(5)
    with suppress(ConnectionResetError):
        assert client.recv(1) == b""
    client.close()
