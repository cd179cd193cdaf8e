"""Runs one program to its end. Knows: its time, and that whoever waits may be gone. Never: processes themselves."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from threading import Thread

from floatip.programs.child import CannotStartError, Child
from floatip.programs.result import Result
from floatip.programs.threads import in_thread

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """All that a program finds in its environment."""
    return {"PATH": PATH, "LANG": "C.UTF-8", "HOME": os.environ.get("HOME", "/"), **more}


async def run(
    argv: Sequence[str], *, timeout_s: float, stdin: bytes | None = None, env: Mapping[str, str] | None = None
) -> Result:
    """Run a program to its end; never raises for what it does, nor because there is no such program.

    ``timeout_s`` counts from now. ``env`` comes on top of the small environment. Cancelled, it kills first.
    """
    deadline_s = asyncio.get_running_loop().time() + timeout_s
    try:
        starting = in_thread(Child, argv, stdin, environment(env or {}))
    except RuntimeError as error:
        return Result(error=f"cannot start {argv[0]}: {error}")
    try:
        async with asyncio.timeout_at(deadline_s):
            child = await asyncio.wrap_future(starting)
    except TimeoutError:
        starting.add_done_callback(_discard)
        return Result(timed_out=True, error=f"{argv[0]} was not even started in time")
    except asyncio.CancelledError:
        starting.add_done_callback(_discard)
        raise
    except CannotStartError as error:
        return Result(error=str(error))
    child.watch()
    try:
        async with asyncio.timeout_at(deadline_s):
            await child.ended.wait()
    except TimeoutError:
        await child.kill()
        return child.result(timed_out=True)
    except asyncio.CancelledError:
        await child.kill()
        raise
    else:
        await child.hear_out()
        return child.result()
    finally:
        child.close()


def _discard(starting: Future[Child]) -> None:
    """End a program that was started when nobody waited for it any more."""
    if not starting.cancelled() and starting.exception() is None:
        Thread(target=starting.result().destroy, name="aside", daemon=True).start()
