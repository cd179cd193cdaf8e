"""What the commands print, to the letter: tests/transcripts/cli, rewritten by --rewrite-transcripts."""

import re
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from typer.testing import CliRunner

from floatip.cli.app import app
from floatip.core.effects import Outcome
from floatip.core.snapshot import ConflictSnapshot, Snapshot
from floatip.core.types import Mac, NodeName, Role
from floatip.ops import BadRequest, Refused
from tests.unit.cli.conftest import Floatip, Ran
from tests.unit.ops.backend import N1, N2, N3, FakeBackend, node, record, snapshot, vip

Transcript = Callable[[str, str], None]


def written(commands: list[tuple[str, Ran]]) -> str:
    """Return the commands as on a screen: lines on standard error begin with ``! ``, times of steps are N."""
    parts = []
    for command, ran in commands:
        errors = "".join(f"! {line}\n" for line in ran.stderr.splitlines())
        stdout = re.sub(r"^ *\d+ ms  ", "   N ms  ", ran.stdout, flags=re.MULTILINE)
        stdout = re.sub(r'"at_ms": ?\d+', '"at_ms": 0', stdout)
        parts.append(f"$ floatip {command}\n{stdout}{errors}= {ran.exit_code}\n")
    return "\n".join(parts)


def play(floatip: Floatip, *commands: str) -> str:
    """Run the commands, and return what they print."""
    return written([(command, floatip(*shlex.split(command))) for command in commands])


def troubled() -> Snapshot:
    """Return a cluster in which much is wrong at once."""
    conflict = ConflictSnapshot(address="10.77.0.51", mac=Mac("02:00:00:00:00:99"), peer=None)
    vips = (
        replace(vip("web"), owner=None, since_s=None, bound=False, role=Role.FAULT, faults=("link down",)),
        replace(vip("db", "10.77.0.51/32"), verified_by=(), conflicts=(conflict,), bound=False),
        replace(vip("mail", "10.77.0.52/32"), owner=N2, role=Role.BACKUP, definition_differs=(N3,), since_s=200_000.0),
        replace(vip("six", "fd77::50/128"), role=Role.ISOLATED, isolated=True, isolated_owners=(N1, N2), since_s=5.0),
    )
    nodes = (
        replace(node(N1), faults=("link down",)),
        replace(node(N2), last_heard_ms=12_345, drained=True, version="0.0.9"),
        replace(node(N3), alive=False, last_heard_ms=None, version=""),
    )
    well = snapshot(*vips)
    broker = replace(well.brokers[0], connected=False, rtt_ms=None)
    return replace(well, quorum=False, brokers=(broker,), nodes=nodes)


def test_status(floatip: Floatip, transcript: Transcript) -> None:
    """The status of a cluster that is well, as text and as JSON."""
    transcript("cli/status.txt", play(floatip, "status", "status --json"))


def test_status_of_troubles(floatip: Floatip, backend: FakeBackend, transcript: Transcript) -> None:
    """The status of a cluster that is not: every trouble has its words."""
    backend.now = troubled()
    transcript("cli/status-troubles.txt", play(floatip, "status"))


def test_failover(floatip: Floatip, backend: FakeBackend, transcript: Transcript) -> None:
    """Manual failover: told beforehand, done step by step, done already, as JSON, and refused."""
    backend.now = snapshot(vip("web"), vip("db", "10.77.0.51/32"))
    commands = (
        "failover web --dry-run",
        "failover web --dry-run --json",
        "failover web --to n2",
        "failover web --to n2",
        "failover web --to n3 --json",
        "failover wbe",
        "failover web --to n9",
        "failover web db --to n1",
    )
    transcript("cli/failover.txt", play(floatip, *commands))


