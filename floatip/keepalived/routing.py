"""Source routing: a rule `from VIP table N` and a default route in table N. Knows: those two forms. Never: others.

What does not fit is left to the table of words, which says that it is not carried over.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

from floatip.keepalived.addresses import AddressLine
from floatip.keepalived.draft import VipDraft
from floatip.keepalived.ledger import Kind, Ledger
from floatip.keepalived.tree import Statement

_DEFAULT = {"default", "0/0", "0.0.0.0/0", "::/0", "0::/0"}
_KERNEL_TABLES = {253, 254, 255}
_FOUR_BYTES = 2**32
_PAIRED = {"table", "lookup", "via", "gw", "dev", "from", "to", "preference", "pref", "priority", "order", "src"}
_ALONE = {"no_track", "inet", "inet6"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One default route: through which gateway, by which table."""

    statement: Statement
    gateway: str
    table: int


@dataclass(slots=True)
class Routing:
    """Gives VIPs their gateway and table; a table leads to one gateway of a kind, whichever VIP uses it."""

    ledger: Ledger
    forbidden: set[str] = field(default_factory=set)
    """Addresses that float, which no gateway can be."""
    _tables: dict[tuple[int, int], str] = field(default_factory=dict)

    def route(
        self, vip: VipDraft, lines: Iterable[AddressLine], rules: list[Statement], routes: list[Statement]
    ) -> bool:
        """Set the VIP's gateway and table where rules and routes are the classic pair; whether they are."""
        bare = [line.bare for line in lines]
        for way in filter(None, map(_way, routes)):
            version = ip_address(way.gateway).version
            key = (way.table, version)
            matching = [rule for rule in rules if (found := _rule(rule)) and found[1] == way.table and found[0] in bare]
            ruled = {found[0] for rule in matching if (found := _rule(rule))}
            whole = ruled == {one for one in bare if ip_address(one).version == version}
            if not ruled or way.gateway in self.forbidden or self._tables.get(key, way.gateway) != way.gateway:
                continue
            if not whole:
                why = (
                    "it is for some addresses of the VIP, and floatip's for all of a kind: give them a VIP of their own"
                )
                self.ledger.leave(way.statement, Kind.LOST, why)
                continue
            self._tables[key] = way.gateway
            vip.gateway, vip.table = way.gateway, way.table
            self.ledger.carry(way.statement, f"gateway and table of VIP {vip.name}", used=None)
            for rule in matching:
                self.ledger.carry(rule, f"table of VIP {vip.name}", used=None)
            self._further_words([way.statement, *matching])
            return True
        return False

    def _further_words(self, statements: list[Statement]) -> None:
        """Words of the pair that have no place in floatip."""
        for statement in statements:
            found = _pairs(statement) or {}
            for word in ("dev", "src", "preference", "pref", "priority", "order", "no_track"):
                if word in found:
                    why = "floatip chooses it itself: the interface of the VIP, its address, and the order of its rules"
                    self.ledger.word(statement, word, found[word], Kind.NEEDLESS, why)


def _pairs(statement: Statement, skip: int = 0) -> dict[str, str] | None:
    """The words of a rule or route as a table; None if it has any that is not plain."""
    found: dict[str, str] = {}
    words = list(statement.words[skip:])
    while words:
        word = words.pop(0)
        if word in _ALONE:
            found[word] = ""
        elif word in _PAIRED and words:
            found[word] = words.pop(0)
        elif word in _DEFAULT:
            found["to"] = word
        else:
            return None
    return found


def _rule(statement: Statement) -> tuple[str, int] | None:
    """(address, table) of a rule that is for one source address and nothing else."""
    found = _pairs(statement)
    table = _table(found)
    if found is None or table is None or found.keys() & {"to", "dev", "src", "via", "gw"}:
        return None
    try:
        network = ip_network(found.get("from", ""))
    except ValueError:
        return None
    return (str(network.network_address), table) if network.num_addresses == 1 else None


def _way(statement: Statement) -> Way | None:
    """A route that is the default in its own table."""
    found = _pairs(statement)
    table = _table(found)
    if found is None or table is None or found.get("to") not in _DEFAULT or "from" in found:
        return None
    try:
        gateway = ip_address(found.get("via") or found.get("gw") or "")
    except ValueError:
        return None
    if gateway.is_unspecified or gateway.is_multicast or gateway.is_loopback or "%" in str(gateway):
        return None
    return Way(statement=statement, gateway=str(gateway), table=table)


def _table(found: dict[str, str] | None) -> int | None:
    text = (found or {}).get("table") or (found or {}).get("lookup") or ""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 11 else 0
    return number if 0 < number < _FOUR_BYTES and number not in _KERNEL_TABLES else None
