"""The programs of the system that the lab runs, and where they are.

Knows: names, packages, search path. Never: starts one.
"""

import os
import shutil
from collections.abc import Iterable

from floatip.lab.errors import LabError

PACKAGES = {
    "arping": "iputils-arping",
    "chromium": "chromium fonts-dejavu-core",
    "ip": "iproute2",
    "keepalived": "keepalived",
    "mosquitto": "mosquitto",
    "mount": "mount",
    "nft": "nftables",
    "unshare": "util-linux",
}
"""Program to Debian package, and what else that needs."""

_SYSTEM_DIRS = ("/usr/local/sbin", "/usr/sbin", "/sbin")


def search_path() -> str:
    """Give the PATH of this process with the system directories that an ordinary user's PATH leaves out."""
    dirs = [part for part in os.environ.get("PATH", os.defpath).split(os.pathsep) if part]
    return os.pathsep.join([*dirs, *(part for part in _SYSTEM_DIRS if part not in dirs)])


def missing(names: Iterable[str]) -> list[str]:
    """Name those programs that are not installed."""
    path = search_path()
    return [name for name in names if shutil.which(name, path=path) is None]


def require(*names: str) -> None:
    """Raise LabError, naming the packages to install, unless all these programs are there."""
    absent = missing(names)
    if absent:
        packages = " ".join(sorted({PACKAGES.get(name, name) for name in absent}))
        raise LabError(f"not installed: {', '.join(absent)}; remedy: apt install {packages}")


def find(name: str) -> str:
    """Give the full path of a program, or raise LabError."""
    require(name)
    return shutil.which(name, path=search_path()) or name
