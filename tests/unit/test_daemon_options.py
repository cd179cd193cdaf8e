"""From the configuration to the parts that a daemon is built of: each gets what the file says."""

import asyncio
import grp
import os
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from floatip import daemon
from floatip.config import Config, parse
from floatip.core.types import BrokerName
from floatip.host.errors import HostError
from floatip.preflight import RefusalError, broker_options, refuse_rank
from tests.unit.config.samples import document
from tests.unit.ops.backend import FakeBackend

BROKER = BrokerName("10.78.0.1:1883")


def config(**more: Any) -> Config:
    """The minimal file with these keys."""
    return parse(document(**more), "f")


def test_the_password_of_the_file_goes_to_every_broker(tmp_path: Path) -> None:
    """With the user's name, and without the line's end; without either nobody is told who we are."""
    file = tmp_path / "password"
    file.write_text("hush hush\n")
    options = broker_options(config(mqtt__username="n1", mqtt__password_file=str(file)))[BROKER]
    assert (options.host, options.port, options.username, options.password) == ("10.78.0.1", 1883, "n1", "hush hush")
    options = broker_options(config())[BROKER]
    assert (options.username, options.password, options.tls) == (None, None, None)


@pytest.mark.parametrize("key", ["password_file", "ca_file", "cert_file"])
def test_a_file_for_the_brokers_that_cannot_be_used_is_refused(tmp_path: Path, key: str) -> None:
    """Each is named."""
    more: dict[str, Any] = {f"mqtt__{key}": str(tmp_path / "none")}
    more |= {"mqtt__username": "n1"} if key == "password_file" else {"mqtt__brokers": ["mqtts://10.78.0.1"]}
    more |= {"mqtt__key_file": str(tmp_path / "key")} if key == "cert_file" else {}
    with pytest.raises(RefusalError, match=key):
        broker_options(config(**more))


def test_the_log_is_as_the_file_says_and_a_refusal_is_exit_code_4(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Level and format, before anything is said; what refuses the start is one sentence."""
    asked: list[tuple[str, ...]] = []

    def setup(*how: str) -> SimpleNamespace:
        asked.append(how)
        return SimpleNamespace(close=lambda: None)

    def refuse() -> None:
        raise HostError("another daemon runs here")

    monkeypatch.setattr(daemon, "setup", setup)
    monkeypatch.setattr(daemon, "HostLock", refuse)
    assert daemon.run(config(log__level="warning", log__format="console"), Path("f")) == daemon.REFUSED == 4
    assert asked == [("warning", "console")]
    assert capsys.readouterr().err == "floatip: another daemon runs here\n"


def test_a_rank_that_programs_would_inherit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon in a real-time class must be able to leave it for what it starts; an ordinary one need not."""

    def forbidden(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("os.sched_setscheduler", forbidden)
    monkeypatch.setattr("os.sched_getscheduler", lambda _: os.SCHED_OTHER)
    refuse_rank()
    monkeypatch.setattr("os.sched_getscheduler", lambda _: os.SCHED_RR | os.SCHED_RESET_ON_FORK)
    with pytest.raises(RefusalError, match="SystemCallFilter=sched_setscheduler"):
        refuse_rank()


@pytest.fixture
def owned(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Give the list of who was given which file."""
    given: list[tuple[str, int]] = []
    monkeypatch.setattr("os.chown", lambda path, _uid, gid: given.append((str(path), gid)))
    return given


async def test_the_socket_is_where_the_file_says_and_its_groups(tmp_path: Path, owned: list[tuple[str, int]]) -> None:
    """Path and group, whichever of this host's it is."""
    group = next(group for group in grp.getgrall() if group.gr_gid != 0)
    path = tmp_path / "operators" / "s"
    told = config(control={"socket": str(path), "group": group.gr_name})
    served = daemon._control(told, FakeBackend())  # type: ignore[arg-type]  # a backend is all it needs
    assert await served.start() == []
    assert path.is_socket()
    assert [gid for _, gid in owned] == [group.gr_gid]
    await served.close()


async def test_the_state_is_kept_where_the_file_says(tmp_path: Path) -> None:
    """The new incarnation is there before the daemon speaks."""
    told = config(state_dir=str(tmp_path / "state"))
    async with AsyncExitStack() as stack:
        daemon._mind(told, told.node_spec("1"), stack)
        await until(lambda: any((tmp_path / "state").iterdir()))


async def until(true: Callable[[], bool]) -> None:
    """Wait until it is true; fail if it never is."""
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 (files are no events)
            await asyncio.sleep(0.005)
