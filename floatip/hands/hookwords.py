"""What a hook is told. Knows: its arguments, environment and standard input. Never: programs, or when one is called."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from floatip.core import effects as ef
from floatip.core.types import Address, Occasion
from floatip.programs import printable

SCHEMA = 1

KEEPALIVED = {
    Occasion.ACQUIRED: "MASTER",
    Occasion.RELEASED: "BACKUP",
    Occasion.BACKUP: "BACKUP",
    Occasion.FAULT: "FAULT",
    Occasion.STOP: "STOP",
}
"""What keepalived calls it; it knows no conflicts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A program, and what it is called for.

    ``vips``: only for these; empty: for all. ``keepalived_arguments``: also the four arguments of keepalived's
    ``notify``, as an instance or as a sync group, by the name ``keepalived_name`` if that is not the VIP's.
    """

    on: frozenset[Occasion]
    command: tuple[str, ...]
    keepalived_arguments: bool | Literal["group"] = False
    keepalived_name: str | None = None
    vips: frozenset[str] = frozenset()
    timeout_s: float = 10.0

    def wants(self, told: ef.CallHooks, *, next_is_fault: bool = False) -> bool:
        """Whether it is called for this.

        One that asks who is a backup, as keepalived's scripts do, is not told of a release in a fault or at the end.
        """
        known = not self.keepalived_arguments or told.occasion in KEEPALIVED
        asks_for_backups = bool(self.keepalived_arguments) or Occasion.BACKUP in self.on
        void = told.occasion is Occasion.RELEASED and (next_is_fault or told.stops) and asks_for_backups
        return told.occasion in self.on and known and not void and (not self.vips or told.vip in self.vips)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One thing that happened to one VIP on this node."""

    effect: ef.CallHooks
    at: datetime
    cluster: str
    node: str
    addresses: tuple[str, ...]

    @classmethod
    def of(cls, effect: ef.CallHooks, *, cluster: str, node: str, addresses: Iterable[Address]) -> "Call":
        """It happened now."""
        texts = tuple(str(address) for address in addresses)
        return cls(effect=effect, at=datetime.now(UTC), cluster=cluster, node=node, addresses=texts)

    def argv(self, hook: Hook) -> tuple[str, ...]:
        """The command, and what keepalived appends: a group has no priority of its own there, and is told 0."""
        told = self.effect
        if not hook.keepalived_arguments:
            return hook.command
        kind, priority = ("GROUP", 0) if hook.keepalived_arguments == "group" else ("INSTANCE", told.priority)
        name = hook.keepalived_name or told.vip
        return (*hook.command, kind, name, KEEPALIVED[told.occasion], str(priority))

    @property
    def environment(self) -> dict[str, str]:
        """``FLOATIP_*``; what is not known is empty."""
        told = self.effect
        known = {
            "EVENT": told.occasion,
            "VIP": told.vip,
            "CLUSTER": self.cluster,
            "NODE": self.node,
            "ROLE": told.now,
            "WAS": told.was,
            "OWNER": told.owner or "",
            "TERM": told.term,
            "PRIORITY": told.priority,
            "REASON": printable(told.why),
            "ADDRESSES": " ".join(self.addresses),
        }
        if told.mac is not None:
            known["MAC"] = told.mac
        return {f"FLOATIP_{name}": str(value) for name, value in known.items()}

    @property
    def document(self) -> bytes:
        """The same as one JSON document on one line; what is not known is null."""
        told = self.effect
        text = json.dumps(
            {
                "schema": SCHEMA,
                "time": self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "event": told.occasion,
                "vip": told.vip,
                "cluster": self.cluster,
                "node": self.node,
                "role": told.now,
                "was": told.was,
                "owner": told.owner,
                "term": told.term,
                "priority": told.priority,
                "reason": told.why,
                "addresses": self.addresses,
                "mac": told.mac,
            }
        )
        return f"{text}\n".encode()
