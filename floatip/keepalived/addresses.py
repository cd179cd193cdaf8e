"""A line of an address: the address, its interface, and its further words. Knows: keepalived's `ip address` words.

Never: which VIP it belongs to.
"""

from dataclasses import dataclass, field
from ipaddress import ip_interface

from floatip.config.fields import read_interface, read_placed
from floatip.keepalived.draft import refusal
from floatip.keepalived.ledger import UNKNOWN, Kind, Ledger, Verdict
from floatip.keepalived.tree import Statement
from floatip.keepalived.words import ADDRESS_FLAGS, ADDRESS_VALUES


@dataclass(slots=True, kw_only=True)
class AddressLine:
    """One line of virtual_ipaddress, virtual_ipaddress_excluded or static_ipaddress."""

    statement: Statement
    address: str
    """With its prefix, as written."""
    interface: str | None = None
    source: bool = False
    """IPv6: it may be the source of outgoing connections."""
    why_not: str | None = None
    """Why it cannot float; None if it can."""
    others: list[tuple[str, str, Verdict]] = field(default_factory=list)
    """Its further words: (word, value, verdict)."""

    @property
    def bare(self) -> str:
        """The address alone, in its shortest spelling."""
        return str(ip_interface(self.address).ip)

    def placed(self, interface: str | None) -> str:
        """As floatip writes it, for a VIP that lives on ``interface``."""
        named = self.interface is not None and self.interface != interface
        return f"{self.address}@{self.interface}" if named else self.address

    def list_others(self, ledger: Ledger) -> None:
        """Account for the further words."""
        for word, value, verdict in self.others:
            ledger.word(self.statement, word, value, verdict.kind, verdict.why)


def address_line(statement: Statement) -> AddressLine:
    """Read one line."""
    line = AddressLine(statement=statement, address=statement.keyword)
    line.why_not = _shortened(refusal(read_placed, line.address))
    if line.why_not is None and "@" in line.address:
        line.why_not = "is no address"
    preferred = None
    words = list(statement.values)
    while words:
        word = words.pop(0)
        if word in ADDRESS_FLAGS:
            line.others.append((word, "", ADDRESS_FLAGS[word]))
        elif word == "dev" and words:
            line.interface = words.pop(0)
        elif word in ADDRESS_VALUES and words:
            value = words.pop(0)
            preferred = value if word == "preferred_lft" else preferred
            line.others.append((word, value, ADDRESS_VALUES[word]))
        else:
            line.others.append((word, "", Verdict(kind=Kind.UNKNOWN, why=UNKNOWN)))
    if line.interface is not None and line.why_not is None:
        line.why_not = refusal(read_interface, line.interface)
    if line.why_not is None:
        found = ip_interface(line.address)
        usual = found.version == 6 and found.network.prefixlen != 128
        line.source = found.version == 6 and (usual if preferred is None else preferred != "0")
    return line


def _shortened(reason: str | None) -> str | None:
    """The reason without the value, which the list shows beside it."""
    if reason is None:
        return None
    text = reason.partition(", must be ")[0]
    if ", which " in text:
        return text.partition(", which ")[2]
    return "is no IPv4 or IPv6 address"
