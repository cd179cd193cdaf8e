"""The testament: a frame by which a sentinel tells the LAN that its daemon is dead.

It asks who has an address, from a host that claims nothing (RFC 5227 2.1.1, RFC 4862 5.4.2), so that nobody learns
anything wrong from it; a mark in a field that receivers ignore makes it a testament. Whoever has taken the address
already answers. Knows: the layout of these frames. Never: when to send one.
"""

import struct

from floatip.sentinel.frames import ARP, ICMPV6, IPV6, SOLICITATION

ARP_MARK = b"\x02float"
"""In the target hardware address of the request, which RFC 826 leaves open."""
NDP_MARK = b"floa"
"""In the reserved field of the solicitation, which RFC 4861 4.3 has receivers ignore."""

_EVERYBODY = b"\xff" * 6
_ARP_REQUEST = bytes.fromhex("0001 0800 06 04 0001")
_SOLICITED_NODE = bytes.fromhex("ff02 0000 0000 0000 0000 0001 ff")
_NOBODY = bytes(16)
_HOP_LIMIT = 255
_IPV6 = struct.Struct("!IHBB16s16s")
_ICMP = struct.Struct("!BBH4s16s")


def frame(address: bytes, mac: bytes) -> bytes:
    """Write the testament of the host that has this MAC, for one address (packed)."""
    if len(address) == 4:
        asked = _ARP_REQUEST + mac + bytes(4) + ARP_MARK + address
        return _EVERYBODY + mac + struct.pack("!H", ARP) + asked
    group = _SOLICITED_NODE + address[13:]
    ethernet = _EVERYBODY + mac + struct.pack("!H", IPV6)  # nobody has joined the group yet: its owner is dead
    header = _IPV6.pack(6 << 28, _ICMP.size, ICMPV6, _HOP_LIMIT, _NOBODY, group)
    covered = _NOBODY + group + struct.pack("!II", _ICMP.size, ICMPV6) + _icmp(address, 0)
    return ethernet + header + _icmp(address, -int.from_bytes(covered, "big") % 0xFFFF)


def _icmp(address: bytes, checksum: int) -> bytes:
    return _ICMP.pack(SOLICITATION, 0, checksum, NDP_MARK, address)
