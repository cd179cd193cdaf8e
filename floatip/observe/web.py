"""The HTTP side of a daemon, read only. Knows: its listener, its connections. Never: asks the engine for anything.

Imported only where ``[http]`` is configured: it brings an HTTP server and the Prometheus client with it.
"""

import asyncio
import logging
import socket
import time
from collections.abc import Callable, Mapping

from floatip.core.types import BrokerName
from floatip.observe.app import App, Backend
from floatip.observe.guard import Connections

CLOSE_S = 1.0
_ACCEPT_TURNS = 3
"""How many turns of the loop asyncio takes to make a client of a connection that it has accepted."""


class WebServer:
    """Serves on ``listener``, which is bound already; ``urls`` names brokers as the user wrote them."""

    def __init__(
        self,
        listener: socket.socket,
        *,
        backend: Backend,
        urls: Mapping[BrokerName, str],
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._listener = listener
        self._connections = Connections(App(backend, urls=urls, wall_clock=wall_clock))
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Begin to serve."""
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # what clients do wrong is no news of the daemon
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connections.made, sock=self._listener, backlog=100)

    async def close(self) -> None:
        """Stop serving: nobody is accepted any more, every client is cut off."""
        if self._server is not None:
            for listener in self._server.sockets:  # a server that is closed leaves open what it is about to accept
                asyncio.get_running_loop().remove_reader(listener.fileno())
            for _ in range(_ACCEPT_TURNS):
                await asyncio.sleep(0)
            self._server.close()
            await self._connections.close(CLOSE_S)
            await self._server.wait_closed()
            self._server = None
