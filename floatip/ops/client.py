"""Asks a daemon over its control socket. Knows: the socket and its language. Never: decides, or touches a network."""

import asyncio
import grp
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from floatip.core.effects import Outcome
from floatip.ops import wire
from floatip.ops.errors import (
    Failed,
    FloatipError,
    NotPermitted,
    NotRunning,
    ProtocolMismatch,
    Refused,
    TimedOut,
    error_of,
)
from floatip.ops.models import EventRecord, MoveResult, Plan, Status, Step, from_document, worst

T = TypeVar("T")

PATIENCE_S = 5.0
"""How long a daemon may take to accept, and to answer a question that needs nobody else."""

_ERRORS: dict[Outcome, type[FloatipError]] = {
    Outcome.REFUSED: Refused,
    Outcome.FAILED: Failed,
    Outcome.TIMED_OUT: TimedOut,
}


@asynccontextmanager
async def connect(socket: str | Path = wire.DEFAULT_SOCKET) -> AsyncIterator["Cluster"]:
    """Give the cluster behind the daemon at ``socket``; NotRunning or NotPermitted if none can be asked there."""
    cluster = Cluster(Path(socket))
    await cluster.check()
    yield cluster


class Cluster:
    """The cluster as one daemon knows it: every method is one request, and raises a FloatipError of its kind."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    async def check(self) -> None:
        """Raise NotRunning or NotPermitted if no daemon accepts at the socket."""
        async with self._connection():
            pass

    async def status(self) -> Status:
        """Return who owns what, now."""
        return _parsed(Status, await self._result(wire.StatusRequest(), PATIENCE_S))

    async def plan(self, vips: str | Sequence[str], *, to: str | None = None) -> tuple[Plan, ...]:
        """Return what ``failover`` would do, one plan a VIP; Refused if any of them would be."""
        request = wire.FailoverRequest(vips=_names(vips), to=to, dry_run=True)
        result = await self._result(request, PATIENCE_S)
        return _parsed_all(Plan, result, "plans")

    async def failover(
        self,
        vips: str | Sequence[str],
        *,
        to: str | None = None,
        timeout_s: float = 10.0,
        on_step: Callable[[Step], object] | None = None,
    ) -> tuple[MoveResult, ...]:
        """Move the VIPs, one after the other, and return a result for each, proven or not.

        If one of them cannot be moved nothing is begun (Refused). If a move ends badly the others still follow, and
        the worst end is raised (Refused, Failed, TimedOut) with all ``results``. ``timeout_s`` is for each VIP.
        """
        names = _names(vips)
        request = wire.FailoverRequest(vips=names, to=to, timeout_s=timeout_s)
        result = await self._result(request, timeout_s * len(names) + PATIENCE_S, on_step)
        return _judged(_parsed_all(MoveResult, result, "moves"))

    async def announce(self, vip: str) -> MoveResult:
        """Have the owner's daemon tell the LAN again where the VIP is; Refused if the asked node does not hold it."""
        result = await self._result(wire.AnnounceRequest(vip=vip), PATIENCE_S)
        return _judged(_parsed_all(MoveResult, result, "moves"))[0]

    async def events(self, *, follow: bool = False) -> AsyncGenerator[EventRecord, None]:
        """Yield what happened, oldest first, as far as the daemon remembers; with ``follow`` never end."""
        replies = self._replies(wire.EventsRequest(follow=follow), None if follow else PATIENCE_S)
        async with aclosing(replies) as stream:
            async for word, body in stream:
                if word == "event":
                    yield _parsed(EventRecord, body)

    async def _result(
        self, request: wire.Request, within_s: float, on_step: Callable[[Step], object] | None = None
    ) -> dict[str, Any]:
        """Return the result of a request; tell ``on_step`` of each step before."""
        async with aclosing(self._replies(request, within_s)) as stream:
            async for word, body in stream:
                if word == "result":
                    return body
                if word == "step" and on_step is not None:
                    on_step(_parsed(Step, body))
        raise AssertionError("a stream of replies ends in a result or an error")

    async def _replies(
        self, request: wire.Request, within_s: float | None
    ) -> AsyncGenerator[tuple[str, dict[str, Any]], None]:
        """Yield the lines of the reply up to the result; raise the error that stands in place of one."""
        loop = asyncio.get_running_loop()
        deadline = None if within_s is None else loop.time() + within_s
        async with self._connection() as (reader, writer):
            with suppress(ConnectionError):  # a daemon that refuses may have answered and closed before it read
                writer.write(wire.encode_request(request))
                await writer.drain()
            word = ""
            while word != "result":
                rest_s = None if deadline is None else max(0.0, deadline - loop.time())
                word, body = wire.decode_reply(await self._line(reader, rest_s, request))
                if word == "error":
                    raise error_of(str(body.get("kind")), str(body.get("text")))
                yield word, body

    async def _line(self, reader: asyncio.StreamReader, within_s: float | None, request: wire.Request) -> bytes:
        try:
            async with asyncio.timeout(within_s):
                return await reader.readuntil(b"\n")
        except TimeoutError:
            if isinstance(request, wire.FailoverRequest) and not request.dry_run:
                raise TimedOut(
                    f"the daemon at {self._socket} did not say how the move ended; `floatip status` shows how it is now"
                ) from None
            raise NotRunning(
                f"the daemon at {self._socket} does not answer: it may be frozen; see `systemctl status floatip`"
            ) from None
        except (asyncio.IncompleteReadError, ConnectionError):
            raise NotRunning(
                f"the daemon at {self._socket} ended before it answered; see `journalctl -u floatip`"
            ) from None
        except asyncio.LimitOverrunError:
            raise ProtocolMismatch(f"the reply at {self._socket} has a line that is too long to be floatip's") from None

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        try:
            async with asyncio.timeout(PATIENCE_S):
                reader, writer = await asyncio.open_unix_connection(self._socket, limit=wire.MAX_REPLY_BYTES)
        except TimeoutError:
            raise NotRunning(f"the daemon at {self._socket} does not accept: it may be frozen") from None
        except PermissionError:
            raise NotPermitted(_who_may(self._socket)) from None
        except (FileNotFoundError, ConnectionRefusedError):
            raise NotRunning(
                f"no daemon answers at {self._socket}: start it (`systemctl start floatip`),"
                " or name its socket with --socket"
            ) from None
        except OSError as error:
            raise NotRunning(f"no daemon can be reached at {self._socket}: {error.strerror or error}") from None
        try:
            yield reader, writer
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


