"""What daemon, sentinel and those who ask it say to one another, in whatever pieces it arrives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floatip.sentinel import words
from floatip.sentinel.words import Entry, Hold, Lines

HOLD = Hold("web", at_once=False, lasts_s=4.5, entries=(Entry("10.77.0.50", 32, "eth0", b"\x00\xff"),))


def test_a_hold_survives_the_way() -> None:
    """Packed into a line and read again it is the same."""
    (word,) = Lines().feed(words.holding([words.packed(HOLD)]))
    assert [words.hold_of(told) for told in word["hold"]] == [HOLD]
    (answer,) = Lines().feed(words.account(7, [HOLD]))
    assert (answer["pid"], [words.hold_of(told) for told in answer["held"]]) == (7, [HOLD])


def test_what_undoes_source_routing_survives_the_way_too() -> None:
    """A hold without it is written as by a version that knew of none, and one of that version is read."""
    routed = HOLD._replace(undo=(b"\x01", b"\xfe\xff"))
    (word,) = Lines().feed(words.holding([words.packed(routed), words.packed(HOLD)]))
    assert [words.hold_of(told) for told in word["hold"]] == [routed, HOLD]
    assert [len(told) for told in word["hold"]] == [5, 4]


def test_many_holds_take_several_lines() -> None:
    """So that no line is long."""
    found = Lines().feed(words.holding([words.packed(HOLD)] * (2 * words.HOLDS_PER_LINE + 1)))
    assert [len(word["hold"]) for word in found] == [words.HOLDS_PER_LINE, words.HOLDS_PER_LINE, 1]
    assert words.holding([]) == b""


@given(st.lists(st.integers(1, 12)))
def test_lines_are_put_together_from_pieces(sizes: list[int]) -> None:
    """Wherever they are cut."""
    data = words.line({"own": ["a"]}) + words.line({"farewell": True})
    lines, found, at = Lines(), [], 0
    for size in [*sizes, len(data)]:
        found += lines.feed(data[at : at + size])
        at += size
    assert found == [{"own": ["a"]}, {"farewell": True}]


@pytest.mark.parametrize("data", [b"nonsense\n", b"[]\n", b"\xff\n", b"x" * ((1 << 20) + 1)])
def test_what_is_no_word_is_an_error(data: bytes) -> None:
    """And a line that never ends is one too, before it fills the memory."""
    with pytest.raises(ValueError):  # noqa: PT011  its kinds are many: JSON, Unicode, ours
        Lines().feed(data)
