"""What the tests of the doctor share: a configuration, an interface, a folder that stands for the root of a host."""

from collections.abc import Iterable
from ipaddress import ip_address, ip_interface
from pathlib import Path
from typing import Any

from floatip.config import Config
from floatip.doctor.findings import Finding, Severity
from floatip.host.addresses import Found
from floatip.host.links import Link


def config(*, vips: list[dict[str, Any]] | None = None, **tables: Any) -> Config:
    """Return a configuration with a VIP `web` on eth0, or with these, and with these tables."""
    web = {"name": "web", "addresses": ["10.77.0.50"], "interfaces": ["eth0"]}
    raw = {"cluster": "lab", "node": "n1", "mqtt": {"brokers": ["mqtt://10.78.0.1:1883"]}, **tables}
    return Config.model_validate({**raw, "vip": [{**web, **vip} for vip in (vips or [{}])]})


def link(name: str = "eth0", *addresses: str, index: int = 2, up: bool = True) -> Link:
    """Return an interface with these addresses."""
    own = tuple(ip_interface(address) for address in addresses)
    return Link(name=name, index=index, mac="02:77:00:00:00:0b", up=up, addresses=own)


def found(address: str, *, ours: bool) -> Found:
    """Return an address that the kernel has on eth0: ours with a lifetime, or somebody else's for good."""
    return Found(
        address=ip_address(address),
        prefix=32,
        interface="eth0",
        label="eth0",
        valid_lft_s=3 if ours else None,
        proto=0,
        ours=ours,
    )


def write(root: Path, path: str, text: str) -> None:
    """Write a file below a root."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def process(root: Path, pid: int, name: str, *arguments: str, network: str = "net:[1]") -> None:
    """Have a process below a root."""
    write(root, f"proc/{pid}/comm", f"{name[:15]}\n")
    write(root, f"proc/{pid}/cmdline", "\0".join([name, *arguments, ""]))
    (root / f"proc/{pid}/ns").mkdir()
    (root / f"proc/{pid}/ns/net").symlink_to(network)


def wrong(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that are not ok."""
    return [finding for finding in findings if finding.severity is not Severity.OK]
