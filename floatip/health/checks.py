"""All checks of this node, each at its interval. Knows: when to look. Never: how, nor what the results amount to."""

import asyncio
import math
import random
from collections.abc import Callable, Iterable

from floatip.config.tables import Check
from floatip.core import events as ev
from floatip.core.types import CheckName
from floatip.health.looking import Look
from floatip.health.network import Ask

MOST_PHASE_S = 0.5
"""Checks begin at different moments, at most so late, so that they do not all look at once."""

_RANDOM = random.SystemRandom()


class Checks:
    """A task for each check; results are posted as they come, one for each look."""

    def __init__(
        self,
        checks: Iterable[Check],
        *,
        post: Callable[[ev.Checked], None],
        ask: Ask | None = None,
        entropy: Callable[[], float] = _RANDOM.random,
    ) -> None:
        """``ask`` asks the LAN who has an address, for checks of type arp."""
        self._checks = tuple(checks)
        self._post = post
        self._ask = ask
        self._entropy = entropy
        self._running: dict[str, tuple[Check, asyncio.Task[None]]] = {}
        self._ending: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin to look."""
        self.replace(self._checks)

    def replace(self, checks: Iterable[Check]) -> None:
        """Look at these from now on: a check that is as it was goes on untouched, others end or begin."""
        wanted = {check.name: check for check in checks}
        for name, (check, task) in list(self._running.items()):
            if wanted.get(name) != check:
                del self._running[name]
                self._ending.add(task)
                task.add_done_callback(self._ending.discard)
                task.cancel()
        for name, check in wanted.items():
            if name not in self._running:
                title = f"check {name}"
                before = [other for other in self._ending if other.get_name() == title]
                self._running[name] = check, asyncio.create_task(self._watch(check, before), name=title)

    async def close(self) -> None:
        """End all; programs that still run are killed."""
        self.replace(())
        await asyncio.gather(*self._ending, return_exceptions=True)

    async def _watch(self, check: Check, before: list[asyncio.Task[None]]) -> None:
        """Look at once, and then at fixed moments; those that pass while a look takes its time are left out."""
        if before:
            await asyncio.wait(before)
        loop, look = asyncio.get_running_loop(), Look(check, self._ask)
        phase_s = self._entropy() * min(MOST_PHASE_S, check.interval_s / 2, check.interval_s - check.timeout_s)
        begin_s, turn = loop.time() + phase_s, 0
        while True:
            await asyncio.sleep(begin_s + turn * check.interval_s - loop.time())
            verdict = await look()
            self._post(ev.Checked(check=CheckName(check.name), passed=verdict.passed, output=verdict.output))
            turn = max(turn, math.floor((loop.time() - begin_s) / check.interval_s)) + 1
