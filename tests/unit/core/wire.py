"""What one machine of a play sends on the LAN, and who hears it. Knows: frames. Never: what they mean to an engine.

The gateway is on the left side.
"""

from typing import TYPE_CHECKING

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.types import Address, Mac, VipName
from tests.unit.core.world import DELAY_S, World

if TYPE_CHECKING:
    from tests.unit.core.player import Node

STRANGER = Mac("02:00:00:00:00:ff")
GATEWAY = Mac("02:00:00:00:00:fe")


class Wire:
    """The network card of one machine."""

    def __init__(self, world: World, node: "Node") -> None:
        self._world = world
        self._node = node

    def announce(self, vip: VipName) -> None:
        """Tell everybody that its addresses are here, as far as they are."""
        for other in self._world.hearers(self._node):
            for address in set(self._node.addresses(vip)) & set(self._node.held):
                other.claimed(vip, self._node.mac)
                self._answered(other, vip, address, self._node.mac, announced=True)

    def testify(self, vip: VipName) -> None:
        """Tell everybody that the daemon is dead, and who may have its addresses."""
        for other in self._world.hearers(self._node):
            for address in self._node.addresses(vip):
                self._answered(other, vip, address, self._node.mac, testament=True)

    def probe(self, vip: VipName) -> None:
        """Ask everybody who has its addresses."""
        for address in self._node.addresses(vip):
            macs = [other.mac for other in self._world.hearers(self._node) if address in other.held]
            macs += [STRANGER] * (address in self._world.foreign and self._node.on_lan)
            for mac in macs:
                self._answered(self._node, vip, address, mac)

    def ask(self, effect: ef.Ask) -> None:
        """Ask for a host's own address; its kernel answers, with a daemon or without."""
        for other in self._world.hearers(self._node):
            if other.own.ip == effect.address and effect.mac in {None, other.mac}:
                self._reached(effect.address, other.mac)
        if effect.address == self._world.gateway and self._node.on_lan and self._node.side == "left":
            self._reached(effect.address, GATEWAY)

    def _reached(self, address: Address, mac: Mac) -> None:
        reached = ev.Reached(interface="eth0", address=address, mac=mac)
        self._node.later(lambda: self._node.give(reached), 2 * DELAY_S)

    def _answered(
        self,
        hearer: "Node",
        vip: VipName,
        address: Address,
        mac: Mac,
        *,
        announced: bool = False,
        testament: bool = False,
    ) -> None:
        answered = ev.Answered(
            vip=vip, address=address, mac=mac, interface="eth0", announced=announced, testament=testament
        )
        asked = not announced and not testament
        hearer.later(lambda: hearer.give(answered), 2 * DELAY_S if asked else DELAY_S)
