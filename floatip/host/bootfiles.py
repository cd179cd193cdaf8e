"""What brings an address back after a reboot, and what to write so that one comes back.

Knows: every boot file of this host, of every network manager that keeps any. Never: changes one, nor whether the
manager is started at boot: a file that names a VIP is a trap either way.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from floatip.host import boot_ifcfg, boot_ifupdown, boot_keyfiles, boot_netplan
from floatip.host.bootadvice import additions, managers
from floatip.host.bootentry import BootEntry, Reader

__all__ = ["BootEntry", "BootFiles", "additions", "boot_entries", "managers"]

_READERS: Final[tuple[Callable[[Reader], list[BootEntry]], ...]] = (
    boot_netplan.entries,
    boot_ifcfg.entries,
    boot_keyfiles.networkd_entries,
    boot_ifupdown.entries,
    boot_keyfiles.connection_entries,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BootFiles:
    """What was found, and one sentence for each file or line that could not be read or understood."""

    entries: tuple[BootEntry, ...]
    warnings: tuple[str, ...]


def boot_entries(root: Path = Path("/")) -> BootFiles:
    """Read every boot file below `root`; paths are told without it. Never raises because of what is in a file."""
    reader = Reader(root)
    found = [entry for entries in _READERS for entry in entries(reader)]
    return BootFiles(entries=tuple(found), warnings=tuple(dict.fromkeys(reader.warnings)))
