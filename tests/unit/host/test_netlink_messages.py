"""Netlink messages byte by byte, and what is read from bytes that nobody should send."""

import socket
import struct
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floatip.host.messages import (
    IFA_F_NODAD,
    IFA_F_NOPREFIXROUTE,
    PROTOCOL,
    AddressRecord,
    Entry,
    cut_label,
    is_ours,
    messages_in,
    pack_add,
    pack_remove,
    read_address,
    read_link,
)

pytestmark = pytest.mark.skipif(struct.pack("=H", 1) != b"\1\0", reason="written out for a little-endian machine")


def plain(spaced: str) -> bytes:
    """Read hexadecimal with blanks."""
    return bytes.fromhex(spaced)


ADD_V4 = plain(
    "5c000000 1400 0105 00000000 00000000"  # length 92, RTM_NEWADDR, REQUEST|REPLACE|CREATE without EXCL
    "02 20 00 00 07000000"  # AF_INET, /32, scope global, interface 7
    "0800 0100 0a4d0032"  # IFA_ADDRESS 10.77.0.50
    "0800 0200 0a4d0032"  # IFA_LOCAL
    "0d00 0300 657468303a77656200 000000"  # IFA_LABEL eth0:web
    "0800 0800 00020000"  # IFA_FLAGS noprefixroute
    "1400 0600 03000000 03000000 00000000 00000000"  # IFA_CACHEINFO preferred 3 s, valid 3 s
    "0500 0b00 66 000000"  # IFA_PROTO 102
)
ADD_V6 = plain(
    "64000000 1400 0105 00000000 00000000"
    "0a 80 00 00 07000000"
    "1400 0100 fd770000000000000000000000000050"
    "1400 0200 fd770000000000000000000000000050"
    "0800 0800 02020000"  # nodad, noprefixroute
    "1400 0600 00000000 03000000 00000000 00000000"  # preferred 0 s: never a source
    "0500 0b00 66 000000"
)
REMOVE_V4 = plain(
    "28000000 1500 0100 00000000 00000000"  # RTM_DELADDR, REQUEST
    "02 18 00 00 07000000"
    "0800 0100 0a4d0032"
    "0800 0200 0a4d0032"
)


def test_ipv4_add_byte_by_byte() -> None:
    """What adds an IPv4 address is a full message with a lifetime, a label and our number."""
    ready = pack_add(IPv4Address("10.77.0.50"), 32, label="eth0:web", source=False)
    assert ready.patched(index=7, lifetime_s=3) == ADD_V4


def test_ipv6_add_byte_by_byte() -> None:
    """What adds an IPv6 address repeats each flag and is deprecated from the start."""
    ready = pack_add(IPv6Address("fd77::50"), 128, label="eth0:web", source=False)
    assert ready.patched(index=7, lifetime_s=3) == ADD_V6


def test_ipv6_source_is_preferred_as_long_as_it_is_valid() -> None:
    """A VIP that may be a source is not deprecated."""
    ready = pack_add(IPv6Address("fd77::50"), 128, label="", source=True)
    data = bytes(ready.patched(index=7, lifetime_s=3))
    assert data == ADD_V6.replace(plain("1400 0600 00000000 03000000"), plain("1400 0600 03000000 03000000"))


def test_patching_again_changes_interface_and_lifetimes_only() -> None:
    """A ready message is sent again and again without being packed anew."""
    ready = pack_add(IPv4Address("10.77.0.50"), 32, label="eth0:web", source=False)
    first = bytes(ready.patched(index=9, lifetime_s=700))
    assert first != ADD_V4
    assert bytes(ready.patched(index=7, lifetime_s=3)) == ADD_V4


def test_remove_byte_by_byte() -> None:
    """What removes an entry names its prefix and interface, and no label."""
    assert pack_remove(Entry(IPv4Address("10.77.0.50").packed, 24, 7)) == REMOVE_V4


def test_removes_do_not_share_their_bytes() -> None:
    """One template makes many messages."""
    packed = [IPv6Address("fd77::50").packed, IPv6Address("fd77::51").packed]
    removes = [pack_remove(Entry(it, 128, 1)) for it in packed]
    assert [data.count(it) for data, it in zip(removes, packed, strict=True)] == [2, 2]


