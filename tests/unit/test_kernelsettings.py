"""The sysctls of one daemon: what a reload that fails leaves behind."""

from pathlib import Path

import pytest

from floatip.config.reading import parse
from floatip.host.sysctls import Row, SysctlError, Sysctls
from floatip.kernelsettings import KernelSettings

IPV4 = "net/ipv4/conf/eth0"
KEYS = ("arp_announce", "arp_filter", "arp_ignore")


class Guarded(Sysctls):
    """A kernel that lets one setting be, as a container's does."""

    def _write(self, row: Row, value: int) -> None:
        if row.rule.name == "arp_ignore":
            raise PermissionError(1, "Operation not permitted")
        super()._write(row, value)


def test_settings_that_cannot_all_be_made_are_taken_back(tmp_path: Path) -> None:
    """Whoever is told that nothing is changed can rely on it."""
    for key in KEYS:
        path = tmp_path / IPV4 / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("0\n")
    settings = KernelSettings()
    settings._table = Guarded(tmp_path)
    vip = {"name": "web", "addresses": ["10.77.0.50"], "interfaces": ["eth0"]}
    config = parse({"cluster": "c", "node": "n1", "mqtt": {"brokers": ["mqtt://b"]}, "vip": [vip]}, "test")
    with pytest.raises(SysctlError):
        settings.apply(config)
    assert (tmp_path / IPV4 / "arp_announce").read_text() == "0\n"
