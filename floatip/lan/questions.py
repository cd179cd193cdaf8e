"""The frames by which one interface asks for another host's own address.

Knows: which address of this host the kernel would ask from. Never: whom to ask, or what an answer means.

They are ordinary requests from an address of our own. A probe claims nothing, but a host that is just about to use the
address takes it for a rival's: its kernel (IPv6) or its network manager (RFC 5227 2.1.1) then gives the address up, and
the link would have been the death of the host that it was to prove alive.
"""

import socket
from collections.abc import Container
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from floatip.lan import arp, ndp
from floatip.lan.heard import Address

FRESH_S = 5.0
"""A frame is made anew when it is older: this host's own addresses may have changed."""

MOST = 64
"""So many frames are kept."""

_ANY_LINK_LOCAL = "fe80::1"
_ANY_PORT = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """A frame, or that there is none, as it was found at one moment."""

    frame: bytes | None
    at_s: float


class Questions:
    """Frames made once each; building one asks the kernel for our address, which takes a few system calls."""

    def __init__(self, interface: str) -> None:
        self._interface = interface
        self._made: dict[tuple[Address, str | None], _Made] = {}

    def frame(
        self, address: Address, to_mac: str | None, *, mac: str, never_from: Container[Address], now_s: float
    ) -> bytes | None:
        """Give the frame that asks all hosts, or one MAC, for an address; None if we have no address to ask from.

        An interface without an IPv4 address of its own asks by a probe, for it has no other way; one without a
        link-local IPv6 address (it has just come up, say) cannot do neighbour discovery at all.
        """
        made = self._made.get((address, to_mac))
        if made is None or now_s - made.at_s > FRESH_S:
            if len(self._made) >= MOST:
                self.forget()
            frame = self._build(address, to_mac, mac, never_from)
            made = self._made[address, to_mac] = _Made(frame=frame, at_s=now_s)
        return made.frame

    def forget(self) -> None:
        """Make all frames anew: the MAC, or the whole interface, is another one."""
        self._made.clear()

    def _build(self, address: Address, to_mac: str | None, mac: str, never_from: Container[Address]) -> bytes | None:
        if isinstance(address, IPv6Address):
            link_local = _our_link_local(self._interface)
            return None if link_local is None else ndp.request(address, mac, link_local, to_mac)
        sender = _our_address(self._interface, address)
        if sender is None or sender == address or sender in never_from:
            return arp.probe(address, mac, to_mac)
        return arp.request(address, mac, sender, to_mac)


def _our_address(interface: str, to: IPv4Address) -> IPv4Address | None:
    """Find the address from which this kernel would speak to a neighbour on the interface; it sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as asker:
        try:
            asker.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
            asker.setsockopt(socket.SOL_SOCKET, socket.SO_DONTROUTE, 1)
            asker.connect((str(to), _ANY_PORT))
        except OSError:  # no such subnet on the interface, or no such interface
            return None
        return IPv4Address(asker.getsockname()[0])


def _our_link_local(interface: str) -> IPv6Address | None:
    """Find the interface's link-local address; None while it is tentative, or if there is none."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as asker:
            asker.connect((_ANY_LINK_LOCAL, _ANY_PORT, 0, socket.if_nametoindex(interface)))
            source = IPv6Address(asker.getsockname()[0].partition("%")[0])
    except OSError:
        return None
    return source if source.is_link_local else None
