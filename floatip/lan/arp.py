"""ARP frames: bytes out, bytes in (RFC 826, RFC 5227).

Knows: the layout of an Ethernet frame that carries ARP for IPv4. Never: sockets, time, or who should own an address.
Twin of `ndp`: the same functions for IPv6. scapy writes the fixed part of a frame once per MAC, because it takes
0.3 ms; putting an address in takes a microsecond, so a thousand addresses do not hold up the loop.
"""

from functools import lru_cache
from ipaddress import IPv4Address

from scapy.layers.l2 import ARP, Ether

from floatip.lan.ether import is_host, packed
from floatip.lan.heard import Heard, HeardKind
from floatip.sentinel.testament import ARP_MARK

ETHERTYPE = 0x0806

_HARDWARE_ETHERNET = 1
_PROTOCOL_IPV4 = 0x0800
_REQUEST = 1
_REPLY = 2

_EVERYBODY = "ff:ff:ff:ff:ff:ff"
_UNKNOWN_MAC = "00:00:00:00:00:00"
_NOBODY = bytes(4)
_NO_ADDRESS = str(IPv4Address(_NOBODY))
_BROADCAST = b"\xff\xff\xff\xff"
_ARP_OF_IPV4_ON_ETHERNET = bytes.fromhex("0806 0001 0800 06 04")

_SIZE = 42
_DESTINATION_MAC = slice(0, 6)
_SOURCE_MAC = slice(6, 12)
_LAYOUT = slice(12, 20)
_OPERATION = slice(20, 22)
_SENDER_MAC = slice(22, 28)
_SENDER = slice(28, 32)
_TARGET_MAC = slice(32, 38)
_TARGET = slice(38, 42)


def announcements(address: IPv4Address, mac: str) -> tuple[bytes, ...]:
    """Frames that tell the whole LAN that `mac` has `address`: request form (RFC 5227 2.3), then reply form.

    Some equipment learns from one form only. Linux takes the reply form for gratuitous only if it is
    addressed to the sender's own MAC.
    """
    request = bytearray(_template(_REQUEST, mac, _UNKNOWN_MAC))
    reply = bytearray(_template(_REPLY, mac, mac))
    for frame in (request, reply):
        frame[_SENDER] = frame[_TARGET] = address.packed
    return bytes(request), bytes(reply)


def probe(address: IPv4Address, mac: str, to_mac: str | None = None) -> bytes:
    """Ask who has `address`, from a host that claims nothing (RFC 5227 2.1.1), to all or to one MAC."""
    frame = bytearray(_template(_REQUEST, mac, _UNKNOWN_MAC))
    frame[_TARGET] = address.packed
    if to_mac is not None:
        frame[_DESTINATION_MAC] = packed(to_mac)
    return bytes(frame)


def request(address: IPv4Address, mac: str, sender: IPv4Address, to_mac: str | None = None) -> bytes:
    """Ask who has `address`, from a host that has `sender` and thereby says so (RFC 826), of all or of one MAC."""
    frame = bytearray(probe(address, mac, to_mac))
    frame[_SENDER] = sender.packed
    return bytes(frame)


def parse(frame: bytes, interface: str, own_mac: str) -> Heard | None:
    """Say what a frame claims, or None for anything that is not well-formed ARP about an address a host can have."""
    if len(frame) < _SIZE or frame[_LAYOUT] != _ARP_OF_IPV4_ON_ETHERNET:
        return None
    claimant, sender, target = frame[_SENDER_MAC], frame[_SENDER], frame[_TARGET]
    if not (is_host(frame[_SOURCE_MAC]) and is_host(claimant)):
        return None
    kind = _kind(int.from_bytes(frame[_OPERATION], "big"), sender, target)
    address = target if kind is HeardKind.PROBE else sender
    if kind is HeardKind.PROBE and frame[_TARGET_MAC] == ARP_MARK:
        kind = HeardKind.TESTAMENT
    if kind is None or address[0] in {0, 127} or 224 <= address[0] < 240 or address == _BROADCAST:
        return None
    return Heard(
        interface=interface,
        address=IPv4Address(address),
        mac=claimant.hex(":"),
        kind=kind,
        to_us=frame[_DESTINATION_MAC].hex(":") == own_mac,
    )


def _kind(operation: int, sender: bytes, target: bytes) -> HeardKind | None:
    """Sort a well-formed ARP packet; None for one that RFC 5227 gives no sense."""
    if operation not in {_REQUEST, _REPLY}:
        return None
    if sender == _NOBODY:
        return HeardKind.PROBE if operation == _REQUEST else None
    if sender == target:
        return HeardKind.ANNOUNCEMENT
    return HeardKind.REQUEST if operation == _REQUEST else HeardKind.REPLY


@lru_cache(maxsize=64)
def _template(operation: int, mac: str, target_mac: str) -> bytes:
    """Build a broadcast frame that has all but the addresses."""
    ethernet = Ether(dst=_EVERYBODY, src=mac, type=ETHERTYPE)
    packet = ARP(
        hwtype=_HARDWARE_ETHERNET,
        ptype=_PROTOCOL_IPV4,
        hwlen=6,
        plen=4,
        op=operation,
        hwsrc=mac,
        psrc=_NO_ADDRESS,
        hwdst=target_mac,
        pdst=_NO_ADDRESS,
    )
    return bytes(ethernet / packet)
