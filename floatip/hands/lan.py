"""The hand on the wire: Announce, Probe and Ask become frames; frames that claim our VIPs become events.

So does whatever a host says for whose own address was asked.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.types import Address, Mac, VipName, VipSpec
from floatip.hands.places import places
from floatip.lan.asked import AskedHosts
from floatip.lan.heard import Heard, HeardKind, LanError
from floatip.lan.lan import Lan

AT_ONCE = 4
"""So many announcements are built in one go, in service."""
BREATH_S = 0.01


class LanHand:
    """Owns the raw sockets; nothing waits."""

    def __init__(
        self,
        specs: Iterable[VipSpec],
        *,
        rate_per_s: float,
        post: Callable[[ev.Event], None],
        warn: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._post = post
        self._warn = warn
        self._know(specs)
        self._wanted: dict[str, list[Address]] = {}
        """What is to be ready to be announced on each interface, since the last reload."""
        self._announced: set[VipName] = set()
        self._ears: list[Callable[[Heard], None]] = []
        self._asked = AskedHosts()
        self._clock = clock
        self.lan = Lan(self._heard, rate_per_s=rate_per_s)

    def _know(self, specs: Iterable[VipSpec]) -> None:
        self._specs = {spec.name: spec for spec in specs}
        self._vip_of: dict[Address, VipName] = {
            placed.address: spec.name for spec in self._specs.values() for placed in spec.addresses
        }
        self._places = {spec.name: set(places(spec)) for spec in self._specs.values()}

    def _by_place(self) -> dict[str, list[Address]]:
        """The addresses that can be on each interface."""
        found: dict[str, list[Address]] = {}
        for spec in self._specs.values():
            for interface in places(spec):
                found.setdefault(interface, []).extend(placed.address for placed in spec.addresses)
        return found

    def open(self) -> None:
        """Listen on every interface that a VIP can be on; raises LanError."""
        for interface, addresses in self._by_place().items():
            self.lan.open(interface)
            self.lan.prepare(interface, addresses)

    def configure(self, specs: Iterable[VipSpec]) -> None:
        """These are the VIPs from now on; listen where they can be, and no longer where none can."""
        self._know(specs)
        wanted = self._wanted = self._by_place()
        for interface in self.lan.macs().keys() - wanted.keys():
            self.lan.close(interface)
        for interface in wanted:
            self.reopen(interface)
        self._prepare_some(wanted)

    def _prepare_some(self, wanted: dict[str, list[Address]]) -> None:
        """Build what is new bit by bit: a frame takes milliseconds, and heartbeats wait for none."""
        missing = 0
        for interface, addresses in wanted.items() if wanted is self._wanted else ():
            with contextlib.suppress(LanError):
                missing += self.lan.prepare(interface, addresses, AT_ONCE)
        if missing:
            asyncio.get_running_loop().call_later(BREATH_S, self._prepare_some, wanted)

    def set_rate(self, rate_per_s: float) -> None:
        """Let out so many paced frames a second and interface from now on."""
        self.lan.set_rate(rate_per_s)

    def reopen(self, interface: str) -> None:
        """Take in that a link changed: its MAC, or the link itself, may be another one."""
        try:
            self.lan.open(interface)
        except LanError as error:
            self._warn(str(error))

    def close(self) -> None:
        """Close the sockets."""
        self.lan.close()

    def announce(self, effect: ef.Announce) -> None:
        """One round: the first after taking over goes out at once, later ones are paced."""
        paced = effect.vip in self._announced
        self._announced.add(effect.vip)
        for interface, addresses in self._by_interface(effect.vip, effect.interface).items():
            try:
                self.lan.announce(interface, addresses, paced=paced)
            except LanError as error:
                self._warn(str(error))

    def probe(self, effect: ef.Probe) -> None:
        """Ask the LAN once for each address."""
        for interface, addresses in self._by_interface(effect.vip, effect.interface).items():
            for address in addresses:
                try:
                    self.lan.probe(interface, address, effect.to_macs, broadcast=effect.broadcast)
                except LanError as error:
                    self._warn(str(error))

    def ask(self, effect: ef.Ask) -> None:
        """Ask once for a host's own address; its answers are told as Reached."""
        self._asked.ask(effect.interface, effect.address, self._clock())
        with contextlib.suppress(LanError):  # not open: whoever could not open it was told, once
            self.lan.ask(effect.interface, effect.address, effect.mac)

    def forget(self, vips: Iterable[VipName]) -> None:
        """Addresses that were given up are announced no more."""
        for vip in vips:
            self._announced.discard(vip)
            self.lan.cancel(placed.address for placed in self._specs[vip].addresses)

    def overhear(self, ear: Callable[[Heard], None]) -> Callable[[], None]:
        """Let somebody else hear all frames as well; return what ends that."""
        self._ears.append(ear)
        return lambda: self._ears.remove(ear)

    def _heard(self, heard: Heard) -> None:
        for ear in self._ears:
            ear(heard)
        mac = Mac(heard.mac)
        if self._asked.is_answer(heard, self._clock()):
            self._post(ev.Reached(interface=heard.interface, address=heard.address, mac=mac))
        vip = self._vip_of.get(heard.address)
        if vip is not None and heard.kind is not HeardKind.PROBE and heard.interface in self._places[vip]:
            self._post(
                ev.Answered(
                    vip=vip,
                    address=heard.address,
                    mac=mac,
                    interface=heard.interface,
                    announced=heard.kind is HeardKind.ANNOUNCEMENT,
                    testament=heard.kind is HeardKind.TESTAMENT,
                )
            )

    def _by_interface(self, vip: VipName, interface: str) -> dict[str, list[Address]]:
        placed: dict[str, list[Address]] = {}
        for one in self._specs[vip].addresses:
            placed.setdefault(one.interface or interface, []).append(one.address)
        return placed
