"""Neighbour discovery frames: bytes out, bytes in (RFC 4861, RFC 4862).

Knows: the layout of an Ethernet frame that carries an ICMPv6 neighbour solicitation or advertisement. Never: sockets,
time, or who should own an address. Twin of `arp`: the same functions for IPv4.
"""

import struct
from functools import lru_cache
from ipaddress import IPv6Address

from scapy.layers.inet6 import ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptDstLLAddr, ICMPv6NDOptSrcLLAddr, IPv6
from scapy.layers.l2 import Ether

from floatip.lan.ether import is_host, packed
from floatip.lan.heard import Heard, HeardKind
from floatip.sentinel.testament import NDP_MARK

ETHERTYPE = 0x86DD
SOLICITATION = 135
ADVERTISEMENT = 136

_ICMPV6 = 58
_HOP_LIMIT = 255  # RFC 4861 7.1: lower means that a router passed it on, so it is not from this link
_SOLICITED = 0x40000000
_SOURCE_MAC_OPTION = 1
_TARGET_MAC_OPTION = 2

_NOBODY = bytes(16)
_SELF = bytes(15) + b"\x01"
_ALL_NODES = IPv6Address("ff02::1").packed
_SOLICITED_NODE = IPv6Address("ff02::1:ff00:0").packed[:13]

_FRAME = struct.Struct("!6s6sHIHBB16s16sBBHI16s")
_IP_ADDRESSES = slice(22, 54)
_SOURCE = slice(22, 38)
_DESTINATION = slice(38, 54)
_ICMP_START = 54
_CHECKSUM = slice(56, 58)
_TARGET = slice(62, 78)
_ICMP_FIXED_SIZE = 24


def announcements(address: IPv6Address, mac: str, *, router: bool = False) -> tuple[bytes, ...]:
    """One unsolicited advertisement to all nodes, overriding what they know (RFC 4861 7.2.6).

    `router` must say whether this host forwards: neighbours drop their routes through a router that denies being one.
    """
    frame = bytearray(_advertisement(mac, router))
    frame[_SOURCE] = frame[_TARGET] = address.packed
    return (_sealed(frame),)


def probe(address: IPv6Address, mac: str, to_mac: str | None = None) -> bytes:
    """Ask who has `address`, from a host that claims nothing (RFC 4862 5.4.2), to all or to one MAC."""
    group = _SOLICITED_NODE + address.packed[13:]
    frame = bytearray(_solicitation(mac))
    frame[:6] = b"\x33\x33" + group[12:] if to_mac is None else packed(to_mac)
    frame[_DESTINATION] = group
    frame[_TARGET] = address.packed
    return _sealed(frame)


def request(address: IPv6Address, mac: str, sender: IPv6Address, to_mac: str | None = None) -> bytes:
    """Ask who has `address`, from a host that has `sender` and thereby says so (RFC 4861 7.2.2), of all or of one MAC.

    To one MAC it is the probe of neighbour unreachability detection, and the answer comes back to us alone.
    """
    group = _SOLICITED_NODE + address.packed[13:]
    frame = bytearray(_question(mac))
    frame[:6] = b"\x33\x33" + group[12:] if to_mac is None else packed(to_mac)
    frame[_SOURCE] = sender.packed
    frame[_DESTINATION] = group if to_mac is None else address.packed
    frame[_TARGET] = address.packed
    return _sealed(frame)


