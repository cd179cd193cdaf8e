"""What to write so that an address comes up at boot.

Knows: which network managers this host uses, and each one's words for one more address. Never: writes them; a person
reads and decides.
"""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, NamedTuple

from floatip.host import boot_ifcfg, boot_ifupdown, boot_keyfiles, boot_netplan
from floatip.host.bootentry import Interface, Reader

_WANTS: Final = (
    "/etc/systemd/system/multi-user.target.wants",
    "/etc/systemd/system/network-online.target.wants",
    "/etc/systemd/system/sockets.target.wants",
    "/etc/systemd/system",
)
_UNITS: Final = {
    "NetworkManager": "NetworkManager.service",
    "networkd": "systemd-networkd.service",
}
_NEW_NETPLAN: Final = "/etc/netplan/90-additional-addresses.yaml"


class _Wanted(NamedTuple):
    reader: Reader
    address: Interface
    interface: str


def managers(root: Path = Path("/")) -> tuple[str, ...]:
    """Name the network managers that this host uses, by their files and enabled units.

    Where netplan has files, networkd and NetworkManager do what netplan tells them, so they are not named.
    """
    return _managers(Reader(root))


def additions(address: Interface, interface: str, root: Path = Path("/")) -> tuple[str, ...]:
    """Say, for each network manager of this host, what to write for the address: a sentence, then the lines.

    If one of them has a file for the interface, the others are left out. Nothing has to be restarted for it: the
    lines are for the next boot.
    """
    wanted = _Wanted(Reader(root), address, interface)
    used = _managers(wanted.reader)
    files = {name: file for name in used if (file := _FILES[name](wanted))}
    advice = [_SENTENCES[name](wanted, files.get(name)) for name in files or used]
    if advice:
        return tuple(advice)
    unknown = (
        f"No network manager that floatip knows has files here: have {address} added to {interface} at boot by what"
        f" sets up this host's network:\nip address add {address} dev {interface}"
    )
    return (unknown,)


def _managers(reader: Reader) -> tuple[str, ...]:
    if reader.effective(boot_netplan.FOLDERS, boot_netplan.PATTERN):
        return ("netplan",)
    found = []
    folders = (boot_ifcfg.RED_HAT, boot_ifcfg.SUSE)
    if any(_other_than_lo(reader.names(folder, boot_ifcfg.PATTERN)) for folder in folders):
        found.append("ifcfg")
    if reader.names("/etc/systemd/network", r".*\.network") or _enabled(reader, "networkd"):
        found.append("networkd")
    if any(name != "lo" for name in boot_ifupdown.interfaces(reader)):
        found.append("ifupdown")
    if reader.names(boot_keyfiles.CONNECTIONS, r".+") or _enabled(reader, "NetworkManager"):
        found.append("NetworkManager")
    return tuple(found)


def _other_than_lo(paths: Iterable[str]) -> bool:
    return any(boot_ifcfg.interface_of(path) != "lo" for path in paths)


def _enabled(reader: Reader, manager: str) -> bool:
    return any(reader.exists(f"{folder}/{_UNITS[manager]}") for folder in _WANTS)


def _netplan_file(wanted: _Wanted) -> str | None:
    known = boot_netplan.definitions(wanted.reader)
    return next((it.file for it in known if it.interface == wanted.interface), None)


def _netplan(wanted: _Wanted, _file: str | None) -> str:
    known = [it for it in boot_netplan.definitions(wanted.reader) if it.interface == wanted.interface]
    kind, name = (known[0].kind, known[0].id) if known else ("ethernets", wanted.interface)
    return (
        f"Write this to {_NEW_NETPLAN} (netplan adds it to what its other files say), mode 0600; `netplan generate`"
        " tells whether it is right:\n"
        f"network:\n  version: 2\n  {kind}:\n    {name}:\n      addresses:\n        - {wanted.address}"
    )


def _ifcfg_file(wanted: _Wanted) -> str | None:
    for folder in (boot_ifcfg.RED_HAT, boot_ifcfg.SUSE):
        for path in wanted.reader.names(folder, boot_ifcfg.PATTERN):
            if path == f"{folder}/ifcfg-{wanted.interface}":
                return path
    return None


