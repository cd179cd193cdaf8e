"""The server side of the control socket. Knows: clients, their requests, and a backend. Never: decides about a VIP.

No client can hold the daemon: requests are at most 64 KiB and must come within 5 s, there are at most 64 clients,
nothing is kept for one that does not read, and long answers are made in slices between which the loop goes on.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from pathlib import Path

from floatip.control.dispatch import Backend, Dispatcher
from floatip.control.doorway import Doorway
from floatip.control.line import Line
from floatip.core.types import BrokerName
from floatip.ops import wire
from floatip.ops.document import head_document, vip_document
from floatip.ops.errors import BadRequest, Failed, FloatipError
from floatip.ops.models import EventRecord

MAX_CLIENTS = 64
READ_S = 5.0
"""How long a client may take to send its request."""
DISCARD_S = 1.0
"""How long a client whose request was turned down may go on sending it."""
SLICE = 50
"""How many VIPs or events are written down in one turn of the loop: less than a millisecond of work."""
_ACCEPT_TURNS = 3
"""How many turns of the loop asyncio takes to make a client of a connection that it has accepted."""


class ControlServer:
    """Serves the control socket at ``path`` to members of ``group``; ``urls`` names brokers as the user wrote them."""

    def __init__(
        self,
        path: Path,
        *,
        group: str | None,
        backend: Backend,
        urls: Mapping[BrokerName, str],
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._doorway = Doorway(path, group)
        self._backend = backend
        self._dispatcher = Dispatcher(backend, wall_clock=wall_clock)
        self._urls = urls
        self._wall_clock = wall_clock
        self._server: asyncio.Server | None = None
        self._clients: dict[asyncio.Task[None], Line] = {}

    async def start(self) -> list[str]:
        """Begin to serve; return warnings about who may use the socket. ControlError if it cannot be had."""
        listener, warnings = self._doorway.open()
        self._server = await asyncio.start_unix_server(self._accept, sock=listener, limit=wire.MAX_REQUEST_BYTES)
        return warnings

    async def close(self) -> None:
        """Stop serving: nobody is accepted any more, every client is cut off, the socket file is gone."""
        if self._server is None:
            return
        for listener in self._server.sockets:  # a server that is closed leaves open what it is about to accept
            asyncio.get_running_loop().remove_reader(listener.fileno())
        for _ in range(_ACCEPT_TURNS):
            await asyncio.sleep(0)
        self._server.close()
        clients = dict(self._clients)
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
        for line in clients.values():  # a task that had not begun ends without having closed anything
            await line.end()
        await self._server.wait_closed()
        self._server = None
        self._doorway.close()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._clients) >= 2 * MAX_CLIENTS:
            writer.transport.abort()
            return
        line = Line(writer)
        client = asyncio.create_task(self._serve(reader, line), name=f"control client {secrets.token_hex(2)}")
        self._clients[client] = line
        client.add_done_callback(self._clients.pop)

    async def _serve(self, reader: asyncio.StreamReader, line: Line) -> None:
        """Serve one client until it has its answer, or cannot be given one."""
        try:
            await self._dialogue(reader, line)
        except OSError:
            line.cut()  # gone, or not reading: there is nobody to tell
        except asyncio.CancelledError:
            line.cut()
            raise
        finally:
            await line.end()

    async def _dialogue(self, reader: asyncio.StreamReader, line: Line) -> None:
        """Answer one request, or say why not."""
        try:
            await self._answer(reader, line)
        except FloatipError as error:
            await line.send(wire.encode_error(error))
            line.hang_up()
            await _discard(reader)

    async def _answer(self, reader: asyncio.StreamReader, line: Line) -> None:
        if len(self._clients) > MAX_CLIENTS:
            raise Failed(f"the daemon is busy with {MAX_CLIENTS} other clients; try again in a moment")
        request = await _request(reader)
        match request:
            case None:
                pass
            case wire.StatusRequest():
                await line.send(await self._status())
            case wire.EventsRequest(follow=False):
                await self._send_history(line, self._backend.history())
                await line.send(wire.encode_reply("result", {}))
            case wire.EventsRequest():
                await self._follow(reader, line)
            case _:
                await self._dispatcher.carry_out(request, line)

    async def _status(self) -> bytes:
        """Return the status as one line, written down slice by slice."""
        snapshot, wall_s = self._backend.snapshot(), self._wall_clock()
        head = head_document(snapshot, wall_s=wall_s, urls=self._urls)
        slices = []
        for start in range(0, len(snapshot.vips), SLICE):
            some = snapshot.vips[start : start + SLICE]
            slices.append(wire.encode_items([vip_document(vip, wall_s=wall_s, urls=self._urls) for vip in some]))
            await asyncio.sleep(0)
        return wire.encode_list_reply("result", head, "vips", slices)

    async def _send_history(self, line: Line, records: list[EventRecord]) -> None:
        for start in range(0, len(records), SLICE):
            await line.send(b"".join(wire.encode_reply("event", each) for each in records[start : start + SLICE]))
            await asyncio.sleep(0)

    async def _follow(self, reader: asyncio.StreamReader, line: Line) -> None:
        """Send what happened and what happens, until the client hangs up."""
        feed, history = self._backend.follow(), self._backend.history()  # together: nothing is missed, nor sent twice
        sender = asyncio.create_task(self._send_feed(line, history, feed), name="control events")
        hangup = asyncio.create_task(reader.read(1), name="control hangup")
        try:
            await asyncio.wait((sender, hangup), return_when=asyncio.FIRST_COMPLETED)
        finally:
            hangup.cancel()
            sender.cancel()
            ends = await asyncio.gather(sender, hangup, return_exceptions=True)
        if isinstance(ends[0], Exception):
            raise ends[0]

    async def _send_feed(self, line: Line, history: list[EventRecord], feed: AsyncIterator[EventRecord]) -> None:
        await self._send_history(line, history)
        async for record in feed:
            await line.send(wire.encode_reply("event", record))
        raise Failed("events were lost: they were read more slowly than they happened; start again")


async def _request(reader: asyncio.StreamReader) -> wire.Request | None:
    """Return the request of a client, None if it hung up without one."""
    try:
        async with asyncio.timeout(READ_S):
            return wire.decode_request(await reader.readuntil(b"\n"))
    except TimeoutError:
        raise BadRequest(f"no request came within {READ_S:g} s; one line of JSON is expected") from None
    except asyncio.LimitOverrunError:
        raise BadRequest(f"the request is longer than {wire.MAX_REQUEST_BYTES // 1024} KiB") from None
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise BadRequest("the request does not end in a newline") from None
        return None


async def _discard(reader: asyncio.StreamReader) -> None:
    """Read away what the client still sends: closing on unread bytes could take our last line from it."""
    with suppress(TimeoutError):
        async with asyncio.timeout(DISCARD_S):
            while await reader.read(wire.MAX_REQUEST_BYTES):
                pass
