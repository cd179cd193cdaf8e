"""Addresses in the files of systemd-networkd and in the connections of NetworkManager.

Knows: `[Section]` and `key=value` lines, and the keys of both (systemd.network(5), nm-settings-keyfile(5)). Never:
what netplan writes for them into /run, for that is in netplan's own files.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from floatip.host.bootentry import BootEntry, Reader, Text

NETWORKD: Final = ("/etc/systemd/network", "/run/systemd/network", "/usr/lib/systemd/network", "/lib/systemd/network")
CONNECTIONS: Final = "/etc/NetworkManager/system-connections"
CONNECTIONS_ELSEWHERE: Final = (
    "/run/NetworkManager/system-connections",
    "/usr/lib/NetworkManager/system-connections",
)
_BY_NETPLAN: Final = re.compile(r"/run/.*/(\d+-)?netplan-[^/]*")
_ADDRESS_KEY: Final = re.compile(r"address(es)?\d*")
_NO: Final = frozenset({"false", "no", "0", "off"})


class _Setting(NamedTuple):
    section: str
    key: str
    value: str
    line: int


def networkd_entries(reader: Reader) -> list[BootEntry]:
    """Every address in .network files and their drop-ins; a file masks those of the same name in later folders."""
    found: list[BootEntry] = []
    for read, interface in _units(reader):
        for text, settings in read:
            found += _networkd_addresses(reader, text, settings, interface)
    return found


def networkd_file(reader: Reader, interface: str) -> str | None:
    """Path of the .network file that matches the interface by its name."""
    return next((read[0][0].path for read, matched in _units(reader) if matched == interface), None)


def connection_entries(reader: Reader) -> list[BootEntry]:
    """Every address in NetworkManager's connections, but for those that do not start by themselves."""
    return [it for text in _connections(reader) for it in _connection_addresses(reader, text, list(_settings(text)))]


def connection_file(reader: Reader, interface: str) -> str | None:
    """Path of the connection that names the interface."""
    wanted = ("connection", "interface-name", interface)
    for text in _connections(reader):
        if any(it[:3] == wanted for it in _settings(text)):
            return text.path
    return None


def section(text: Text, name: str) -> list[str]:
    """Give the settings of one section, as lines."""
    return [f"{it.key}={it.value}" for it in _settings(text) if it.section == name]


def _units(reader: Reader) -> Iterator[tuple[list[tuple[Text, list[_Setting]]], str | None]]:
    """Yield each .network file with its drop-ins, all read, and the interface that they match."""
    for path in reader.effective(NETWORKD, r".*\.network"):
        text = None if _BY_NETPLAN.fullmatch(path) else reader.read(path)
        if text is not None:
            added = [reader.read(one) for one in _drop_ins(reader, path.rpartition("/")[2])]
            read = [(it, list(_settings(it))) for it in (text, *added) if it is not None]
            yield read, _matched([it for _, settings in read for it in settings])


def _connections(reader: Reader) -> Iterator[Text]:
    # In /etc a connection of older versions has no suffix.
    paths = reader.names(CONNECTIONS, r".+")
    paths += [it for folder in CONNECTIONS_ELSEWHERE for it in reader.names(folder, r".*\.nmconnection")]
    for path in paths:
        text = None if _BY_NETPLAN.fullmatch(path) else reader.read(path)
        if text is not None:
            yield text


def _drop_ins(reader: Reader, name: str) -> list[str]:
    """Paths of the drop-ins of a unit file: "a-b.network" has those in a-b.network.d and in a-.network.d."""
    stem = name.removesuffix(".network")
    parts = [f"{stem[: at + 1]}" for at, sign in enumerate(stem[:-1]) if sign == "-"]
    folders = [f"{folder}/{part}.network.d" for part in (stem, *reversed(parts)) for folder in NETWORKD]
    return reader.effective(folders, r".*\.conf")


def _settings(text: Text) -> Iterator[_Setting]:
    section = ""
    for number, line in enumerate(text.lines, start=1):
        stripped = line.strip()
        if stripped.startswith("[") and stripped.endswith("]"):
            section = stripped[1:-1]
        elif stripped and stripped[0] not in "#;" and "=" in stripped:
            key, _, value = stripped.partition("=")
            yield _Setting(section, key.strip(), value.strip(), number)


def _matched(settings: list[_Setting]) -> str | None:
    """Name of the interface that is matched by its plain name alone."""
    names = [name for it in settings if (it.section, it.key) == ("Match", "Name") for name in it.value.split()]
    return names[0] if len(names) == 1 and not set(names[0]) & set("*?[!") else None


def _networkd_addresses(
    reader: Reader, text: Text, settings: list[_Setting], interface: str | None
) -> Iterator[BootEntry]:
    for it in settings:
        if it.key != "Address" or it.section not in {"Network", "Address"} or not it.value:
            continue
        address = reader.address(text, it.line, it.value)
        if address is not None:
            yield BootEntry(
                manager="networkd",
                file=text.path,
                line=it.line,
                address=address,
                interface=interface,
                text=text.line(it.line),
                remedy=text.remedy(f"delete line {it.line} (`{text.line(it.line)}`)", "run `networkctl reload`"),
            )


def _connection_addresses(reader: Reader, text: Text, settings: list[_Setting]) -> Iterator[BootEntry]:
    connection = {it.key: it.value for it in settings if it.section == "connection"}
    if connection.get("autoconnect", "").lower() in _NO:
        return
    for it in settings:
        if it.section not in {"ipv4", "ipv6"} or not _ADDRESS_KEY.fullmatch(it.key):
            continue
        for written, prefix in _split(it.value):
            address = reader.address(text, it.line, written, prefix)
            if address is not None:
                yield BootEntry(
                    manager="NetworkManager",
                    file=text.path,
                    line=it.line,
                    address=address,
                    interface=connection.get("interface-name") or None,
                    text=text.line(it.line),
                    remedy=text.remedy(f"delete {written} (line {it.line})", "run `nmcli connection reload`"),
                )


def _split(value: str) -> Iterator[tuple[str, str | None]]:
    """Yield (address, prefix) of "1.2.3.4/24,GATEWAY", "1.2.3.4/24;1.2.3.5/24;" and the old "1.2.3.4;24;GATEWAY;"."""
    items = [item.strip() for item in value.split(";") if item.strip()]
    if len(items) > 1 and items[1].isdecimal():
        yield items[0], items[1]
        return
    for item in items:
        yield re.split(r"[,\s]", item)[0], None
