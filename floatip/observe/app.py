"""What the HTTP side answers: six paths, GET and HEAD. Knows: ASGI, the documents. Never: reads what a client sends.

Nothing that is made for a thousand VIPs is made in one go, or for each client anew.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from email.utils import formatdate
from typing import Any, Protocol

from floatip.core.snapshot import Snapshot
from floatip.core.types import BrokerName
from floatip.observe import metrics
from floatip.observe.feed import Feed
from floatip.observe.fresh import Fresh
from floatip.observe.journal import Journal
from floatip.observe.render import POLICY, page
from floatip.observe.tally import Tally
from floatip.ops.document import head_document, vip_document

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Answer = Callable[[Mapping[str, Any], Receive, Send], Awaitable[None]]

SLICE = 50
"""How many VIPs are written down in one turn of the loop."""
MAX_FOLLOWERS = 50
"""So many may follow the events at once, and leave room for those who ask for something else."""
PLAIN = "text/plain; charset=utf-8"
_HEADERS = {
    "Cache-Control": "no-store",
    "Connection": "close",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Backend(Protocol):
    """What a daemon shows; each of it returns at once."""

    journal: Journal
    tally: Tally

    def snapshot(self, vips: slice) -> Snapshot:
        """Return the cluster as this node sees it now, with some of its VIPs."""

    def dropped(self) -> Mapping[str, int]:
        """Return how many messages were dropped, by reason."""

    def lag_s(self) -> float:
        """Return how late the loop was woken lately, at worst."""

    def illness(self) -> str | None:
        """Return why this daemon cannot be trusted to do its work, if so."""


class App:
    """The ASGI application."""

    def __init__(
        self, backend: Backend, *, urls: Mapping[BrokerName, str], wall_clock: Callable[[], float] = time.time
    ) -> None:
        self._backend = backend
        self._urls = urls
        self._wall_clock = wall_clock
        self._feed = Feed(backend.journal)
        self._snapshot = Fresh(self._make_snapshot)
        self._document = Fresh(self._make_document)
        self._status = Fresh(self._make_status)
        self._page = Fresh(self._make_page)
        self._metrics = Fresh(self._make_metrics)
        self._answers: dict[str, Answer] = {
            "/": self._show(self._page, "text/html; charset=utf-8"),
            "/metrics": self._show(self._metrics, metrics.CONTENT_TYPE),
            "/api/status": self._show(self._status, "application/json"),
            "/api/events": self._follow,
            "/healthz": self._healthz,
            "/readyz": self._readyz,
        }

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        answer = self._answers.get(scope["path"])
        if scope["method"] not in {"GET", "HEAD"}:
            await reply(send, 405, b"only GET and HEAD\n", more={"Allow": "GET, HEAD"})
        elif answer is None:
            await reply(send, 404, f"there are {', '.join(self._answers)}\n".encode())
        else:
            await answer(scope, receive, send)

    # -- documents ----------------------------------------------------------------------------------------------------

    def _show(self, made: Fresh[bytes], content_type: str) -> Answer:
        async def answer(_scope: Mapping[str, Any], _receive: Receive, send: Send) -> None:
            await reply(send, 200, await made.get(), content_type)

        return answer

    async def _make_snapshot(self) -> Snapshot:
        """Look at a thousand VIPs one after the other, which takes longer than the loop should stand still."""
        part = self._backend.snapshot(slice(SLICE))
        vips = list(part.vips)
        while len(part.vips) == SLICE:
            await asyncio.sleep(0)
            part = self._backend.snapshot(slice(len(vips), len(vips) + SLICE))
            vips += part.vips
        return replace(part, vips=tuple(vips))

    async def _make_document(self) -> dict[str, Any]:
        """Return the document of ``floatip status --json``."""
        snapshot, wall_s = await self._snapshot.get(), self._wall_clock()
        document = head_document(snapshot, wall_s=wall_s, urls=self._urls)
        vips = document["vips"] = []
        for start in range(0, len(snapshot.vips), SLICE):
            some = snapshot.vips[start : start + SLICE]
            vips += [vip_document(vip, wall_s=wall_s, urls=self._urls) for vip in some]
            await asyncio.sleep(0)
        return document

    async def _make_status(self) -> bytes:
        document = await self._document.get()
        vips, slices = document["vips"], []
        for start in range(0, len(vips), SLICE):
            slices.append(json.dumps(vips[start : start + SLICE])[1:-1])
            await asyncio.sleep(0)
        head = json.dumps({**document, "vips": []})
        return (head.removesuffix("]}") + ", ".join(slices) + "]}\n").encode()

    async def _make_page(self) -> bytes:
        return await page(await self._document.get(), self._backend.journal.history())

    async def _make_metrics(self) -> bytes:
        facts = metrics.Facts(
            snapshot=await self._snapshot.get(),
            tally=self._backend.tally,
            dropped=self._backend.dropped(),
            urls=self._urls,
            lag_s=self._backend.lag_s(),
        )
        return await metrics.exposition(facts)

    # -- probes -------------------------------------------------------------------------------------------------------

    async def _healthz(self, _scope: Mapping[str, Any], _receive: Receive, send: Send) -> None:
        illness = self._backend.illness()
        await reply(send, 200 if illness is None else 503, f"{illness or 'ok'}\n".encode())

    async def _readyz(self, _scope: Mapping[str, Any], _receive: Receive, send: Send) -> None:
        hindrances = unready(self._backend.snapshot(slice(0)))
        await reply(send, 503 if hindrances else 200, "".join(f"{one}\n" for one in hindrances or ["ok"]).encode())

    # -- events -------------------------------------------------------------------------------------------------------

    async def _follow(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Send what happened and what happens, until the client hangs up or reads too slowly."""
        if self._feed.followers >= MAX_FOLLOWERS:
            await reply(send, 503, f"{MAX_FOLLOWERS} others follow the events already\n".encode())
            return
        if scope["method"] == "HEAD":
            await reply(send, 200, b"", "text/event-stream")
            return
        await send({"type": "http.response.start", "status": 200, "headers": _headers("text/event-stream")})
        sender = asyncio.create_task(self._feed.send(_last_event(scope), send), name="http events")
        hangup = asyncio.create_task(_hung_up(receive), name="http hangup")
        try:
            await asyncio.wait((sender, hangup), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sender, hangup):
                task.cancel()
            await asyncio.gather(sender, hangup, return_exceptions=True)
        with suppress(OSError):
            await send({"type": "http.response.body", "body": b""})


def unready(snapshot: Snapshot) -> list[str]:
    """Return why this node could take nothing over yet, a sentence each."""
    connected = [broker for broker in snapshot.brokers if broker.connected]
    if len(connected) < snapshot.quorum_of:
        return [
            f"no quorum: connected to {len(connected)} of {len(snapshot.brokers)} brokers, {snapshot.quorum_of} needed"
        ]
    heard = sum(not broker.listening for broker in connected)
    if heard < snapshot.quorum_of:
        return [f"listens still: {heard} of {snapshot.quorum_of} brokers were listened to for long enough"]
    return []


async def reply(
    send: Send, status: int, body: bytes, content_type: str = PLAIN, *, more: Mapping[str, str] | None = None
) -> None:
    """Send a whole answer."""
    headers = _headers(content_type, {"Content-Length": str(len(body)), **(more or {})})
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _headers(content_type: str, more: Mapping[str, str] | None = None) -> list[tuple[bytes, bytes]]:
    headers = {"Content-Type": content_type, "Date": formatdate(usegmt=True), **_HEADERS, **(more or {})}
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def _last_event(scope: Mapping[str, Any]) -> str:
    """Return which event a client has got last, by its own word; empty if it has got none."""
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"last-event-id"), "")


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
