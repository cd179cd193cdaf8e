"""The whole look: nothing that hangs or fails in one area costs another."""

import sys
import time
from collections.abc import Iterator

import pytest

from floatip.doctor import boot, brokers, examine, host, interfaces, kernel, managers
from floatip.doctor.findings import Area, Finding, Severity
from floatip.host.errors import NetlinkError
from tests.unit.doctor.scene import config, wrong

FINE = Finding(area=Area.HOST, subject="x", severity=Severity.OK, text="fine")


async def _no_brokers(*_: object) -> list[Finding]:
    return [FINE]


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every look find nothing wrong, without looking."""
    for module in (boot, host, interfaces, kernel, managers):
        monkeypatch.setattr(module, "check", lambda *_: [FINE])
    monkeypatch.setattr(brokers, "check", _no_brokers)


def test_all_looks_are_in_the_report() -> None:
    """Five at this host, one at the brokers."""
    report = examine(config())
    assert (report.cluster, report.node, len(report.findings)) == ("lab", "n1", 6)
    assert not report.needs_attention


def test_a_look_that_hangs_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for it, and the others are told."""
    monkeypatch.setattr(sys.modules["floatip.doctor.examine"], "HOST_S", 0.1)  # the package's own name is the function
    monkeypatch.setattr(kernel, "check", lambda *_: time.sleep(2))
    began_s = time.monotonic()
    (finding,) = wrong(examine(config()).findings)
    assert time.monotonic() - began_s < 1.5
    assert (finding.area, finding.severity) == (Area.KERNEL, Severity.PROBLEM)
    assert "could not be looked at within 0.1 s" in finding.text


def test_a_kernel_that_does_not_tell_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the words of the room that asked it."""

    def refuse(*_: object) -> Iterator[Finding]:
        raise NetlinkError("no answer")

    monkeypatch.setattr(interfaces, "check", refuse)
    (finding,) = wrong(examine(config()).findings)
    assert (finding.area, finding.text) == (Area.INTERFACES, "cannot be looked at: no answer")


def test_a_mistake_of_our_own_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes out as what it is."""
    monkeypatch.setattr(boot, "check", lambda *_: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        examine(config())


def test_a_password_file_that_cannot_be_read_is_a_finding() -> None:
    """The daemon would not start with it."""
    mqtt = {"brokers": ["mqtt://10.78.0.1:1883"], "username": "n1", "password_file": "/nowhere/password"}
    (finding,) = wrong(examine(config(mqtt=mqtt)).findings)
    assert (finding.area, finding.subject) == (Area.BROKERS, "mqtt")
    assert "/nowhere/password cannot be read" in finding.text
