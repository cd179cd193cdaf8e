"""Addresses in ifcfg files, of the Red Hat family and of SUSE.

Knows: the variables of both (sysconfig.txt of initscripts, ifcfg(5) of SUSE), in files that are shell assignments.
Never: runs them as shell.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Final

from floatip.host.bootentry import BootEntry, Reader, Text

RED_HAT: Final = "/etc/sysconfig/network-scripts"
SUSE: Final = "/etc/sysconfig/network"
PATTERN: Final = r"ifcfg-.+"
_ASSIGNMENT: Final = re.compile(r"\s*(?:export\s+)?([A-Za-z_]\w*)=(.*)", re.DOTALL)
_NO: Final = frozenset({"no", "n", "false", "f", "off", "0"})
_MOST_IN_RANGE: Final = 256


@dataclass(frozen=True, slots=True)
class _Setting:
    """A variable: its value without quotes, and its first and last line."""

    value: str
    line: int
    last: int


_Settings = dict[str, _Setting]
_Written = tuple[str, str | None, _Setting]  # the address, the prefix length if it stands apart, and where


def entries(reader: Reader) -> list[BootEntry]:
    """Every address in the ifcfg files of both families, but for interfaces that are not started at boot."""
    found: list[BootEntry] = []
    for folder, addresses, command in (
        (RED_HAT, _red_hat, "run `nmcli connection reload` or `systemctl restart network`"),
        (SUSE, _suse, "run `wicked ifreload all`"),
    ):
        for path in reader.names(folder, PATTERN):
            text = reader.read(path)
            if text is None:
                continue
            settings = _settings(text)
            if _at_boot(settings, alias=":" in path):
                for written, prefix, at in addresses(reader, text, settings):
                    found += _entry(reader, text, settings, (written, prefix, at), command)
    return found


def interface_of(path: str, device: str = "") -> str:
    """Name of the interface of a file: its DEVICE, or what stands behind "ifcfg-"; an alias's is that of its parent."""
    name = device or path.rpartition("/ifcfg-")[2]
    return re.sub(r"-range\d*$", "", name).partition(":")[0]


def _entry(reader: Reader, text: Text, settings: _Settings, found: _Written, command: str) -> Iterator[BootEntry]:
    written, prefix, at = found
    line = next((n for n in range(at.line, at.last + 1) if written in text.lines[n - 1]), at.line)
    address = reader.address(text, line, written, prefix)
    if address is not None:
        yield BootEntry(
            manager="ifcfg",
            file=text.path,
            line=line,
            address=address,
            interface=interface_of(text.path, _value(settings, "DEVICE")),
            text=text.line(line),
            remedy=text.remedy(f"delete {written} (line {line})", command),
        )


def _settings(text: Text) -> _Settings:
    """Read the assignments; a value in quotes, or with a backslash at the line's end, goes on on the next line."""
    found: _Settings = {}
    number = 0
    while number < len(text.lines):
        first = number
        match = _ASSIGNMENT.fullmatch(text.lines[number])
        number += 1
        if match is None:
            continue
        name, raw = match.groups()
        goes_on = raw.lstrip().startswith(("'", '"')) or raw.endswith("\\")
        joined, words = raw, _words(raw)
        while words is None and goes_on and number < len(text.lines):
            joined += "\n" + text.lines[number]
            number += 1
            words = _words(joined)
        if words is None:
            words, number = [raw.strip("\"' ")], first + 1
        found[name.upper()] = _Setting(words[0] if words else "", first + 1, number)
    return found


def _words(raw: str) -> list[str] | None:
    """Split as a shell does; None if a quote is open, or a backslash joins the next line."""
    try:
        return shlex.split(raw.replace("\\\n", " "), comments=True)
    except ValueError:
        return None


def _at_boot(settings: _Settings, *, alias: bool) -> bool:
    key = "ONPARENT" if alias else "ONBOOT"
    return _value(settings, key).lower() not in _NO and _value(settings, "STARTMODE").lower() not in {"off", "manual"}


def _value(settings: _Settings, key: str) -> str:
    found = settings.get(key)
    return found.value if found else ""


def _prefix(settings: _Settings, *keys: str) -> str | None:
    return next((settings[key].value for key in keys if _value(settings, key)), None)


def _red_hat(reader: Reader, text: Text, settings: _Settings) -> Iterator[_Written]:
    for key, at in settings.items():
        match = re.fullmatch(r"IPADDR(\d*)", key)
        if match and at.value:
            number = match.group(1)
            yield at.value, _prefix(settings, f"PREFIX{number}", f"NETMASK{number}"), at
        elif key in {"IPV6ADDR", "IPV6ADDR_SECONDARIES"}:
            for written in at.value.split():
                yield written, None, at
    yield from _range(reader, text, settings)


def _range(reader: Reader, text: Text, settings: _Settings) -> Iterator[_Written]:
    """Addresses of a file of aliases, IPADDR_START to IPADDR_END."""
    start, end = settings.get("IPADDR_START"), settings.get("IPADDR_END")
    if start is None or end is None:
        return
    try:
        first, last = int(IPv4Address(start.value)), int(IPv4Address(end.value))
    except ValueError:
        reader.warn(text.path, start.line, f"{start.value} to {end.value} is no range of addresses")
        return
    for number in range(first, min(last, first + _MOST_IN_RANGE - 1) + 1):
        yield str(IPv4Address(number)), _prefix(settings, "PREFIX", "NETMASK"), start


def _suse(_reader: Reader, _text: Text, settings: _Settings) -> Iterator[_Written]:
    for key, at in settings.items():
        match = re.fullmatch(r"IPADDR(|_\w+)", key)
        if match and at.value:
            suffix = match.group(1)
            yield at.value, _prefix(settings, f"PREFIXLEN{suffix}", f"NETMASK{suffix}"), at
