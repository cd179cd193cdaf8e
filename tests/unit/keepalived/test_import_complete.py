"""Nothing is dropped silently: every word of the manual has a verdict, every statement of a file is accounted for."""

from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from floatip.keepalived import Carried, Entry, KeepalivedError, Kind, NothingToImport, Wishes, import_file
from floatip.keepalived.lines import Reader
from floatip.keepalived.tree import Statement, tree
from floatip.keepalived.words import ADDRESS_FLAGS, ADDRESS_VALUES, WORDS
from tests.unit.keepalived.manual import MANUAL
from tests.unit.keepalived.reading import CONFIGS, config, imported, instance, kinds

WORD = st.text(alphabet="abcxyz019-./:_'\\$@~%&é", min_size=1, max_size=8)
NUMBER = st.integers(min_value=-300, max_value=4000).map(str) | st.sampled_from(["0.01", "1.5", "1e9", "99999999999"])
ADDRESS = st.sampled_from(
    [
        "10.77.0.50",
        "10.77.0.51/24",
        "fd77::1/64",
        "fe80::1",
        "127.0.0.1",
        "10.77.0.50/33",
        "::/0",
        "default",
        "10.77.0.1",
    ]
)
NAME = st.sampled_from(["A", "B", "chk", "eth0", "eth1", "lo", "150", "254"])
GLUE = st.sampled_from(
    [
        *("weight", "reverse", "dev", "label", "table", "lookup", "from", "via", "gw", "src", "to"),
        *("user", "group", "/bin/true", "killall", "preferred_lft", "MASTER"),
    ]
)
VALUES = st.lists(WORD | NUMBER | ADDRESS | NAME | GLUE, max_size=5).map(" ".join)
LISTS = [
    *("virtual_ipaddress", "virtual_ipaddress_excluded", "virtual_routes", "virtual_rules", "track_interface"),
    *("track_script", "track_file", "track_process", "group", "authentication", "unicast_peer", "notification_email"),
]
KNOWN = sorted(set(chain.from_iterable(words.split() for words in MANUAL.values())) - {"include_check"})
BLOCKS = ["vrrp_instance", "vrrp_script", "vrrp_sync_group", "track_file", "vrrp_track_process", "global_defs"]


def line(keyword: str, values: str) -> str:
    """One statement."""
    return f"{keyword} {values}".strip().replace("\\", "") + "\n"


LINES = st.lists(st.builds(line, ADDRESS | NAME | WORD.map(lambda word: f"x{word}"), VALUES), max_size=3).map("".join)
LEAF = st.builds(line, st.sampled_from(KNOWN), VALUES)
LIST = st.builds(lambda keyword, lines: f"{keyword} {{\n{lines}}}\n", st.sampled_from(LISTS), LINES)
SURE = "interface eth0\nvirtual_ipaddress {\n10.77.0.7\n}\n"


@st.composite
def blocks(draw: st.DrawFn) -> str:
    """One block on top, with words of its own and of others."""
    keyword = draw(st.sampled_from(BLOCKS))
    own = st.builds(line, st.sampled_from(MANUAL[keyword].split()), VALUES)
    inside = draw(st.lists(own | LEAF | LIST, max_size=8).map("".join))
    return f"{keyword} {draw(NAME)} {{\n{inside}}}\n"


FILES = st.lists(blocks() | LEAF | LIST, max_size=7).map("".join)


@pytest.mark.parametrize("context", MANUAL)
def test_every_word_of_the_manual_has_a_verdict(context: str) -> None:
    """In each kind of block: needless or lost, with a sentence, where nothing carries it over."""
    known = WORDS[context]
    assert [word for word in MANUAL[context].split() if word not in known] == []
    assert {verdict.kind for verdict in known.values()} <= {Kind.NEEDLESS, Kind.LOST}
    assert [word for word, verdict in known.items() if len(verdict.why) < 10] == []


