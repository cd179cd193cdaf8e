"""SIGHUP: one reload at a time, and however many signals come meanwhile, one more."""

import asyncio
from typing import cast

from floatip.daemon import _Reloads
from floatip.driver import Driver
from floatip.systemd import Notifier


class SlowDriver:
    """A driver whose reload takes as long as the test says."""

    def __init__(self) -> None:
        self.begun = 0
        self._turn = asyncio.Lock()
        self.go_on = asyncio.Event()

    async def reload(self) -> tuple[str, ...]:
        """Wait for its turn, and for the test."""
        async with self._turn:
            self.begun += 1
            await self.go_on.wait()
        return ()


async def test_a_storm_of_signals_is_two_reloads() -> None:
    """The one under way may have read an older file; the one after it reads what all others are about."""
    driver = SlowDriver()
    reloads = _Reloads(cast("Driver", driver), Notifier({}))
    for _ in range(100):
        reloads.begin()
        await asyncio.sleep(0)
    driver.go_on.set()
    await asyncio.gather(*reloads._tasks)
    assert driver.begun == 2
    reloads.begin()
    await asyncio.gather(*reloads._tasks)
    assert driver.begun == 3
