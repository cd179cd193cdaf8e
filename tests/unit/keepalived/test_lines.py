"""Which lines count: conditions, parameters, sequences and includes; and that hostile files end in one sentence."""

import os
from pathlib import Path

import pytest

from floatip.keepalived import KeepalivedError
from floatip.keepalived.files import MAX_BYTES
from floatip.keepalived.lines import Reader


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    """Give the path of the main file."""
    return tmp_path / "keepalived.conf"


def read(path: Path, text: str | None = None, config_id: str = "n1") -> list[str]:
    """The lines that count."""
    if text is not None:
        path.write_text(text)
    return [line.text for line in Reader(config_id).read(path)]


def test_every_line_knows_where_it_stands(conf: Path) -> None:
    """File and number, also in an included file."""
    (conf.parent / "more.conf").write_text("\n\nb\n")
    conf.write_text("# one\na\ninclude more.conf\nc\n")
    found = [(Path(line.file).name, line.number, line.text) for line in Reader("n1").read(conf)]
    assert found == [("keepalived.conf", 2, "a"), ("more.conf", 3, "b"), ("keepalived.conf", 4, "c")]


def test_conditions(conf: Path) -> None:
    """`@id` is for that id alone, `@^id` for all others; what is left out is kept for the list."""
    conf.write_text("@n1 a\n@n2 b 1\n@^n1 c\n@^n2 d\n@n1\n")
    reader = Reader("n1")
    assert [line.text for line in reader.read(conf)] == ["a", "d"]
    assert [(one.line.text, one.line.number, one.elsewhere) for one in reader.asides] == [
        ("b 1", 2, True),
        ("c", 3, True),
    ]
    assert '@n2, and was read with configuration id "n1"' in reader.asides[0].why


def test_parameters(conf: Path) -> None:
    """They are replaced when they are used, one in the other, and unknown ones stay."""
    text = "$BASE=10.2.${SUB}\n$SUB=0\n${BASE}.100/32\n$SUB=10\n${BASE}.100/32 $SUB x$SUB ${NO} ${_INSTANCE}\n"
    assert read(conf, text) == ["10.2.0.100/32", "10.2.10.100/32 10 x10 ${NO} n1"]


def test_the_manuals_example_of_a_parameter_with_several_lines(conf: Path) -> None:
    """Conditions and parameters in it are looked at where it is used."""
    text = "$I= \\\nvrrp_instance VI_${N} { \\\n@n1 priority 130 \\\n@n2 priority 120 \\\n}\n$N=0\n$I\n$N=1\n$I\nend\n"
    expected = [line for n in (0, 1) for line in (f"vrrp_instance VI_{n} {{", "priority 130", "}")]
    assert read(conf, text) == [*expected, "end"]


def test_a_condition_may_stand_in_a_parameter(conf: Path) -> None:
    """As the manual says, although it wonders why."""
    assert read(conf, "$IF=@n1\n$IF priority 240\n$NOT=@n2\n$NOT priority 1\n") == ["priority 240"]


def test_marks_of_comments_can_be_had_by_parameters(conf: Path) -> None:
    """`${_HASH}` and `${_BANG}` begin no comment."""
    assert read(conf, "a ${_HASH} b ${_BANG} # c\n") == ["a # b !"]


def test_sequences_and_lists(conf: Path) -> None:
    """The examples of the manual."""
    assert read(conf, "~SEQ(S, 0, 3) a.${S}.1\n") == [f"a.{n}.1" for n in range(4)]
    assert read(conf, "~SEQx(S, 0x90, 0x10, 0xc0) a:${S}\n") == ["a:90", "a:a0", "a:b0", "a:c0"]
    assert read(conf, "~SEQ(S, -2) ${S}\n") == ["-1", "-2"]
    text = "~LST({IP, IP1}, {10,1},{20,4}) ~SEQ(IP2,168,2,172) 192.${IP2}.${IP}.${IP1}\n"
    assert read(conf, text) == [f"192.{n}.{pair}" for pair in ("10.1", "20.4") for n in (168, 170, 172)]
    assert read(conf, "~LST(A, 1, 2) ~LST(B, 5, 6) ${A}.${B}\n") == ["1.5", "1.6", "2.5", "2.6"]


