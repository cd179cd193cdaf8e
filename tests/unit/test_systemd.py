"""sd_notify against a real datagram socket."""

import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from floatip.systemd import Notifier, watchdog_interval_s


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """Give the address of a service manager, by path or abstract, and its socket."""
    address = str(tmp_path / "notify") if request.param == "path" else f"@floatip-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind("\0" + address[1:] if address.startswith("@") else address)
        channel.settimeout(1)
        yield address, channel


def test_messages(manager: tuple[str, socket.socket]) -> None:
    """Each method sends the words of sd_notify(3), one datagram each."""
    address, channel = manager
    notifier = Notifier({"NOTIFY_SOCKET": address})
    sent = (notifier.ready(), notifier.status("owns web,\nsince 12:00"), notifier.watchdog(), notifier.stopping())
    assert sent == (True,) * 4
    assert [channel.recv(100) for _ in sent] == [
        b"READY=1",
        b"STATUS=owns web, since 12:00",
        b"WATCHDOG=1",
        b"STOPPING=1",
    ]
    notifier.reloading()
    assert re.fullmatch(rb"RELOADING=1\nMONOTONIC_USEC=\d+", channel.recv(100))


def test_nobody_listens(tmp_path: Path) -> None:
    """Without a manager, or with one that is gone, nothing happens."""
    assert not Notifier({}).ready()
    assert not Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready()
    assert not Notifier({"NOTIFY_SOCKET": "@floatip-nobody"}).ready()


def test_a_slow_manager_is_not_waited_for(tmp_path: Path) -> None:
    """A manager that reads nothing costs messages, never time."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(tmp_path / "notify"))
        notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")})
        assert [notifier.watchdog() for _ in range(5000)][-1] is False


@pytest.mark.parametrize(
    ("env", "interval_s"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "3000000"}, 1.5),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "42"}, 1.5),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "43"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "-5"}, None),
    ],
)
def test_the_watchdogs_interval(env: dict[str, str], interval_s: float | None) -> None:
    """The interval is half of what the unit asks for, and only if it asks this process."""
    assert watchdog_interval_s(env, pid=42) == interval_s


def test_the_watchdog_of_this_process() -> None:
    """Without a pid the process itself is meant."""
    assert watchdog_interval_s({"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": str(os.getpid())}) == 0.5
