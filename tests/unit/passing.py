"""Time that passes for a running loop without anybody waiting for it."""

import asyncio


async def later(span_s: float) -> None:
    """Have so much time pass for the loop, in none: whatever is due by then is done, however busy the machine is."""
    loop = asyncio.get_running_loop()
    nap = asyncio.create_task(asyncio.sleep(span_s), name="nap")
    await asyncio.sleep(0)
    before = loop.time
    loop.time = lambda: before() + span_s  # type: ignore[method-assign]
    await nap