@pytest.mark.parametrize(
    ("interface", "name", "label"),
    [
        ("eth0", "web", "eth0:web"),
        ("eth0", "customer-front-end", "eth0:customer-f"),
        ("enp0s31f6np1", "web", "enp0s31f6np1:we"),
        ("abcdefghijklmno", "web", "abcdefghijklmno"),
    ],
)
def test_label_has_at_most_15_characters(interface: str, name: str, label: str) -> None:
    """The kernel has room for 15, and ifconfig wants the interface first."""
    assert cut_label(interface, name) == label


@pytest.mark.parametrize("data", [ADD_V4, ADD_V6], ids=["ipv4", "ipv6"])
def test_what_was_packed_reads_back(data: bytes) -> None:
    """Reader and packer agree on where things are."""
    [(kind, start, end)] = messages_in(data)
    record = read_address(data, start, end)
    assert kind == 20
    assert record is not None
    assert str(ip_address(record.packed)) in {"10.77.0.50", "fd77::50"}
    assert (record.ifindex, record.valid_lft_s, record.proto) == (7, 3, PROTOCOL)
    assert record.prefix == len(record.packed) * 8
    assert is_ours(record, "eth0")


def record(**different: object) -> AddressRecord:
    """Give a finite address that nobody signed, with what the test changes."""
    plain_v4 = AddressRecord(b"\x0a\x4d\0\x32", 32, 7, 0, "eth0", 30, 0)
    return plain_v4._replace(**different)  # type: ignore[arg-type]


OUR_V6_FLAGS = IFA_F_NODAD | IFA_F_NOPREFIXROUTE


@pytest.mark.parametrize(
    ("found", "ours"),
    [
        (record(), False),
        (record(proto=PROTOCOL), True),
        (record(proto=PROTOCOL, valid_lft_s=None), False),
        (record(label="eth0:web"), True),
        (record(label="eth0:web", valid_lft_s=None), False),
        (record(label="eth01"), False),
        (record(label=""), False),
        (record(flags=OUR_V6_FLAGS), False),
        (record(packed=bytes(16), flags=OUR_V6_FLAGS, label=""), True),
        (record(packed=bytes(16), flags=OUR_V6_FLAGS, label="", proto=2), False),
        (record(packed=bytes(16), flags=IFA_F_NODAD, label=""), False),
        (record(packed=bytes(16), flags=OUR_V6_FLAGS, label="", valid_lft_s=None), False),
    ],
)
def test_ours_is_finite_and_signed(found: AddressRecord, ours: bool) -> None:
    """A lifetime alone, or a signature alone, does not make an address ours."""
    assert is_ours(found, "eth0") is ours


def test_link_is_up_with_carrier_and_operstate() -> None:
    """Switched on is not up: the carrier decides, and a driver that says nothing is believed."""
    for flags, operstate, up in [
        (0x11043, 6, True),
        (0x11043, 0, True),
        (0x11043, 5, False),
        (0x1003, 7, False),
        (0x11042, 6, False),
    ]:
        attributes = plain("0900 0300 6574683000 000000 0a00 0100 02aabbccddee 0000 0500 1000") + bytes(
            [operstate, 0, 0, 0]
        )
        body = struct.pack("=BxHiII", 0, 1, 7, flags, 0) + attributes
        data = struct.pack("=IHHII", 16 + len(body), 16, 0, 0, 0) + body
        link = read_link(data, 0, len(data))
        assert (link.name, link.mac, link.ifindex, link.up) == ("eth0", "02:aa:bb:cc:dd:ee", 7, up)


@pytest.mark.parametrize("cut", [1, 15, 17, 30, 91])
def test_cut_off_message_is_refused(cut: int) -> None:
    """Half a message is no message."""
    with pytest.raises(struct.error):
        list(messages_in(ADD_V4[:cut]))


@given(st.binary(max_size=200), st.sampled_from([socket.AF_INET, socket.AF_INET6, 0, 77]))
def test_any_bytes_read_as_something_or_as_struct_error(noise: bytes, family: int) -> None:
    """Whatever comes, the readers give a record, nothing, or struct.error."""
    with suppress(struct.error):
        for _kind, start, end in messages_in(noise):
            read_address(noise, start, end)
    data = struct.pack("=IHHII", 24 + len(noise), 20, 0, 0, 0) + bytes([family]) + bytes(7) + noise
    for read in (read_address, read_link):
        with suppress(struct.error):
            read(data, 0, len(data))
