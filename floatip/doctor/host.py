"""What the daemon needs of this host besides the network: rights, keys, places to write. Never: writes there."""

import grp
import os
import stat
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from floatip.bus.errors import BusError
from floatip.bus.signing import load_keys
from floatip.config import Config
from floatip.doctor.findings import Area, Finding, Severity
from floatip.host import capabilities
from floatip.host.errors import CapabilityError

_finding = partial(Finding, area=Area.HOST)


def group_exists(name: str) -> bool:
    """Whether this host knows a group of this name."""
    try:
        grp.getgrnam(name)
    except KeyError:
        return False
    return True


def check(
    config: Config, *, status: Path = capabilities.STATUS, has_group: Callable[[str], bool] = group_exists
) -> Iterator[Finding]:
    """Look at capabilities, cluster keys, the state directory, the control socket and its group."""
    yield _capabilities(status)
    if config.security.keys:
        yield _keys(config)
    yield _state_dir(config.state_dir)
    yield _socket(config.control.socket)
    yield _group(config.control.group, exists=has_group(config.control.group))


def _capabilities(status: Path) -> Finding:
    try:
        capabilities.require(status)
    except CapabilityError as error:
        text, _, remedy = str(error).partition(": ")
        return _finding(subject="capabilities", severity=Severity.PROBLEM, text=text, remedy=remedy)
    return _finding(subject="capabilities", severity=Severity.OK, text=" and ".join(capabilities.NEEDED))


def _keys(config: Config) -> Finding:
    try:
        keys = load_keys(config.security.keys)
    except BusError as error:
        text, _, remedy = str(error).rpartition(": ")
        return _finding(subject="cluster keys", severity=Severity.PROBLEM, text=text, remedy=remedy)
    return _finding(subject="cluster keys", severity=Severity.OK, text=f"{len(keys.secrets)} can be read")


def _state_dir(path: Path) -> Finding:
    if reason := _not_writable(path):
        return _finding(
            subject="state_dir",
            severity=Severity.PROBLEM,
            text=f"{path}: {reason}, so terms and directives are lost at each restart",
            remedy=f"make it writable for floatip (`install -d -m 700 {path}`), or set another state_dir",
        )
    return _finding(subject="state_dir", severity=Severity.OK, text=f"{path} can be written")


def _socket(path: Path) -> Finding:
    reason = _not_writable(path.parent)
    remedy = f"make {path.parent} writable for floatip, or set another [control] socket"
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            reason, remedy = f"{path} is there and no socket", f"move {path} away, or set another [control] socket"
    except OSError:
        pass
    if reason:
        text = f"{path}: {reason}, so the daemon does not start"
        return _finding(subject="control socket", severity=Severity.PROBLEM, text=text, remedy=remedy)
    return _finding(subject="control socket", severity=Severity.OK, text=f"{path.parent} can be written")


def _group(name: str, *, exists: bool) -> Finding:
    if exists:
        return _finding(subject="control group", severity=Severity.OK, text=f"{name} exists")
    return _finding(
        subject="control group",
        severity=Severity.WARNING,
        text=f"{name} does not exist, so nobody but the daemon's own user can operate it",
        remedy=f"`groupadd --system {name}`, or set another [control] group",
    )


def _not_writable(directory: Path) -> str | None:
    """Say why nothing can be written there; a directory that is not there yet must be one that can be made."""
    place = directory
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir():
        return f"{place} is no directory"
    if not os.access(place, os.W_OK | os.X_OK, effective_ids=True):
        return f"{place} cannot be written by this process"
    return None
