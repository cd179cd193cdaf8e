"""Whether a daemon lives beside a sentinel that has lost its own."""

import os
import socket
from collections.abc import Iterator

import pytest

from floatip.host import lock
from floatip.sentinel import child

NAME = f"\0floatip-test-daemon-{os.getpid()}"


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Give what has the daemon's name, and does not listen yet."""
    monkeypatch.setattr(child, "DAEMON", NAME)
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(NAME)
        yield bound


def test_it_knows_the_name_that_a_daemon_takes() -> None:
    """It cannot import it."""
    assert "\0" + lock.NAME.removeprefix("@") == child.DAEMON


def test_nobody_has_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then none lives."""
    monkeypatch.setattr(child, "DAEMON", NAME + "-nobody")
    assert not child.daemon_lives()


def test_one_that_has_the_name_lives(daemon: socket.socket) -> None:
    """And no more once it has ended."""
    daemon.listen(16)
    assert child.daemon_lives()
    daemon.close()
    assert not child.daemon_lives()


def test_one_at_whose_door_too_many_wait_lives_too(daemon: socket.socket) -> None:
    """A daemon answers nobody at that door."""
    daemon.listen(0)
    with socket.socket(socket.AF_UNIX) as first:
        first.connect(NAME)
        assert child.daemon_lives()
