"""The hosts whose own addresses were asked for: whose answers are worth telling.

Knows: `now_s` as an argument. Never: sockets, or what it means that a host is or is not there.

An answer alone shows that both ways are whole. A host whose port only hears would take the questions of others for
signs of life, and make those who do not hear it doubt their own LAN.
"""

from floatip.lan.heard import Address, Heard, HeardKind

ASKED_S = 30.0
"""A host for which nobody asked any more for so long is forgotten."""

MOST_PER_INTERFACE = 32


class AskedHosts:
    """Times in seconds of any one clock that does not jump."""

    def __init__(self) -> None:
        self._asked_at_s: dict[str, dict[Address, float]] = {}

    def ask(self, interface: str, address: Address, now_s: float) -> None:
        """Somebody asks for this host; beyond the bound, the one that was asked for the longest ago is forgotten."""
        hosts = self._asked_at_s.setdefault(interface, {})
        hosts.pop(address, None)
        if len(hosts) >= MOST_PER_INTERFACE:
            del hosts[next(iter(hosts))]
        hosts[address] = now_s

    def is_answer(self, heard: Heard, now_s: float) -> bool:
        """Whether a frame is the answer, to us, of a host that was asked for."""
        if heard.kind is not HeardKind.REPLY or not heard.to_us:
            return False
        at_s = self._asked_at_s.get(heard.interface, {}).get(heard.address)
        return at_s is not None and now_s - at_s <= ASKED_S
