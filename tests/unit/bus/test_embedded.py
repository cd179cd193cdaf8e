"""The embedded broker: where it may listen, and what it says when it cannot."""

import builtins
import subprocess
import sys
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest

from floatip.bus import embedded
from floatip.bus.errors import BusError


def test_addresses_are_taken_apart() -> None:
    """IPv4 and bracketed IPv6, each with a port."""
    assert embedded.parse_listen("10.77.0.1:1883") == (IPv4Address("10.77.0.1"), 1883)
    assert embedded.parse_listen("[fd77::1]:8883") == (IPv6Address("fd77::1"), 8883)
    assert embedded.parse_listen(embedded.DEFAULT_LISTEN)[0].is_loopback


@pytest.mark.parametrize(
    ("listen", "complaint"),
    [
        ("0.0.0.0:1883", "every address of this host"),
        ("[::]:1883", "every address of this host"),
        ("[::0]:1883", "every address of this host"),
        ("1883", "not ADDR:PORT"),
        (":1883", "not ADDR:PORT"),
        ("*:1883", "not ADDR:PORT"),
        ("", "not ADDR:PORT"),
        ("localhost:1883", "with an IP address"),
        ("10.77.0.1", "not ADDR:PORT"),
        ("10.77.0.1:", "the port '' is not one"),
        ("10.77.0.1:0", "the port '0' is not one"),
        ("10.77.0.1:65536", "the port '65536' is not one"),
        ("10.77.0.1:-1", "the port '-1' is not one"),
        ("10.77.0.1:mqtt", "the port 'mqtt' is not one"),
        ("10.77.0.1:１８８３", "is not one"),  # noqa: RUF001 (digits that are not ASCII are the case)
        ("fd77::1:1883", r"needs brackets: write `\[fd77::1\]:1883`"),
    ],
)
def test_other_places_are_refused(listen: str, complaint: str) -> None:
    """Never every address of a host, never something that only looks like a place; before anything is started."""
    with pytest.raises(BusError, match=complaint):
        embedded.parse_listen(listen)
    with pytest.raises(BusError, match=complaint):
        embedded.serve(listen)


async def test_a_child_is_not_started_in_a_bad_place() -> None:
    """The daemon learns of a bad address before there is a process."""
    with pytest.raises(BusError, match="every address"):
        await embedded.start_child("0.0.0.0:1883")


def test_without_amqtt_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is optional: its absence says what to install."""
    real = builtins.__import__

    def without_amqtt(name: str, *rest: Any) -> Any:
        if name.startswith("amqtt"):
            raise ModuleNotFoundError("No module named 'amqtt'")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_amqtt)
    with pytest.raises(BusError, match=r"pip install 'floatip\[embedded\]'"):
        embedded.serve("127.0.0.1:1883")


def test_everything_amqtt_does_is_asked_for() -> None:
    """One listener, one way in, and none of amqtt's own defaults (every address, packet logs, $SYS)."""
    configuration = embedded._configuration(IPv6Address("fd77::1"), 1883)
    assert configuration == {
        "listeners": {"default": {"type": "tcp", "bind": "[fd77::1]:1883"}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }


@pytest.mark.parametrize("arguments", [[], ["127.0.0.1:1883"], ["127.0.0.1:1883", "--parent", "x"]])
def test_people_are_sent_to_the_command(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The child's own door is for the daemon."""
    assert embedded.main(arguments) == 2
    assert "floatip broker" in capsys.readouterr().err


def test_an_orphan_does_not_serve() -> None:
    """A child whose parent is gone before it looked ends at once."""
    command = [sys.executable, "-m", "floatip.bus.embedded", "127.0.0.1:1883", "--parent", "4194305"]  # above any pid
    assert subprocess.run(command, check=False, timeout=20).returncode == 1
