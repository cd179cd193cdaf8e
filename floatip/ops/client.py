"""Asks a daemon over its control socket. Knows: the socket and its language. Never: decides, or touches a network."""

import asyncio
import grp
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from floatip.core.messages import Task
from floatip.ops import migrate, wire
from floatip.ops.answers import judged, parsed, parsed_all
from floatip.ops.audit import audit
from floatip.ops.errors import (
    FloatipError,
    NotPermitted,
    NotRunning,
    ProtocolMismatch,
    Refused,
    TimedOut,
    error_of,
)
from floatip.ops.models import (
    EventRecord,
    Explanation,
    Migration,
    MoveResult,
    OrderResult,
    Plan,
    Status,
    Step,
)
from floatip.ops.rows import Audit

OnStep = Callable[[Step], object]
"""Is told of each step as it happens."""
LONGER_S = 15.0
"""How much longer than its own timeout a request may take: it may have several parts."""
PATIENCE_S = 5.0
"""How long a daemon may take to accept, and to answer a question that needs nobody else."""

AT_ONCE = 16
"""How many nodes ``audit`` asks at the same time: a daemon has room for 64 clients."""


@asynccontextmanager
async def connect(socket: str | Path = wire.DEFAULT_SOCKET) -> AsyncIterator["Cluster"]:
    """Give the cluster behind the daemon at ``socket``; NotRunning or NotPermitted if none can be asked there."""
    cluster = Cluster(Path(socket))
    await cluster.check()
    yield cluster


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reloaded:
    changes: tuple[str, ...]


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
        return parsed(Status, await self._result(wire.StatusRequest(), PATIENCE_S))

    async def reload(self) -> tuple[str, ...]:
        """Have the daemon read its configuration again, and return what that changes, in sentences.

        BadRequest with all that is wrong in the file, or Refused; the daemon goes on as before then.
        """
        return parsed(_Reloaded, await self._result(wire.ReloadRequest(), LONGER_S)).changes

    async def plan(self, vips: str | Sequence[str], *, to: str | None = None, force: bool = False) -> tuple[Plan, ...]:
        """Return what ``failover`` would do, one plan a VIP; Refused if any of them would be."""
        request = wire.FailoverRequest(vips=_names(vips), to=to, dry_run=True, force=force)
        result = await self._result(request, PATIENCE_S)
        return parsed_all(Plan, result, "plans")

    async def failover(
        self,
        vips: str | Sequence[str],
        *,
        to: str | None = None,
        timeout_s: float = 10.0,
        force: bool = False,
        on_step: OnStep | None = None,
    ) -> tuple[MoveResult, ...]:
        """Move the VIPs, all at once, and return a result for each, proven or not.

        If one of them cannot be moved nothing is begun (Refused). If a move ends badly the others still follow, and
        the worst end is raised (Refused, Failed, TimedOut) with all ``results``. ``force``: frozen ones too.
        """
        request = wire.FailoverRequest(vips=_names(vips), to=to, timeout_s=timeout_s, force=force)
        result = await self._result(request, timeout_s + LONGER_S, on_step)
        return judged(parsed_all(MoveResult, result, "moves"))

    async def announce(self, vip: str) -> MoveResult:
        """Have the owner, wherever it is, tell the LAN again where the VIP is; Refused if nobody owns it."""
        result = await self._result(wire.AnnounceRequest(vip=vip), LONGER_S)
        return judged(parsed_all(MoveResult, result, "moves"))[0]

    async def drain(
        self, node: str | None = None, *, timeout_s: float = 10.0, force: bool = False, on_step: OnStep | None = None
    ) -> OrderResult:
        """Move all VIPs away from a node (the asked one), which takes none until it is undrained.

        Refused if it is the last that could own one of them, unless ``force`` is to take that VIP down.
        """
        request = wire.OrderRequest(kind="drain", subjects=_maybe(node), value="yes", timeout_s=timeout_s, force=force)
        return (await self._order(request, on_step))[0]

    async def drain_plan(self, node: str | None = None, *, force: bool = False) -> tuple[str, ...]:
        """Return in sentences what ``drain`` would do; Refused if it would be."""
        request = wire.OrderRequest(kind="drain", subjects=_maybe(node), value="yes", force=force, dry_run=True)
        return tuple(str(text) for text in (await self._result(request, PATIENCE_S)).get("plans", ()))

    async def undrain(self, node: str | None = None, *, timeout_s: float = 10.0) -> OrderResult:
        """Let a node (the asked one) take VIPs again; those that moved away stay where they are."""
        return (await self._order(wire.OrderRequest(kind="drain", subjects=_maybe(node), timeout_s=timeout_s)))[0]

    async def pin(self, vip: str, node: str, *, for_s: float | None = None, timeout_s: float = 10.0) -> OrderResult:
        """Let a VIP prefer a node, for ``for_s`` seconds or until it is unpinned; nothing moves because of it."""
        request = wire.OrderRequest(kind="pin", subjects=(vip,), value=node, lasts_s=for_s, timeout_s=timeout_s)
        return (await self._order(request))[0]

    async def unpin(self, vip: str, *, timeout_s: float = 10.0) -> OrderResult:
        """Let a VIP prefer no node any more."""
        return (await self._order(wire.OrderRequest(kind="pin", subjects=(vip,), timeout_s=timeout_s)))[0]

    async def freeze(self, vips: str | Sequence[str] = (), *, timeout_s: float = 10.0) -> tuple[OrderResult, ...]:
        """Let nobody but their present owners take these VIPs (all, if none is named), until they are thawed."""
        return await self._order(
            wire.OrderRequest(kind="freeze", subjects=_names(vips), value="yes", timeout_s=timeout_s)
        )

    async def thaw(self, vips: str | Sequence[str] = (), *, timeout_s: float = 10.0) -> tuple[OrderResult, ...]:
        """Let these VIPs (all, if none is named) move by themselves again."""
        return await self._order(wire.OrderRequest(kind="freeze", subjects=_names(vips), timeout_s=timeout_s))

    async def explain(self, vip: str) -> Explanation:
        """Return why a VIP is where it is, and what would happen if something broke now."""
        result = await self._result(wire.ExplainRequest(vip=vip), PATIENCE_S)
        return parsed(Explanation, result.get("explanation"))

    async def audit(self) -> Audit:
        """Return every address of every node; a node that does not answer is among what needs attention."""
        status = await self.status()
        names = [node.name for node in status.nodes]
        some = asyncio.Semaphore(AT_ONCE)
        found = await asyncio.gather(*(self._inventory(name, some) for name in names))
        return audit(status, dict(zip(names, found, strict=True)))

    async def _inventory(self, node: str, some: asyncio.Semaphore) -> Any:
        """Return the inventory of a node, or the sentence that says why there is none."""
        try:
            async with some:
                return await self.errand(wire.ErrandRequest(node=node, task=Task.INVENTORY))
        except FloatipError as error:
            return f"not audited: {error.text}"

    async def migrate(
        self,
        address: str,
        *,
        source: str,
        target: str,
        interface: str | None = None,
        dry_run: bool = False,
        on_step: OnStep | None = None,
    ) -> Migration:
        """Move an address from one host to another, a VIP or a plain alias; what was interrupted is gone on with.

        Refused: nothing was changed. Failed: the text says how far it came, and the same call goes on.
        """
        address, status = migrate.plain(address), await self.status()
        migrate.check_nodes(status, source, target)
        vip = migrate.vip_of(status, address)
        if vip is None:
            mover = migrate.Migrator(self, address, source, target, on_step)
            return await mover.run(status, interface=interface or "", dry_run=dry_run)
        if vip.owner not in {source, target}:
            owner = vip.owner or "nobody"
            raise Refused(f"{address} belongs to the VIP {vip.name}, which is owned by {owner}, not by {source}")
        if dry_run:
            (plan,) = await self.plan(vip.name, to=target)
            return migrate.by_plan(plan, address, source, target)
        (move,) = await self.failover(vip.name, to=target, on_step=on_step)
        return migrate.by_move(move, address, source, target)

    async def errand(self, request: wire.ErrandRequest) -> Any:
        """Have something done on the host of a node; return what it brought (``audit`` and ``migrate`` build on it)."""
        return (await self._result(request, request.timeout_s + LONGER_S)).get("data")

    async def _order(self, request: wire.OrderRequest, on_step: OnStep | None = None) -> tuple[OrderResult, ...]:
        result = await self._result(request, request.timeout_s + LONGER_S, on_step)
        return judged(parsed_all(OrderResult, result, "orders"))

    async def events(self, *, follow: bool = False) -> AsyncGenerator[EventRecord, None]:
        """Yield what happened, oldest first, as far as the daemon remembers; with ``follow`` never end."""
        replies = self._replies(wire.EventsRequest(follow=follow), None if follow else PATIENCE_S)
        async with aclosing(replies) as stream:
            async for word, body in stream:
                if word == "event":
                    yield parsed(EventRecord, body)

    async def _result(self, request: wire.Request, within_s: float, on_step: OnStep | None = None) -> dict[str, Any]:
        """Return the result of a request; tell ``on_step`` of each step before."""
        async with aclosing(self._replies(request, within_s)) as stream:
            async for word, body in stream:
                if word == "result":
                    return body
                if word == "step" and on_step is not None:
                    on_step(parsed(Step, body))
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
            if not isinstance(request, wire.StatusRequest | wire.ExplainRequest | wire.EventsRequest):
                raise TimedOut(
                    f"the daemon at {self._socket} did not say how it ended; `floatip status` shows how it is now"
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


def _maybe(name: str | None) -> tuple[str, ...]:
    return () if name is None else (name,)


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
