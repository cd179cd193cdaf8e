"""The clients of the false world: hosts that use the VIPs. Knows: which MAC each of them believes. Never: the owner.

One stands on each side of a possible split. It believes the newest announcement it heard; a MAC that has not answered
for ``STALE_S`` is asked for anew, as a neighbour table does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from floatip.core.types import Address, Mac

STALE_S = 5.0
"""How long a client keeps trying a silent MAC before it asks again (Linux: 5 s delay before the first probe)."""


@dataclass(slots=True)
class Client:
    """A host that uses the addresses: whom it believes to have them, and since when that one is silent."""

    side: int
    believes: dict[Address, Mac] = field(default_factory=dict)
    silent_since: dict[Address, float] = field(default_factory=dict)

    def learn(self, address: Address, mac: Mac) -> None:
        """Believe an announcement."""
        self.believes[address] = mac
        self.silent_since.pop(address, None)

    def look(self, address: Address, answerers: Sequence[Mac], now: float, rng: Random) -> None:
        """See whether the MAC it believes is among those that answer; ask anew once it was silent for long."""
        if self.believes.get(address) in answerers:
            self.silent_since.pop(address, None)
        elif now - self.silent_since.setdefault(address, now) >= STALE_S:
            self.believes.pop(address, None)
        if address not in self.believes and answerers:
            self.believes[address] = rng.choice(answerers)
