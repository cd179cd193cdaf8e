"""How an owner answers for its addresses against others who claim them (RFC 5227 section 2.4, design section 6)."""

from floatip.core.binding import AddressBinding
from floatip.core.effects import Kind
from floatip.core.rivals import isolated_owners
from floatip.core.situation import Situation
from floatip.core.troubles import Troubles
from floatip.core.types import Mac, VipSpec

DEFEND_EVERY_S = 1.0
"""How often an owner announces anew against another MAC."""


class Defence:
    """One VIP of this node; times in seconds."""

    def __init__(self, spec: VipSpec, situation: Situation, binding: AddressBinding, troubles: Troubles) -> None:
        self._spec = spec
        self._s = situation
        self._binding = binding
        self._troubles = troubles
        self._last_at = float("-inf")
        """When the last round was announced, or will be."""
        self._had_rivals = False

    def against_mac(self, now: float) -> None:
        """Another MAC was heard: have the last word, once a second."""
        if now >= self._last_at:
            self._last_at = max(now, self._last_at + DEFEND_EVERY_S)
            self._binding.defend(self._last_at)

    def against_isolated(self, now: float) -> None:
        """An isolated owner that yielded may have been believed by clients: they are told anew."""
        rivals = bool(isolated_owners(self._s, self._spec, now))
        if self._had_rivals and not rivals:
            self._binding.announce(now)
        self._had_rivals = rivals

    def report(self, address: str, mac: Mac, now: float, *, seated: bool) -> None:
        """Tell of a MAC that should not answer: a stranger's always, a peer's while the addresses are ours."""
        peer = self._s.peers.by_mac(mac)
        if (peer is None or seated) and self._troubles.conflict(address, mac, now):
            who = f"{peer} ({mac})" if peer else f"a stranger, {mac},"
            self._s.tell(Kind.CONFLICT, f"{who} answers for {address}", vip=self._spec.name, warning=True)
