"""What ``floatip audit`` tells, as values. Knows: the rows and their JSON. Never: where they come from."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One address on one node.

    ``kind``: primary, VIP, documented alias, undocumented alias, duplicate. ``boot``: file and line of what would bring
    it up at boot. ``packets`` came in during the last ``since_s`` seconds; None: counting has begun now.
    """

    node: str
    address: str
    prefix: int
    interface: str
    kind: str
    vip: str | None
    purpose: str
    contact: str
    boot: tuple[str, ...]
    listeners: tuple[str, ...]
    packets: int | None
    since_s: float | None
    attention: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """Every address of every node, and what needs attention beside the rows."""

    rows: tuple[AuditRow, ...]
    attention: tuple[str, ...]

    @property
    def needs_attention(self) -> bool:
        """Whether somebody should look."""
        return bool(self.attention) or any(row.attention for row in self.rows)
