"""All wires of this host.

Knows: which interfaces are open, and which announcements still wait for their turn. Never: when to announce or why.
An address that was cancelled leaves no frame behind: what is queued lives here, and nowhere else.
"""

import asyncio
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from floatip.lan.heard import Address, Heard, LanError
from floatip.lan.pacer import Pacer
from floatip.lan.wire import Counters, Wire

__all__ = ["Lan", "LanError"]


@dataclass(slots=True)
class _Lane:
    """One wire, what waits for it, and the timer that will look again."""

    wire: Wire
    pacer: Pacer
    timer: asyncio.TimerHandle | None = None


class Lan:
    """The interfaces in use; everything is called from the running loop, and nothing waits."""

    def __init__(
        self,
        heard: Callable[[Heard], None],
        *,
        rate_per_s: float = 500,
        wire: Callable[[str, Callable[[Heard], None], Callable[[str], bool]], Wire] = Wire,
    ) -> None:
        """Report what other hosts say to `heard`; send at most `rate_per_s` paced frames a second per interface."""
        self._heard = heard
        self._rate_per_s = rate_per_s
        self._wire = wire
        self._lanes: dict[str, _Lane] = {}

    def open(self, interface: str) -> None:
        """Listen on an interface; call it again after any change of the link.

        LanError if it is missing, not Ethernet or not permitted. Open already: its MAC is read again, and if another
        link has taken the name, the sockets are opened anew.
        """
        lane = self._lanes.get(interface)
        if lane is None:
            wire = self._wire(interface, self._heard, self._is_own)
            wire.start(asyncio.get_running_loop())
            self._lanes[interface] = _Lane(wire, Pacer(self._rate_per_s))
        elif lane.wire.index != _index_of(interface):
            lane.wire.reopen()
        else:
            lane.wire.refresh_mac()

    def close(self, interface: str | None = None) -> None:
        """Close one interface, or all; what was queued for it is never sent."""
        for name in list(self._lanes) if interface is None else [interface]:
            lane = self._lanes.pop(name, None)
            if lane is not None:
                if lane.timer is not None:
                    lane.timer.cancel()
                lane.wire.close()

    def set_rate(self, rate_per_s: float) -> None:
        """Let out so many paced frames a second and interface from now on."""
        self._rate_per_s = rate_per_s
        for lane in self._lanes.values():
            lane.pacer.set_rate(rate_per_s)

    def macs(self) -> dict[str, str]:
        """Name the MAC of each open interface."""
        return {interface: lane.wire.mac for interface, lane in self._lanes.items()}

    def counters(self) -> dict[str, Counters]:
        """Count the frames of each open interface."""
        return {interface: lane.wire.counters for interface, lane in self._lanes.items()}

    def prepare(self, interface: str, addresses: Iterable[Address], most: int | None = None) -> int:
        """Build the announcements of exactly these addresses ahead of need, ``most`` new ones at a time.

        Return how many are still missing; LanError if the interface is not open.
        """
        return self._lane(interface).wire.prepare(addresses, most)

    def probe(self, interface: str, address: Address, to_macs: Sequence[str] = (), *, broadcast: bool = True) -> None:
        """Ask the whole LAN, and each of the MACs, who has an address; LanError if the interface is not open."""
        wire = self._lane(interface).wire
        for to_mac in (*((None,) if broadcast else ()), *to_macs):
            wire.probe(address, to_mac)

    def ask(self, interface: str, address: Address, to_mac: str | None = None) -> None:
        """Ask for a host's own address, of everybody or of one MAC; LanError if the interface is not open."""
        self._lane(interface).wire.ask(address, to_mac)

    def announce(self, interface: str, addresses: Iterable[Address], *, paced: bool = False) -> int:
        """Send one round of announcements; return the frames sent by now. LanError if the interface is not open.

        At once, or `paced`: as fast as the rate allows, the rest from timers. An address is queued at most once, for
        one interface: a newer announcement of it supersedes the one that waits.
        """
        lane = self._lane(interface)
        wanted = list(addresses)
        for other in self._lanes.values():
            if other is not lane or not paced:
                other.pacer.drop(wanted)
        if not paced:
            return lane.wire.announce(wanted)
        lane.pacer.add(wanted)
        return self._send_due(lane)

    def cancel(self, addresses: Iterable[Address]) -> None:
        """Announce these addresses no more: what is queued for them, on any interface, is dropped."""
        given_up = list(addresses)
        for lane in self._lanes.values():
            lane.pacer.drop(given_up)

    def _send_due(self, lane: _Lane) -> int:
        if lane.timer is not None:
            lane.timer.cancel()
            lane.timer = None
        loop = asyncio.get_running_loop()
        due = lane.pacer.take(loop.time())
        sent = lane.wire.announce(due) if due else 0
        wait_s = lane.pacer.wait_s(loop.time())
        if wait_s is not None:
            lane.timer = loop.call_later(wait_s, self._send_due, lane)
        return sent

    def _lane(self, interface: str) -> _Lane:
        lane = self._lanes.get(interface)
        if lane is None:
            known = ", ".join(self._lanes) or "none"
            raise LanError(
                f"interface {interface} is not open (open: {known}); `ip link show {interface}` tells whether it exists"
            )
        return lane

    def _is_own(self, mac: str) -> bool:
        return any(mac == lane.wire.mac for lane in self._lanes.values())


def _index_of(interface: str) -> int | None:
    try:
        return socket.if_nametoindex(interface)
    except OSError:
        return None
