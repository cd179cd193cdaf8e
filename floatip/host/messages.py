"""Route netlink messages about addresses and links: packed once, read by struct.

Knows how these messages lie in memory (rtnetlink(7); linux/rtnetlink.h, if_addr.h, if_link.h) and by what an address
of ours is recognised. Packs with pyroute2's message classes; patches and reads with struct, because renewals are sent
and notifications read thousands of times. Never opens a socket.
"""

import struct
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address
from socket import AF_INET, AF_INET6
from typing import Final, NamedTuple

from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg

IPAddress = IPv4Address | IPv6Address

PROTOCOL: Final = 102
"""Our number in IFA_PROTO (kernel 5.18 and later): who put an address there; 0 to 3 are the kernel's own."""
FOREVER: Final = 0xFFFFFFFF
LABEL_LENGTH: Final = 15  # IFNAMSIZ less its final zero

NLM_F_REQUEST: Final = 0x1
NLM_F_ACK: Final = 0x4
NLM_F_REPLACE: Final = 0x100
NLM_F_CREATE: Final = 0x400
RTM_NEWLINK: Final = 16
RTM_DELLINK: Final = 17
RTM_GETLINK: Final = 18
RTM_NEWADDR: Final = 20
RTM_DELADDR: Final = 21
RTM_GETADDR: Final = 22
IFA_ADDRESS: Final = 1
IFA_LOCAL: Final = 2
IFA_LABEL: Final = 3
IFA_CACHEINFO: Final = 6
IFA_FLAGS: Final = 8
IFA_PROTO: Final = 11
IFA_F_NODAD: Final = 0x02
IFA_F_PERMANENT: Final = 0x80
IFA_F_NOPREFIXROUTE: Final = 0x200
IFLA_ADDRESS: Final = 1
IFLA_IFNAME: Final = 3
IFLA_OPERSTATE: Final = 16
IFF_UP: Final = 0x1
IFF_LOWER_UP: Final = 0x10000
IF_OPER_UNKNOWN: Final = 0  # RFC 2863: a driver that does not say
IF_OPER_UP: Final = 6

HEADER: Final = struct.Struct("=IHHII")  # length, type, flags, seq, port
_IFADDRMSG: Final = struct.Struct("=BBBBI")  # family, prefix, flags, scope, interface index
_IFINFOMSG: Final = struct.Struct("=BxHiII")  # family, type, index, flags, change
_ATTRIBUTE: Final = struct.Struct("=HH")  # length, type
_LIFETIMES: Final = struct.Struct("=II")  # preferred, valid
_U32: Final = struct.Struct("=I")
_PREFIX_AT: Final = HEADER.size + 1
_INDEX_AT: Final = HEADER.size + 4
_ATTRIBUTES_AT: Final = HEADER.size + _IFADDRMSG.size
_PACKED_LENGTH: Final = {int(AF_INET): 4, int(AF_INET6): 16}
_TYPE_MASK: Final = 0x3FFF  # above it: NLA_F_NESTED, NLA_F_NET_BYTEORDER


class Entry(NamedTuple):
    """What tells one address entry of the kernel from another."""

    packed: bytes
    prefix: int
    ifindex: int


class ReadyAdd:
    """One packed RTM_NEWADDR request; from one sending to the next only interface index and lifetimes change."""

    __slots__ = ("_data", "_lifetimes_at", "_preferred")

    def __init__(self, data: bytes, *, preferred: bool) -> None:
        self._data = bytearray(data)
        self._lifetimes_at = _offset_of(data, IFA_CACHEINFO)
        self._preferred = preferred

    def patched(self, *, index: int, lifetime_s: int) -> bytearray:
        """Give the request for this interface and lifetime; the bytes are lent until the next call."""
        _U32.pack_into(self._data, _INDEX_AT, index)
        _LIFETIMES.pack_into(self._data, self._lifetimes_at, lifetime_s if self._preferred else 0, lifetime_s)
        return self._data


