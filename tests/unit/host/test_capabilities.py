"""Capabilities, read from a status file."""

from pathlib import Path

import pytest

from floatip.host.capabilities import has_memory_lock, missing, require
from floatip.host.errors import CapabilityError

ADMIN = 1 << 12
RAW = 1 << 13


def status(folder: Path, effective: int) -> Path:
    """Write a /proc/self/status with these effective capabilities, and all others permitted."""
    path = folder / "status"
    path.write_text(
        f"Name:\tfloatip\nCapPrm:\t000001ffffffffff\nCapEff:\t{effective:016x}\nCapBnd:\t000001ffffffffff\n"
    )
    return path


@pytest.mark.parametrize(
    ("effective", "names"),
    [
        (0, ("CAP_NET_ADMIN", "CAP_NET_RAW")),
        (ADMIN, ("CAP_NET_RAW",)),
        (RAW, ("CAP_NET_ADMIN",)),
        (ADMIN | RAW, ()),
        (0x1FFFFFFFFFF, ()),
        (0x1FFFFFFFFFF & ~ADMIN, ("CAP_NET_ADMIN",)),
    ],
)
def test_missing_are_those_not_effective(tmp_path: Path, effective: int, names: tuple[str, ...]) -> None:
    """What counts is the effective set, not the permitted one."""
    assert missing(status(tmp_path, effective)) == names


def test_memory_has_no_limit_for_those_who_may_lock_it(tmp_path: Path) -> None:
    """CAP_IPC_LOCK, whatever else there is."""
    assert has_memory_lock(status(tmp_path, 1 << 14))
    assert not has_memory_lock(status(tmp_path, ADMIN | RAW))
    (tmp_path / "none").touch()
    assert not has_memory_lock(tmp_path / "none")


def test_require_names_what_is_missing_and_how_to_get_it(tmp_path: Path) -> None:
    """The message names the capability and two ways that help."""
    with pytest.raises(CapabilityError, match=r"CAP_NET_RAW.*AmbientCapabilities=.*setpriv") as caught:
        require(status(tmp_path, ADMIN))
    assert caught.value.missing == ("CAP_NET_RAW",)


def test_require_is_silent_with_both(tmp_path: Path) -> None:
    """Nothing is said when nothing is missing."""
    require(status(tmp_path, ADMIN | RAW))