def _names(vips: str | Sequence[str]) -> tuple[str, ...]:
    return (vips,) if isinstance(vips, str) else tuple(vips)


def _judged(results: tuple[MoveResult, ...]) -> tuple[MoveResult, ...]:
    """Return the results if all went well, proven or not; else raise the worst of them."""
    if not results:
        raise ProtocolMismatch("the daemon answered without a result: it is of another version than this command")
    end = worst(results)
    if end.outcome in _ERRORS:
        raise _ERRORS[end.outcome](end.text, results=results)
    return results


def _parsed(kind: type[T], body: object) -> T:
    try:
        return from_document(kind, body)
    except ValueError as error:
        raise ProtocolMismatch(
            f"the daemon's answer is not understood ({error}): it is of another version than this command"
        ) from None


def _parsed_all(kind: type[T], result: dict[str, Any], key: str) -> tuple[T, ...]:
    found = result.get(key)
    return tuple(_parsed(kind, each) for each in found) if isinstance(found, list) else ()


def _who_may(socket: Path) -> str:
    """Return the sentence for a user who may not use the socket: it names the group that may."""
    try:
        found = socket.stat()
        name = grp.getgrgid(found.st_gid).gr_name if found.st_mode & 0o060 == 0o060 else None
    except (OSError, KeyError):
        name = None
    if name is None:
        return f"you may not use the socket {socket}: only its owner may; run the command as root"
    return (
        f"you may not use the socket {socket}: members of group '{name}' may; run the command as root,"
        f" or join the group (`usermod -aG {name} $USER`) and log in again"
    )
