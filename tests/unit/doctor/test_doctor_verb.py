"""The verb `doctor`: its exit codes, its page and its document."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from floatip import doctor
from floatip.cli.app import app
from floatip.cli.doctor import view
from floatip.doctor.findings import Area, Finding, Report, Severity
from floatip.ops.view import Tone
from tests.unit.cli.test_service import VALID

FINE = Finding(area=Area.HOST, subject="a", severity=Severity.OK, text="fine")
ODD = Finding(area=Area.HOST, subject="bb", severity=Severity.WARNING, text="odd", remedy="`mend b`")
BAD = Finding(area=Area.BROKERS, subject="c", severity=Severity.PROBLEM, text="broken")


def run(folder: Path, monkeypatch: pytest.MonkeyPatch, findings: tuple[Finding, ...], *arguments: str) -> Result:
    """Run the verb, which finds this."""
    (folder / "floatip.toml").write_text(VALID)
    monkeypatch.setattr(doctor, "examine", lambda config: Report.of(config.cluster, config.node, findings))
    return CliRunner().invoke(app, ["doctor", "-c", str(folder / "floatip.toml"), *arguments], prog_name="floatip")


def test_all_is_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 0, and what was looked at."""
    result = run(tmp_path, monkeypatch, (FINE,))
    assert result.exit_code == 0
    assert result.stdout == "cluster web, node n1: 1 ok\n\nHOST  STATE  FOUND\na     ok     fine\n"


def test_something_needs_attention(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 7; each area is a table, each finding a line with its remedy."""
    result = run(tmp_path, monkeypatch, (FINE, ODD, BAD))
    assert result.exit_code == 7
    assert result.stdout.splitlines() == [
        "cluster web, node n1: 1 problem, 1 warning, 1 ok",
        "",
        "HOST  STATE    FOUND",
        "bb    WARNING  odd; remedy: `mend b`",
        "a     ok       fine",
        "",
        "BROKERS  STATE    FOUND",
        "c        PROBLEM  broken",
    ]


def test_the_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One JSON document, with the same exit code."""
    result = run(tmp_path, monkeypatch, (ODD,), "--json")
    assert (result.exit_code, json.loads(result.stdout)["counts"]["warning"]) == (7, 1)


def test_a_configuration_that_cannot_be_read(tmp_path: Path) -> None:
    """Exit code 2 and every reason."""
    (tmp_path / "bad.toml").write_text("cluster = 1\n")
    result = CliRunner().invoke(app, ["doctor", "-c", str(tmp_path / "bad.toml")], prog_name="floatip")
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{tmp_path}/bad.toml:cluster: " in result.stderr


def test_tones() -> None:
    """The headline is as bad as the worst finding."""
    assert [view(Report.of("c", "n", findings)).headline.tone for findings in ((FINE,), (FINE, ODD), (ODD, BAD))] == [
        Tone.GOOD,
        Tone.WARNING,
        Tone.BAD,
    ]
