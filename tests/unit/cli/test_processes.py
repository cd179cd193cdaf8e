"""The command as a process: how fast it starts, how it ends, and what it draws on a terminal."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Terminal, start
from tests.unit.ops.backend import N2, FakeBackend, record, snapshot, vip


def took_s(*arguments: str) -> float:
    """Return the processor time of one run, which counts less of the other work beside it than the clock does."""
    process = start(*arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_utime + usage.ru_stime


@pytest.mark.slow
def test_it_starts_quickly(socket: Path) -> None:
    """Help and status are there within 300 ms, in one of twenty runs on a machine that may be busy."""
    assert any(took_s("--help") <= 0.3 for _ in range(20))
    assert any(took_s("--socket", str(socket), "status") <= 0.3 for _ in range(20))


def test_importing_floatip_costs_nothing() -> None:
    """The package imports none of its rooms until they are used, and the command nothing of the daemon's."""
    code = (
        "import sys, floatip; "
        "assert not {'asyncio', 'json', 'floatip.ops', 'floatip.core'} & set(sys.modules); "
        "import floatip.cli.app; "
        "heavy = {'scapy', 'pyroute2', 'aiomqtt', 'pydantic', 'rich', 'structlog', 'amqtt'}; "
        "assert not heavy & set(sys.modules), heavy & set(sys.modules); "
        "assert floatip.connect.__module__ == 'floatip.ops.client'"
    )
    subprocess.run([sys.executable, "-S", "-c", code], check=True, timeout=20, env=_env())


def _env() -> dict[str, str]:
    """Return an environment in which the packages of this interpreter are found without site's own imports."""
    return {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def test_options_before_and_after_the_verb(socket: Path) -> None:
    """The global options mean the same on either side of the verb; the socket named last wins."""
    outputs = set()
    for arguments in (
        ("--socket", str(socket), "--json", "status"),
        ("status", "--socket", str(socket), "--json"),
        ("--json", "--socket", "/nowhere", "status", "--socket", str(socket)),
    ):
        process = start(*arguments)
        stdout, _ = process.communicate(timeout=10)
        assert process.returncode == 0
        outputs.add(json.loads(stdout)["node"])
    assert outputs == {"n1"}


@pytest.mark.parametrize("arguments", [("events", "-f"), ("status", "--watch"), ("failover", "web")])
def test_ctrl_c_is_quiet(socket: Path, backend: FakeBackend, arguments: tuple[str, ...]) -> None:
    """Ctrl-C ends every waiting verb with 130, and no word on standard error."""
    backend.delay_s = 30
    backend.journal.add(record())
    process = start("--socket", str(socket), *arguments)
    assert process.stdout is not None
    assert process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=10)
    assert (process.returncode, stderr) == (130, "")


def test_a_broken_pipe_is_quiet(socket: Path, backend: FakeBackend) -> None:
    """When nobody reads any more the command ends as if by SIGPIPE, and no word on standard error."""
    for number in range(1000):
        backend.journal.add(record(number, "x" * 200))
    process = start("--socket", str(socket), "events")
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(10) == 141
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()


def test_a_full_disk_is_told(socket: Path) -> None:
    """Output that cannot be written is an error with a sentence, never a silent success."""
    with Path("/dev/full").open("w") as full:
        process = start("--socket", str(socket), "status", stdout=full)
        _, stderr = process.communicate(timeout=10)
    assert process.returncode == 1
    assert stderr == "floatip: output cannot be written: No space left on device\n"


def test_watch_in_a_pipe_tells_changes(socket: Path, backend: FakeBackend) -> None:
    """In a pipe each change is one document, and what changes by itself is none."""
    process = start("--socket", str(socket), "--json", "status", "--watch")
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["vips"][0]["owner"] == "n1"
    for since_s in (186.0, 187.0):
        backend.now = snapshot(replace(vip(), since_s=since_s))
        time.sleep(0.6)
    backend.now = snapshot(replace(vip(), owner=N2))
    assert json.loads(process.stdout.readline())["vips"][0]["owner"] == "n2"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)


def test_a_terminal_gets_colours(socket: Path) -> None:
    """On a terminal the status is a coloured table, without colours if they are not wanted."""
    coloured = Terminal("--socket", str(socket), "status")
    assert coloured.end() == 0
    assert b"\x1b[32mn1" in coloured.seen
    assert b"10.77.0.50/32" in coloured.seen
    plain = Terminal("--socket", str(socket), "--no-color", "status")
    assert plain.end() == 0
    assert b"\x1b[32m" not in plain.seen
    assert b"10.77.0.50/32" in plain.seen
