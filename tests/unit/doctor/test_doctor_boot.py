"""VIPs in boot files."""

from dataclasses import dataclass
from ipaddress import ip_interface

from floatip.doctor.boot import check
from floatip.doctor.findings import Severity
from floatip.host.bootentry import BootEntry
from tests.unit.doctor.scene import config, wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What was read."""

    entries: tuple[BootEntry, ...] = ()
    warnings: tuple[str, ...] = ()


def entry(address: str) -> BootEntry:
    """Return an address in a file."""
    return BootEntry(
        manager="ifupdown",
        file="/etc/network/interfaces",
        line=7,
        address=ip_interface(address),
        interface="eth0",
        text=f"address {address}",
        remedy="delete line 7",
    )


def test_no_vip_in_any_file() -> None:
    """Other addresses are nobody's business here."""
    (finding,) = check(config(), Read(entries=(entry("10.77.0.11/16"),)))
    assert finding.severity is Severity.OK


def test_a_vip_in_a_file() -> None:
    """File, line and remedy are told, whatever the prefix."""
    (finding,) = check(config(), Read(entries=(entry("10.77.0.50/16"), entry("10.77.0.11/16"))))
    assert (finding.subject, finding.severity, finding.remedy) == ("10.77.0.50", Severity.PROBLEM, "delete line 7")
    assert "/etc/network/interfaces:7 (ifupdown) is VIP web" in finding.text


def test_a_file_that_could_not_be_read() -> None:
    """What is not known is a warning."""
    (finding,) = wrong(check(config(), Read(warnings=("/etc/x could not be read",))))
    assert (finding.severity, finding.text) == (Severity.WARNING, "/etc/x could not be read")
