"""Logs: one sentence a line, for people or programs, and a reader that stands still stops nothing."""

import io
import json
import logging
import os
import re
import threading
import time
from collections.abc import Iterator

import pytest
import structlog

from floatip.observe import logs
from floatip.observe.logs import RateLimited, setup

STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


@pytest.fixture(autouse=True)
def _quiet_afterwards() -> Iterator[None]:
    """Leave both logging systems as they were."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say yes."""
        return True


def test_json_for_programs() -> None:
    """When it is not a terminal each line is one JSON object, with the time first and nothing that is None."""
    stream = io.StringIO()
    written = setup(stream=stream)
    structlog.get_logger().info("n1: backup -> owner", vip="web", peer=None, odd=object)
    written.close()
    line = json.loads(stream.getvalue())
    assert re.fullmatch(STAMP, line.pop("at"))
    assert line == {"level": "info", "text": "n1: backup -> owner", "vip": "web", "odd": "<class 'object'>"}


def test_the_level_can_change_in_service() -> None:
    """For everybody who logs, those included who began before; what is written stays as it is."""
    stream = io.StringIO()
    written = setup("warning", stream=stream)
    log = structlog.get_logger()
    for level in ("warning", "debug", "error", "info"):
        logs.set_level(level)
        for say in (log.debug, log.info, log.warning):
            say("a sentence", under=level)
    written.close()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["under"], line["level"]) for line in lines] == [
        ("warning", "warning"),
        ("debug", "debug"),
        ("debug", "info"),
        ("debug", "warning"),
        ("info", "info"),
        ("info", "warning"),
    ]


def test_sentences_for_people() -> None:
    """On a terminal the sentence comes first, then key=value; what would break the line or the terminal does not."""
    stream = Terminal()
    written = setup(stream=stream)
    structlog.get_logger().info("n1: backup\n -> \x1b[2Jowner", vip="web", why='not "heard"', none=None, empty="")
    structlog.get_logger().warning("w")
    written.close()
    first, second = stream.getvalue().splitlines()
    assert re.fullmatch(STAMP + r' info    n1: backup  ->  \[2Jowner  vip=web  why="not \\"heard\\""  empty=""', first)
    assert re.fullmatch("\x1b\\[33m" + STAMP + " warning w\x1b\\[0m", second)


def test_the_format_can_be_chosen() -> None:
    """The format named wins over what the stream is; there are no colours where there is no terminal."""
    stream, terminal = io.StringIO(), Terminal()
    written = setup(form="console", stream=stream)
    structlog.get_logger().error("e")
    written.close()
    assert re.fullmatch(STAMP + " error   e\n", stream.getvalue())
    written = setup(form="json", stream=terminal)
    structlog.get_logger().error("e")
    written.close()
    assert json.loads(terminal.getvalue())["text"] == "e"


def test_levels() -> None:
    """Below the level nothing is written."""
    stream = io.StringIO()
    written = setup("warning", stream=stream)
    structlog.get_logger().info("no")
    structlog.get_logger().warning("yes")
    written.close()
    assert [json.loads(line)["text"] for line in stream.getvalue().splitlines()] == ["yes"]


def test_exceptions_are_whole() -> None:
    """An unexpected error keeps its traceback, in both formats."""
    for form in ("json", "console"):
        stream = io.StringIO()
        written = setup(form=form, stream=stream)
        try:
            raise RuntimeError("boom")  # noqa: TRY301 (something must be raised)
        except RuntimeError:
            structlog.get_logger().exception("unexpected")
        written.close()
        assert "Traceback (most recent call last)" in stream.getvalue()
        assert "RuntimeError: boom" in stream.getvalue()


def test_libraries_speak_through_it() -> None:
    """Warnings of libraries come out in our form; their chatter, and their broken log calls, do not."""
    stream = io.StringIO()
    written = setup(stream=stream)
    library = logging.getLogger("paho")
    library.info("chatter")
    library.warning("lost %d", 3)
    library.warning("broken %d", "x")
    written.close()
    (line,) = stream.getvalue().splitlines()
    assert json.loads(line).items() >= {"level": "warning", "text": "lost 3", "logger": "paho"}.items()


def test_a_reader_that_stands_still_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a full pipe behind it logging goes on at once; the lost lines are counted when the reader is back."""
    monkeypatch.setattr(logs, "QUEUE_LINES", 50)
    inlet, outlet = os.pipe()
    with os.fdopen(outlet, "w") as stream:
        written = setup(stream=stream)
        log = structlog.get_logger()
        began = time.monotonic()
        for number in range(3000):
            log.info("x" * 100, number=number)
        assert time.monotonic() - began < 2
        heard: list[bytes] = []

        def read() -> None:
            while chunk := os.read(inlet, 1 << 16):
                heard.append(chunk)

        reader = threading.Thread(target=read)
        reader.start()
        for _ in range(200):
            log.info("more")
            time.sleep(0.001)
        written.close()
    reader.join(5)
    os.close(inlet)
    assert re.search(rb"\(\d+ lines were lost here: nobody read them in time\)", b"".join(heard))


def test_a_reader_that_has_gone_is_survived() -> None:
    """Nobody at the other end is no error."""
    inlet, outlet = os.pipe()
    os.close(inlet)
    stream = os.fdopen(outlet, "w")
    written = setup(stream=stream)
    for _ in range(3):
        structlog.get_logger().info("anybody?")
    written.close()
    with pytest.raises(BrokenPipeError):
        stream.close()


def test_rate_limited() -> None:
    """The first goes out at once, then one a minute, with the number of those left out; other keys do not matter."""
    now = [0.0]
    limited = RateLimited(clock=lambda: now[0])
    said: list[int | None] = []
    for at in (0, 1, 59, 60, 61, 200):
        now[0] = at
        said.append(limited.suppressed("bad signature"))
    assert said == [0, None, None, 2, None, 1]
    assert limited.suppressed("other") == 0


def test_rate_limited_warnings_tell_what_was_left_out() -> None:
    """The line after a silence has the count."""
    now = [0.0]
    limited = RateLimited(clock=lambda: now[0])
    stream = io.StringIO()
    written = setup(stream=stream)
    for at in (0, 1, 2, 70):
        now[0] = at
        limited.warning(("bad", "n2"), "n2: bad signature", peer="n2")
    written.close()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line.get("suppressed") for line in lines] == [None, 2]
    assert {line["peer"] for line in lines} == {"n2"}


def test_rate_limited_forgets_the_oldest() -> None:
    """Keys that others choose cannot fill the memory."""
    limited = RateLimited(clock=lambda: 0.0)
    for number in range(3000):
        limited.suppressed(number)
    assert len(limited._said) == 1000
