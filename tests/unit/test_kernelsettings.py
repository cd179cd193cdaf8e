"""The sysctls of one daemon: set at the start and at a reload, kept, and put back as the configuration says."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from floatip.config import Config, parse
from floatip.host.sysctls import SysctlError, Sysctls
from floatip.kernelsettings import KernelSettings
from tests.unit.config.samples import document, vip

Values = dict[str, int]
NAMES = ("arp_announce", "arp_filter", "arp_ignore", "promote_secondaries", "ignore_routes_with_linkdown")
SET = {"arp_announce": 2, "arp_filter": 1, "arp_ignore": 1, "promote_secondaries": 0, "ignore_routes_with_linkdown": 0}
UNTOUCHED = dict.fromkeys(NAMES, 0)


def config(*interfaces: str, **more: Any) -> Config:
    """Make a configuration with a VIP on each of these interfaces, and one on eth0."""
    vips = [vip(f"v{number}", f"10.77.1.{number}", interfaces=[name]) for number, name in enumerate(interfaces, 1)]
    raw = document(**({"sysctl": {"restore_on_exit": True}} | more))
    raw["vip"] += vips
    return parse(raw, "f.toml")


class Proc:
    """A folder that stands for /proc/sys."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for interface in ("all", "eth0", "eth1"):
            for name in NAMES:
                self.set(interface, name, 0)

    def set(self, interface: str, name: str, value: int) -> None:
        """Write a setting."""
        path = self.root / "net/ipv4/conf" / interface / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{value}\n")

    def of(self, interface: str) -> Values:
        """Read all settings of an interface."""
        return {name: int((self.root / "net/ipv4/conf" / interface / name).read_text()) for name in NAMES}


@pytest.fixture
def proc(tmp_path: Path) -> Proc:
    """Give a kernel with two interfaces."""
    return Proc(tmp_path)


@pytest.fixture
def settings(proc: Proc) -> Iterator[Callable[[], KernelSettings]]:
    """Give a function that makes the settings of a daemon; what they log is not shown."""
    with capture_logs():
        yield lambda: KernelSettings(Sysctls(proc.root))


def test_what_a_new_configuration_needs_is_set_too(proc: Proc, settings: Callable[[], KernelSettings]) -> None:
    """On interfaces that are new; the others are as they must be already. At the end all of it is put back."""
    one = settings()
    one.apply(config())
    assert (proc.of("eth0"), proc.of("eth1")) == (SET, UNTOUCHED)
    one.apply(config("eth1"))
    assert (proc.of("eth0"), proc.of("eth1")) == (SET, SET)
    one.apply(config())
    one.restore()
    assert (proc.of("eth0"), proc.of("eth1")) == (UNTOUCHED, UNTOUCHED)


def test_what_cannot_be_set_is_refused_and_nothing_is_half_done(
    proc: Proc, settings: Callable[[], KernelSettings]
) -> None:
    """What was set on the way is put back; the daemon sees to what it saw to before."""
    one = settings()
    one.apply(config())
    proc.set("all", "arp_ignore", 8)
    with pytest.raises(SysctlError, match=r"net\.ipv4\.conf\.all\.arp_ignore is 8, must be 1"):
        one.apply(config("eth1"))
    assert proc.of("eth1") == UNTOUCHED
    proc.set("all", "arp_ignore", 0)
    proc.set("eth0", "arp_filter", 0)
    one.look_again()
    assert (proc.of("eth0"), proc.of("eth1")) == (SET, UNTOUCHED)
    one.restore()
    assert proc.of("eth0") == UNTOUCHED


def test_each_one_that_is_set_is_told_with_its_reason(proc: Proc) -> None:
    """And each that something set otherwise meanwhile; what cannot be set again is a warning."""
    with capture_logs() as told:
        one = KernelSettings(Sysctls(proc.root))
        one.apply(config())
        assert {line["key"]: (line["found"], line["wanted"]) for line in told} == {
            f"net.ipv4.conf.eth0.{name}": (0, value) for name, value in SET.items() if value
        }
        assert all(line["reason"] for line in told)
        told.clear()
        one.look_again()
        assert told == []
        proc.set("eth0", "arp_filter", 0)
        one.look_again("eth1")
        assert told == []
        one.look_again("eth0")
        assert [(line["log_level"], line["key"]) for line in told] == [("warning", "net.ipv4.conf.eth0.arp_filter")]
        told.clear()
        proc.set("all", "arp_ignore", 8)
        one.look_again()
        assert ["kernel settings are not as they must be" in line["event"] for line in told] == [True]


def test_nothing_is_set_where_the_configuration_says_so(proc: Proc, settings: Callable[[], KernelSettings]) -> None:
    """From the next reload on nobody looks after it; what was set before is put back at the end all the same."""
    one = settings()
    one.apply(config(sysctl={"enforce": False, "restore_on_exit": True}))
    assert proc.of("eth0") == UNTOUCHED
    one.apply(config())
    one.apply(config(sysctl={"enforce": False, "restore_on_exit": True}))
    proc.set("eth0", "arp_filter", 0)
    one.look_again()
    assert proc.of("eth0") == SET | {"arp_filter": 0}
    one.restore()
    assert proc.of("eth0") == UNTOUCHED


def test_all_is_set_too_where_the_configuration_says_so(proc: Proc, settings: Callable[[], KernelSettings]) -> None:
    """And put back like the rest."""
    one = settings()
    one.apply(config())
    assert proc.of("all") == UNTOUCHED
    one.apply(config(sysctl={"all": True, "restore_on_exit": True}))
    assert proc.of("all") == SET
    one.restore()
    assert proc.of("all") == UNTOUCHED


def test_what_the_last_configuration_says_decides_what_is_put_back(
    proc: Proc, settings: Callable[[], KernelSettings]
) -> None:
    """Whatever the one before said."""
    one = settings()
    one.apply(config())
    one.apply(config(sysctl={"restore_on_exit": False}))
    one.restore()
    assert proc.of("eth0") == SET