def test_every_word_of_an_address_has_a_verdict() -> None:
    """But `dev`, which is carried over."""
    manual = (
        "brd use_vmac scope label peer home -nodad mngtmpaddr noprefixroute autojoin no_track preferred_lft track_group"
    )
    assert [word for word in manual.split() if word not in ADDRESS_FLAGS | ADDRESS_VALUES] == []


def test_no_word_of_the_manual_is_unknown_in_a_file(tmp_path: Path) -> None:
    """All of them at once, beside an instance that is imported."""
    text = instance("\n".join(MANUAL["vrrp_instance"].split()).replace("interface\n", "", 1))
    text += "global_defs {\n" + "\n".join(MANUAL["global_defs"].split()) + "\n}\n"
    for context in ("vrrp_sync_group", "vrrp_script", "track_file", "vrrp_track_process"):
        inside = "\n".join(MANUAL[context].split())
        text += f"{context} name {{\n{inside}\n}}\n"
    text += "\n".join(MANUAL[""].split())
    result = imported(tmp_path, text)
    config(result)
    assert [word for word, kind in kinds(result.entries).items() if kind == "unknown"] == []


def statements(some: list[Statement]) -> list[Statement]:
    """Those, and all that stand in their blocks."""
    return [one for each in some for one in (each, *statements(each.children))]


def told(path: Path, config_id: str = "n1") -> tuple[list[Entry], list[Carried]]:
    """The list, and what was carried over."""
    try:
        result = import_file(path, Wishes(config_id=config_id))
    except NothingToImport as nothing:
        return nothing.entries, []
    config(result)
    return result.entries, result.carried


def dropped(path: Path) -> list[str]:
    """The statements of a file that are neither carried over nor in the list."""
    entries, carried = told(path)
    everything: list[Entry | Carried] = [*entries, *carried]
    exact = {(one.file, one.line, one.keyword) for one in everything}
    inside = "\n".join(f"{one.keyword} {one.value}" for one in entries)
    return [
        f"{one.line}: {one.raw}"
        for one in statements(tree(Reader("n1").read(path)))
        if (one.file, one.line, one.keyword) not in exact and one.raw not in inside and one.keyword not in inside
    ]


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.conf")), ids=lambda path: path.name)
def test_nothing_of_a_usual_file_is_dropped(path: Path) -> None:
    """Every statement is somewhere."""
    assert dropped(path) == []


@given(FILES)
@example("vrrp_sync_group A {\ngroup {\n10.77.0.50 A\n}\n}\n")
@settings(max_examples=100, deadline=None)
def test_nothing_is_dropped_silently(text: str) -> None:
    """Whatever words stand wherever, each statement is carried over or listed, and the result is valid."""
    sure = f"vrrp_instance SURE {{\n{SURE}}}\n"
    for whole in (text, text + sure):
        with TemporaryDirectory() as folder:
            path = Path(folder) / "k"
            path.write_text(whole)
            try:
                assert dropped(path) == []
            except KeepalivedError as error:
                assert str(error).startswith(str(path))  # noqa: PT017 (an error is one good end of two)


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode) | FILES.map(str.encode), st.randoms())
@settings(max_examples=200, deadline=None)
def test_hostile_bytes_end_in_one_sentence_about_the_file(content: bytes, chance: "st.DataObject") -> None:
    """Never a traceback: a valid result, a list, or an error that names the file."""
    broken = bytearray(content)
    for _ in range(chance.randrange(3)):  # type: ignore[attr-defined]
        if broken:
            broken[chance.randrange(len(broken))] = chance.choice(b'{}"\\$@~!#\n\0 ')  # type: ignore[attr-defined]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "k"
        path.write_bytes(bytes(broken))
        try:
            told(path)
        except KeepalivedError as error:
            assert str(error).startswith(str(path))  # noqa: PT017 (an error is one good end of three)
            assert "\n" not in str(error)  # noqa: PT017 (as above)
