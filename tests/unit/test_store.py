"""What is remembered over a restart: atomic, coalesced, and never fatal."""

import asyncio
import json
import stat
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from floatip.core.types import Directive, DirectiveKind, Mac, NodeName, Stamp, Stored, VipName
from floatip.store import FILE_NAME, Store

MACS = (Mac("02:00:00:00:00:0b"), Mac("02:00:00:00:01:0b"))
PIN = Directive(
    kind=DirectiveKind.PIN, subject="web", value="n2", expires_at=float("inf"), stamp=Stamp(4, NodeName("n1"))
)
DRAIN = Directive(
    kind=DirectiveKind.DRAIN, subject="n3", value="", expires_at=1_800_000_000.5, stamp=Stamp(5, NodeName("n3"))
)
STORED = Stored(
    incarnation=7,
    terms=((VipName("web"), 3), (VipName("db"), 1)),
    keep_s=1.22,
    release_s=3.4,
    macs=((NodeName("n2"), MACS), (NodeName("n3"), (Mac("02:00:00:00:00:0c"),))),
    directives=(PIN, DRAIN),
)


class Warned(list[str]):
    """The warnings so far."""


def store(path: Path) -> tuple[Store, Warned]:
    """Return a store in this directory, and the warnings it will give."""
    warned = Warned()
    return Store(path, warned.append), warned


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    """All values come back, from a directory that only its owner can enter and a file only it can read."""
    first, warned = store(tmp_path / "a" / "state")
    assert first.save_now(STORED)
    again, _ = store(tmp_path / "a" / "state")
    assert again.load() == STORED
    assert warned == []
    assert stat.S_IMODE((tmp_path / "a" / "state").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "a" / "state" / FILE_NAME).stat().st_mode) == 0o600
    assert [each.name for each in (tmp_path / "a" / "state").iterdir()] == [FILE_NAME]


def test_the_first_start_is_told(tmp_path: Path) -> None:
    """No file is an empty memory, and one sentence about it."""
    first, warned = store(tmp_path)
    assert first.load() == Stored()
    assert len(warned) == 1
    assert warned[0].startswith(f"no state in {tmp_path}/{FILE_NAME}")


WHOLE = '{"version": 1, "incarnation": 1, "terms": {}, "keep_s": 0, "release_s": 0, "macs": %s}'
"""A state file that is whole but for the peers' hardware addresses."""
WITH = WHOLE.replace("%s", '{}, "directives": %s')
"""One that is whole but for the operators' orders."""
GOOD = {"kind": "pin", "subject": "web", "value": "n2", "expires_at": None, "counter": 1, "node": "n1"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Expecting value"),
        ("[]", "not a state file of version 1"),
        ('{"version": 2}', "not a state file of version 1"),
        ('{"version": 1, "incarnation": -1, "terms": {}, "keep_s": 0, "release_s": 0}', "incarnation is not a count"),
        ('{"version": 1, "incarnation": true, "terms": {}, "keep_s": 0, "release_s": 0}', "incarnation is not a count"),
        ('{"version": 1, "incarnation": 1, "terms": [], "keep_s": 0, "release_s": 0}', "terms is not an object"),
        ('{"version": 1, "incarnation": 1, "terms": {"a": 1.5}, "keep_s": 0, "release_s": 0}', "a is not a count"),
        ('{"version": 1, "incarnation": 1, "terms": {}, "keep_s": NaN, "release_s": 0}', "keep_s is not a number"),
        ('{"version": 1, "incarnation": 1, "terms": {}, "keep_s": 0}', "release_s is not a number"),
        (WHOLE % '[["n2", "02:00:00:00:00:0b"]]', "macs is not a list of hardware addresses"),
        (WHOLE % '{"n2": "02:00:00:00:00:0b"}', "macs is not a list of hardware addresses"),
        (WHOLE % '{"n2": ["02:00:00:00:00:0B"]}', "macs is not a list of hardware addresses"),
        (WHOLE % '{"n2": ["02:00:00:00:00:0b\\n"]}', "macs is not a list of hardware addresses"),
        (WHOLE % '{"n2": [2]}', "macs is not a list of hardware addresses"),
        (WHOLE % "null", "macs is not a list of hardware addresses"),
        (WITH % "{}", "directives is not a list of objects"),
        (WITH % "[1]", "directives is not a list of objects"),
        (WITH % json.dumps([GOOD | {"kind": "explode"}]), "'explode' is not a valid DirectiveKind"),
        (WITH % json.dumps([GOOD | {"kind": 1}]), "kind is not a string"),
        (WITH % json.dumps([GOOD | {"subject": None}]), "subject is not a string"),
        (WITH % json.dumps([GOOD | {"value": 1}]), "value is not a string"),
        (WITH % json.dumps([GOOD | {"node": ["n1"]}]), "node is not a string"),
        (WITH % json.dumps([GOOD | {"counter": -1}]), "counter is not a count"),
        (WITH % json.dumps([GOOD | {"expires_at": float("nan")}]), "expires_at is not a number"),
        (WITH % json.dumps([GOOD | {"expires_at": "never"}]), "expires_at is not a number"),
        ("[" * 100_000, "maximum recursion depth"),
        (" " * (4 * 1024 * 1024 + 1), "longer than"),
    ],
)
def test_a_damaged_file_is_told(tmp_path: Path, text: str, reason: str) -> None:
    """A file that cannot be understood is an empty memory, a warning with the reason, and written anew later."""
    (tmp_path / FILE_NAME).write_text(text)
    first, warned = store(tmp_path)
    assert first.load() == Stored()
    assert len(warned) == 1
    assert reason in warned[0]
    first.save_now(STORED)
    assert first.load() == STORED