def parse(frame: bytes, interface: str, own_mac: str) -> Heard | None:
    """Say what a frame claims, or None for anything that RFC 4861 7.1 tells a host to discard."""
    if len(frame) < _FRAME.size:
        return None
    (
        to_mac,
        from_mac,
        ethertype,
        version,
        length,
        header,
        hops,
        source,
        destination,
        icmp_type,
        code,
        _,
        flags,
        target,
    ) = _FRAME.unpack_from(frame)
    if (ethertype, version >> 28, header, hops, code) != (ETHERTYPE, 6, _ICMPV6, _HOP_LIMIT, 0):
        return None
    end = _ICMP_START + length
    if length < _ICMP_FIXED_SIZE or end > len(frame) or _sum(frame[:end]) != 0:
        return None
    macs = _mac_options(frame[_FRAME.size : end])
    if macs is None or source[0] == 0xFF or not (is_host(from_mac) and _can_be_claimed(target)):
        return None
    if icmp_type == ADVERTISEMENT:
        claimant, address = macs.get(_TARGET_MAC_OPTION, from_mac), target
        kind = HeardKind.REPLY if flags & _SOLICITED else HeardKind.ANNOUNCEMENT
        valid = source != _NOBODY and not (kind is HeardKind.REPLY and destination[0] == 0xFF)
    elif icmp_type == SOLICITATION and source == _NOBODY:
        claimant, address = from_mac, target
        kind = HeardKind.TESTAMENT if flags.to_bytes(4, "big") == NDP_MARK else HeardKind.PROBE
        valid = destination.startswith(_SOLICITED_NODE) and _SOURCE_MAC_OPTION not in macs
    else:
        claimant, address, kind = macs.get(_SOURCE_MAC_OPTION, from_mac), source, HeardKind.REQUEST
        valid = icmp_type == SOLICITATION and _can_be_claimed(source)
    if not valid or not is_host(claimant):
        return None
    return Heard(
        interface=interface,
        address=IPv6Address(address),
        mac=claimant.hex(":"),
        kind=kind,
        to_us=to_mac.hex(":") == own_mac,
    )


def _mac_options(options: bytes) -> dict[int, bytes] | None:
    """Find the link-layer address options by type, the first of each; None if the options are malformed."""
    macs: dict[int, bytes] = {}
    at = 0
    while at < len(options):
        if at + 2 > len(options):
            return None
        kind, size = options[at], options[at + 1] * 8
        if size == 0 or at + size > len(options):
            return None
        if kind in {_SOURCE_MAC_OPTION, _TARGET_MAC_OPTION}:
            if size != 8:  # RFC 2464 6: six bytes of MAC, so one unit of eight
                return None
            macs.setdefault(kind, options[at + 2 : at + 8])
        at += size
    return macs


def _can_be_claimed(address: bytes) -> bool:
    """Tell whether an address may belong to one host: not a group's, not loopback, not empty."""
    return address[0] != 0xFF and address not in {_NOBODY, _SELF}


def _sum(frame: bytes) -> int:
    """Sum up what the checksum covers (RFC 8200 8.1): 0 if the checksum in the frame is right.

    Adding 16-bit words with end-around carry is taking the remainder by 0xFFFF.
    """
    icmp = frame[_ICMP_START:]
    covered = frame[_IP_ADDRESSES] + struct.pack("!II", len(icmp), _ICMPV6) + icmp + bytes(len(icmp) % 2)
    return int.from_bytes(covered, "big") % 0xFFFF


def _sealed(frame: bytearray) -> bytes:
    """Put the right checksum into a frame."""
    frame[_CHECKSUM] = bytes(2)
    frame[_CHECKSUM] = (-_sum(bytes(frame)) % 0xFFFF).to_bytes(2, "big")
    return bytes(frame)


@lru_cache(maxsize=64)
def _advertisement(mac: str, router: bool) -> bytes:
    """Build an unsolicited advertisement that has all but the address and the checksum."""
    ethernet = Ether(dst="33:33:00:00:00:01", src=mac, type=ETHERTYPE)
    message = ICMPv6ND_NA(R=int(router), S=0, O=1, tgt="::") / ICMPv6NDOptDstLLAddr(lladdr=mac)
    return bytes(ethernet / IPv6(src="::", dst="ff02::1", hlim=_HOP_LIMIT) / message)


@lru_cache(maxsize=64)
def _solicitation(mac: str) -> bytes:
    """Build a duplicate address detection solicitation that has all but the addresses and the checksum."""
    ethernet = Ether(dst="33:33:ff:00:00:00", src=mac, type=ETHERTYPE)
    return bytes(ethernet / IPv6(src="::", dst="ff02::1:ff00:0", hlim=_HOP_LIMIT) / ICMPv6ND_NS(tgt="::"))


@lru_cache(maxsize=64)
def _question(mac: str) -> bytes:
    """Build a solicitation from a host that has an address, without that address, the target and the checksum."""
    ethernet = Ether(dst="33:33:ff:00:00:00", src=mac, type=ETHERTYPE)
    message = ICMPv6ND_NS(tgt="::") / ICMPv6NDOptSrcLLAddr(lladdr=mac)
    return bytes(ethernet / IPv6(src="::", dst="ff02::1:ff00:0", hlim=_HOP_LIMIT) / message)