def pack_add(address: IPAddress, prefix: int, *, label: str, source: bool) -> ReadyAdd:
    """Pack what adds an address and renews it alike: a full message, CREATE|REPLACE and never EXCL.

    EXCL would leave an old lifetime as it was, and an IPv6 replacement drops every flag that is not repeated. An IPv6
    address that is not to be a `source` is deprecated from the start (RFC 4862 section 5.5.4).
    """
    is_v4 = address.version == 4
    flags = IFA_F_NOPREFIXROUTE if is_v4 else IFA_F_NOPREFIXROUTE | IFA_F_NODAD
    attributes = [("IFA_ADDRESS", str(address)), ("IFA_LOCAL", str(address))]
    if is_v4:
        attributes.append(("IFA_LABEL", label))
    data = _pack(
        RTM_NEWADDR,
        NLM_F_REQUEST | NLM_F_CREATE | NLM_F_REPLACE,
        address,
        prefix,
        [
            *attributes,
            ("IFA_FLAGS", flags),
            ("IFA_CACHEINFO", {"ifa_preferred": 0, "ifa_valid": 0, "cstamp": 0, "tstamp": 0}),
            ("IFA_PROTO", PROTOCOL),
        ],
    )
    return ReadyAdd(data, preferred=is_v4 or source)


def pack_remove(entry: Entry) -> bytes:
    """Pack what removes exactly this entry, whatever its label."""
    packed = entry.packed
    template, address_at, local_at = _REMOVE[len(packed)]
    data = bytearray(template)
    data[_PREFIX_AT] = entry.prefix
    _U32.pack_into(data, _INDEX_AT, entry.ifindex)
    data[address_at : address_at + len(packed)] = packed
    data[local_at : local_at + len(packed)] = packed
    return bytes(data)


def _pack(kind: int, flags: int, address: IPAddress, prefix: int, attributes: Sequence[tuple[str, object]]) -> bytes:
    message = ifaddrmsg()
    message["family"] = AF_INET if address.version == 4 else AF_INET6
    message["prefixlen"] = prefix
    message["index"] = 0
    message["attrs"] = attributes
    message["header"]["type"] = kind
    message["header"]["flags"] = flags
    message.encode()
    return bytes(message.data)


def cut_label(interface: str, name: str) -> str:
    """Label of an IPv4 alias, as ifconfig shows it: "eth0:web", cut to the 15 characters the kernel has room for."""
    return f"{interface}:{name}"[:LABEL_LENGTH]


class AddressRecord(NamedTuple):
    """One address entry as the kernel tells it; `valid_lft_s` is None if it stays forever."""

    packed: bytes
    prefix: int
    ifindex: int
    flags: int
    label: str
    valid_lft_s: int | None
    proto: int

    @property
    def entry(self) -> Entry:
        """Which entry this is."""
        return Entry(self.packed, self.prefix, self.ifindex)


class LinkRecord(NamedTuple):
    """One link as the kernel tells it; a `family` other than 0 is a bridge's view of its port, not the link itself."""

    family: int
    ifindex: int
    name: str
    mac: str
    up: bool


