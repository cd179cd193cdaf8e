"""What the verbs of the cluster share: a connection, steps as they happen, ends and exit codes. Never: a verb."""

import asyncio
import json
import re
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from floatip.cli.options import Settings, complain
from floatip.ops.errors import FloatipError
from floatip.ops.models import MoveResult, OrderResult, Step, to_document, worst
from floatip.ops.view import printable

if TYPE_CHECKING:
    from floatip.ops.client import Cluster

T = TypeVar("T")
R = TypeVar("R", MoveResult, OrderResult)

TimeoutOption = Annotated[str, typer.Option("--timeout", metavar="TIME", help="How long to wait for the proof.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")]


def with_cluster(settings: Settings, use: "Callable[[Cluster], Coroutine[Any, Any, T]]") -> T:
    """Run ``use`` with the cluster behind the daemon at the socket."""
    from floatip.ops.client import connect
    from floatip.ops.wire import DEFAULT_SOCKET

    async def ask() -> T:
        async with connect(settings.socket or DEFAULT_SOCKET) as cluster:
            return await use(cluster)

    return asyncio.run(ask())


def steps(settings: Settings, *, several: bool = False) -> Callable[[Step], None] | None:
    """What shows each step as it happens; None where the whole result is printed as JSON."""
    if settings.json:
        return None

    def show(step: Step) -> None:
        about = f"{step.about}: " if several and not _names(step.text, step.about) else ""
        print(printable(f"{step.at_ms:>6} ms  {about}{step.text}"), flush=True)

    return show


async def ended(key: str, settings: Settings, asking: "Coroutine[Any, Any, Sequence[R]]") -> int:
    """Wait for the results and print them, good or bad; return the exit code of the worst."""
    try:
        results: Sequence[MoveResult | OrderResult] = await asking
    except FloatipError as error:
        if not error.results:
            raise
        results = error.results
    return report(key, settings, results)


def report(key: str, settings: Settings, results: Sequence[MoveResult | OrderResult]) -> int:
    """Print how each request ended, and return the exit code of the worst end."""
    if settings.json:
        print_json({key: [to_document(result) for result in results]})
    else:
        for result in results:
            about = result.vip if isinstance(result, MoveResult) else result.subject
            text = result.text if _names(result.text, about) else f"{about}: {result.text}"
            if result.exit_code in (0, 5):
                print(printable(text))
            else:
                complain(text)
    return worst(results).exit_code


def _names(text: str, about: str) -> bool:
    """Whether the sentence says of itself what it is about."""
    return re.search(rf"(?<![\w-]){re.escape(about)}(?![\w-])", text) is not None


def print_json(document: object) -> None:
    """Print one document: for a person on a terminal, on one line for a program."""
    print(json.dumps(document, indent=2 if sys.stdout.isatty() else None))