@pytest.mark.parametrize("text", ["~SEQ(A", "~SEQ(A, 1, 0, 2) x", "~SEQ(A, b) x", "~LST({A, B}, {1}) x", "~SEQ() x"])
def test_a_sequence_that_is_none(conf: Path, text: str) -> None:
    """The error names file, line and what was found."""
    with pytest.raises(KeepalivedError, match=r"keepalived\.conf:2: ~"):
        read(conf, f"a\n{text}\n")


def test_includes_are_relative_to_the_file_that_includes(conf: Path) -> None:
    """With wildcards, in the order of names, and `${_PWD}` is the folder of each file."""
    below = conf.parent / "conf.d"
    below.mkdir()
    (below / "b.conf").write_text("b ${_PWD}\n")
    (below / "a.conf").write_text("include ../last\na\n")
    (conf.parent / "last").write_text("last\n")
    assert read(conf, "includer conf.d/*.conf\nend ${_PWD}\n") == ["last", "a", f"b {below}", f"end {conf.parent}"]


def test_what_an_include_does_not_find_is_listed(conf: Path) -> None:
    """A missing file, a folder, and braces; nothing of it is an error, as in keepalived."""
    (conf.parent / "folder").mkdir()
    conf.write_text("include none*\ninclude folder\ninclude {a,b}\nend\n")
    reader = Reader("n1")
    assert [line.text for line in reader.read(conf)] == ["end"]
    whys = ["no file is there", "cannot be read as a file", "braces in an include are not read"]
    assert [(one.line.number, one.why[: len(why)]) for one, why in zip(reader.asides, whys, strict=True)] == [
        (number, why) for number, why in enumerate(whys, start=1)
    ]


def test_a_circle_of_includes_is_refused(conf: Path) -> None:
    """The error names the line that closes it."""
    (conf.parent / "b").write_text("x\ninclude keepalived.conf\n")
    with pytest.raises(KeepalivedError, match=r"b:2: includes .*keepalived\.conf, which is being read already; remove"):
        read(conf, "include b\n")


def test_a_deep_chain_of_includes_is_refused(conf: Path) -> None:
    """Sixteen are enough."""
    for number in range(20):
        (conf.parent / f"f{number}").write_text(f"include f{number + 1}\n")
    with pytest.raises(KeepalivedError, match="includes too much"):
        read(conf, "include f0\n")


def test_many_includes_are_refused(conf: Path) -> None:
    """A hundred thousand lines are enough."""
    (conf.parent / "f").write_text("x\n" * 200)
    with pytest.raises(KeepalivedError, match="use fewer includes and sequences"):
        read(conf, "include f\n" * 900)


def test_an_include_waits_for_nobody(conf: Path) -> None:
    """A FIFO is no file, neither there nor as the main file."""
    os.mkfifo(conf.parent / "fifo")
    assert read(conf, "include fifo\nend\n") == ["end"]
    with pytest.raises(KeepalivedError, match="fifo: cannot be read: not a regular file; name"):
        read(conf.parent / "fifo")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"a\nb\0c\n", ":2: found the control character 0x00, so this is no text; remove it"),
        (b"a\n\nb\xe4c\n", ":3: found byte 0xe4, must be UTF-8: convert it by"),
        (b"x" * (MAX_BYTES + 1), ": is larger than 4 MiB"),
        (b"a " * 70_000, ":1: is a line of more than"),
        (b"$A=x${A}\n${A}\n", ":2: parameters stand for each other without end"),
        (b"$A=${B}${B}\n$B=${C}${C}\n" + b"$C=${D}${D}\n$D=" + b"y" * 20_000 + b"\n${A}\n", ":5: is a line of more"),
        (b"~SEQ(A,1,900000000) ~SEQ(B,1,900000000) x\n", ":1: the configuration has more than 100000 lines"),
        (b'a\nscript "b\n', ':2: a " is not closed'),
    ],
)
def test_hostile_content_ends_in_one_sentence(conf: Path, content: bytes, sentence: str) -> None:
    """It names the file, the line and the remedy."""
    conf.write_bytes(content)
    with pytest.raises(KeepalivedError) as caught:
        read(conf)
    assert str(caught.value).startswith(f"{conf}{sentence}"), str(caught.value)


def test_a_file_that_is_not_there(conf: Path) -> None:
    """As one sentence too."""
    with pytest.raises(KeepalivedError, match=r"keepalived\.conf: cannot be read: no such file or directory; name"):
        read(conf)
