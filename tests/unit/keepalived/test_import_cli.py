"""`floatip import keepalived` as an operator types it: what goes where, exit codes, files that are there already."""

import json
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from floatip.cli.app import app
from floatip.config import load
from tests.unit.keepalived.reading import CONFIGS

WEB = str(CONFIGS / "web-n1.conf")


def run(*arguments: str) -> Result:
    """Run a command in this process."""
    result = CliRunner().invoke(app, arguments, prog_name="floatip")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_standard_output_is_the_configuration_and_nothing_else() -> None:
    """So that it can be sent to a file; the list is on standard error, one line each."""
    result = run("import", "keepalived", WEB, "--broker", "mqtt://10.78.0.1")
    assert result.exit_code == 0
    assert tomllib.loads(result.stdout)["mqtt"]["brokers"] == ["mqtt://10.78.0.1"]
    lines = result.stderr.splitlines()
    assert (
        f"floatip: {WEB}:7: smtp_server 192.0.2.25: not carried over: floatip sends no mail: let a [[hook]] send it"
        in lines
    )
    assert lines[-1].endswith("listed above")
    assert all(line.startswith("floatip: ") for line in lines)


def test_json_is_one_document() -> None:
    """The configuration, what was carried over, and what was not."""
    result = run("import", "keepalived", WEB, "--json")
    document = json.loads(result.stdout)
    assert tomllib.loads(document["config"])["cluster"] == "web"
    assert {"file": WEB, "line": 25, "keyword": "priority", "value": "150", "became": "priority"} in document["carried"]
    assert {one["keyword"] for one in document["not_carried"]} > {"smtp_server", "authentication", "virtual_router_id"}
    assert set(document["not_carried"][0]) == {"file", "line", "keyword", "value", "kind", "why"}
    assert result.stderr == ""


def test_a_file_is_written_and_not_written_over(tmp_path: Path) -> None:
    """Without --force a file that is there stays as it is, and nothing else is left beside it."""
    there = tmp_path / "floatip.toml"
    assert run("import", "keepalived", WEB, "-o", str(there)).exit_code == 0
    assert load(there).cluster == "web"
    refused = run("import", "keepalived", WEB, "-o", str(there), "--cluster", "other")
    assert refused.exit_code == 4
    assert refused.stderr == f"floatip: {there} is there already; name another file, or write over it by --force\n"
    assert load(there).cluster == "web"
    forced = run("import", "keepalived", WEB, "-o", str(there), "--cluster", "other", "--force")
    assert (forced.exit_code, forced.stdout) == (0, "")
    assert load(there).cluster == "other"
    assert [path.name for path in tmp_path.iterdir()] == ["floatip.toml"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """One sentence, exit code 1."""
    result = run("import", "keepalived", WEB, "-o", str(tmp_path / "none" / "f"))
    assert result.exit_code == 1
    assert "cannot be written: no such file or directory" in result.stderr


@pytest.mark.parametrize(
    ("text", "code", "sentence"),
    [
        ("virtual_server 10.77.0.1 80 {\n}\n", 1, "nothing to import"),
        ("vrrp_instance A {\n", 2, ':1: the block "vrrp_instance" is not closed'),
        ("a\0", 2, ":1: found the control character 0x00"),
    ],
)
def test_exit_codes(tmp_path: Path, text: str, code: int, sentence: str) -> None:
    """1: nothing usable in it; 2: it cannot be read. Either way nothing is written."""
    path, there = tmp_path / "k.conf", tmp_path / "f.toml"
    path.write_text(text)
    result = run("import", "keepalived", str(path), "-o", str(there))
    assert result.exit_code == code
    assert f"floatip: {path}" in result.stderr
    assert sentence in result.stderr
    assert not there.exists()


def test_nothing_to_import_as_json(tmp_path: Path) -> None:
    """The list is there, and no configuration."""
    path = tmp_path / "k.conf"
    path.write_text("virtual_server 10.77.0.1 80 {\n}\n")
    result = run("--json", "import", "keepalived", str(path))
    document = json.loads(result.stdout)
    assert (result.exit_code, document["config"], len(document["not_carried"])) == (1, None, 1)


def test_the_group_alone_shows_what_it_can() -> None:
    """`floatip import` names the programs that it knows."""
    assert "keepalived" in run("import", "--help").stdout
