"""What the operator is told, as values. Knows: the JSON documents. Never: where they come from, how they are drawn.

Field for field the JSON of ``floatip status --json`` and its siblings. Times are aware datetimes in UTC. A document
may hold more than these classes name (a newer daemon); it may not hold less.
"""

import functools
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from floatip.core.effects import Outcome

T = TypeVar("T")
R = TypeVar("R", bound="MoveResult | OrderResult")

SCHEMA = 1
"""The version of the status document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerStatus:
    """One broker as the asked node sees it."""

    url: str
    connected: bool
    rtt_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStatus:
    """One node; ``last_heard_ms`` is None if it was never heard alive.

    ``lag_ms``: how long ago the asked node said the newest word that this one has acknowledged; None if it has not.
    ``lan_fine``: somebody answers it on the LAN of each interface that it needs; None if that is not told.
    """

    name: str
    alive: bool
    last_heard_ms: int | None
    drained: bool
    faults: tuple[str, ...]
    version: str
    lag_ms: int | None = None
    lan_fine: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckStatus:
    """One check of the asked node; ``passes`` is None until it has looked often enough to say."""

    name: str
    passes: bool | None
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A hardware address that answers for a VIP and should not; ``peer`` if it is a node's."""

    address: str
    mac: str
    peer: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VipStatus:
    """One VIP; ``role``, ``bound``, ``interface``, ``faults`` and the like are those of the asked node.

    ``last_owner`` was the last one heard of, and ``answered_by`` is the node whose MAC answered for the VIP when the
    asked one last looked: both may be known where the owner is not.
    """

    name: str
    addresses: tuple[str, ...]
    role: str
    owner: str | None
    term: int
    since: datetime | None
    isolated: bool
    bound: bool
    interface: str | None
    verified_by: tuple[str, ...]
    pinned_to: str | None
    frozen: bool
    candidates: tuple[str, ...]
    effective_priority: int
    held_on: tuple[str, ...]
    isolated_owners: tuple[str, ...]
    handover: str | None
    definition_differs: tuple[str, ...]
    faults: tuple[str, ...]
    conflicts: tuple[Conflict, ...]
    purpose: str = ""
    contact: str = ""
    last_owner: str | None = None
    answered_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The cluster as one node sees it."""

    schema: int
    cluster: str
    node: str
    now: datetime
    quorum: bool
    brokers: tuple[BrokerStatus, ...]
    nodes: tuple[NodeStatus, ...]
    vips: tuple[VipStatus, ...]
    checks: tuple[CheckStatus, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecord:
    """One thing that happened; ``was`` and ``now`` are roles of this node, in records about a role.

    With it a VIP may have got another ``owner`` than its ``former`` one, for this ``cause``; ``silent_s`` of a takeover
    is the time since the former owner was last heard.
    """

    at: datetime
    kind: str
    text: str
    vip: str | None = None
    peer: str | None = None
    was: str | None = None
    now: str | None = None
    owner: str | None = None
    former: str | None = None
    cause: str | None = None
    silent_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a request about a VIP or a node, ``at_ms`` milliseconds after it was asked for."""

    about: str
    text: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveResult:
    """How one request for one VIP ended, and who owns the VIP now."""

    vip: str
    proven: bool
    outcome: Outcome
    text: str
    owner: str | None
    steps: tuple[Step, ...] = ()

    @property
    def exit_code(self) -> int:
        """The exit code of the command line for this outcome."""
        return _EXIT_CODES[self.outcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderResult:
    """How an order that lasts (pin, drain, freeze, and their opposites) ended for one VIP or node."""

    subject: str
    proven: bool
    outcome: Outcome
    text: str
    steps: tuple[Step, ...] = ()

    @property
    def exit_code(self) -> int:
        """The exit code of the command line for this outcome."""
        return _EXIT_CODES[self.outcome]


Result = MoveResult | OrderResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """How the migration of an address ended; ``boot_changes``: what to change so that reboots do not undo it."""

    address: str
    source: str
    target: str
    proven: bool
    outcome: Outcome
    text: str
    steps: tuple[Step, ...] = ()
    boot_changes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """The exit code of the command line for this outcome."""
        return _EXIT_CODES[self.outcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One node beside a VIP: its ``rank`` among the candidates (0: the best), or why it is none."""

    node: str
    rank: int | None
    priority: int | None
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a VIP is where it is, and what would happen if something broke now; each a sentence."""

    vip: str
    owner: str | None
    since: datetime | None
    why: tuple[str, ...]
    candidates: tuple[Candidate, ...]
    if_owner_dies: str
    if_owner_loses_mqtt: str
    if_brokers_die: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a failover would do; ``done`` if the target owns the VIP already."""

    vip: str
    owner: str
    target: str
    done: bool
    proven: bool
    text: str


_EXIT_CODES = {
    Outcome.PROVEN: 0,
    Outcome.UNPROVEN: 5,
    Outcome.REFUSED: 4,
    Outcome.TIMED_OUT: 6,
    Outcome.FAILED: 1,
}
"""From best to worst: the order in which several results become one."""


def worst(results: Sequence[R]) -> R:
    """Return the result that decides the exit code of all; ``results`` must not be empty."""
    order = list(_EXIT_CODES)
    return max(results, key=lambda result: order.index(result.outcome))


def instant(wall_s: float) -> datetime:
    """Return the moment ``wall_s`` seconds after the epoch."""
    return datetime.fromtimestamp(wall_s, UTC)


def iso(moment: datetime) -> str:
    """Return the moment as in all our documents and logs: ``2026-01-01T00:00:00.000Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def to_document(value: object) -> Any:
    """Return the value as what JSON has: dataclasses become objects, tuples lists, times strings."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_document(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [to_document(item) for item in value]
    return iso(value) if isinstance(value, datetime) else value


def from_document(kind: type[T], document: object) -> T:
    """Return the document as a value of this dataclass; ValueError names the first key that is missing or wrong."""
    if not isinstance(document, Mapping):
        raise ValueError(f"an object was expected, {_shown(document)} was found")  # noqa: TRY004 (one error for the caller)
    values: dict[str, Any] = {}
    for name, wanted in _hints(typing.cast("object", kind)).items():
        if name in document:
            try:
                values[name] = _read(wanted, document[name])
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
    try:
        return kind(**values)
    except TypeError as error:
        raise ValueError(str(error).removeprefix(f"{kind.__name__}.__init__() ")) from None


@functools.cache
def _hints(kind: object) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _read(wanted: Any, found: object) -> Any:
    """Return what was found as the wanted type, which is any that the classes above use."""
    origin = typing.get_origin(wanted)
    if origin is types.UnionType:
        return None if found is None else _read(typing.get_args(wanted)[0], found)
    if origin is tuple and isinstance(found, list):
        item = typing.get_args(wanted)[0]
        return tuple(_read(item, each) for each in found)
    if is_dataclass(wanted):
        return from_document(typing.cast("type[object]", wanted), found)
    if wanted is float and type(found) is int:
        return float(found)
    if isinstance(found, str) and isinstance(wanted, type) and issubclass(wanted, (datetime, StrEnum)):
        return datetime.fromisoformat(found) if issubclass(wanted, datetime) else wanted(found)
    if type(found) is not wanted:
        raise ValueError(f"{getattr(wanted, '__name__', wanted)} was expected, {_shown(found)} was found")
    return found


def _shown(found: object) -> str:
    """Return what was found, short enough for a sentence."""
    text = repr(found)
    return text if len(text) <= 80 else text[:77] + "..."
