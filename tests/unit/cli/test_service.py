"""The verbs of one host: which room they ask, and how what it says is told."""

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from floatip.bus.errors import BusError
from floatip.cli.app import app
from floatip.host.addresses import Alias

VALID = """
cluster = "web"
node = "n1"
[mqtt]
brokers = ["mqtt://10.78.0.1:1883"]
[[vip]]
name = "web"
addresses = ["10.77.0.50"]
interfaces = ["eth0"]
"""


def run(*arguments: str) -> Result:
    """Run a command in this process."""
    result = CliRunner().invoke(app, arguments, prog_name="floatip")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Give a valid configuration file."""
    path = tmp_path / "floatip.toml"
    path.write_text(VALID)
    return path


def test_check_of_a_valid_file(config: Path) -> None:
    """A valid file is summed up in a line; what is allowed and unwise is told beside it."""
    result = run("check", "-c", str(config))
    assert result.exit_code == 0
    assert result.stdout == f"{config}: valid: cluster web, node n1, 1 VIP\n"
    assert "floatip: warning: " in result.stderr
    document = json.loads(run("check", "-c", str(config), "--json").stdout)
    assert (document["file"], document["valid"], document["errors"]) == (str(config), True, [])
    assert len(document["warnings"]) == result.stderr.count("floatip: warning: ")


def test_check_finds_the_file_by_the_environment(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an option the environment names the file."""
    monkeypatch.setenv("FLOATIP_CONFIG", str(config))
    assert run("check").stdout.startswith(f"{config}: valid")


def test_check_tells_all_errors(config: Path) -> None:
    """Every error is a line of its own that begins with file and key, exit code 2."""
    config.write_text(VALID.replace('cluster = "web"', "") + 'priority = 999\ncolour = "red"\n')
    result = run("check", "-c", str(config))
    assert (result.exit_code, result.stdout) == (2, "")
    lines = result.stderr.splitlines()
    assert len(lines) == 3
    assert all(line.startswith(f"{config}:") for line in lines)
    told = run("check", "-c", str(config), "--json")
    assert (told.exit_code, json.loads(told.stdout)["errors"]) == (2, lines)


def test_run_and_cleanup_need_a_valid_file(tmp_path: Path) -> None:
    """The daemon's verbs end with exit code 2 and no traceback when the file is missing."""
    for verb in ("run", "cleanup"):
        result = run(verb, "-c", str(tmp_path / "none.toml"))
        assert result.exit_code == 2
        assert str(tmp_path / "none.toml") in result.stderr


def test_schema() -> None:
    """The schema is one JSON document about the file's own keys."""
    document = json.loads(run("check", "--schema").stdout)
    assert {"cluster", "mqtt", "vip"} <= set(document["properties"])


def test_run_and_cleanup_pass_on_what_was_asked(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon gets the configuration and its path, and its exit code is the command's."""
    asked: list[tuple[object, ...]] = []

    def daemon_run(loaded: object, path: Path, *, lock_memory: bool) -> int:
        asked.append((getattr(loaded, "node", None), path, lock_memory))
        return 4

    def clean_up(
        aliases: list[Alias], *, patience_s: float, foreign_too: bool, tell: Callable[[str], None]
    ) -> list[str]:
        asked.append(([str(alias) for alias in aliases], patience_s, foreign_too))
        tell("done")
        return ["no"] if foreign_too else []

    monkeypatch.setattr("floatip.daemon.run", daemon_run)
    monkeypatch.setattr("floatip.host.cleanup.clean_up", clean_up)
    assert run("run", "-c", str(config)).exit_code == 4
    assert run("run", "-c", str(config), "--lock-memory").exit_code == 4
    forced, plain = run("cleanup", "-c", str(config), "--force"), run("cleanup", "-c", str(config))
    assert (forced.exit_code, forced.stdout, forced.stderr) == (1, "done\n", "floatip: no\n")
    assert (plain.exit_code, plain.stdout, plain.stderr) == (0, "done\n", "")
    left = ["10.77.0.50/32 on eth0"]
    assert asked == [("n1", config, False), ("n1", config, True), (left, 4.5, True), (left, 4.5, False)]


@pytest.mark.parametrize(
    ("result", "status", "guarded", "force", "leaves"),
    [
        ("signal", "KILL", True, False, True),
        ("watchdog", "ABRT", True, False, True),
        ("signal", "KILL", False, False, False),
        ("signal", "KILL", True, True, False),
        ("success", "0", True, False, False),
        ("exit-code", "2", True, False, False),
    ],
    ids=["killed", "hung", "no-sentinel", "force", "stopped", "not-restarted"],
)
def test_cleanup_leaves_to_the_sentinel_what_the_next_daemon_goes_on_with(
    config: Path, monkeypatch: pytest.MonkeyPatch, result: str, status: str, guarded: bool, force: bool, leaves: bool
) -> None:
    """Where systemd starts a failed daemon again, waiting for the sentinel would be an outage."""
    monkeypatch.setenv("SERVICE_RESULT", result)
    monkeypatch.setenv("EXIT_STATUS", status)
    monkeypatch.setattr("floatip.host.predecessor.guards", lambda: guarded)
    cleaned: list[object] = []

    def clean_up(aliases: list[Alias], **_: object) -> list[str]:
        cleaned.append(aliases)
        return []

    monkeypatch.setattr("floatip.host.cleanup.clean_up", clean_up)
    told = run("cleanup", "-c", str(config), *(["--force"] if force else []))
    assert (told.exit_code, "leaves its addresses to the sentinel" in told.stdout) == (0, leaves)
    assert bool(cleaned) is not leaves


def test_keygen(tmp_path: Path) -> None:
    """A key is written for its owner alone, and never over another."""
    path = tmp_path / "cluster.key"
    result = run("keygen", str(path))
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{path}: written with mode 0600")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    again = run("keygen", str(path))
    assert again.exit_code == 4
    assert again.stderr.startswith(f"floatip: key {path}: exists already")
    assert path.read_bytes() == before
    assert run("keygen", str(tmp_path / "none" / "key")).exit_code == 1
    assert json.loads(run("keygen", str(tmp_path / "other"), "--json").stdout) == {"file": str(tmp_path / "other")}


def test_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """The broker listens where it is told, and what it refuses is one sentence."""
    asked: list[str] = []

    def serve(listen: str) -> None:
        asked.append(listen)
        if len(asked) > 1:
            raise BusError("listen 'x': no")

    monkeypatch.setattr("floatip.bus.embedded.serve", serve)
    assert run("broker", "--listen", "10.77.0.1:1883").exit_code == 0
    refused = run("broker", "--listen", "x")
    assert (refused.exit_code, refused.stderr) == (1, "floatip: listen 'x': no\n")
    assert asked == ["10.77.0.1:1883", "x"]


def test_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo's exit code is the command's."""
    monkeypatch.setattr("floatip.lab.demo.main", lambda: 1)
    assert run("demo").exit_code == 1
