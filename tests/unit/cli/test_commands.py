"""Every command is there with the arguments and options that users were told of, and no other."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from floatip.cli.app import app

COMMANDS = {
    "run": "--config --lock-memory",
    "check": "--config --schema",
    "doctor": "--config",
    "status": "--watch",
    "explain": "VIP",
    "failover": "VIP --to --dry-run --timeout --force",
    "drain": "NODE --timeout --dry-run --force",
    "undrain": "NODE --timeout",
    "pin": "VIP NODE --for --timeout",
    "unpin": "VIP --timeout",
    "freeze": "VIP --timeout",
    "thaw": "VIP --timeout",
    "migrate": "ADDRESS --from --to --interface --dry-run",
    "announce": "VIP",
    "audit": "",
    "events": "--follow",
    "keygen": "FILE",
    "import keepalived": "FILE --broker --cluster --config-id --force --node --output",
    "broker": "--listen",
    "cleanup": "--config --force",
    "reload": "",
    "demo": "",
}
SHARED = {"--socket", "--json", "--no-color"}
README = Path(__file__).parents[3] / "README.md"
ROOT: Any = typer.main.get_command(app)


def commands(group: Any = ROOT, before: str = "") -> dict[str, Any]:
    """All commands by the words that name them."""
    found: dict[str, Any] = {}
    for name, command in group.commands.items():
        found |= commands(command, f"{name} ") if hasattr(command, "commands") else {before + name: command}
    return found


def words(name: str) -> set[str]:
    """Arguments as usage shows them, and the long name of each option."""
    usage = CliRunner().invoke(app, [*name.split(), "--help"], prog_name="floatip").stdout.split("\n\n")[0]
    (arguments,) = re.findall(rf"floatip {name} \[OPTIONS\](.*)", " ".join(usage.split()))
    options = (param.opts for param in commands()[name].params if param.param_type_name == "option")
    return {
        *re.findall(r"[A-Z]+", arguments),
        *(next(name for name in names if name.startswith("--")) for names in options),
    }


def test_there_is_every_documented_command_and_no_other() -> None:
    """By name, from the overview down."""
    assert set(commands()) == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_its_documented_arguments_and_options(name: str) -> None:
    """And those that all commands take."""
    assert words(name) - SHARED - {"--help"} == set(COMMANDS[name].split())
    assert words(name) >= SHARED


@pytest.mark.parametrize(
    ("command", "option", "short"),
    [("status", "--watch", "-w"), ("events", "--follow", "-f"), ("run", "--config", "-c")],
)
def test_a_short_option(command: str, option: str, short: str) -> None:
    """The ones that are typed often have a letter."""
    (param,) = (param for param in commands()[command].params if option in param.opts)
    assert short in param.opts


def test_the_guide_names_no_command_or_option_that_is_not_there() -> None:
    """Each row of its table can be typed."""
    rows = [line.split("|")[1] for line in README.read_text().splitlines() if line.startswith("| `floatip ")]
    assert len(rows) > 10
    for typed in (typed for row in rows for typed in re.findall(r"`([^`]+)`", row)):
        said = typed.removeprefix("floatip ")
        verb = next(name for name in commands() if f"{said} ".startswith(f"{name} "))
        known = {name for param in commands()[verb].params for name in param.opts}
        assert {*re.findall(r"--?[a-z][a-z-]*", typed)} <= known, typed