def test_a_file_of_before_the_macs_is_whole(tmp_path: Path) -> None:
    """An upgrade forgets nothing: nobody's hardware address was known then."""
    first, warned = store(tmp_path)
    first.save_now(STORED)
    older = json.loads((tmp_path / FILE_NAME).read_text())
    assert older.pop("macs") == {"n2": list(MACS), "n3": ["02:00:00:00:00:0c"]}
    (tmp_path / FILE_NAME).write_text(json.dumps(older))
    assert first.load() == replace(STORED, macs=())
    assert warned == []


def test_a_file_of_before_the_orders_is_whole(tmp_path: Path) -> None:
    """An upgrade forgets nothing: no operator had ordered anything then."""
    first, warned = store(tmp_path)
    first.save_now(STORED)
    older = json.loads((tmp_path / FILE_NAME).read_text())
    assert [one["expires_at"] for one in older.pop("directives")] == [None, DRAIN.expires_at]
    (tmp_path / FILE_NAME).write_text(json.dumps(older))
    assert first.load() == replace(STORED, directives=())
    assert warned == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200))
def test_any_bytes_are_survived(tmp_path: Path, data: bytes) -> None:
    """Whatever the file holds, loading never raises."""
    (tmp_path / FILE_NAME).write_bytes(data)
    first, warned = store(tmp_path)
    assert first.load() == Stored()
    assert len(warned) == 1


def test_what_cannot_be_written_is_told_once(tmp_path: Path) -> None:
    """A directory that cannot be is a warning, once, and another when writing works again."""
    (tmp_path / "state").write_text("in the way")
    first, warned = store(tmp_path / "state")
    assert not first.save_now(STORED)
    assert not first.save_now(STORED)
    assert len(warned) == 1
    assert "cannot be written" in warned[0]
    assert "set another state_dir" in warned[0]
    (tmp_path / "state").unlink()
    assert first.save_now(STORED)
    assert warned[1:] == [f"state is written to {tmp_path}/state/{FILE_NAME} again"]


async def test_the_latest_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many saves in a row write the newest values, and few of those between."""
    written: list[int] = []
    real = Store._replace

    def count(self: Store, data: bytes) -> None:
        written.append(json.loads(data)["incarnation"])
        real(self, data)

    monkeypatch.setattr(Store, "_replace", count)
    first, _ = store(tmp_path)
    for number in range(100):
        first.save_soon(Stored(incarnation=number))
    await first.close()
    assert first.load().incarnation == 99
    assert len(written) <= 2
    first.save_soon(STORED)
    await first.close()
    assert first.load() == STORED


async def test_a_slow_disk_does_not_stop_the_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the disk is waited for the loop goes on; what was saved meanwhile is written afterwards."""
    release = threading.Event()
    real = Store._replace

    def wait(self: Store, data: bytes) -> None:
        release.wait(5)
        real(self, data)

    monkeypatch.setattr(Store, "_replace", wait)
    first, _ = store(tmp_path)
    first.save_soon(Stored(incarnation=1))
    await asyncio.sleep(0.05)
    first.save_soon(Stored(incarnation=2))
    assert not (tmp_path / FILE_NAME).exists()
    release.set()
    await first.close()
    assert first.load().incarnation == 2


async def test_an_older_value_never_overwrites(tmp_path: Path) -> None:
    """A save in the background that comes late does not undo a newer one that was written at once."""
    first, _ = store(tmp_path)
    first.save_soon(Stored(incarnation=1))
    first.save_now(Stored(incarnation=2))
    await first.close()
    assert first.load().incarnation == 2


async def test_a_failing_disk_is_told_from_the_background(tmp_path: Path) -> None:
    """What fails in the background is told on the loop, and a later save is tried again."""
    (tmp_path / "state").write_text("in the way")
    first, warned = store(tmp_path / "state")
    first.save_soon(STORED)
    await first.close()
    assert len(warned) == 1
    (tmp_path / "state").unlink()
    first.save_soon(STORED)
    await first.close()
    assert first.load() == STORED
