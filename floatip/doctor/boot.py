"""VIPs that a reboot would bring back for good. Knows: what boot files say. Never: reads them."""

from collections.abc import Iterator
from functools import partial
from typing import Protocol

from floatip.config import Config
from floatip.doctor.findings import Area, Finding, Severity
from floatip.host.bootentry import BootEntry

_finding = partial(Finding, area=Area.BOOT)


class Read(Protocol):
    """What was found in boot files, and one sentence for each that could not be read or understood."""

    @property
    def entries(self) -> tuple[BootEntry, ...]:
        """Each address, with its place and the remedy."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is not known."""


def check(config: Config, read: Read) -> Iterator[Finding]:
    """Name each boot file that has a VIP, and each that could not be looked into."""
    vips = {placed.address: vip.name for vip in config.vips for placed in vip.addresses}
    clashes = [entry for entry in read.entries if entry.address.ip in vips]
    for entry in clashes:
        yield _finding(
            subject=str(entry.address.ip),
            severity=Severity.PROBLEM,
            text=f"{entry} is VIP {vips[entry.address.ip]}: after a reboot this host has it for good, and the daemon "
            "does not start",
            remedy=entry.remedy,
        )
    for warning in read.warnings:
        yield _finding(subject="boot files", severity=Severity.WARNING, text=warning)
    if not clashes:
        yield _finding(subject="VIPs", severity=Severity.OK, text="no boot file names one")
