"""What is told is told after what is done: nothing is said twice or lost, and what cannot be said is a defect."""

import asyncio
from typing import Any, cast

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.engine import Engine
from floatip.core.types import Timing
from floatip.driver import TOLD_AT_ONCE, Driver
from floatip.store import Store


class Talker:
    """An engine that has much to say, once."""

    def __init__(self, lines: int) -> None:
        self._lines = lines

    def steps(self, events: list[ev.Event], now: float) -> list[ef.Effect]:
        """Say it."""
        lines, self._lines = self._lines, 0
        return [ef.Tell(kind=ef.Kind.ROLE, text=f"line {number}") for number in range(lines)]

    def deadline(self) -> None:
        """Wait for nothing."""


def a_driver(lines: int) -> Driver:
    """Make a driver without hands: nothing is done."""
    loop = asyncio.get_running_loop()
    return Driver(cast("Engine", Talker(lines)), cast("Store", None), Timing(), loop.time)


async def test_much_is_told_bit_by_bit_and_in_its_order() -> None:
    """A loop that says a thousand things in one go renews nothing meanwhile."""
    driver = a_driver(3 * TOLD_AT_ONCE)
    driver._turn()
    assert len(driver._news) == 2 * TOLD_AT_ONCE
    await asyncio.sleep(0.01)
    assert not driver._news
    assert [record.text for record in driver.history()] == [f"line {number}" for number in range(3 * TOLD_AT_ONCE)]
    driver.close()


async def test_whoever_follows_hears_nothing_twice_that_is_history() -> None:
    """Both are asked for, one after the other."""
    driver = a_driver(3 * TOLD_AT_ONCE)
    driver._turn()
    feed = driver.follow()
    assert len(driver.history()) == 3 * TOLD_AT_ONCE
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await anext(feed)
    driver.close()


@pytest.mark.parametrize("end", ["close", "exit"])
async def test_the_end_waits_for_no_turn_of_the_loop(end: str) -> None:
    """What happened last is what people look for."""
    driver = a_driver(3 * TOLD_AT_ONCE)
    driver._turn()
    if end == "close":
        driver.close()
    else:
        driver._carry_out(ef.Exit(code=0, reason="stopped"))
    assert len(driver.journal.history()) == 3 * TOLD_AT_ONCE
    driver.close()


async def test_what_cannot_be_told_ends_the_daemon_as_any_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would go on without being woken otherwise."""
    driver = a_driver(2)

    def broken(*_: Any) -> None:
        raise ValueError("cannot be told")

    monkeypatch.setattr(driver.journal, "tell", broken)
    driver._turn()
    assert driver.ended.done()
    assert driver.ended.result().code == 1
    driver.close()