def _ifcfg(wanted: _Wanted, file: str | None) -> str:
    suse = not wanted.reader.names(boot_ifcfg.RED_HAT, boot_ifcfg.PATTERN)
    path = file or f"{boot_ifcfg.SUSE if suse else boot_ifcfg.RED_HAT}/ifcfg-{wanted.interface}"
    text = wanted.reader.read(path)
    lines = text.lines if text else ()
    address, prefix = str(wanted.address.ip), wanted.address.network.prefixlen
    if path.startswith(f"{boot_ifcfg.SUSE}/"):
        number = _free(lines, r"\s*IPADDR_(\d+)=.*")
        new = f"IPADDR_{number}='{wanted.address}'"
    elif wanted.address.version == 4:
        number = _free(lines, r"\s*IPADDR(\d+)=.*")
        new = f"IPADDR{number}={address}\nPREFIX{number}={prefix}"
    else:
        return f'Add {wanted.address} to the list in {path}:\nIPV6INIT=yes\nIPV6ADDR_SECONDARIES="{wanted.address}"'
    return f"Add to {path}:\n{new}"


def _networkd_file(wanted: _Wanted) -> str | None:
    return boot_keyfiles.networkd_file(wanted.reader, wanted.interface)


def _networkd(wanted: _Wanted, file: str | None) -> str:
    where = file or (
        f"the .network file that matches {wanted.interface} (`networkctl status {wanted.interface}` names it)"
    )
    return f"Add at the end of {where}:\n[Address]\nAddress={wanted.address}"


def _ifupdown_file(wanted: _Wanted) -> str | None:
    return boot_ifupdown.interfaces(wanted.reader).get(wanted.interface)


def _ifupdown(wanted: _Wanted, file: str | None) -> str:
    family = "inet" if wanted.address.version == 4 else "inet6"
    started = "" if file else f"auto {wanted.interface}\n"
    return (
        f"Add at the end of {file or boot_ifupdown.FILE} (a second `iface` of an interface adds to the first):\n"
        f"{started}iface {wanted.interface} {family} static\n    address {wanted.address}"
    )


def _connection_file(wanted: _Wanted) -> str | None:
    return boot_keyfiles.connection_file(wanted.reader, wanted.interface)


def _network_manager(wanted: _Wanted, file: str | None) -> str:
    family = f"ipv{wanted.address.version}"
    text = wanted.reader.read(file) if file else None
    if text is None:
        return (
            f"Add {wanted.address} to the connection of {wanted.interface}, which the first command names; the second"
            " writes it for the next boot and leaves the running connection alone:\n"
            f"nmcli -g GENERAL.CONNECTION device show {wanted.interface}\n"
            f"nmcli connection modify NAME +{family}.addresses {wanted.address}"
        )
    number = max(1, _free(boot_keyfiles.section(text, family), r"address(?:es)?(\d*)\s*=.*"))
    return f"Add to the section [{family}] of {text.path}:\naddress{number}={wanted.address}"


def _free(lines: Iterable[str], pattern: str) -> int:
    """Give the number after the highest that the lines use; 1 if they use none, or one without a number."""
    used = [int(match.group(1) or 0) for line in lines if (match := re.fullmatch(pattern, line))]
    return max(used, default=0) + 1


_FILES: Final[dict[str, Callable[[_Wanted], str | None]]] = {
    "netplan": _netplan_file,
    "ifcfg": _ifcfg_file,
    "networkd": _networkd_file,
    "ifupdown": _ifupdown_file,
    "NetworkManager": _connection_file,
}
"""The file of each manager that sets up the wanted interface, if there is one."""

_SENTENCES: Final[dict[str, Callable[[_Wanted, str | None], str]]] = {
    "netplan": _netplan,
    "ifcfg": _ifcfg,
    "networkd": _networkd,
    "ifupdown": _ifupdown,
    "NetworkManager": _network_manager,
}
