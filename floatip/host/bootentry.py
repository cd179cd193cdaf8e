"""What the readers of boot files have in common.

Knows: an address in a boot file as a value, and how files are read so that a bad one becomes a warning. Never: the
format of any of them, and never writes.
"""

import contextlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Interface, IPv6Interface, ip_interface
from pathlib import Path
from typing import Final

MOST_BYTES: Final = 1 << 20
"""No boot file is as large; one that is would only cost time."""

Interface = IPv4Interface | IPv6Interface

_LEFTOVER: Final = re.compile(r"(^\.|~$|\.(bak|old|orig|save|swp|tmp|rpm\w+|dpkg-\w+|ucf-\w+|scpmbackup)$)")
_CLOUD_INIT: Final = "cloud-init"
_NO_CLOUD_INIT: Final = (
    "cloud-init writes it anew at boot: put `network: {config: disabled}` into"
    " /etc/cloud/cloud.cfg.d/99-disable-network-config.cfg first; "
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BootEntry:
    """One address that a reboot brings back, with the place that says so."""

    manager: str
    """netplan, ifcfg, networkd, ifupdown or NetworkManager."""

    file: str
    line: int
    """From 1."""

    address: Interface
    """Its prefix is 32 or 128 if the file has none."""

    interface: str | None
    """None if the file does not name one: it matches by MAC or pattern, or is for all."""

    text: str
    remedy: str
    """What to do so that a reboot does not bring the address back, and the command that makes it so."""

    def __str__(self) -> str:
        return f"{self.address} in {self.file}:{self.line} ({self.manager})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A file that was read: its path as the host sees it, and its lines without line ends."""

    path: str
    lines: tuple[str, ...]

    def line(self, number: int) -> str:
        """Give a line, counted from 1, without the blanks around it; empty beyond the end."""
        return self.lines[number - 1].strip() if 1 <= number <= len(self.lines) else ""

    @property
    def by_cloud_init(self) -> bool:
        """Whether cloud-init writes this file."""
        return _CLOUD_INIT in self.path or any(_CLOUD_INIT in line for line in self.lines[:5])

    def remedy(self, what: str, command: str) -> str:
        """Say what to do here; a file of a package is overridden by a copy, one of cloud-init comes back by itself."""
        path = self.path
        if path.startswith(("/usr/lib/", "/lib/")):
            copy = "/etc/" + path.removeprefix("/usr").removeprefix("/lib/")
            return f"copy {path} to {copy} and there {what}, then {command}"
        if path.startswith("/run/"):
            return f"find what writes {path} at each boot and there {what}, then {command}"
        return f"{_NO_CLOUD_INIT if self.by_cloud_init else ''}in {path} {what}, then {command}"


@dataclass(slots=True)
class Reader:
    """Reads files below `root`; what cannot be read or understood is a warning, never an exception."""

    root: Path
    warnings: list[str] = field(default_factory=list)

    def names(self, folder: str, pattern: str, *, leftovers: bool = False) -> list[str]:
        """Paths of the files of a folder whose names match, sorted; without backups and the like unless `leftovers`."""
        try:
            inside = sorted(one.name for one in self._real(folder).iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            self._unreadable(folder, error)
            return []
        matching = re.compile(pattern)
        wanted = [name for name in inside if matching.fullmatch(name)]
        return [f"{folder}/{name}" for name in wanted if leftovers or not _LEFTOVER.search(name)]

    def effective(self, folders: Iterable[str], pattern: str) -> list[str]:
        """Paths by name; of files with the same name only that of the first folder, which masks the others."""
        found: dict[str, str] = {}
        for folder in folders:
            for path in self.names(folder, pattern):
                found.setdefault(path.rpartition("/")[2], path)
        return [found[name] for name in sorted(found)]

    def read(self, path: str) -> Text | None:
        """Read a regular file; None, with a warning unless it does not exist, if that cannot be done."""
        real = self._real(path)
        try:
            if not real.is_file():
                return None
            with real.open("rb") as opened:
                data = opened.read(MOST_BYTES + 1)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            self._unreadable(path, error)
            return None
        if len(data) > MOST_BYTES:
            self.warn(path, 0, f"is longer than {MOST_BYTES} bytes and was not read: look yourself whether it has VIPs")
            return None
        return Text(path=path, lines=tuple(re.split(r"\r?\n", data.decode("utf-8", "replace"))))

    def address(self, text: Text, line: int, written: str, prefix: str | None = None) -> Interface | None:
        """Read an address; None, with a warning, if it is none, and None for loopback and 0.0.0.0."""
        whole = f"{written}/{prefix}" if prefix and "/" not in written else written
        try:
            found = ip_interface(whole)
        except ValueError:
            self.warn(text.path, line, f"{whole[:60]!r} is no address with a prefix length")
            return None
        return None if found.ip.is_loopback or found.ip.is_unspecified else found

    def warn(self, path: str, line: int, what: str) -> None:
        """Note what is wrong at a place; line 0 means the whole file."""
        self.warnings.append(f"{path}:{line}: {what}" if line else f"{path} {what}")

    def exists(self, path: str) -> bool:
        """Whether there is such a file or folder, or a symbolic link of this name."""
        with contextlib.suppress(OSError):
            return os.path.lexists(self._real(path))
        return False

    def _real(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def _unreadable(self, path: str, error: Exception) -> None:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        self.warn(path, 0, f"could not be read ({why}), so addresses in it are not known: run this as root")
