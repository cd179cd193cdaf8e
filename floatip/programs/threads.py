"""Calls that may block for ever, away from the loop. Knows: threads. Never: what is called."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


async def aside(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call what may block for ever in a thread of its own, which nobody has to wait for."""
    return await asyncio.wrap_future(in_thread(function, *args, **kwargs))


def in_thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> Future[R]:
    """Call it in a thread that does not keep this process from ending; RuntimeError if there can be no other thread."""
    future: Future[R] = Future()

    def work() -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            result = function(*args, **kwargs)
        except BaseException as error:  # noqa: BLE001  it is raised where the result is awaited
            future.set_exception(error)
        else:
            future.set_result(result)

    Thread(target=work, name="aside", daemon=True).start()
    return future
