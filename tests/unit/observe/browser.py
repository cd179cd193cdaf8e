"""A real HTTP side of a false daemon, and the bluntest of clients. Knows: bytes on a socket. Never: judges."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from floatip.observe.web import WebServer
from tests.unit.ops.backend import NOON, URLS, FakeBackend


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer: its status, headers in lower case, and body."""

    status: int
    headers: Mapping[str, str]
    body: str


@asynccontextmanager
async def served(backend: FakeBackend) -> AsyncIterator[int]:
    """Serve on a port of this host, whose clock stands at noon; give the port."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(250)
    port: int = listener.getsockname()[1]
    web = WebServer(listener, backend=backend, urls=URLS, wall_clock=NOON.timestamp)
    await web.start()
    try:
        yield port
    finally:
        await web.close()


def parsed(raw: bytes) -> Reply:
    """Read an answer."""
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Reply(status=int(first.split()[1]), headers=headers, body=body.decode())


async def talk(port: int, request: bytes) -> bytes:
    """Send this, and return all that comes until the server hangs up; cut off is as good as nothing."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        async with asyncio.timeout(20):
            return await reader.read(-1)
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def get(port: int, path: str, *, method: str = "GET", more: str = "") -> Reply:
    """Ask for a path."""
    return parsed(await talk(port, f"{method} {path} HTTP/1.1\r\nHost: x\r\n{more}\r\n".encode()))


@asynccontextmanager
async def following(port: int, last_id: str = "") -> AsyncIterator[asyncio.StreamReader]:
    """Follow the events; gives what comes after the head of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        more = f"Last-Event-ID: {last_id}\r\n" if last_id else ""
        writer.write(f"GET /api/events HTTP/1.0\r\nHost: x\r\n{more}\r\n".encode())
        async with asyncio.timeout(5):
            await reader.readuntil(b"\r\n\r\n")
        yield reader
    finally:
        writer.close()
