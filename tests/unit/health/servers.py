"""Servers on 127.0.0.1 that answer as a test says. Knows: sockets. Never: what looks at them."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from floatip.config.tables import Check

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def check(kind: str, target: str | None = None, **more: Any) -> Check:
    """A check as the file has it; long timeouts, so that a busy machine does not matter."""
    raw = {"name": "c", "type": kind, "target": target, "interval": "20s", "timeout": "20s", **more}
    return Check.model_validate(raw)


@asynccontextmanager
async def serving(serve: Serve, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Serve connections; give the port."""
    served: set[asyncio.Task[None]] = set()

    async def each(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        served.add(task)
        try:
            await serve(reader, writer)
            writer.close()
            await writer.wait_closed()
        except OSError:
            pass
        finally:
            writer.transport.abort()

    async with await asyncio.start_server(each, host, 0, ssl=tls) as server:
        yield server.sockets[0].getsockname()[1]
        await asyncio.sleep(0)
        await asyncio.gather(*served)
    await asyncio.sleep(0.01)


def answering(answer: bytes, asked: list[bytes] | None = None) -> Serve:
    """Read one request, answer, and close."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, OSError):
            request = b""
        if asked is not None:
            asked.append(request)
        writer.write(answer)

    return serve


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say nothing until the other side has gone."""
    await reader.read()


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
