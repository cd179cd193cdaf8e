"""ARP frames byte by byte, and what is read from frames nobody should have sent."""

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floatip.lan import arp
from floatip.lan.heard import Heard, HeardKind

OURS = "02:00:00:00:00:01"
THEIRS = "02:00:00:00:00:02"
VIP = IPv4Address("10.77.0.50")

REQUEST_FORM = bytes.fromhex(
    "ffffffffffff 020000000002 08060001 0800 06 04 0001020000000002 0a4d0032000000000000 0a4d0032"
)
REPLY_FORM = bytes.fromhex(
    "ffffffffffff 020000000002 08060001 0800 06 04 0002020000000002 0a4d0032020000000002 0a4d0032"
)
PROBE = bytes.fromhex("ffffffffffff 020000000002 08060001 0800 06 04 0001020000000002 00000000000000000000 0a4d0032")
REQUEST = bytes.fromhex("020000000001 020000000002 08060001 0800 06 04 0001020000000002 0a4d0002000000000000 0a4d0032")
REPLY_TO_PROBE = bytes.fromhex(
    "020000000001 020000000002 08060001 0800 06 04 0002020000000002 0a4d0032020000000001 00000000"
)

hosts = st.integers(min_value=0x01000000, max_value=0xDFFFFFFF).map(IPv4Address).filter(lambda a: not a.is_loopback)
macs = st.binary(min_size=6, max_size=6).filter(any).map(lambda b: bytes([b[0] & 0xFE | 2, *b[1:]]).hex(":"))


def changed(frame: bytes, offset: int, hexadecimal: str) -> bytes:
    """Overwrite bytes of a frame."""
    new = bytes.fromhex(hexadecimal)
    return frame[:offset] + new + frame[offset + len(new) :]


def heard(kind: HeardKind, *, address: IPv4Address = VIP, mac: str = THEIRS, to_us: bool = False) -> Heard:
    """Say what one frame on eth0 should be read as."""
    return Heard(interface="eth0", address=address, mac=mac, kind=kind, to_us=to_us)


def test_announcement_has_both_forms() -> None:
    """The announcement is the request form and the reply form of RFC 5227, broadcast, exactly these bytes."""
    assert arp.announcements(VIP, THEIRS) == (REQUEST_FORM, REPLY_FORM)


def test_probe_claims_nothing() -> None:
    """A probe has the sender address 0.0.0.0, so that no neighbour learns from it."""
    assert arp.probe(VIP, THEIRS) == PROBE


def test_probe_of_one_mac() -> None:
    """A probe to one MAC differs from the broadcast one in the Ethernet destination only."""
    assert arp.probe(VIP, THEIRS, OURS) == changed(PROBE, 0, "020000000001")


def test_probe_of_no_mac_is_refused() -> None:
    """A destination that is not a MAC is an error of the caller, not a malformed frame on the wire."""
    with pytest.raises(ValueError, match="is no MAC address"):
        arp.probe(VIP, THEIRS, "02:00")


def test_request_says_who_asks() -> None:
    """A request is a probe that names the asker's own address, to one MAC or to all, exactly these bytes."""
    assert arp.request(VIP, THEIRS, IPv4Address("10.77.0.2"), OURS) == REQUEST
    assert arp.request(VIP, THEIRS, IPv4Address("10.77.0.2")) == changed(REQUEST, 0, "ffffffffffff")
    asked = heard(HeardKind.REQUEST, address=IPv4Address("10.77.0.2"), to_us=True)
    assert arp.parse(REQUEST, "eth0", OURS) == asked


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (REQUEST_FORM, heard(HeardKind.ANNOUNCEMENT)),
        (REPLY_FORM, heard(HeardKind.ANNOUNCEMENT)),
        (PROBE, heard(HeardKind.PROBE)),
        (REPLY_TO_PROBE, heard(HeardKind.REPLY, to_us=True)),
        (changed(REPLY_TO_PROBE, 38, "0a4d0001"), heard(HeardKind.REPLY, to_us=True)),
        (changed(REPLY_TO_PROBE, 0, "020000000009"), heard(HeardKind.REPLY)),
        (changed(REQUEST_FORM, 38, "0a4d0001"), heard(HeardKind.REQUEST)),
        (changed(REQUEST_FORM, 22, "020000000007"), heard(HeardKind.ANNOUNCEMENT, mac="02:00:00:00:00:07")),
        (REQUEST_FORM + bytes(18), heard(HeardKind.ANNOUNCEMENT)),
    ],
    ids=["request-form", "reply-form", "probe", "reply-to-probe", "reply", "overheard", "request", "proxy", "padded"],
)
def test_reading(frame: bytes, expected: Heard) -> None:
    """Each kind of ARP frame is told apart, and the claimed MAC is the one inside the ARP packet."""
    assert arp.parse(frame, "eth0", OURS) == expected


