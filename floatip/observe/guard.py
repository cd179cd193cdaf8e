"""Connections to the HTTP side that cannot hold the daemon. Knows: uvicorn's protocol. Never: what is answered.

Each brings one request, of a few KiB, and soon; what it is sent it must read. What does not keep to it is cut off.
"""

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

MAX_CONNECTIONS = 100
"""More are told that the daemon is busy, and twice as many are cut off at once."""
MAX_REQUEST_BYTES = 8 * 1024
PATIENCE_S = 5.0
"""How long a request may take to come, and how long a client may leave unread what it was sent."""


class GuardedConnection(H11Protocol):
    """One connection."""

    _due: asyncio.TimerHandle | None = None
    _was_waiting = False
    _received_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a client in, or cut it off if there are too many."""
        super().connection_made(transport)
        if len(self.connections) > 2 * MAX_CONNECTIONS:
            transport.abort()
        else:
            self._due = self.loop.call_later(PATIENCE_S, self._look)

    def data_received(self, data: bytes) -> None:
        """Take in as much as a request may have; nobody wants to know what else a client has to say."""
        self._received_bytes += len(data)
        if self._received_bytes <= MAX_REQUEST_BYTES:
            super().data_received(data)
        elif not self._asked and not self.transport.is_closing():
            self.send_400_response(f"The request is larger than {MAX_REQUEST_BYTES // 1024} KiB.")

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        if self._due is not None:
            self._due.cancel()
        super().connection_lost(exc)

    @property
    def _asked(self) -> bool:
        """Whether there was a request."""
        cycle: Any = self.cycle  # None before it, whatever its type says
        return cycle is not None

    def _look(self) -> None:
        waiting = self.transport.get_write_buffer_size() > 0
        ended = not self._asked or self.cycle.response_complete
        if (self._was_waiting and waiting) or (ended and not waiting):
            self.transport.abort()
        else:
            self._was_waiting = waiting
            self._due = self.loop.call_later(PATIENCE_S, self._look)


class Connections:
    """All connections of one server."""

    def __init__(self, app: Any) -> None:
        self._config = Config(
            app,
            http=GuardedConnection,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=MAX_CONNECTIONS,
        )
        self._config.load()
        self._state = ServerState()

    def made(self) -> asyncio.Protocol:
        """Return what serves one more."""
        return GuardedConnection(self._config, self._state, {})

    async def close(self, within_s: float) -> None:
        """Cut all of them off, and wait until what was answering them has noticed."""
        for connection in list(self._state.connections):
            connection.transport.abort()
        tasks = set(self._state.tasks)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=within_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
