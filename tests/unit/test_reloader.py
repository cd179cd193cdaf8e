"""From one configuration to another in service: all of the new one or nothing, and what is said of it."""

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from floatip import __version__
from floatip.bus.signing import Keys
from floatip.config import Config, load
from floatip.host.errors import HostError
from floatip.ops.errors import BadRequest, Refused
from floatip.preflight import RefusalError, refuse_foreign
from floatip.reload import RESTART
from tests.unit.reload_scene import FILE, MAIL, Scene, found, with_


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """Make one; what it logs is not shown."""
    with capture_logs():
        yield Scene(tmp_path, monkeypatch)


# -- what changes


async def test_everybody_goes_by_the_new_file(scene: Scene, tmp_path: Path) -> None:
    """The engine last: the hands are ready for what it will ask of them."""
    key = tmp_path / "key"
    key.write_text("x" * 44)
    key.chmod(0o600)
    more = f'[security]\nkeys = ["{key}"]\n[garp]\nrate = 50\n[log]\nlevel = "debug"\n'
    alias = '[[alias]]\naddress = "10.77.0.99"\npurpose = "printer"\n'
    changes = await scene.reloads(FILE + MAIL + more + alias)
    assert set(changes) == {
        "vip mail is new",
        "[security] has changed",
        "[garp] has changed",
        "[log] has changed",
        "alias 10.77.0.99 is new",
    }
    assert [name for name, _ in scene.hands.told] == ["sysctls", "keys", "rate", "documented", "services", "engine"]
    told = dict(scene.hands.told)
    assert (told["keys"], told["rate"], told["engine"]) == (1, 50, ["web", "mail"])
    assert told["services"] == load(scene.path)
    assert list(map(str, told["documented"])) == ["10.77.0.99"]
    assert scene.levels == ["debug"]
    assert scene.posted[0].spec == load(scene.path).node_spec(__version__)


async def test_each_reload_is_told_as_the_difference_to_the_one_before(scene: Scene) -> None:
    """To what was believed until then, not to what the daemon began with."""
    other = with_(FILE, '["10.77.0.50"]', '["10.77.0.60"]\npriority = 7')
    assert await scene.reloads(FILE + MAIL) == ("vip mail is new",)
    assert await scene.reloads(FILE + MAIL) == ()
    assert await scene.reloads(other + MAIL) == ("vip web: addresses, priority",)
    assert await scene.reloads(FILE) == ("vip web: addresses, priority", "vip mail is gone")
    assert [[vip.name for vip in one.spec.vips] for one in scene.posted] == [
        ["web", "mail"],
        ["web", "mail"],
        ["web", "mail"],
        ["web"],
    ]


async def test_warnings_about_the_new_file_are_logged(scene: Scene) -> None:
    """As at the start."""
    with capture_logs() as told:
        await scene.reloads(FILE + 'no_quorum_policy = "lan"\n')
    assert [line for line in told if line["log_level"] == "warning"]


# -- what is refused

CANNOT = {
    ("cluster",): ('cluster = "web"', 'cluster = "db"'),
    ("node",): ('node = "n1"', 'node = "n2"'),
    ("state_dir",): ('node = "n1"', 'node = "n1"\nstate_dir = "/var/lib/other"'),
    ("mqtt",): (":1883", ":1884"),
    ("timing", "heartbeat"): ("[mqtt]", '[timing]\nheartbeat = "100ms"\n[mqtt]'),
    ("timing", "lease"): ("[mqtt]", '[timing]\nlease = "2s"\n[mqtt]'),
    ("timing", "kernel_lifetime"): ("[mqtt]", '[timing]\nkernel_lifetime = "5s"\n[mqtt]'),
    ("log", "format"): ("[mqtt]", '[log]\nformat = "json"\n[mqtt]'),
    ("control",): ("[mqtt]", '[control]\nsocket = "/run/other.sock"\n[mqtt]'),
    ("http",): ("[mqtt]", '[http]\nlisten = "127.0.0.1:9999"\n[mqtt]'),
}


def test_it_is_known_of_everything_that_cannot_change_how_it_would_be_changed() -> None:
    """Each has a case below."""
    assert set(CANNOT) == set(RESTART)


@pytest.mark.parametrize("path", RESTART, ids=".".join)
async def test_what_cannot_change_in_service_is_named_with_the_remedy(scene: Scene, path: tuple[str, ...]) -> None:
    """And what else the file changes is not done either."""
    error = await scene.refuses(with_(FILE + MAIL, *CANNOT[path]))
    assert isinstance(error, Refused)
    key = ".".join(path)
    assert error.text == f"{key} cannot change in service, so nothing is changed; restart this daemon instead"
    assert await scene.reloads(FILE) == ()


async def test_all_of_what_cannot_change_is_named_at_once(scene: Scene) -> None:
    """So that one restart is enough."""
    error = await scene.refuses(with_(with_(FILE, '"n1"', '"n2"'), '"web"\nnode', '"db"\nnode'))
    assert error.text.startswith("cluster, node cannot change in service")


