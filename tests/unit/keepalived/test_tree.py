"""Blocks: which statements stand in which, and what is said where braces do not pair."""

from collections.abc import Iterator

import pytest

from floatip.keepalived import KeepalivedError
from floatip.keepalived.lines import Line
from floatip.keepalived.tree import MAX_NESTED, Statement, tree


def lines(text: str) -> Iterator[Line]:
    """A text as lines."""
    return (Line(text=one, file="k", number=number) for number, one in enumerate(text.split("\n"), start=1))


def shape(statements: list[Statement]) -> list[object]:
    """Statements as lists: words, and what is in the block."""
    return [[*one.words, shape(one.block)] if one.block is not None else list(one.words) for one in statements]


def test_blocks_in_every_way_of_writing_them() -> None:
    """The brace on the line, on the next, and all on one line."""
    assert shape(tree(lines("a b {\nc d\n}\ne\n{\nf }\ng { h { i } j }"))) == [
        ["a", "b", [["c", "d"]]],
        ["e", [["f"]]],
        ["g", [["h", [["i"]]], ["j"]]],
    ]


def test_a_statement_knows_its_line() -> None:
    """Also the second of one line."""
    (outer,) = tree(lines("\na {\n b { c }\n}"))
    assert [(one.keyword, one.line) for one in (outer, *outer.children, *outer.children[0].children)] == [
        ("a", 2),
        ("b", 3),
        ("c", 3),
    ]


def test_no_password_is_shown() -> None:
    """Neither in a block nor alone."""
    (block,) = tree(lines('authentication {\nauth_type PASS\nauth_pass "s3 cr3t"\n}'))
    assert block.shown() == "{ auth_type PASS; auth_pass *** }"
    (alone,) = tree(lines("auth_pass s3cr3t"))
    assert alone.shown() == "***"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a {\n}\n}", "k:3: this } closes nothing; remove it, or add the {"),
        ("{\n}", "k:1: this { opens a block without a name; remove it, or write one"),
        ("a { } { }", "k:1: this { opens a block without a name; remove it, or write one"),
        (
            "x\nvrrp_instance VI_1 {\n b {\n}",
            'k:2: the block "vrrp_instance" is not closed at the end of the file; add the }',
        ),
        ("a {" * 1000, f"k:1: blocks are nested more than {MAX_NESTED} deep; close some by }}"),
    ],
)
def test_braces_that_do_not_pair(text: str, sentence: str) -> None:
    """One sentence, with the line where to begin to look."""
    with pytest.raises(KeepalivedError) as caught:
        tree(lines(text))
    assert str(caught.value) == sentence
