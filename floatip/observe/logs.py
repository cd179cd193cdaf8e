"""Logs: one sentence a line. Knows: structlog, standard error. Never: decides what is worth a line.

For people on a terminal ``time level sentence key=value``, for programs JSON. A thread does the writing, so that a
log reader that stands still costs lines, which are counted, and never stops the event loop.
"""

import atexit
import json
import logging
import queue
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, MutableMapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TextIO

import structlog

from floatip.ops.models import iso

QUEUE_LINES = 10_000
"""How many lines may wait for a reader that stands still."""
FLUSH_S = 1.0
"""How long the end of the process waits for the last lines."""
REPEAT_S = 60.0
_MAX_KEYS = 1000

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_COLOURS = {"debug": "\x1b[2m", "warning": "\x1b[33m", "error": "\x1b[31m", "critical": "\x1b[31m"}


class Logs:
    """The writing end of the logs, as set up by ``setup``."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lines: queue.Queue[str | None] = queue.Queue(QUEUE_LINES)
        self._lost = 0
        self._writer = threading.Thread(target=self._write, name="logs", daemon=True)
        self._writer.start()
        atexit.register(self.close)

    def put(self, line: str) -> None:
        """Have a line written soon; count it as lost if too many wait."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._lost += 1

    def close(self) -> None:
        """Write what waits, for at most ``FLUSH_S`` seconds."""
        atexit.unregister(self.close)
        with suppress(queue.Full):
            self._lines.put_nowait(None)
        self._writer.join(FLUSH_S)

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            lost, self._lost = self._lost, 0
            note = f"({lost} lines were lost here: nobody read them in time)\n" if lost else ""
            with suppress(OSError, ValueError):  # nobody left to write to
                self._stream.write(note + line + "\n")
                if self._lines.empty():
                    self._stream.flush()


def setup(level: str = "info", form: str = "auto", stream: TextIO | None = None) -> Logs:
    """Send structlog and the standard ``logging`` of libraries (warnings and above) to standard error.

    ``level``: debug, info, warning, error. ``form``: console, json, or auto: console on a terminal, else json.
    """
    stream = sys.stderr if stream is None else stream
    logs = Logs(stream)
    console = form == "console" or (form == "auto" and stream.isatty())
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            _stamp,
            _console(colour=stream.isatty()) if console else _json,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=lambda *_: _Writer(logs.put),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_Relay()], force=True)
    return logs


def set_level(level: str) -> None:
    """From now on the least important lines that are logged are of this level."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]))


class RateLimited:
    """Lets the first of a kind through at once, and then one every ``interval_s`` with the number left out."""

    def __init__(self, interval_s: float = REPEAT_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval_s = interval_s
        self._clock = clock
        self._said: OrderedDict[Hashable, tuple[float, int]] = OrderedDict()

    def suppressed(self, key: Hashable) -> int | None:
        """Return None if this one is to be left out, else how many of its kind were since the last one let through."""
        now = self._clock()
        at, count = self._said.get(key, (-self._interval_s + now, 0))
        if now - at < self._interval_s:
            self._said[key] = at, count + 1
            return None
        self._said[key] = now, 0
        self._said.move_to_end(key)
        if len(self._said) > _MAX_KEYS:
            self._said.popitem(last=False)
        return count

    def warning(self, key: Hashable, sentence: str, **fields: object) -> None:
        """Log a warning of this kind, unless it is to be left out; ``suppressed`` tells how many were before it."""
        left_out = self.suppressed(key)
        if left_out is not None:
            more = {"suppressed": left_out} if left_out else {}
            structlog.get_logger().warning(sentence, **fields, **more)


class _Writer:
    """What structlog calls with the finished line, by the name of the level."""

    def __init__(self, put: Callable[[str], None]) -> None:
        self.debug = self.info = self.warning = self.error = self.critical = self.exception = self.msg = put


class _Relay(logging.Handler):
    """Passes the records of libraries on to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger()
        with suppress(Exception):  # a library's broken log call is not worth an exception of ours
            log.log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info)


def _stamp(_logger: object, _method: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    return {"at": iso(datetime.now(UTC)), "level": event.pop("level"), "text": event.pop("event"), **event}


def _json(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
    return json.dumps({key: value for key, value in event.items() if value is not None}, default=str)


def _console(*, colour: bool) -> Callable[[object, str, MutableMapping[str, Any]], str]:
    """Return the processor that writes for people."""

    def render(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
        at, level, text, trace = (event.pop(key, None) for key in ("at", "level", "text", "exception"))
        head = f"{at} {level:<7} {_one_line(str(text))}"
        if colour and level in _COLOURS:
            head = f"{_COLOURS[level]}{head}\x1b[0m"
        pairs = "".join(f"  {key}={_value(value)}" for key, value in event.items() if value is not None)
        return head + pairs + (f"\n{trace}" if trace else "")

    return render


def _value(value: object) -> str:
    text = str(value)
    plain = text.isprintable() and " " not in text and '"' not in text and text != ""
    return text if plain else json.dumps(text)


def _one_line(text: str) -> str:
    """Return the text without line breaks or anything a terminal would obey."""
    return text if text.isprintable() else "".join(char if char.isprintable() else " " for char in text)
