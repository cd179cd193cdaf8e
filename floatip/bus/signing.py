"""Who may speak: the cluster's keys. Knows: files of keys and HMAC-SHA256. Never: what is in a message.

A signature covers the name of the broker, the topic and the payload, each with its length before it, so that nothing
recorded on one broker or topic is worth anything on another.
"""

import base64
import hashlib
import hmac
import os
import secrets
import stat
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from floatip.bus.errors import BusError
from floatip.core.types import BrokerName

SIGNATURE_BYTES = 64
"""The length of a signature: SHA-256 in hexadecimal, so that a message stays readable text on the wire."""
MIN_KEY_BYTES = 32
_MAX_KEY_BYTES = 4096
_DOMAIN = b"floatip 1"


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of a cluster: the first one signs, each of them verifies; none: messages travel unsigned."""

    secrets: tuple[bytes, ...] = field(default=(), repr=False)

    def __bool__(self) -> bool:
        return bool(self.secrets)

    def sign(self, broker: BrokerName, topic: str, payload: bytes) -> bytes:
        """Return the signature by the first key."""
        return _signature(self.secrets[0], broker, topic, payload)

    def verify(self, signature: bytes, broker: BrokerName, topic: str, payload: bytes) -> bool:
        """Return whether one of the keys made this signature for this broker, topic and payload."""
        return any(
            hmac.compare_digest(signature, _signature(secret, broker, topic, payload)) for secret in self.secrets
        )


def _signature(secret: bytes, broker: BrokerName, topic: str, payload: bytes) -> bytes:
    parts = (_DOMAIN, broker.encode(), topic.encode("utf-8", "surrogatepass"), payload)
    told = b"".join(struct.pack("!I", len(part)) + part for part in parts)
    return hmac.digest(secret, told, hashlib.sha256).hex().encode()


def load_keys(paths: Iterable[Path]) -> Keys:
    """Return the keys in these files, in this order; ``BusError`` names the first file that will not do."""
    return Keys(tuple(_load(Path(path)) for path in paths))


def _load(path: Path) -> bytes:
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            found = os.fstat(file.fileno())
            secret = file.read(_MAX_KEY_BYTES + 1).strip() if stat.S_ISREG(found.st_mode) else None
    except FileNotFoundError as error:
        raise BusError(
            f"key {path}: no such file: copy it from another node, or make the cluster's first with "
            f"`floatip keygen {path}`"
        ) from error
    except OSError as error:
        raise BusError(f"key {path}: cannot be read: {error.strerror}: see `ls -l {path}`") from error
    if secret is None:
        raise BusError(f"key {path}: is no regular file: name the file itself, made with `floatip keygen`")
    mode = stat.S_IMODE(found.st_mode)
    if mode & 0o077:
        raise BusError(f"key {path}: others than its owner have access (mode {mode:04o}): run `chmod 600 {path}`")
    if not MIN_KEY_BYTES <= len(secret) <= _MAX_KEY_BYTES:
        size = f"more than {_MAX_KEY_BYTES}" if len(secret) > _MAX_KEY_BYTES else str(len(secret))
        raise BusError(
            f"key {path}: holds {size} bytes, {MIN_KEY_BYTES} to {_MAX_KEY_BYTES} are wanted: make one with "
            "`floatip keygen FILE` and copy it to every node"
        )
    return secret


def _without_waiting(path: str, flags: int) -> int:
    """Open a file; a pipe to which nobody writes, too, so that it can be told apart."""
    return os.open(path, flags | os.O_NONBLOCK)


def generate_key(path: Path) -> None:
    """Write a new random key that only its owner can read (mode 0600); ``BusError`` if the file exists already."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError as error:
        raise BusError(
            f"key {path}: exists already and is not overwritten, since peers may hold it: give another name, and list "
            "both under [security] keys while you change over"
        ) from error
    except OSError as error:
        raise BusError(f"key {path}: cannot be written: {error.strerror}: see `ls -ld {path.parent}`") from error
    with os.fdopen(handle, "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(base64.b64encode(secrets.token_bytes(32)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
