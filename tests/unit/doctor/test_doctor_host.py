"""Rights, keys and places to write, as the doctor sees them."""

import os
from pathlib import Path
from typing import Any

import pytest

from floatip.bus.signing import generate_key
from floatip.config import Config
from floatip.doctor import host
from floatip.doctor.findings import Finding, Severity
from tests.unit.doctor.scene import config, wrong

ALL_RIGHTS = "CapEff:\t000001ffffffffff\n"


def looked(settings: Config, folder: Path, status: str = ALL_RIGHTS, *, group: bool = True) -> list[Finding]:
    """Return what is found with this /proc/self/status."""
    (folder / "status").write_text(status)
    return list(host.check(settings, status=folder / "status", has_group=lambda _: group))


def settings(folder: Path, **more: Any) -> Config:
    """Return a configuration whose files are below a folder."""
    return config(state_dir=str(folder / "state"), control={"socket": str(folder / "run/s"), "group": "ops"}, **more)


def test_all_is_well(tmp_path: Path) -> None:
    """Each thing that was looked at is named; folders that are not there yet can be made."""
    findings = looked(settings(tmp_path), tmp_path)
    assert wrong(findings) == []
    assert [it.subject for it in findings] == ["capabilities", "state_dir", "control socket", "control group"]


def test_missing_capabilities(tmp_path: Path) -> None:
    """They are named, and the ways to get them."""
    (finding,) = wrong(looked(settings(tmp_path), tmp_path, f"CapEff:\t{1 << 12:016x}\n"))
    assert finding.severity is Severity.PROBLEM
    assert finding.text == "this process lacks CAP_NET_RAW"
    assert "AmbientCapabilities" in finding.remedy


def test_a_state_dir_that_cannot_be_made(tmp_path: Path) -> None:
    """A file in its place is a problem."""
    (tmp_path / "state").write_text("")
    (finding,) = wrong(looked(settings(tmp_path), tmp_path))
    assert (finding.subject, finding.severity) == ("state_dir", Severity.PROBLEM)
    assert "is no directory" in finding.text


def test_a_state_dir_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder that refuses is named, with a command."""
    asked = []

    def refuse(path: Path, mode: int, **_: object) -> bool:
        asked.append((path, mode))
        return False

    monkeypatch.setattr(os, "access", refuse)
    found = wrong(looked(settings(tmp_path), tmp_path))
    assert [it.subject for it in found] == ["state_dir", "control socket"]
    assert asked[0] == (tmp_path, os.W_OK | os.X_OK)
    assert f"install -d -m 700 {tmp_path}/state" in found[0].remedy


def test_something_else_in_the_place_of_the_socket(tmp_path: Path) -> None:
    """The daemon would not remove it."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run/s").write_text("")
    (finding,) = wrong(looked(settings(tmp_path), tmp_path))
    assert "no socket" in finding.text
    assert f"move {tmp_path}/run/s away" in finding.remedy


def test_a_group_that_does_not_exist(tmp_path: Path) -> None:
    """The daemon starts all the same, so it is a warning."""
    (finding,) = wrong(looked(settings(tmp_path), tmp_path, group=False))
    assert (finding.subject, finding.severity) == ("control group", Severity.WARNING)
    assert "groupadd --system ops" in finding.remedy


def test_the_real_groups() -> None:
    """What the host's own list says."""
    assert host.group_exists("root")
    assert not host.group_exists("no-such-group-here")


def test_keys(tmp_path: Path) -> None:
    """A good key is ok; one that others can read is a problem with the command."""
    key = tmp_path / "key"
    generate_key(key)
    with_key = settings(tmp_path, security={"keys": [str(key)]})
    assert wrong(looked(with_key, tmp_path)) == []
    key.chmod(0o644)
    (finding,) = wrong(looked(with_key, tmp_path))
    assert finding.severity is Severity.PROBLEM
    assert finding.remedy == f"run `chmod 600 {key}`"