def test_failover_that_ends_badly(floatip: Floatip, backend: FakeBackend, transcript: Transcript) -> None:
    """Every end has its exit code; of several the worst decides, and each is told."""
    ends = {"a": Outcome.UNPROVEN, "b": Outcome.TIMED_OUT, "c": Outcome.FAILED, "d": Outcome.REFUSED}
    backend.outcomes = dict(ends)
    backend.steps = ("n1 released",)
    backend.now = snapshot(*(vip(name, f"10.77.0.{number}/32") for number, name in enumerate(ends, 50)))
    commands = ("failover a", "failover b", "failover c", "failover d", "failover d b a", "failover c --json")
    transcript("cli/failover-bad-ends.txt", play(floatip, *commands))


def test_announce(floatip: Floatip, backend: FakeBackend, transcript: Transcript) -> None:
    """Announced here, and refused where the VIP is not."""
    backend.now = snapshot(vip("web"), replace(vip("db", "10.77.0.51/32"), owner=NodeName("n2"), bound=False))
    transcript("cli/announce.txt", play(floatip, "announce web", "announce db", "announce wbe", "announce web --json"))


def test_events(floatip: Floatip, backend: FakeBackend, transcript: Transcript) -> None:
    """Events as text and as JSON, one a line; nothing in them reaches the terminal's ears."""
    backend.journal.add(record(0))
    backend.journal.add(replace(record(1, "n2 heard"), kind="peer", vip=None, peer="n2", was=None, now=None))
    backend.journal.add(replace(record(2, "\x1b[2J [red]odd\n"), kind="conflict", vip=None))
    transcript("cli/events.txt", play(floatip, "events", "events --json"))


def test_reload(floatip: Floatip, backend: FakeBackend, transcript: Transcript) -> None:
    """What a reload changes, one sentence a line; nothing at all; and why it changes nothing."""
    backend.reloads = ("vip web: priority", "vip \x1b[2J is new", "[log] has changed")
    first = play(floatip, "reload", "reload --json")
    backend.reloads = ()
    second = play(floatip, "reload", "reload --json")
    backend.reloads = BadRequest("the configuration is not changed:\nf.toml:12:3: priority: must be 1 to 254")
    third = play(floatip, "reload", "reload --json")
    backend.reloads = Refused("node cannot change in service, so nothing is changed; restart this daemon instead")
    transcript("cli/reload.txt", "\n".join((first, second, third, play(floatip, "reload"))))


def test_help() -> None:
    """The version; and every verb says what it is for, with the options that all of them take."""
    assert re.fullmatch(r"floatip \d+\.\d+\.\d+\n", CliRunner().invoke(app, ["--version"]).stdout)
    overview = CliRunner().invoke(app, ["--help"]).stdout
    for command in app.registered_commands:
        assert command.name is not None
        shown = CliRunner().invoke(app, [command.name, "-h"])
        assert shown.exit_code == 0
        assert all(option in shown.stdout for option in ("--socket PATH", "--json", "--no-color"))
        assert "..." not in next(line for line in overview.splitlines() if line.startswith(f"  {command.name} "))


def test_wrong_usage(floatip: Floatip) -> None:
    """Usage errors are exit code 2, on standard error, and name what is wrong."""
    for arguments, words in (
        (["failover"], "Missing argument"),
        (["failover", "web", "--timeout", "10"], "write a number and its unit"),
        (["failover", "web", "--timeout", "0s"], "a timeout of 0 s"),
        (["stauts"], "No such command"),
        (["status", "--jsno"], "No such option"),
    ):
        ran = floatip(*arguments)
        assert (ran.exit_code, ran.stdout) == (2, "")
        assert words in ran.stderr


def test_no_daemon(tmp_path: Path) -> None:
    """Every verb that needs a daemon says so, with exit code 3."""
    commands = (
        *("status", "status --watch", "failover web", "announce web", "events -f", "explain web", "drain", "undrain"),
        *("pin web n1", "unpin web", "freeze", "thaw", "audit", "migrate 10.77.0.60 --from n1 --to n2"),
    )
    for command in commands:
        result = CliRunner().invoke(app, [*command.split(), "--socket", str(tmp_path / "s")])
        assert (result.exit_code, result.stdout) == (3, "")
        assert result.stderr.startswith(f"floatip: no daemon answers at {tmp_path}/s: start it")
