"""The small words of the command line: durations, lengths of time, and what a terminal must not see."""

import pytest
import typer

from floatip.cli.options import duration_s
from floatip.ops.view import ago, printable


@pytest.mark.parametrize(("text", "seconds"), [("500ms", 0.5), ("10s", 10.0), ("1.5m", 90.0), (" 1h ", 3600.0)])
def test_durations(text: str, seconds: float) -> None:
    """A number with its unit is that many seconds."""
    assert duration_s(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "s", "-1s", "1 s", "1d", "nan", "1e3s", "\u0661s\u0661"])
def test_wrong_durations(text: str) -> None:
    """Anything else is refused with an example."""
    with pytest.raises(typer.BadParameter, match="as in 500ms, 10s, 5m or 1h"):
        duration_s(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0 s"),
        (0.9, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (185, "3 min 5 s"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
        (200_000, "2 d 7 h"),
    ],
)
def test_lengths_of_time(seconds: float, text: str) -> None:
    """At most two units, the larger first."""
    assert ago(seconds) == text


def test_printable() -> None:
    """Letters of any language stay; what moves a cursor does not."""
    assert printable("né n2\x1b[2J\r\n") == "né n2?[2J??"
