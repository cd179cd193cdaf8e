"""The sysctl table against a folder that stands for /proc/sys."""

import errno
from pathlib import Path

import pytest

from floatip.host.sysctls import ALL, SysctlError, Sysctls

GOOD = {"arp_announce": 2, "arp_filter": 1, "arp_ignore": 1}


class FakeProc:
    """A /proc/sys with the interfaces it is given, everything 0."""

    def __init__(self, root: Path, *interfaces: str, ipv6: bool = True) -> None:
        self.root = root
        v4 = (*GOOD, "promote_secondaries", "ignore_routes_with_linkdown")
        for interface in (ALL, *interfaces):
            for name in v4:
                self.set("ipv4", interface, name, 0)
            if ipv6:
                self.set("ipv6", interface, "ndisc_notify", 0)

    def path(self, family: str, interface: str, name: str) -> Path:
        """Where a setting is."""
        return self.root / "net" / family / "conf" / interface / name

    def set(self, family: str, interface: str, name: str, value: int) -> None:
        """Write a setting."""
        path = self.path(family, interface, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{value}\n")

    def get(self, interface: str, name: str, family: str = "ipv4") -> int:
        """Read a setting."""
        return int(self.path(family, interface, name).read_text())


def test_enforce_sets_what_is_wrong_and_says_what_it_was(tmp_path: Path) -> None:
    """Each setting gets its value on the interface, and `all` stays as it is."""
    proc = FakeProc(tmp_path, "eth0")
    sysctls = Sysctls(tmp_path)
    changes = sysctls.enforce(sysctls.wanted(["eth0"]))
    assert [(it.key, it.before, it.after) for it in changes] == [
        ("net.ipv4.conf.eth0.arp_announce", 0, 2),
        ("net.ipv4.conf.eth0.arp_filter", 0, 1),
        ("net.ipv4.conf.eth0.arp_ignore", 0, 1),
        ("net.ipv6.conf.eth0.ndisc_notify", 0, 1),
    ]
    assert {name: proc.get("eth0", name) for name in GOOD} == GOOD
    assert {name: proc.get(ALL, name) for name in GOOD} == dict.fromkeys(GOOD, 0)
    assert proc.get("eth0", "promote_secondaries") == 0
    assert sysctls.enforce(sysctls.wanted(["eth0"])) == []


def test_value_of_all_counts_as_the_interfaces_own(tmp_path: Path) -> None:
    """The kernel takes the greater of the two, so a good `all` needs no change below it."""
    proc = FakeProc(tmp_path, "eth0")
    for name, value in GOOD.items():
        proc.set("ipv4", ALL, name, value)
    sysctls = Sysctls(tmp_path)
    changes = sysctls.enforce(sysctls.wanted(["eth0"]))
    assert [it.key for it in changes] == ["net.ipv6.conf.eth0.ndisc_notify"]


@pytest.mark.parametrize("interface", ["eth0", ALL])
def test_stricter_arp_ignore_is_left_alone(tmp_path: Path, interface: str) -> None:
    """A 2 also answers only where the address is, so it stays."""
    proc = FakeProc(tmp_path, "eth0")
    proc.set("ipv4", interface, "arp_ignore", 2)
    sysctls = Sysctls(tmp_path)
    sysctls.enforce(sysctls.wanted(["eth0"]))
    assert proc.get(interface, "arp_ignore") == 2


@pytest.mark.parametrize("value", [3, 8])
def test_arp_ignore_that_breaks_answering_is_refused_on_all_by_name(tmp_path: Path, value: int) -> None:
    """What `all` forces on the interface cannot be mended below it: name `all`, and what to set."""
    proc = FakeProc(tmp_path, "eth0", "eth1")
    proc.set("ipv4", ALL, "arp_ignore", value)
    sysctls = Sysctls(tmp_path)
    rows = sysctls.wanted(["eth0", "eth1"])
    with pytest.raises(SysctlError) as caught:
        sysctls.enforce(rows)
    assert [it.row.key for it in caught.value.problems] == ["net.ipv4.conf.all.arp_ignore"]
    assert f"net.ipv4.conf.all.arp_ignore is {value}, must be 1" in str(caught.value)
    assert "sysctl -w net.ipv4.conf.all.arp_ignore=1" in str(caught.value)
    assert proc.get(ALL, "arp_ignore") == value
    sysctls.restore(caught.value.changes)
    assert proc.get("eth0", "arp_announce") == 0


def test_arp_ignore_that_breaks_answering_is_set_on_the_interface(tmp_path: Path) -> None:
    """An 8 on the interface itself is ours to mend."""
    proc = FakeProc(tmp_path, "eth0")
    proc.set("ipv4", "eth0", "arp_ignore", 8)
    sysctls = Sysctls(tmp_path)
    sysctls.enforce(sysctls.wanted(["eth0"]))
    assert proc.get("eth0", "arp_ignore") == 1


def test_all_too_sets_all_as_well(tmp_path: Path) -> None:
    """With `all_too` the same values go to `all`, and what was too high there is mended."""
    proc = FakeProc(tmp_path, "eth0")
    proc.set("ipv4", ALL, "arp_ignore", 8)
    sysctls = Sysctls(tmp_path)
    sysctls.enforce(sysctls.wanted(["eth0"], all_too=True))
    assert {name: proc.get(ALL, name) for name in GOOD} == GOOD
    assert sysctls.check(sysctls.wanted(["eth0"], all_too=True)) == []


def test_promote_secondaries_only_with_prefixes_other_than_host(tmp_path: Path) -> None:
    """A /32 has no secondaries."""
    proc = FakeProc(tmp_path, "eth0")
    sysctls = Sysctls(tmp_path)
    sysctls.enforce(sysctls.wanted(["eth0"], prefixes_other_than_host=True))
    assert proc.get("eth0", "promote_secondaries") == 1


def test_linkdown_routes_are_ignored_only_where_a_vip_may_move(tmp_path: Path) -> None:
    """Interfaces that share a VIP must not route through a dead link."""
    proc = FakeProc(tmp_path, "eth0", "eth1", "eth2")
    sysctls = Sysctls(tmp_path)
    sysctls.enforce(sysctls.wanted(["eth0", "eth1", "eth2"], failover_interfaces=["eth0", "eth1"]))
    assert [proc.get(it, "ignore_routes_with_linkdown") for it in ("eth0", "eth1", "eth2")] == [1, 1, 0]


def test_dot_in_an_interface_name_is_a_slash_in_the_key(tmp_path: Path) -> None:
    """`sysctl -w` would take "eth0.100" for two levels."""
    proc = FakeProc(tmp_path, "eth0.100")
    sysctls = Sysctls(tmp_path)
    rows = sysctls.wanted(["eth0.100"])
    assert "net.ipv4.conf.eth0/100.arp_filter" in {it.row.key for it in sysctls.check(rows)}
    sysctls.enforce(rows)
    assert proc.get("eth0.100", "arp_filter") == 1


def test_check_lists_everything_and_changes_nothing(tmp_path: Path) -> None:
    """A check reads."""
    proc = FakeProc(tmp_path, "eth0")
    sysctls = Sysctls(tmp_path)
    problems = sysctls.check(sysctls.wanted(["eth0"]))
    assert [it.row.rule.name for it in problems] == ["arp_announce", "arp_filter", "arp_ignore", "ndisc_notify"]
    assert [it.found for it in problems] == [0, 0, 0, 0]
    assert proc.get("eth0", "arp_filter") == 0


def test_restore_puts_back_what_nobody_else_has_changed(tmp_path: Path) -> None:
    """The old values come back, except where an operator has set another meanwhile."""
    proc = FakeProc(tmp_path, "eth0")
    proc.set("ipv4", "eth0", "arp_announce", 1)
    sysctls = Sysctls(tmp_path)
    changes = sysctls.enforce(sysctls.wanted(["eth0"]))
    proc.set("ipv4", "eth0", "arp_ignore", 2)
    undone = sysctls.restore(changes)
    assert len(undone) == 3
    assert [proc.get("eth0", name) for name in GOOD] == [1, 0, 2]


def test_interface_that_is_not_there_has_nothing_to_set(tmp_path: Path) -> None:
    """A missing interface, or one without IPv6, is no problem of sysctls."""
    FakeProc(tmp_path, "eth0", ipv6=False)
    sysctls = Sysctls(tmp_path)
    rows = sysctls.wanted(["eth0", "eth9"])
    assert {it.row.interface for it in sysctls.enforce(rows)} == {"eth0"}
    assert sysctls.check(rows) == []


def test_every_refused_setting_is_named_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One message has all keys, each with what was found, what is wanted, why, and the command."""
    FakeProc(tmp_path, "eth0")
    write = Path.write_text

    def refuse(path: Path, text: str, encoding: str) -> int:
        if path.name in {"arp_announce", "arp_filter"}:
            raise PermissionError(errno.EACCES, "Permission denied")
        return write(path, text, encoding=encoding)

    monkeypatch.setattr(Path, "write_text", refuse)
    sysctls = Sysctls(tmp_path)
    with pytest.raises(SysctlError) as caught:
        sysctls.enforce(sysctls.wanted(["eth0"]))
    message = str(caught.value)
    for key, wanted in [("arp_announce", 2), ("arp_filter", 1)]:
        assert f"net.ipv4.conf.eth0.{key} is 0, must be {wanted} (Permission denied): " in message
        assert f"`sysctl -w net.ipv4.conf.eth0.{key}={wanted}`" in message
    assert [it.key for it in caught.value.changes] == [
        "net.ipv4.conf.eth0.arp_ignore",
        "net.ipv6.conf.eth0.ndisc_notify",
    ]
