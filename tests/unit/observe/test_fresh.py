"""What is made once for many who ask."""

import asyncio

import pytest

from floatip.observe.fresh import LEAST_S, SHARE, Fresh


class Maker:
    """Counts, and takes as long as a test says by its own clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.takes_s = 0.0
        self.made = 0

    async def make(self) -> int:
        """Make the next one."""
        await asyncio.sleep(0)
        self.now += self.takes_s
        self.made += 1
        return self.made


async def test_many_who_ask_at_once_get_the_same() -> None:
    """And it is made once."""
    maker = Maker()
    fresh = Fresh(maker.make, lambda: maker.now)
    assert await asyncio.gather(*(fresh.get() for _ in range(10))) == [1] * 10


@pytest.mark.parametrize(("takes_s", "good_s"), [(0.0, LEAST_S), (0.1, 0.1 * SHARE)])
async def test_it_grows_old(takes_s: float, good_s: float) -> None:
    """The sooner, the less it takes to make."""
    maker = Maker()
    maker.takes_s = takes_s
    fresh = Fresh(maker.make, lambda: maker.now)
    await fresh.get()
    maker.now = good_s - 0.001
    assert await fresh.get() == 1
    maker.now = good_s + 0.001
    assert await fresh.get() == 2


async def test_what_cannot_be_made_is_tried_again() -> None:
    """For the next who asks."""

    async def fail() -> int:
        raise ValueError

    fresh = Fresh(fail)
    for _ in range(2):
        with pytest.raises(ValueError):  # noqa: PT011  its own
            await fresh.get()
