"""Who claims which address, by a frame of ARP or neighbour discovery (RFC 826, RFC 5227, RFC 4861).

Knows: the layout of frames that other hosts send. Never: writes one, or trusts one that is not as the RFCs say.
"""

import struct
from typing import NamedTuple

ARP = 0x0806
IPV6 = 0x86DD
SOLICITATION = 135
ADVERTISEMENT = 136
ICMPV6 = 58

_ARP_BYTES = 42
_ARP_OF_IPV4_ON_ETHERNET = bytes.fromhex("0806 0001 0800 06 04")
_REQUEST_OR_REPLY = {b"\x00\x01", b"\x00\x02"}
_BROADCAST = b"\xff\xff\xff\xff"

_NDP = struct.Struct("!6s6sHIHBB16s16sBBHI16s")
_ICMP_AT = 54
_ICMP_FIXED_BYTES = 24
_HOP_LIMIT = 255  # RFC 4861 7.1: lower means that a router passed it on
_SOLICITED = 0x40000000
_NOBODY = bytes(16)
_SELF = bytes(15) + b"\x01"


class Claim(NamedTuple):
    """``mac`` has ``address`` (packed), says a frame that ``source`` sent; ``announced``: to everybody, and unasked.

    An answer to a solicitation in the form of duplicate address detection cannot be told from an announcement, and
    need not be: it goes to everybody too (RFC 4861 7.2.4).
    """

    address: bytes
    mac: bytes
    source: bytes
    announced: bool


def in_arp(frame: bytes) -> Claim | None:
    """What the sender of a request, reply or announcement claims for itself; a probe claims nothing (RFC 5227 1.1)."""
    if len(frame) < _ARP_BYTES or frame[12:20] != _ARP_OF_IPV4_ON_ETHERNET or frame[20:22] not in _REQUEST_OR_REPLY:
        return None
    source, mac, address = frame[6:12], frame[22:28], frame[28:32]
    if address[0] in {0, 127} or 224 <= address[0] < 240 or address == _BROADCAST:
        return None
    announced = frame[38:42] == address
    return Claim(address, mac, source, announced) if _is_host(source) and _is_host(mac) else None


def in_ndp(frame: bytes) -> Claim | None:
    """What an advertisement says of its target, or a solicitation of its sender; the rest RFC 4861 7.1 discards."""
    if len(frame) < _NDP.size:
        return None
    _, source, ethertype, version, length, header, hops, sender, to, kind, code, _, flags, target = _NDP.unpack_from(
        frame
    )
    end = _ICMP_AT + length
    sound = (
        (ethertype, version >> 28, header, hops, code) == (IPV6, 6, ICMPV6, _HOP_LIMIT, 0)
        and length >= _ICMP_FIXED_BYTES
        and end <= len(frame)
        and sender != _NOBODY
        and sender[0] != 0xFF
        and _can_be_claimed(target)
        and _sum(frame, end) == 0
    )
    if not sound:
        return None
    macs = _mac_options(frame[_NDP.size : end])
    announced = kind == ADVERTISEMENT and not flags & _SOLICITED
    if macs is None or (kind == ADVERTISEMENT and not announced and to[0] == 0xFF):
        return None
    if kind == ADVERTISEMENT:
        address, mac = target, macs.get(2, source)
    elif kind == SOLICITATION and sender != _SELF:
        address, mac = sender, macs.get(1, source)
    else:
        return None
    return Claim(address, mac, source, announced) if _is_host(source) and _is_host(mac) else None


def _mac_options(options: bytes) -> dict[int, bytes] | None:
    """The first link-layer address option of each type; None if the options are malformed."""
    macs: dict[int, bytes] = {}
    at = 0
    while at < len(options):
        size = options[at + 1] * 8 if at + 2 <= len(options) else 0
        if size == 0 or at + size > len(options):
            return None
        if options[at] in {1, 2}:
            if size != 8:  # RFC 2464 6
                return None
            macs.setdefault(options[at], options[at + 2 : at + 8])
        at += size
    return macs


def _is_host(mac: bytes) -> bool:
    return not mac[0] & 1 and any(mac)


def _can_be_claimed(address: bytes) -> bool:
    return address[0] != 0xFF and address not in {_NOBODY, _SELF}


def _sum(frame: bytes, end: int) -> int:
    """0 if the ICMPv6 checksum is right (RFC 8200 8.1)."""
    icmp = frame[_ICMP_AT:end]
    covered = frame[22:_ICMP_AT] + struct.pack("!II", len(icmp), ICMPV6) + icmp + bytes(len(icmp) % 2)
    return int.from_bytes(covered, "big") % 0xFFFF
