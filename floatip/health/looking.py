"""One look of one check. Knows: which kind looks where, and for how long at most. Never: when to look again."""

import asyncio
from concurrent.futures import Future
from pathlib import Path

from floatip.config.fields import duration
from floatip.config.tables import Check, CheckType
from floatip.health.local import look_exec, look_file, look_link, look_process
from floatip.health.network import Ask, look_arp, look_http, look_tcp
from floatip.health.verdict import Verdict
from floatip.programs import in_thread


class Look:
    """What looks for one check, over and over; never raises but for cancellation."""

    def __init__(self, check: Check, ask: Ask | None = None) -> None:
        self._check = check
        self._ask = ask
        self._blocked: Future[Verdict] | None = None

    async def __call__(self) -> Verdict:
        """Look once."""
        check = self._check
        limit = duration(check.timeout_s)
        try:
            async with asyncio.timeout(None if check.type is CheckType.EXEC else check.timeout_s):
                return await self._look()
        except TimeoutError:
            return Verdict(passed=False, output=f"{check.target} did not answer within {limit}")
        except Exception as error:  # noqa: BLE001  whatever goes wrong in a look, it has not found all to be well
            return Verdict(passed=False, output=f"cannot look: {type(error).__name__}: {error}")

    async def _look(self) -> Verdict:
        check, target = self._check, self._check.target or ""
        match check.type:
            case CheckType.EXEC:
                return await look_exec(check.command or (), check.timeout_s)
            case CheckType.TCP:
                return await look_tcp(target)
            case CheckType.HTTP:
                return await look_http(target)
            case CheckType.ARP:
                return await look_arp(target, self._ask)
            case _:
                return await self._aside()

    async def _aside(self) -> Verdict:
        """Look at this host in a thread, and in no second one while the kernel does not let the first go."""
        if self._blocked is not None and not self._blocked.done():
            return Verdict(
                passed=False, output=f"{self._check.target}: an earlier look is still waiting for the kernel"
            )
        self._blocked = in_thread(_look_here, self._check)
        return await asyncio.wrap_future(self._blocked)


def _look_here(check: Check) -> Verdict:
    target = check.target or ""
    if check.type is CheckType.LINK:
        return look_link(target)
    if check.type is CheckType.PROCESS:
        return look_process(target)
    return look_file(Path(target), check.contains, check.max_age_s)
