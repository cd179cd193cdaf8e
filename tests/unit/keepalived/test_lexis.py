"""One line of keepalived's: comments, quotes, braces and escapes, as keepalived itself takes them apart."""

import pytest

from floatip.keepalived.lexis import decomment, pieces, shell_words, words


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("  state MASTER  # why", "state MASTER"),
        ("! all of it", ""),
        ('script "a # b ! c" ! d', 'script "a # b ! c"'),
        (r"a \# b # c", "a # b"),
        (r'"a \" # b" # c', r'"a \" # b"'),
        ("it's # a comment", "it's"),
        ("$A= \\", "$A= \\"),
        (r"a\b", r"a\b"),
    ],
)
def test_a_comment_ends_a_line_unless_double_quotes_hold_it(text: str, kept: str) -> None:
    """`#` and `!` begin one; a backslash or double quotes protect them, single quotes do not."""
    assert decomment(text) == kept


def test_a_quote_must_be_closed() -> None:
    """The sentence says what to do."""
    with pytest.raises(ValueError, match="is not closed; add the second one"):
        decomment('script "/bin/true')


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("group { A B }", ["group", "{", "A B", "}"]),
        ("a{b}", ["a", "{", "b", "}"]),
        ('"a { b" { c', ['"a { b"', "{", "c"]),
        ("x ${Y} {", ["x ${Y}", "{"]),
        ("price $ }", ["price $", "}"]),
        ("}}", ["}", "}"]),
    ],
)
def test_braces_stand_alone_wherever_they_are(text: str, found: list[str]) -> None:
    """Not those in double quotes, nor those of a parameter."""
    assert list(pieces(text)) == found


def test_words_are_held_together_by_double_quotes_alone() -> None:
    """As keepalived reads all but scripts."""
    assert words('a "b c" d\'e  "" f') == ("a", "b c", "d'e", "", "f")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('abcd" efg h jkl "mnop', ("abcd efg h jkl mnop",)),
        ('abcd "efg h jkl" mnop', ("abcd", "efg h jkl", "mnop")),
        ("a 'b \"c\"' d", ("a", 'b "c"', "d")),
        (r"a\ b \" \\ \x41 \101 \cA \n", ("a b", '"', "\\", "A", "A", "\x01", "\n")),
        ("'' \"\"", ("", "")),
        ("", ()),
    ],
)
def test_words_of_scripts_are_those_of_a_shell(text: str, found: tuple[str, ...]) -> None:
    """The examples of keepalived.conf(5) among them."""
    assert shell_words(text) == found


@pytest.mark.parametrize("text", ["a 'b", 'a "b', "a\\"])
def test_words_of_scripts_that_do_not_end(text: str) -> None:
    """An open quote and a last backslash are errors with a remedy."""
    with pytest.raises(ValueError, match=r"; (add|remove)"):
        shell_words(text)
