"""What all verbs share: the global options, before or after the verb, and how a verb ends. Never: what it does."""

import errno
import functools
import inspect
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from floatip.ops.view import printable

SocketOption = Annotated[
    Path | None,
    typer.Option("--socket", metavar="PATH", help="The control socket, if not /run/floatip/floatip.sock."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON: one document, or one per line for streams.")]
NoColorOption = Annotated[bool, typer.Option("--no-color", help="No colours.")]

INTERRUPTED = 130
"""The exit code after Ctrl-C, as of a process that died of SIGINT."""
BROKEN_PIPE = 141
"""The exit code when nobody reads our output any more, as of a process that died of SIGPIPE."""

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The global options as given before the verb and after it."""

    socket: Path | None = None
    json: bool = False
    no_color: bool = False

    @classmethod
    def of(cls, before: "Settings | None" = None, *, socket: Path | None, json: bool, no_color: bool) -> "Settings":
        """Return the options of both places; a socket named after the verb wins."""
        before = before or cls()
        return cls(socket=socket or before.socket, json=json or before.json, no_color=no_color or before.no_color)


class Ended(Exception):  # noqa: N818 (an end, not always an error)
    """The verb ends with this exit code, and these whole lines on standard error."""

    def __init__(self, exit_code: int, *lines: str) -> None:
        super().__init__(*lines)
        self.exit_code = exit_code
        self.lines = lines


def verb(run: Callable[..., int]) -> Callable[..., None]:
    """Return ``run(settings, ...) -> exit code`` as a command: global options too, expected errors as one sentence."""
    own = list(inspect.signature(run, eval_str=True).parameters.values())[1:]

    @functools.wraps(run)
    def command(ctx: typer.Context, socket: Path | None, json: bool, no_color: bool, **arguments: object) -> None:
        settings = Settings.of(ctx.obj, socket=socket, json=json, no_color=no_color)
        raise typer.Exit(_end(functools.partial(run, settings, **arguments)))

    parameters = [_keyword("ctx", typer.Context), *(each.replace(kind=each.KEYWORD_ONLY) for each in own)]
    parameters += [
        _keyword("socket", SocketOption, default=None),
        _keyword("json", JsonOption, default=False),
        _keyword("no_color", NoColorOption, default=False),
    ]
    del command.__wrapped__
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    return command


def complain(sentence: str) -> None:
    """Tell the operator on standard error what went wrong; further lines are set in."""
    lines = (printable(line) for line in sentence.split("\n"))
    print("floatip: " + "\n  ".join(lines), file=sys.stderr)


def duration_s(text: str) -> float:
    """Return the seconds in ``500ms``, ``10s``, ``1.5m`` or ``1h``; typer.BadParameter for anything else."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise typer.BadParameter(f"{text!r} is not a duration: write a number and its unit, as in 500ms, 10s, 5m or 1h")
    return float(match[1]) * _UNITS_S[match[2]]


def _keyword(name: str, annotation: object, default: object = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _end(run: Callable[[], int]) -> int:
    """Run, and return the exit code; an expected error is one sentence."""
    from floatip.ops.errors import FloatipError

    try:
        code = run()
        sys.stdout.flush()
    except FloatipError as error:
        complain(error.text)
        return error.exit_code
    except Ended as end:
        for line in end.lines:
            print(printable(line), file=sys.stderr)
        return end.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        if error.errno not in {errno.EPIPE, errno.ENOSPC}:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the interpreter writes the rest at its end
        if error.errno == errno.EPIPE:
            return BROKEN_PIPE
        complain(f"output cannot be written: {error.strerror}")
        return 1
    return code
