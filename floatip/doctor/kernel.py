"""Kernel settings. Knows: which ones a VIP needs, and what else of them costs packets. Never: sets one."""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from floatip.config import Config
from floatip.doctor.findings import Area, Finding, Severity
from floatip.host.sysctls import Problem, Row, Sysctls

PROC_SYS = Path("/proc/sys")
STRICT, LOOSE = 1, 2
"""Values of rp_filter (RFC 3704)."""

_finding = partial(Finding, area=Area.KERNEL)


def check(config: Config, proc_sys: Path = PROC_SYS) -> Iterator[Finding]:
    """Compare each setting with what the VIPs need."""
    rows = Sysctls().wanted(
        config.interfaces,
        prefixes_other_than_host=config.has_wide_prefixes,
        all_too=config.sysctl.all,
        failover_interfaces=config.failover_interfaces,
    )
    findings = [_wrong(config, problem, rows, proc_sys) for problem in Sysctls(proc_sys).check(rows)]
    findings += [*_strict_filters(config, proc_sys), *_no_ipv6(config, proc_sys)]
    there = [row for row in rows if (proc_sys / row.path).exists()]
    if not findings and there:
        names = ", ".join(dict.fromkeys(row.interface for row in there))
        findings = [_finding(subject=names, severity=Severity.OK, text=f"{len(there)} settings as they must be")]
    yield from findings


def _wrong(config: Config, problem: Problem, rows: tuple[Row, ...], proc_sys: Path) -> Finding:
    """A setting that the daemon itself puts right at its start is a warning, any other keeps it from starting."""
    row, rule = problem.row, problem.row.rule
    healed = config.sysctl.enforce and row in rows and os.access(proc_sys / row.path, os.W_OK)
    text = f"is {problem.found}, must be {rule.wanted}: {rule.reason}"
    if healed:
        text += "; the daemon sets it when it starts"
    elif config.sysctl.enforce:
        text += "; the daemon cannot set it, so it does not start"
    return _finding(
        subject=row.key,
        severity=Severity.WARNING if healed else Severity.PROBLEM,
        text=text,
        remedy=f"`sysctl -w {row.key}={rule.wanted}`",
    )


def _strict_filters(config: Config, proc_sys: Path) -> Iterator[Finding]:
    routed = [vip for vip in config.vips if vip.gateway is not None and vip.gateway.version == 4]
    for name in dict.fromkeys(name for vip in routed for name in vip.all_interfaces):
        values = {it: _read(proc_sys / "net/ipv4/conf" / it / "rp_filter") for it in ("all", name)}
        if max(value or 0 for value in values.values()) == STRICT:
            key = _key("ipv4", name, "rp_filter")
            culprit = name if values[name] == STRICT else "all"
            yield _finding(
                subject=key,
                severity=Severity.WARNING,
                text=f"{_key('ipv4', culprit, 'rp_filter')} is {STRICT}: packets to a VIP with a gateway of its own "
                "are dropped if they arrive on another interface than the gateway's",
                remedy=f"`sysctl -w {key}={LOOSE}`",
            )


def _no_ipv6(config: Config, proc_sys: Path) -> Iterator[Finding]:
    places = [
        name
        for vip in config.vips
        for it in vip.addresses
        if it.address.version == 6
        for name in ((it.interface,) if it.interface else vip.interfaces)
    ]
    for name in dict.fromkeys(places):
        if _read(proc_sys / "net/ipv6/conf" / name / "disable_ipv6"):
            key = _key("ipv6", name, "disable_ipv6")
            yield _finding(
                subject=key,
                severity=Severity.PROBLEM,
                text="is 1, must be 0: IPv6 is off there, so no IPv6 VIP can be added",
                remedy=f"`sysctl -w {key}=0`",
            )


def _key(family: str, interface: str, name: str) -> str:
    """As sysctl(8) spells it: a dot inside an interface name becomes a slash."""
    return f"net.{family}.conf.{interface.replace('.', '/')}.{name}"


def _read(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