def messages_in(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield (type, start, end) of each netlink message in what one recv gave; raises struct.error if it is cut off."""
    at = 0
    while at < len(data):
        length, kind = HEADER.unpack_from(data, at)[:2]
        if length < HEADER.size or at + length > len(data):
            raise struct.error(f"netlink message of {length} bytes at {at} of {len(data)}")
        yield kind, at, at + length
        at += (length + 3) & ~3


def read_address(data: bytes, start: int, end: int) -> AddressRecord | None:
    """Read an RTM_NEWADDR or RTM_DELADDR message; None for what is neither IPv4 nor IPv6."""
    family, prefix, flags, _scope, index = _IFADDRMSG.unpack_from(data, start + HEADER.size)
    found = attributes(data, start + _ATTRIBUTES_AT, end)
    packed = found.get(IFA_LOCAL) or found.get(IFA_ADDRESS) or b""
    if len(packed) != _PACKED_LENGTH.get(family):
        return None
    if IFA_FLAGS in found:
        flags = _U32.unpack(found[IFA_FLAGS])[0]
    valid_lft_s: int | None = None
    if IFA_CACHEINFO in found and not flags & IFA_F_PERMANENT:
        valid = _LIFETIMES.unpack_from(found[IFA_CACHEINFO])[1]
        valid_lft_s = None if valid == FOREVER else valid
    proto = (found.get(IFA_PROTO) or b"\0")[0]
    return AddressRecord(packed, prefix, index, flags, _text(found.get(IFA_LABEL, b"")), valid_lft_s, proto)


def read_link(data: bytes, start: int, end: int) -> LinkRecord:
    """Read an RTM_NEWLINK or RTM_DELLINK message."""
    family, _type, index, flags, _change = _IFINFOMSG.unpack_from(data, start + HEADER.size)
    found = attributes(data, start + HEADER.size + _IFINFOMSG.size, end)
    operstate = (found.get(IFLA_OPERSTATE) or b"\0")[0]
    carrier = flags & (IFF_UP | IFF_LOWER_UP) == IFF_UP | IFF_LOWER_UP
    return LinkRecord(
        family=family,
        ifindex=index,
        name=_text(found.get(IFLA_IFNAME, b"")),
        mac=found.get(IFLA_ADDRESS, b"").hex(":"),
        up=carrier and operstate in {IF_OPER_UP, IF_OPER_UNKNOWN},
    )


def is_ours(record: AddressRecord, interface: str) -> bool:
    """Whether floatip put this address there: a finite lifetime, and our protocol number or our label.

    A kernel before 5.18 keeps no protocol number, and IPv6 has no labels: there our two flags together must do.
    """
    if record.valid_lft_s is None:
        return False
    ours_v6 = IFA_F_NODAD | IFA_F_NOPREFIXROUTE
    return (
        record.proto == PROTOCOL
        or (bool(record.label) and record.label.startswith(f"{interface}:"))
        or (record.proto == 0 and len(record.packed) == 16 and record.flags & ours_v6 == ours_v6)
    )


def attributes(data: bytes, at: int, end: int) -> dict[int, bytes]:
    """Payload of each attribute between two offsets, by type; raises struct.error if one is cut off."""
    found = {}
    while at + _ATTRIBUTE.size <= end:
        length, kind = _ATTRIBUTE.unpack_from(data, at)
        if length < _ATTRIBUTE.size or at + length > end:
            raise struct.error(f"netlink attribute of {length} bytes at {at} of {end}")
        found[kind & _TYPE_MASK] = data[at + _ATTRIBUTE.size : at + length]
        at += (length + 3) & ~3
    return found


def _offset_of(data: bytes, wanted: int) -> int:
    """Where the payload of an attribute starts in an address message that has it."""
    at = _ATTRIBUTES_AT
    while True:
        length, kind = _ATTRIBUTE.unpack_from(data, at)
        if kind == wanted:
            return at + _ATTRIBUTE.size
        at += (length + 3) & ~3


def _text(raw: bytes) -> str:
    return raw.rstrip(b"\0").decode("utf-8", "replace")


def _remove_template(address: IPAddress) -> tuple[bytes, int, int]:
    attributes = [("IFA_ADDRESS", str(address)), ("IFA_LOCAL", str(address))]
    data = _pack(RTM_DELADDR, NLM_F_REQUEST, address, address.max_prefixlen, attributes)
    return data, _offset_of(data, IFA_ADDRESS), _offset_of(data, IFA_LOCAL)


_REMOVE: Final = {len(it.packed): _remove_template(it) for it in (IPv4Address(0), IPv6Address(0))}
"""Per length of a packed address: the message that removes it, and where the address stands in it, twice."""
