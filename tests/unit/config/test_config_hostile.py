"""The configuration under files that nobody wrote on purpose: each is a Config, or one line for each thing wrong."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floatip.config import ConfigError, load
from tests.unit.examples import examples

REFERENCE = (Path(__file__).parents[3] / "configs" / "reference.toml").read_text()
LINES = REFERENCE.splitlines(keepends=True)
WORDS = """
0 -1 1e400 nan inf true [] {} '' "" 'x' 1979-05-27 07:32:00 [[]] [{}] {a={b={}}} 0x7fffffffffffffff "\\u0000" "\\n"
'10.77.0.50' ['10.77.0.50/33'] [1] '1h' '999999999h' '0ms' 'keep' 99999999999999999999
"""
VALUES = st.sampled_from(WORDS.split())
TABLES = st.sampled_from(
    ["mqtt", "security", "timing", "vip", "[vip]", "[[vip]]", "[[alias]]", "control", "", "a.b", "vip.x"]
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the file that is written anew for each example."""
    return tmp_path_factory.mktemp("config") / "floatip.toml"


def judge(path: Path, content: bytes) -> None:
    """Load it: nothing but ConfigError is raised, and each error is one printable line that names the file."""
    path.write_bytes(content)
    try:
        load(path)
        lines = [str(path)]
    except ConfigError as error:
        lines = error.errors
    assert lines
    for line in lines:
        assert line.startswith(str(path))
        assert line.isprintable()
        assert len(line) < 1000


@examples(100)
@given(st.binary(max_size=200), st.integers(0, len(REFERENCE)), st.booleans())
def test_any_bytes(path: Path, noise: bytes, at: int, whole: bool) -> None:
    """Noise, alone or in the middle of a good file."""
    text = REFERENCE.encode()
    judge(path, noise if whole else text[:at] + noise + text[at:])


@examples(150)
@given(st.data())
def test_a_good_file_that_was_bent(path: Path, data: st.DataObject) -> None:
    """Lines left out, doubled and moved, values and tables exchanged."""
    lines = list(LINES)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        key = lines[at].partition("=")[0]
        match data.draw(st.sampled_from(["none", "twice", "moved", "value", "table", "cut"])):
            case "none":
                del lines[at]
            case "twice":
                lines.insert(at, lines[at])
            case "moved":
                lines.insert(data.draw(st.integers(0, len(lines) - 1)), lines.pop(at))
            case "value":
                lines[at] = f"{key}= {data.draw(VALUES)}\n"
            case "table":
                lines[at] = f"[{data.draw(TABLES)}]\n"
            case _:
                lines[at] = lines[at][: data.draw(st.integers(0, len(lines[at])))]
    judge(path, "".join(lines).encode())


@examples(60)
@given(st.text(max_size=60), st.sampled_from([line for line in LINES if '"' in line and "=" in line]))
def test_any_text_as_a_value(path: Path, text: str, line: str) -> None:
    """A string of any characters in place of one that is right, quoted as TOML wants it."""
    quoted = '"' + "".join(f"\\U{ord(one):08x}" for one in text if not 0xD800 <= ord(one) <= 0xDFFF) + '"'
    judge(path, REFERENCE.replace(line, f"{line.partition('=')[0]}= {quoted}\n").encode())


@pytest.mark.parametrize("text", ["[" * 100_000, "a=" + "[" * 100_000, "a." * 1000 + "b=1", 'a="' + "x" * 1_000_000])
def test_deep_and_long(path: Path, text: str) -> None:
    """Nesting and length without end."""
    judge(path, text.encode())
