"""The hand that keeps the embedded broker alive, in a process of its own. Never: knows what goes over it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from floatip.bus.embedded import start_child, stop_child

AGAIN_S = 1.0


@asynccontextmanager
async def embedded_broker(listen: str | None, warn: Callable[..., object]) -> AsyncIterator[None]:
    """Run one at ``listen`` meanwhile, if there is to be one; it is started again whenever it ends."""
    if listen is None:
        yield
        return
    keeper = asyncio.create_task(_keep(listen, warn), name="embedded broker")
    try:
        yield
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)


async def _keep(listen: str, warn: Callable[..., object]) -> None:
    while True:
        child = await start_child(listen)
        try:
            code = await child.wait()
        finally:
            await stop_child(child)
        warn("the embedded broker ended; starts it again", listen=listen, code=code)
        await asyncio.sleep(AGAIN_S)
