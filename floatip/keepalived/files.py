"""From the names of files to their lines. Knows: files, limits. Never: what a line means."""

import glob
import itertools
import os
import re
import stat
from pathlib import Path

from floatip.keepalived.errors import KeepalivedError

MAX_BYTES = 4 * 1024 * 1024
MAX_FILES = 1000

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


def lines_of(path: Path) -> list[str]:
    """The lines of a text file, without their ends; KeepalivedError if it is no file, too large, or no text."""
    name = str(path)
    try:
        content = _content(path)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise KeepalivedError(name, 0, f"cannot be read: {reason}; name a keepalived.conf that can") from error
    if len(content) > MAX_BYTES:
        raise KeepalivedError(name, 0, f"is larger than {MAX_BYTES >> 20} MiB, which is no configuration; name another")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        found = f"found byte 0x{content[error.start]:02x}, must be UTF-8"
        raise KeepalivedError(name, line, f"{found}: convert it by `iconv -f latin1 -t utf-8`") from None
    control = _CONTROL.search(text)
    if control is not None:
        line = text.count("\n", 0, control.start()) + 1
        found = f"found the control character 0x{ord(control[0]):02x}"
        raise KeepalivedError(name, line, f"{found}, so this is no text; remove it, or name a keepalived.conf")
    return [line.rstrip("\r") for line in text.split("\n")]


def matches(pattern: str, folder: str) -> list[Path]:
    """The files that an include names, in the order of their names; relative to the folder of the including file."""
    whole = pattern if pattern.startswith("/") else f"{glob.escape(folder)}/{pattern}"
    return [Path(name) for name in sorted(itertools.islice(glob.iglob(whole), MAX_FILES))]  # noqa: PTH207 (lazily, and from any folder)


def is_file(path: Path) -> bool:
    """Whether this is a regular file, which can be read without waiting for anybody."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def _content(path: Path) -> bytes:
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(number, "rb") as file:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise ValueError("not a regular file")
        return file.read(MAX_BYTES + 1)
