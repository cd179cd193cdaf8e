"""The result, whole or not at all, and the list in words. Knows: one file to write. Never: what is in it."""

import contextlib
import os
from pathlib import Path

from floatip.keepalived.ledger import Entry

_SHOWN = 60


def put(path: Path, text: str, *, over: bool) -> None:
    """Write a file atomically; FileExistsError if it is there and may not be written ``over``, OSError otherwise."""
    target = Path(os.path.realpath(path))
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    number = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(number)
        if over:
            beside.replace(target)
        else:
            target.hardlink_to(beside)  # unlike a rename it fails if the file is there
    finally:
        with contextlib.suppress(FileNotFoundError):
            beside.unlink()


def sentence(entry: Entry) -> str:
    """One entry of the list as a line: where, how much of it is in the result, and why."""
    where = f"{entry.file}:{entry.line}" if entry.line else entry.file
    value = entry.value if len(entry.value) <= _SHOWN else f"{entry.value[: _SHOWN - 3]}..."
    return f"{where}: {' '.join(filter(None, (entry.keyword, value)))}: {entry.kind}: {entry.why}"
