"""The plays: each incident with everything that happens in it, held against its transcript."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.core.plays import Play

FOLDER = Path(__file__).parents[2] / "transcripts" / "core"
PLAYS = sorted(path.name for path in FOLDER.glob("*.txt"))


@pytest.mark.parametrize("name", PLAYS)
def test_a_play_goes_as_written(name: str, transcript: Callable[[str, str], None]) -> None:
    """Times, sentences, addresses and announcements are those of the transcript."""
    transcript(f"core/{name}", Play().perform((FOLDER / name).read_text()))


def test_a_play_goes_the_same_way_twice() -> None:
    """There is no chance in it."""
    script = (FOLDER / "start_of_three.txt").read_text()
    assert Play().perform(script) == Play().perform(script)