async def test_a_file_that_is_wrong_is_told_with_all_that_is_wrong(scene: Scene) -> None:
    """As `floatip check` tells it."""
    error = await scene.refuses(with_(FILE, '["10.77.0.50"]', '["10.77.0.500"]\npriority = 1000'))
    assert isinstance(error, BadRequest)
    first, *lines = error.text.splitlines()
    assert first == "the configuration is not changed:"
    assert len(lines) == 2
    assert all(str(scene.path) in line for line in lines)


async def test_a_file_that_cannot_be_read_is_told_so(scene: Scene) -> None:
    """It is missing, or no file at all, or a pipe that would be waited for; the next one is read as ever."""
    scene.path.unlink()
    with pytest.raises(BadRequest, match="there is no such file"):
        await scene.reloader.reload()
    scene.path.mkdir()
    with pytest.raises(BadRequest, match="is no regular file"):
        await scene.reloader.reload()
    scene.path.rmdir()
    os.mkfifo(scene.path)
    with pytest.raises(BadRequest, match="is no regular file"):
        await scene.reloader.reload()
    scene.path.unlink()
    assert await scene.reloads(FILE + MAIL) == ("vip mail is new",)


async def test_a_key_that_cannot_be_read_is_refused(scene: Scene) -> None:
    """Before anything is done."""
    error = await scene.refuses(FILE + '[security]\nkeys = ["/nonexistent/key"]\n')
    assert isinstance(error, Refused)
    assert error.text.startswith("nothing is changed: ")
    assert "/nonexistent/key" in error.text


async def test_an_interface_that_is_not_here_is_refused(scene: Scene) -> None:
    """With those that are."""
    error = await scene.refuses(FILE + with_(MAIL, "eth0", "eth7"))
    assert error.text.startswith("nothing is changed: interface eth7: not on this host (here are eth0, eth1)")
    assert await scene.reloads(FILE + with_(MAIL, "eth0", "eth1")) == ("vip mail is new",)


async def test_what_the_kernel_refuses_is_refused(scene: Scene) -> None:
    """It does not tell its addresses, or takes no settings."""
    scene.hands.present = HostError("no netlink")
    assert (await scene.refuses(FILE + MAIL)).text == "nothing is changed: no netlink"
    scene.hands.present = []
    scene.hands.settings_error = HostError("read-only")
    assert (await scene.refuses(FILE + MAIL)).text == "nothing is changed: read-only"
    scene.hands.settings_error = None
    assert await scene.reloads(FILE + MAIL) == ("vip mail is new",)


async def test_an_address_of_a_new_vip_that_is_somebody_elses_is_refused(scene: Scene) -> None:
    """It is there for good; those that are managed already are not looked at, nor is what floatip left."""
    scene.hands.present = [found("10.77.0.50"), found("10.77.0.51")]
    error = await scene.refuses(FILE + MAIL)
    assert error.text.startswith("nothing is changed: 10.77.0.51")
    assert "`ip address delete 10.77.0.51/24 dev eth1`" in error.text
    assert "10.77.0.50" not in error.text
    scene.hands.present = [found("10.77.0.50"), found("10.77.0.51", ours=True)]
    assert await scene.reloads(FILE + MAIL) == ("vip mail is new",)


# -- one at a time


async def test_one_reload_waits_for_the_other(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second reads the file when the first is done, and tells the difference to it."""
    reading = asyncio.Event()
    go_on = asyncio.Event()

    async def to_thread(read: Callable[[], tuple[Config, Keys]]) -> tuple[Config, Keys]:
        read_now = read()
        reading.set()
        await go_on.wait()
        return read_now

    monkeypatch.setattr(asyncio, "to_thread", to_thread)
    scene.write(FILE + MAIL)
    first = asyncio.create_task(scene.reloader.reload(), name="first")
    await reading.wait()
    reading.clear()
    scene.write(FILE)
    second = asyncio.create_task(scene.reloader.reload(), name="second")
    await asyncio.sleep(0.01)
    assert not reading.is_set()
    go_on.set()
    assert await first == ("vip mail is new",)
    assert await second == ("vip mail is gone",)


# -- the guard by itself


def test_nothing_is_asked_of_the_kernel_if_no_address_is_new(scene: Scene) -> None:
    """A node without a kernel to ask goes on."""
    scene.hands.present = HostError("no netlink")
    config = load(scene.path)
    refuse_foreign(scene.hands.all.kernel, config, besides={placed.address for placed in config.vips[0].addresses})
    with pytest.raises(HostError):
        refuse_foreign(scene.hands.all.kernel, config, besides=())
    scene.hands.present = [found("10.77.0.50")]
    with pytest.raises(RefusalError, match=r"10\.77\.0\.50.*already there"):
        refuse_foreign(scene.hands.all.kernel, config, besides=())
