"""The hosts whose own addresses were asked for, and which of the frames heard are theirs.

Knows: `now_s` as an argument. Never: sockets, or what it means that a host is or is not there.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from floatip.lan.heard import Address, Heard, HeardKind

ASKED_S = 30.0
"""A host for which nobody asked any more for so long is forgotten."""

TOLD_EVERY_S = 0.05
"""A host that says much is told of so seldom."""

MOST_PER_INTERFACE = 32

_CLAIMS = frozenset({HeardKind.REPLY, HeardKind.ANNOUNCEMENT, HeardKind.REQUEST})


@dataclass(slots=True)
class _Host:
    """One host on one LAN, as asked for: `known` is the MAC we were told, `heard` the one that answered last."""

    asked_at_s: float
    told_at_s: float
    known: str | None = None
    heard: str | None = None


class _Lan:
    """The hosts asked for on one interface, by address and by MAC."""

    def __init__(self) -> None:
        self.hosts: dict[Address, _Host] = {}
        self.by_mac: dict[str, tuple[Address, ...]] = {}

    def index(self) -> None:
        """Find hosts by their present MACs."""
        self.by_mac.clear()
        for address, host in self.hosts.items():
            for mac in {host.known, host.heard} - {None}:
                self.by_mac[str(mac)] = (*self.by_mac.get(str(mac), ()), address)


class AskedHosts:
    """Times in seconds of any one clock that does not jump."""

    def __init__(self) -> None:
        self._lans: dict[str, _Lan] = {}

    def ask(self, interface: str, address: Address, mac: str | None, now_s: float) -> None:
        """Somebody asks for this host, whose MAC is `mac` if that is known."""
        lan = self._lans.setdefault(interface, _Lan())
        host = lan.hosts.get(address)
        if host is None:
            self._make_room(lan, now_s)
            host = lan.hosts[address] = _Host(asked_at_s=now_s, told_at_s=float("-inf"))
        host.asked_at_s = now_s
        if mac is not None and mac != host.known:
            host.known = mac
            lan.index()

    def reached(self, heard: Heard, now_s: float) -> Iterator[Address]:
        """Yield the asked-for addresses of the host that sent a frame, each at most once per TOLD_EVERY_S.

        It is that host's frame if it claims the address, or comes from a MAC that is known for it or claimed it last.
        """
        lan = self._lans.get(heard.interface)
        if lan is None:
            return
        host = lan.hosts.get(heard.address)
        if host is not None and heard.kind not in {HeardKind.PROBE, HeardKind.TESTAMENT} and host.heard != heard.mac:
            host.heard = heard.mac
            lan.index()
        for address in lan.by_mac.get(heard.mac, ()):
            host = lan.hosts[address]
            if now_s - host.asked_at_s <= ASKED_S and now_s - host.told_at_s >= TOLD_EVERY_S:
                host.told_at_s = now_s
                yield address

    def _make_room(self, lan: _Lan, now_s: float) -> None:
        """Forget who was not asked for any more; beyond the bound, who was asked for the longest ago."""
        kept = {address: host for address, host in lan.hosts.items() if now_s - host.asked_at_s <= ASKED_S}
        while len(kept) >= MOST_PER_INTERFACE:
            del kept[min(kept, key=lambda address: kept[address].asked_at_s)]
        if len(kept) < len(lan.hosts):
            lan.hosts = kept
            lan.index()
