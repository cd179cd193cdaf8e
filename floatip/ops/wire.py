"""The language of the control socket. Knows: lines of JSON. Never: sockets, and what the answers mean.

One request per connection: ``{"v": 1, "ask": "failover", "vips": ["web"], ...}``. The reply is a stream of lines
``{"v": 1, "step": {...}}`` or ``{"v": 1, "event": {...}}``, and one last ``{"v": 1, "result": {...}}`` or
``{"v": 1, "error": {"kind", "text", "exit_code"}}``.
"""

import json
import math
import re
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from floatip.core.messages import Task
from floatip.ops.errors import BadRequest, FloatipError, ProtocolMismatch
from floatip.ops.models import from_document, to_document

VERSION = 1
"""The version of this language: both sides say theirs in every line."""
DEFAULT_SOCKET = "/run/floatip/floatip.sock"
MAX_REQUEST_BYTES = 64 * 1024
MAX_REPLY_BYTES = 16 * 1024 * 1024
"""One line of a reply: the status of 20,000 VIPs."""
MAX_TIMEOUT_S = 300.0
"""What a message between nodes may say of how long it is valid."""
MAX_LIFETIME_S = 86_400
_INTERFACE = re.compile(r"[0-9A-Za-z._:@-]{1,15}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRequest:
    """Say who owns what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailoverRequest:
    """Move these VIPs, all at once, within ``timeout_s``; only say what would happen if ``dry_run``."""

    vips: tuple[str, ...]
    to: str | None = None
    timeout_s: float = 10.0
    dry_run: bool = False
    force: bool = False
    """Move frozen VIPs too; they are frozen where they go."""

    def __post_init__(self) -> None:
        if not self.vips:
            raise BadRequest("name at least one VIP to move")
        _check_timeout(self.timeout_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnounceRequest:
    """Tell the LAN again where this VIP is."""

    vip: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """Give an order that lasts, or (``value`` empty) revoke it.

    ``pin``: these VIPs prefer the node ``value``, for ``lasts_s`` seconds. ``drain``: these nodes (none: the asked one)
    take no VIPs; ``force``: even the last candidate. ``freeze``: nobody takes these VIPs (none: all) but their owners.
    """

    kind: str
    subjects: tuple[str, ...] = ()
    value: str = ""
    lasts_s: float | None = None
    timeout_s: float = 10.0
    force: bool = False
    dry_run: bool = False

    def __post_init__(self) -> None:
        if self.kind not in {"pin", "drain", "freeze"}:
            raise BadRequest(f"no order is named {self.kind!r:.40}: there are pin, drain and freeze")
        if self.lasts_s is not None and not (math.isfinite(self.lasts_s) and self.lasts_s > 0):
            raise BadRequest(f"an order cannot last {self.lasts_s:g} s")
        _check_timeout(self.timeout_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainRequest:
    """Say why this VIP is where it is."""

    vip: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrandRequest:
    """Have something done on the host of a node: its inventory, or a plain address that is no VIP."""

    node: str
    task: str
    address: str = ""
    prefix: int = 0
    interface: str = ""
    lifetime_s: int = 0
    timeout_s: float = 10.0

    def __post_init__(self) -> None:
        if self.task not in set(Task):
            raise BadRequest(f"no errand is named {self.task!r:.40}: there are {', '.join(Task)}")
        if not 0 <= self.prefix <= 128 or not 0 <= self.lifetime_s <= MAX_LIFETIME_S:
            raise BadRequest(f"prefix {self.prefix} or lifetime {self.lifetime_s} s makes no sense")
        if self.interface and not _INTERFACE.fullmatch(self.interface):
            raise BadRequest(f"{self.interface!r:.40} is not the name of an interface")
        if self.task != Task.INVENTORY:
            _check_address(self.address)
        _check_timeout(self.timeout_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReloadRequest:
    """Read the configuration file again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsRequest:
    """Say what happened; with ``follow`` also what happens from now on."""

    follow: bool = False


Request = (
    StatusRequest
    | FailoverRequest
    | AnnounceRequest
    | OrderRequest
    | ExplainRequest
    | ErrandRequest
    | ReloadRequest
    | EventsRequest
)

_VERBS: dict[str, type[Request]] = {
    "status": StatusRequest,
    "failover": FailoverRequest,
    "announce": AnnounceRequest,
    "order": OrderRequest,
    "explain": ExplainRequest,
    "errand": ErrandRequest,
    "reload": ReloadRequest,
    "events": EventsRequest,
}


def _check_timeout(timeout_s: float) -> None:
    if not (math.isfinite(timeout_s) and 0 < timeout_s <= MAX_TIMEOUT_S):
        raise BadRequest(f"a timeout of {timeout_s:g} s is not between 0 and {MAX_TIMEOUT_S:.0f} s")


def _check_address(address: str) -> None:
    """BadRequest, unless this is an address: what peers cannot read would look to them like a lost message."""
    with suppress(ValueError):
        if "%" not in str(ip_address(address)):
            return
    raise BadRequest(f"{address!r:.80} is not an IP address")


def encode_request(request: Request) -> bytes:
    """Return the request as the one line that is sent."""
    verb = next(name for name, kind in _VERBS.items() if type(request) is kind)
    return _line({"v": VERSION, "ask": verb, **to_document(request)})


def decode_request(line: bytes) -> Request:
    """Return the request in this line; ProtocolMismatch or BadRequest says what is wrong with it."""
    document = _object(line, "request")
    if document.get("v") != VERSION:
        raise ProtocolMismatch(
            f"the request speaks version {document.get('v')!r:.40} of the control protocol, this daemon speaks"
            f" {VERSION}: use the floatip command of the daemon's version"
        )
    verb = document.get("ask")
    kind = _VERBS.get(verb) if isinstance(verb, str) else None
    if kind is None:
        raise BadRequest(f"this daemon cannot be asked {verb!r:.80}: it knows {', '.join(_VERBS)}")
    try:
        return from_document(kind, document)
    except ValueError as error:
        raise BadRequest(f"the request '{verb}' is not understood: {error}") from None


def encode_reply(word: str, body: object) -> bytes:
    """Return one line of a reply; ``word`` is step, event or result."""
    return _line({"v": VERSION, word: to_document(body)})


def encode_items(items: list[dict[str, Any]]) -> bytes:
    """Return some items of a list, to be joined by ``encode_list_reply``; ``items`` must not be empty."""
    return _line({"items": items})[len(b'{"items":[') : -len(b"]}\n")]


def encode_list_reply(word: str, head: dict[str, Any], key: str, slices: list[bytes]) -> bytes:
    """Return a reply whose last field is a long list that was encoded slice by slice."""
    return encode_reply(word, {**head, key: []})[: -len(b"]}}\n")] + b",".join(slices) + b"]}}\n"


def encode_error(error: FloatipError) -> bytes:
    """Return the last line of a reply that went wrong."""
    return encode_reply("error", {"kind": error.kind, "text": error.text, "exit_code": error.exit_code})


def decode_reply(line: bytes) -> tuple[str, dict[str, Any]]:
    """Return word and body of one line of a reply; ProtocolMismatch if it is none of our version."""
    document = _object(line, "reply")
    word = next((word for word in ("step", "event", "result", "error") if word in document), None)
    if document.get("v") != VERSION or word is None or not isinstance(document[word], dict):
        raise ProtocolMismatch(
            f"the daemon speaks version {document.get('v')!r:.40} of the control protocol, this command speaks"
            f" {VERSION}: restart the daemon, or use the floatip command of its version"
        )
    return word, document[word]


def _object(line: bytes, what: str) -> dict[str, Any]:
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):  # ValueError: no JSON, no UTF-8, or a number of thousands of digits
        document = None
    if isinstance(document, dict):
        return document
    text = f"the {what} is not one line with a JSON object"
    raise BadRequest(text) if what == "request" else ProtocolMismatch(f"{text}: is this the socket of floatip?")


def _line(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"
