"""What a node remembers over a restart, in ``state_dir``. Knows: one JSON file. Never: what the values are good for.

Losing the file is safe, so nothing here is fatal: what cannot be read or written is a warning, and memory goes on.
Writing is atomic and waits for the disk, so while the daemon runs it happens in a thread of its own.
"""

import asyncio
import json
import math
import os
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from floatip.core.types import Directive, DirectiveKind, Mac, NodeName, Stamp, Stored, VipName

FILE_NAME = "state.json"
_VERSION = 1
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_MAX_BYTES = 4 * 1024 * 1024


class Store:
    """The state file in ``directory``; ``warn`` is told, in a sentence, of what cannot be read or written."""

    def __init__(self, directory: Path, warn: Callable[[str], object]) -> None:
        self._directory = directory
        self._path = directory / FILE_NAME
        self._warn = warn
        self._lock = threading.Lock()
        self._executor: ThreadPoolExecutor | None = None
        self._writer: asyncio.Task[None] | None = None
        self._pending: tuple[int, Stored] | None = None
        self._asked = 0
        self._written = 0
        self._failing = False

    def load(self) -> Stored:
        """Return what was stored; an empty Stored, and a warning, if there is nothing that can be understood."""
        try:
            with self._path.open("rb") as file:
                return _stored(file.read(_MAX_BYTES + 1))
        except FileNotFoundError:
            self._warn(f"no state in {self._path}: this is the first start, or the state was lost (which is safe)")
        except OSError as error:
            self._warn(f"state in {self._path} cannot be read ({error.strerror}): going on without it")
        except (ValueError, RecursionError) as error:
            self._warn(f"state in {self._path} is damaged ({error}): going on without it, it will be written anew")
        return Stored()

    def save_now(self, stored: Stored) -> bool:
        """Write and wait for the disk, which takes milliseconds: for the start, before the loop is in a hurry."""
        self._asked += 1
        return self._judge(self._write(self._asked, stored))

    def save_soon(self, stored: Stored) -> None:
        """Write in the background, the newest values only; must be called on the event loop."""
        self._asked += 1
        self._pending = self._asked, stored
        if self._writer is None or self._writer.done():
            self._writer = asyncio.get_running_loop().create_task(self._write_pending(), name="store")

    async def close(self) -> None:
        """Wait until everything is written."""
        if self._writer is not None:
            await self._writer
        if self._executor is not None:
            self._executor.shutdown(wait=False)
            self._executor = None

    async def _write_pending(self) -> None:
        if self._executor is None:  # not the loop's own, which a slow name server can fill
            self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        while self._pending is not None:
            number, stored = self._pending
            self._pending = None
            loop = asyncio.get_running_loop()
            self._judge(await loop.run_in_executor(self._executor, self._write, number, stored))

    def _judge(self, error: OSError | None) -> bool:
        """Warn when writing begins to fail, and when it works again."""
        if error is not None and not self._failing:
            self._warn(
                f"state cannot be written to {self._path} ({error.strerror}): it will be lost at the next restart;"
                " make the directory writable for floatip, or set another state_dir"
            )
        elif error is None and self._failing:
            self._warn(f"state is written to {self._path} again")
        self._failing = error is not None
        return error is None

    def _write(self, number: int, stored: Stored) -> OSError | None:
        """Replace the file in one step, unless something newer has been written meanwhile; return what failed."""
        data = json.dumps(
            {
                "version": _VERSION,
                "incarnation": stored.incarnation,
                "keep_s": stored.keep_s,
                "release_s": stored.release_s,
                "lives": stored.lives,
                "terms": dict(stored.terms),
                "macs": dict(stored.macs),
                "directives": [_written(one) for one in stored.directives],
            }
        ).encode()
        with self._lock:
            if number < self._written:
                return None
            try:
                self._replace(data + b"\n")
            except OSError as error:
                return error
            self._written = number
            return None

    def _replace(self, data: bytes) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._path.with_suffix(".tmp")
        with open(draft, "wb", opener=_private) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)
        directory = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


def _stored(data: bytes) -> Stored:
    """Return the values in the file; ValueError says what is wrong with it."""
    if len(data) > _MAX_BYTES:
        raise ValueError(f"longer than {_MAX_BYTES} bytes")
    document: Any = json.loads(data)
    if not isinstance(document, dict) or document.get("version") != _VERSION:
        raise ValueError(f"not a state file of version {_VERSION}")
    terms = document.get("terms")
    if not isinstance(terms, dict):
        raise ValueError("terms is not an object")  # noqa: TRY004 (what the file says, not what we were passed)
    return Stored(
        incarnation=_count(document, "incarnation"),
        terms=tuple((VipName(name), _count(terms, name)) for name in terms),
        keep_s=_seconds(document, "keep_s"),
        release_s=_seconds(document, "release_s"),
        macs=_macs(document.get("macs", {})),
        directives=_directives(document.get("directives", [])),
        lives=_lives(document.get("lives", [])),
    )


def _written(one: Directive) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "subject": one.subject,
        "value": one.value,
        "expires_at": one.expires_at if math.isfinite(one.expires_at) else None,
        "counter": one.stamp.counter,
        "node": one.stamp.node,
    }


def _directives(found: Any) -> tuple[Directive, ...]:
    """Return the directives in the file; ValueError if they are none."""
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise ValueError("directives is not a list of objects")
    return tuple(
        Directive(
            kind=DirectiveKind(_string(each, "kind")),
            subject=_string(each, "subject"),
            value=_string(each, "value"),
            expires_at=float("inf") if each.get("expires_at") is None else _seconds(each, "expires_at"),
            stamp=Stamp(_count(each, "counter"), NodeName(_string(each, "node"))),
        )
        for each in found
    )


def _lives(found: Any) -> tuple[int, ...]:
    if not isinstance(found, list) or not all(type(one) is int and one >= 0 for one in found):
        raise ValueError("lives is not a list of incarnations")
    return tuple(found)


def _string(document: dict[str, Any], key: str) -> str:
    value = document.get(key)
    if not isinstance(value, str):
        raise ValueError(f"{key} is not a string")  # noqa: TRY004 (what the file says, not what we were passed)
    return value


def _macs(found: Any) -> tuple[tuple[NodeName, tuple[Mac, ...]], ...]:
    if not isinstance(found, dict) or not all(
        isinstance(macs, list) and all(isinstance(mac, str) and _MAC.fullmatch(mac) for mac in macs)
        for macs in found.values()
    ):
        raise ValueError("macs is not a list of hardware addresses for each node")
    return tuple((NodeName(node), tuple(Mac(mac) for mac in macs)) for node, macs in found.items())


def _count(document: dict[str, Any], key: str) -> int:
    value = document.get(key)
    if type(value) is not int or value < 0:
        raise ValueError(f"{key} is not a count")
    return value


def _seconds(document: dict[str, Any], key: str) -> float:
    value: Any = document.get(key)
    if type(value) not in (int, float) or not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{key} is not a number of seconds")
    return float(value)
