"""Who else on this host works on addresses. Knows: where network managers and other VIP daemons say what they manage.

Never: asks them anything, and never judges an address that is no VIP of ours.
"""

import configparser
import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import partial
from ipaddress import ip_address
from pathlib import Path

from floatip.config import Config
from floatip.core.types import Address
from floatip.doctor.findings import Area, Finding, Severity
from floatip.doctor.processes import Running
from floatip.host.links import Link

OTHER_VIP_DAEMONS: Mapping[str, tuple[str, ...]] = {
    "keepalived": ("etc/keepalived/keepalived.conf",),
    "ucarp": ("etc/network/interfaces",),
    "vip-manager": ("etc/default/vip-manager.yml", "etc/default/vip-manager_default.yml"),
}
"""Programs that hold floating addresses too, and the files that name these; beside them, their arguments count."""

_ADDRESS = re.compile(r"(?<![\w.:])[0-9a-fA-F][0-9a-fA-F.:]+(?![\w:])")
_UNMANAGED = {"unmanaged", "pending", "initialized", "linger", ""}
"""Words of networkd for a link that it leaves alone, or has not looked at."""
_NEVER_DROPS = {"yes", "true", "1", "on"}

_finding = partial(Finding, area=Area.HOST)


def check(
    config: Config, processes: Sequence[Running], links: Mapping[str, Link], root: Path = Path("/")
) -> Iterator[Finding]:
    """Look for network managers that manage a VIP's interface, and for other daemons that hold our VIPs."""
    ours = [links[name] for name in config.interfaces if name in links]
    findings = [*_network_managers(processes, ours, root), *_vip_daemons(config, processes, root)]
    if not findings:
        findings = [
            _finding(subject="others", severity=Severity.OK, text="nobody else works on these VIPs or interfaces")
        ]
    yield from findings


def _network_managers(processes: Sequence[Running], ours: Sequence[Link], root: Path) -> Iterator[Finding]:
    def runs(program: str) -> bool:
        return any(process.is_program(program) for process in processes)

    if runs("systemd-networkd"):
        for link in ours:
            yield from _networkd(link, root)
    if runs("NetworkManager"):
        for link in ours:
            yield from _network_manager(link, root)
    if runs("dhcpcd"):
        for link in ours:
            yield from _dhcpcd(link, root)


def _networkd(link: Link, root: Path) -> Iterator[Finding]:
    """Systemd-networkd says in /run what it manages, and by which file; that file says whether it drops addresses."""
    state = dict(line.partition("=")[::2] for line in _lines(root / f"run/systemd/netif/links/{link.index}"))
    if state.get("ADMIN_STATE", "") in _UNMANAGED:
        return
    file = state.get("NETWORK_FILE", "")
    if _keeps(root, file):
        return
    name = file.rpartition("/")[2] or "NAME.network"
    yield _finding(
        subject=link.name,
        severity=Severity.WARNING,
        text=f"systemd-networkd manages it ({file or 'no file told'}) and drops addresses that it did not add when it "
        "configures the link again; floatip puts them back within a second",
        remedy=f"write `[Network]` and `KeepConfiguration=yes` to /etc/systemd/network/{name}.d/floatip.conf, then "
        "`networkctl reload`",
    )


def _keeps(root: Path, file: str) -> bool:
    """Whether the file, or a drop-in of it, has networkd keep what it did not add; the last word counts."""
    name = file.rpartition("/")[2]
    dropins = {
        path.name: path
        for folder in ("usr/lib", "run", "etc")
        for path in (root / folder / "systemd/network" / f"{name}.d").glob("*.conf")
    }
    answer = ""
    for path in [root / file.lstrip("/"), *(dropins[name] for name in sorted(dropins))] if name else []:
        for line in _lines(path):
            key, equals, value = line.partition("=")
            if equals and key.strip() == "KeepConfiguration":
                answer = value.strip().lower()
    return answer in _NEVER_DROPS


def _network_manager(link: Link, root: Path) -> Iterator[Finding]:
    state = configparser.ConfigParser(strict=False, interpolation=None)
    try:
        state.read_string("\n".join(_lines(root / f"run/NetworkManager/devices/{link.index}")))
    except configparser.Error:
        return
    if state.get("device", "managed", fallback="") != "true":
        return
    yield _finding(
        subject=link.name,
        severity=Severity.WARNING,
        text="NetworkManager manages it and drops addresses that it did not add when its connection is activated "
        "again; floatip puts them back within a second",
        remedy=f"do not run `nmcli device reapply {link.name}` or `nmcli connection up` while VIPs are here, or have "
        f"the interface set up by something else and `nmcli device set {link.name} managed no`",
    )


def _dhcpcd(link: Link, root: Path) -> Iterator[Finding]:
    """It manages every interface, but for what its file allows and denies."""
    words = [line.split() for line in _lines(root / "etc/dhcpcd.conf")]
    allowed = [pattern for line in words if line[:1] == ["allowinterfaces"] for pattern in line[1:]]
    denied = [pattern for line in words if line[:1] == ["denyinterfaces"] for pattern in line[1:]]
    if (allowed and not _matches(link.name, allowed)) or _matches(link.name, denied):
        return
    yield _finding(
        subject=link.name,
        severity=Severity.WARNING,
        text="dhcpcd manages it and may flush its addresses when it starts or loses its lease; floatip puts VIPs back "
        "within a second",
        remedy=f"give the interface a static address by other means and write `denyinterfaces {link.name}` to "
        "/etc/dhcpcd.conf",
    )


def _vip_daemons(config: Config, processes: Sequence[Running], root: Path) -> Iterator[Finding]:
    vips = {placed.address: vip.name for vip in config.vips for placed in vip.addresses}
    for program, files in OTHER_VIP_DAEMONS.items():
        of_it = [process for process in processes if process.is_program(program)]
        named = {argument: f"process {it.pid}" for it in of_it for argument in it.arguments}
        if program != "ucarp" or of_it:
            named |= {line: f"/{file}" for file in files for line in _lines(root / file)}
        clashes = {address: where for text, where in named.items() for address in _addresses(text) if address in vips}
        for address, where in clashes.items():
            holds = f"{program} runs and has it too" if of_it else f"{program} would have it too if it were started"
            yield _finding(
                subject=str(address),
                severity=Severity.PROBLEM if of_it else Severity.WARNING,
                text=f"{holds} ({where}), and it is VIP {vips[address]}: both would answer for it",
                remedy=f"`systemctl disable --now {program}`, or take the address out of one of the two",
            )


def _addresses(text: str) -> Iterator[Address]:
    """Every address in a line, up to a comment."""
    for word in _ADDRESS.findall(re.split(r"[#!]", text, maxsplit=1)[0]):
        try:
            yield ip_address(word)
        except ValueError:
            continue


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
