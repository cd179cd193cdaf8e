"""``status --watch`` on a terminal: live, step by step, honest about a daemon that is away, and whole at any size."""

import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Terminal
from tests.unit.ops.backend import N2, FakeBackend, serving, snapshot, vip
from tests.unit.ops.test_livepage import moved

SOON_S = 0.9
"""Less than it takes without an event."""
BEGUN, LEFT = b"\x1b[?1049h", b"\x1b[?1049l"
"""The other screen, and back to that of before."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give the place of a socket."""
    return tmp_path / "d"


@pytest.fixture
def terminals(path: Path) -> Iterator[list[Terminal]]:
    """Give a list of terminals, whose commands are ended by Ctrl-C, without a word."""
    ended: list[Terminal] = []
    yield ended
    for terminal in ended:
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.end() == 130
        assert terminal.seen.startswith(BEGUN)
        assert LEFT in terminal.seen[-100:]
        assert b"Traceback" not in terminal.seen


def watching(path: Path, terminals: list[Terminal], width: int = 160, height: int = 50) -> Terminal:
    """Watch on a terminal, once it is drawn."""
    terminal = Terminal("--socket", str(path), "status", "--watch", width=width, height=height)
    terminals.append(terminal)
    terminal.until(b"web", b"n1", b"connected")
    return terminal


def test_a_handover_is_seen_step_by_step(path: Path, backend: FakeBackend, terminals: list[Terminal]) -> None:
    """Each step when it comes, without waiting for the next look; then how long it took, and among the changes."""
    with serving(path, backend) as loop:
        terminal = watching(path, terminals)
        took_s = []
        for record in moved():
            loop.call_soon_threadsafe(backend.journal.add, record)
            if record.kind == "handover":
                took_s.append(terminal.until(record.text.encode()))
        assert min(took_s) < SOON_S
        terminal.until(b"HANDOVER", b"n1 -> n2 in 37 ms", b"CAUSE", b"handover")


def test_a_daemon_that_hangs_is_said_to(path: Path, backend: FakeBackend, terminals: list[Terminal]) -> None:
    """What was so is grey after three seconds, and the daemon's word counts again when it has one."""
    with serving(path, backend) as loop:
        terminal = watching(path, terminals)
        loop.call_soon_threadsafe(time.sleep, 4.5)
        terminal.until(b"NO ANSWER since 12:00:00 UTC", b"\x1b[2mn1")
        backend.now = snapshot(replace(vip(), owner=N2))
        terminal.until(b"\x1b[32mn2", b"quorum (1 of 1 brokers)")


def test_a_daemon_that_is_away_is_waited_for(path: Path, backend: FakeBackend, terminals: list[Terminal]) -> None:
    """One that was never there is an error; one that was is told of with the reason, and with its own events again."""
    never = Terminal("--socket", str(path), "status", "--watch")
    assert never.end() == 3
    assert BEGUN not in never.seen
    with serving(path, backend):
        terminal = watching(path, terminals)
    terminal.until(b"NO ANSWER since", b"no daemon answers", b"10.77.0.50/32")
    with serving(path, backend) as loop:
        terminal.until(b"quorum (1 of 1 brokers)")
        time.sleep(1.0)
        for record in moved()[:1]:
            loop.call_soon_threadsafe(backend.journal.add, record)
        terminal.until(b"n1 asks n2 to take web")


def test_it_follows_the_size_of_the_terminal(path: Path, backend: FakeBackend, terminals: list[Terminal]) -> None:
    """Narrow ones have fewer columns; no line is longer than the terminal is wide."""
    with serving(path, backend):
        terminal = watching(path, terminals, width=40, height=30)
        assert b"ADDRESSES" not in terminal.seen
        terminal.resize(120, 24)
        assert terminal.until(b"ADDRESSES", b"VERIFIED BY", b"10.77.0.50/32") < SOON_S * 3


def test_it_gives_the_terminal_back_when_it_is_ended(path: Path, backend: FakeBackend) -> None:
    """By `timeout` or `kill` as by Ctrl-C."""
    with serving(path, backend):
        terminal = Terminal("--socket", str(path), "status", "--watch")
        terminal.until(b"web", b"connected")
        terminal.process.terminate()
        assert terminal.end() == 130
    assert LEFT in terminal.seen[-100:]


def test_a_thousand_vips(path: Path, backend: FakeBackend, terminals: list[Terminal]) -> None:
    """Those without an owner come first, and the rest is counted."""
    vips = [vip(f"web{number:03}") for number in range(1000)]
    vips[777] = replace(vips[777], owner=None, since_s=None)
    backend.now = snapshot(*vips)
    with serving(path, backend):
        terminal = watching(path, terminals, width=80, height=24)
        assert b"web777" in terminal.seen
        assert b"web999" not in terminal.seen
        assert b" more" in terminal.seen
