"""What is entrusted to the sentinel, and who may have it. Values in, values out.

Knows: which addresses are held for which VIP, the peers' MACs and our own. Never: sockets, clocks, the kernel.
"""

import socket
from collections.abc import Iterable
from typing import Any

from floatip.sentinel.frames import Claim
from floatip.sentinel.words import Entry, Hold, hold_of


class Wards:
    """Everything that the daemon said, and what of it is still to be seen to."""

    def __init__(self) -> None:
        self.farewell = False
        """The daemon has removed everything itself."""
        self._holds: dict[str, Hold] = {}
        self._vip_of: dict[bytes, str] = {}
        self._peers: frozenset[bytes] = frozenset()
        self._own: frozenset[bytes] = frozenset()
        self._undo: list[bytes] = []

    @property
    def holds(self) -> tuple[Hold, ...]:
        """Every VIP that is held."""
        return tuple(self._holds.values())

    def take(self, word: dict[str, Any]) -> None:
        """Take in what the daemon said; what is not understood raises ValueError, TypeError or the like."""
        for hold in map(hold_of, word.get("hold", ())):
            self.drop([hold.vip])
            self._holds[hold.vip] = hold
            self._vip_of.update((packed(entry.address), hold.vip) for entry in hold.entries)
        self.drop(word.get("drop", ()))
        if "peers" in word:
            self._peers = frozenset(map(_mac, word["peers"]))
        if "own" in word:
            self._own = frozenset(map(_mac, word["own"]))
        self.farewell |= bool(word.get("farewell", False))

    def drop(self, vips: Iterable[str]) -> None:
        """These are nobody's business any more."""
        for vip in vips:
            hold = self._holds.pop(vip, None)
            for entry in () if hold is None else hold.entries:
                self._vip_of.pop(packed(entry.address), None)

    def addresses(self, vips: Iterable[str]) -> list[bytes]:
        """The addresses (packed) of these VIPs, each once."""
        holds = [self._holds[vip] for vip in vips if vip in self._holds]
        return list(dict.fromkeys(packed(entry.address) for hold in holds for entry in hold.entries))

    def entries(self, address: bytes) -> list[Entry]:
        """Every place where an address may be."""
        hold = self._holds.get(self._vip_of.get(address, ""))
        return [] if hold is None else [entry for entry in hold.entries if packed(entry.address) == address]

    def removed(self, addresses: Iterable[bytes]) -> list[str]:
        """These are gone; name the VIPs of which nothing is left then."""
        gone = set(addresses)
        finished = []
        for vip in dict.fromkeys(vip for vip in map(self._vip_of.get, gone) if vip is not None):
            left = tuple(entry for entry in self._holds[vip].entries if packed(entry.address) not in gone)
            if left:
                self._holds[vip] = self._holds[vip]._replace(entries=left)
            else:
                self._undo += self._holds.pop(vip).undo
                finished.append(vip)
        for address in gone:
            self._vip_of.pop(address, None)
        return finished

    def undo(self) -> list[bytes]:
        """Take the requests that undo the source routing of what is gone, each once, but for what is needed still."""
        needed = {request for hold in self._holds.values() for request in hold.undo}
        over, self._undo = dict.fromkeys(self._undo), []
        return [request for request in over if request not in needed]

    def claimed(self, claim: Claim) -> str | None:
        """Name the VIP that a peer claims by this frame; None if it is no peer, or claims nothing that is held."""
        if claim.mac not in self._peers or {claim.mac, claim.source} & self._own:
            return None
        return self._vip_of.get(claim.address)

    def lasts_s(self) -> float:
        """How long after its last renewal the kernel may have any of this, in seconds."""
        return max((hold.lasts_s for hold in self._holds.values()), default=0.0)

    def bequests(self) -> list[tuple[str, bytes]]:
        """One (interface, packed address) of each VIP that is held, to tell the LAN of the daemon's death: IPv4 if any.

        A solicitation would have the next owner announce its IPv6 address before it announces the others.
        """
        held = [hold.entries for hold in self._holds.values() if hold.entries and not hold.at_once]
        firsts = [min(entries, key=lambda entry: ":" in entry.address) for entries in held]
        return [(entry.interface, packed(entry.address)) for entry in firsts]

    def places(self) -> list[tuple[str, bool]]:
        """Every (interface, whether IPv6) on which a peer can claim something that is held."""
        return list(
            dict.fromkeys((it.interface, ":" in it.address) for hold in self._holds.values() for it in hold.entries)
        )


def packed(address: str) -> bytes:
    """The bytes of an address; OSError if it is none."""
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)


def _mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))