@pytest.mark.parametrize(
    "frame",
    [
        REQUEST_FORM[:41],
        changed(REQUEST_FORM, 12, "0800"),
        changed(REQUEST_FORM, 14, "0006"),
        changed(REQUEST_FORM, 16, "86dd"),
        changed(REQUEST_FORM, 18, "08"),
        changed(REQUEST_FORM, 19, "10"),
        changed(REQUEST_FORM, 20, "0003"),
        changed(REQUEST_FORM, 20, "0101"),
        changed(REQUEST_FORM, 6, "03"),
        changed(REQUEST_FORM, 22, "ffffffffffff"),
        changed(REQUEST_FORM, 22, "000000000000"),
        changed(REPLY_FORM, 28, "00000000"),
        changed(PROBE, 38, "00000000"),
        changed(PROBE, 38, "ffffffff"),
        changed(REQUEST_FORM, 28, "e0000001"),
        changed(REQUEST_FORM, 28, "7f000001"),
    ],
    ids=[
        "truncated",
        "ethertype",
        "hardware",
        "protocol",
        "mac-length",
        "address-length",
        "operation",
        "operation-high",
        "from-group",
        "claims-broadcast-mac",
        "claims-no-mac",
        "reply-of-nobody",
        "probe-of-nobody",
        "probe-of-broadcast",
        "multicast",
        "loopback",
    ],
)
def test_refusing(frame: bytes) -> None:
    """A frame that is not ARP for IPv4 over Ethernet, or claims what no host can have, says nothing."""
    assert arp.parse(frame, "eth0", OURS) is None


@given(address=hosts, mac=macs, to_mac=macs)
def test_what_is_built_is_understood(address: IPv4Address, mac: str, to_mac: str) -> None:
    """Every frame we build is read as what it was meant to be, whatever the address and the MACs."""
    for frame in arp.announcements(address, mac):
        assert arp.parse(frame, "eth0", OURS) == heard(HeardKind.ANNOUNCEMENT, address=address, mac=mac)
    assert arp.parse(arp.probe(address, mac), "eth0", OURS) == heard(HeardKind.PROBE, address=address, mac=mac)
    unicast = heard(HeardKind.PROBE, address=address, mac=mac, to_us=True)
    assert arp.parse(arp.probe(address, mac, to_mac), "eth0", to_mac) == unicast


@given(st.binary(max_size=128))
def test_noise_never_raises(frame: bytes) -> None:
    """Bytes of any length and value are read without an exception."""
    arp.parse(frame, "eth0", OURS)


@given(st.data(), st.sampled_from([REQUEST_FORM, REPLY_FORM, PROBE, REPLY_TO_PROBE]))
def test_garbled_frame_never_raises(data: st.DataObject, frame: bytes) -> None:
    """A real frame with bytes overwritten or cut off is read without an exception."""
    garbled = bytearray(frame)
    for at in data.draw(st.lists(st.integers(0, len(frame) - 1), max_size=6)):
        garbled[at] = data.draw(st.integers(0, 255))
    arp.parse(bytes(garbled[: data.draw(st.integers(0, len(frame)))]), "eth0", OURS)
