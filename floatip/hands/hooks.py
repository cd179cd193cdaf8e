"""The hand that calls hooks: CallHooks becomes programs that are told what happened. Nobody waits for them.

Of one VIP one program runs at a time, in the order in which things happened; VIPs do not wait for each other.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from floatip.core import effects as ef
from floatip.core.types import Address, Occasion, VipName
from floatip.hands.hookwords import Call, Hook
from floatip.programs import run

__all__ = ["Hook", "HookHand"]

MOST_PROGRAMS = 16
"""So many run at once."""
MOST_WAITING = 100
"""So many calls of one VIP wait; of more, those are left out after which the same happened again."""
MOST_LINES = 20
"""So many lines of what one program says are logged, the last ones."""


class Log(Protocol):
    """One line of the log."""

    def __call__(self, sentence: str, /, **fields: object) -> object:
        """Write a sentence with fields."""


class HookHand:
    """A queue for each VIP, and a task for each queue that is not empty."""

    def __init__(
        self,
        hooks: Iterable[Hook],
        *,
        cluster: str,
        node: str,
        addresses: Mapping[VipName, Sequence[Address]],
        info: Log,
        warn: Log,
    ) -> None:
        self._hooks = tuple(hooks)
        self._cluster = cluster
        self._node = node
        self._addresses = addresses
        self._info = info
        self._warn = warn
        self._waiting: dict[VipName, deque[Call]] = {}
        self._tasks: dict[VipName, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(MOST_PROGRAMS)
        self._closed = False

    def replace(self, hooks: Iterable[Hook], addresses: Mapping[VipName, Sequence[Address]]) -> None:
        """Call these from now on, also for what waits; a program that runs is left alone."""
        self._hooks = tuple(hooks)
        self._addresses = addresses

    def call(self, effect: ef.CallHooks) -> None:
        """Call the hooks for this soon, after what waits of this VIP."""
        if self._closed or not any(hook.wants(effect) for hook in self._hooks):
            return
        addresses = self._addresses.get(effect.vip, ())
        call = Call.of(effect, cluster=self._cluster, node=self._node, addresses=addresses)
        waiting = self._waiting.setdefault(effect.vip, deque())
        waiting.append(call)
        if len(waiting) > MOST_WAITING:
            self._leave_one_out(waiting)
        if effect.vip not in self._tasks:
            self._tasks[effect.vip] = asyncio.create_task(self._serve(effect.vip), name=f"hooks of {effect.vip}")

    async def close(self, patience_s: float) -> None:
        """Take no more calls, wait for those that were taken, and kill what is not done by then."""
        self._closed = True
        if not self._tasks:
            return
        tasks = list(self._tasks.values())
        _, late = await asyncio.wait(tasks, timeout=patience_s)
        for task in late:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        unmade = sum(len(waiting) for waiting in self._waiting.values())
        if late:
            self._warn(f"the daemon ends: hooks of {len(late)} VIPs were killed, and {unmade} calls were not made")

    def _leave_one_out(self, waiting: deque[Call]) -> None:
        """The oldest after which the same happened again: the last of each kind is always told."""
        later = [call.effect.occasion for call in waiting]
        for number, call in enumerate(waiting):
            if call.effect.occasion in later[number + 1 :]:
                del waiting[number]
                self._warn(
                    f"hooks are slow: of {MOST_WAITING} calls that wait, one is left out",
                    vip=call.effect.vip,
                    occasion=str(call.effect.occasion),
                )
                return

    async def _serve(self, vip: VipName) -> None:
        """Make the calls of one VIP, one after the other."""
        waiting = self._waiting[vip]
        while waiting:
            call = waiting.popleft()
            next_is_fault = bool(waiting) and waiting[0].effect.occasion is Occasion.FAULT
            for hook in self._hooks:
                if hook.wants(call.effect, next_is_fault=next_is_fault):
                    await self._run(hook, call)
        del self._tasks[vip], self._waiting[vip]

    async def _run(self, hook: Hook, call: Call) -> None:
        async with self._slots:
            result = await run(call.argv(hook), timeout_s=hook.timeout_s, stdin=call.document, env=call.environment)
        program, fields = hook.command[0], {"vip": call.effect.vip, "occasion": str(call.effect.occasion)}
        for line in result.lines[-MOST_LINES:]:
            self._info(f"{program}: {line}", **fields)
        if result.error:
            self._warn(f"hook: {result.error}", **fields)
        elif result.code != 0:
            self._warn(f"hook {program}: {result.ending}", **fields)
