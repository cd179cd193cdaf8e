"""What floatip's file will say, before it is text. Knows: floatip's tables. Never: keepalived's words, TOML."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

Comments = list[str]


@dataclass(slots=True, kw_only=True)
class VipDraft:
    """One `[[vip]]`."""

    name: str
    addresses: list[str]
    interfaces: list[str]
    priority: int
    preempt: bool
    preempt_delay_s: float
    source: bool = False
    gateway: str | None = None
    table: int | None = None
    checks: list[str] = field(default_factory=list)
    comments: Comments = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class CheckDraft:
    """One `[[check]]`: with a command, or with a target."""

    name: str
    type: str
    target: str | None = None
    command: tuple[str, ...] = ()
    interval_s: float = 1.0
    timeout_s: float = 0.5
    rise: int = 1
    fall: int = 1
    weight: int = 0
    comments: Comments = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class HookDraft:
    """One `[[hook]]`."""

    on: tuple[str, ...]
    command: tuple[str, ...]
    vips: list[str]
    keepalived_arguments: bool | str = False
    keepalived_name: str | None = None
    comments: Comments = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class AliasDraft:
    """One `[[alias]]`."""

    address: str
    purpose: str
    comments: Comments = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Draft:
    """The whole file."""

    cluster: str = "keepalived"
    node: str | None = None
    brokers: list[str] = field(default_factory=list)
    placeholder: bool = False
    """The brokers are nobody's: to be changed by a person."""
    heartbeat_s: float = 0.2
    lease_s: float = 2.0
    timing_comments: Comments = field(default_factory=list)
    garp: dict[str, int | str] = field(default_factory=dict)
    vips: list[VipDraft] = field(default_factory=list)
    aliases: list[AliasDraft] = field(default_factory=list)
    checks: list[CheckDraft] = field(default_factory=list)
    hooks: list[HookDraft] = field(default_factory=list)


def valid_name(text: str, taken: Collection[str] = (), default: str = "vip") -> str:
    """The nearest name that floatip accepts, and that is not taken."""
    plain = re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-._")[:63] or default
    name, number = plain, 2
    while name in taken:
        name = f"{plain[: 62 - len(str(number))]}-{number}"
        number += 1
    return name


def refusal(read: Callable[[object], object], value: object) -> str | None:
    """Why one of floatip's readers refuses a value; None if it takes it."""
    try:
        read(value)
    except ValueError as error:
        return str(error)
    return None
