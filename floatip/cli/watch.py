"""``floatip status --watch``: keeps asking, and shows what is new at once. Knows: the Python API. Never: decides."""

import asyncio
import json
import signal
import sys
import time
from collections import deque
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from floatip.cli.draw import Paper
from floatip.cli.options import Settings
from floatip.ops.errors import FloatipError
from floatip.ops.livepage import News, live_page
from floatip.ops.models import EventRecord, Status, to_document
from floatip.ops.view import printable, status_view

if TYPE_CHECKING:
    from floatip.ops.client import Cluster

PIPE_S = 0.5
"""How often it looks for a change to tell in a pipe."""
REDRAW_S = 1.0
"""How often a terminal is drawn anew, and the status asked for, if nothing happens."""
LEAST_S = 0.05
SHARE = 4
"""Of many events at once the status is asked for again after so many times as long as it took."""
AGAIN_S = 0.5
"""How soon a daemon that does not answer is tried again."""
REMEMBERED = 1000
"""How many events are kept: as many as the daemon has at most."""


async def watch(settings: Settings, cluster: "Cluster") -> int:
    """Show the status for ever: on a terminal drawn anew, otherwise whenever more than its times has changed."""
    if sys.stdout.isatty() and not settings.json:
        await _Live(cluster).run(Paper(color=not settings.no_color))
    shown: Status | None = None
    while True:
        found = await cluster.status()
        if shown is None or _timeless(found) != _timeless(shown):
            if settings.json:
                print(json.dumps(to_document(found)), flush=True)
            else:
                print(("\n" if shown else "") + status_view(found).plain(), flush=True)
            shown = found
        await asyncio.sleep(PIPE_S)


class _Live:
    """What was heard last, and the terminal that shows it."""

    def __init__(self, cluster: "Cluster") -> None:
        self._cluster = cluster
        self._records: deque[EventRecord] = deque(maxlen=REMEMBERED)
        self._happened = asyncio.Event()
        self._error = ""
        self._heard_s = 0.0
        self._cost_s = 0.0

    async def run(self, paper: Paper) -> None:
        """Draw until this is cancelled; a daemon that never answered is an error, one that falls silent is shown so."""
        status = await self._ask()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGWINCH, self._happened.set)
        loop.add_signal_handler(signal.SIGTERM, signal.raise_signal, signal.SIGINT)  # the terminal must be given back
        follower = asyncio.create_task(self._follow(), name="events")
        asking: asyncio.Task[Status] | None = None
        try:
            with paper.live() as draw:
                while True:
                    age_s = time.monotonic() - self._heard_s
                    news = News(status=status, records=self._records, age_s=age_s, error=self._error)
                    draw(partial(live_page, news))
                    await self._rest()
                    asking = asking or asyncio.create_task(self._ask(), name="status")
                    await asyncio.wait({asking}, timeout=REDRAW_S)
                    if asking.done():
                        status, asking = self._result(asking, status), None
        finally:
            follower.cancel()
            if asking is not None:
                asking.cancel()

    async def _ask(self) -> Status:
        began_s = time.monotonic()
        status = await self._cluster.status()
        self._heard_s = time.monotonic()
        self._cost_s = self._heard_s - began_s
        return status

    def _result(self, asking: "asyncio.Task[Status]", before: Status) -> Status:
        try:
            status = asking.result()
        except FloatipError as error:
            self._error = printable(error.text)
            return before
        self._error = ""
        return status

    async def _rest(self) -> None:
        """Wait until something happens, but at least as long as leaves the daemon time for its work."""
        await asyncio.sleep(max(LEAST_S, SHARE * self._cost_s))
        try:
            async with asyncio.timeout(AGAIN_S if self._error else REDRAW_S):
                await self._happened.wait()
        except TimeoutError:
            pass
        self._happened.clear()

    async def _follow(self) -> None:
        """Take all events there are, and those that come; from a daemon that is back, all of its own again."""
        while True:
            known = False
            try:
                async with aclosing(self._cluster.events(follow=True)) as stream:
                    async for record in stream:
                        if not known:
                            self._records.clear()
                        known = True
                        self._records.append(record)
                        self._happened.set()
            except FloatipError:
                self._happened.set()
            await asyncio.sleep(AGAIN_S)


def _timeless(status: Status) -> Status:
    """Return the status without all that changes by itself from one moment to the next."""
    return replace(
        status,
        now=status.now.min,
        brokers=tuple(replace(broker, rtt_ms=None) for broker in status.brokers),
        nodes=tuple(replace(node, last_heard_ms=None) for node in status.nodes),
        vips=tuple(replace(vip, since=None) for vip in status.vips),
    )
