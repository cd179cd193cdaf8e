"""Neighbour discovery frames byte by byte, and the checks of RFC 4861 7.1 on what is read."""

from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floatip.lan import ndp
from floatip.lan.heard import Heard, HeardKind

OURS = "02:00:00:00:00:01"
THEIRS = "02:00:00:00:00:02"
VIP = IPv6Address("fd77::50")

UNSOLICITED = bytes.fromhex(
    "333300000001 020000000002 86dd"
    "60000000 0020 3a ff"
    "fd770000000000000000000000000050"
    "ff020000000000000000000000000001"
    "88 00 590e 20000000"
    "fd770000000000000000000000000050"
    "02 01 020000000002"
)
PROBE = bytes.fromhex(
    "3333ff000050 020000000002 86dd"
    "60000000 0018 3a ff"
    "00000000000000000000000000000000"
    "ff0200000000000000000001ff000050"
    "87 00 7c90 00000000"
    "fd770000000000000000000000000050"
)
TO_ALL_NODES = slice(38, 54)
TO_ONE = IPv6Address("fd77::1").packed
GROUP_OF_ONE = "ff0200000000000000000001ff000001"
AT_CHECKSUM, AT_FLAGS, AT_TARGET, AT_OPTIONS = 56, 58, 62, 78

hosts = st.integers(0x2000 << 112, 0xFE00 << 112).map(IPv6Address)
macs = st.binary(min_size=6, max_size=6).map(lambda b: bytes([b[0] & 0xFE | 2, *b[1:]]).hex(":"))


def checksum(frame: bytes) -> bytes:
    """Compute RFC 4443's checksum the slow way: add 16-bit words, and the carry back in, one by one."""
    icmp = frame[54:AT_CHECKSUM] + bytes(2) + frame[AT_FLAGS:]
    covered = frame[22:54] + len(icmp).to_bytes(4, "big") + bytes([0, 0, 0, 58]) + icmp + bytes(len(icmp) % 2)
    total = 0
    for at in range(0, len(covered), 2):
        total += int.from_bytes(covered[at : at + 2], "big")
        total = (total & 0xFFFF) + (total >> 16)
    return (total ^ 0xFFFF).to_bytes(2, "big")


def changed(frame: bytes, *changes: tuple[int, str], sealed: bool = True) -> bytes:
    """Overwrite bytes of a frame, cut or lengthen its payload to fit, and put the right checksum in."""
    new = bytearray(frame)
    for at, hexadecimal in changes:
        value = bytes.fromhex(hexadecimal)
        new[at : at + len(value)] = value
    if sealed:
        new[18:20] = (len(new) - 54).to_bytes(2, "big")
        new[AT_CHECKSUM:AT_FLAGS] = checksum(bytes(new))
    return bytes(new)


def heard(kind: HeardKind, *, address: IPv6Address = VIP, mac: str = THEIRS, to_us: bool = False) -> Heard:
    """Say what one frame on eth0 should be read as."""
    return Heard(interface="eth0", address=address, mac=mac, kind=kind, to_us=to_us)


SOLICITED = changed(
    UNSOLICITED, (0, "020000000001"), (38, TO_ONE.hex()), (AT_FLAGS, "60000000")
)  # an answer, sent to us alone
QUESTION = changed(PROBE + bytes.fromhex("01 01 020000000002"), (22, VIP.packed.hex()), (AT_TARGET, TO_ONE.hex()))


def test_announcement_is_an_unsolicited_advertisement() -> None:
    """The announcement goes to all nodes with hop limit 255, overrides, and names the MAC, exactly these bytes."""
    assert ndp.announcements(VIP, THEIRS) == (UNSOLICITED,)


def test_announcement_of_a_router_says_so() -> None:
    """A host that forwards sets the router flag, or its neighbours would drop their routes through it."""
    assert ndp.announcements(VIP, THEIRS, router=True) == (changed(UNSOLICITED, (AT_FLAGS, "a0000000")),)


def test_probe_claims_nothing() -> None:
    """A probe is a duplicate address detection solicitation: from ::, to the address's solicited-node group."""
    assert ndp.probe(VIP, THEIRS) == PROBE


def test_probe_of_one_mac() -> None:
    """A probe to one MAC keeps the group as IPv6 destination, without which a host must not answer."""
    assert ndp.probe(VIP, THEIRS, OURS) == changed(PROBE, (0, "020000000001"))


def test_request_says_who_asks() -> None:
    """A request is a solicitation from an address, with the MAC to answer to; the group hears it, or one host alone."""
    asked, asker = IPv6Address(TO_ONE), VIP
    assert ndp.request(asked, THEIRS, asker) == changed(QUESTION, (0, "3333ff000001"), (38, GROUP_OF_ONE))
    assert ndp.request(asked, THEIRS, asker, OURS) == changed(QUESTION, (0, "020000000001"), (38, TO_ONE.hex()))
    for to_mac in (None, OURS):
        frame = ndp.request(asked, THEIRS, asker, to_mac)
        assert ndp.parse(frame, "eth0", OURS) == heard(HeardKind.REQUEST, to_us=to_mac == OURS)


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (UNSOLICITED, heard(HeardKind.ANNOUNCEMENT)),
        (SOLICITED, heard(HeardKind.REPLY, to_us=True)),
        (SOLICITED[:AT_OPTIONS], None),
        (changed(SOLICITED[:AT_OPTIONS]), heard(HeardKind.REPLY, to_us=True)),
        (changed(UNSOLICITED, (80, "020000000007")), heard(HeardKind.ANNOUNCEMENT, mac="02:00:00:00:00:07")),
        (PROBE, heard(HeardKind.PROBE)),
        (changed(PROBE + bytes.fromhex("0e01 010203040506")), heard(HeardKind.PROBE)),
        (QUESTION, heard(HeardKind.REQUEST)),
        (UNSOLICITED + bytes(6), heard(HeardKind.ANNOUNCEMENT)),
    ],
    ids=[
        "unsolicited",
        "solicited",
        "length-beyond-frame",
        "no-option",
        "proxy",
        "probe",
        "probe-with-nonce",
        "request",
        "trailer",
    ],
)
def test_reading(frame: bytes, expected: Heard | None) -> None:
    """Each kind of message is told apart; the claimed MAC is the option's, else the frame's."""
    assert ndp.parse(frame, "eth0", OURS) == expected


@pytest.mark.parametrize(
    "frame",
    [
        UNSOLICITED[:77],
        changed(UNSOLICITED, (12, "0800")),
        changed(UNSOLICITED, (14, "40000000")),
        changed(UNSOLICITED, (18, "0017"), sealed=False),
        changed(UNSOLICITED, (20, "00")),
        changed(UNSOLICITED, (21, "fe")),
        changed(UNSOLICITED, (54, "80")),
        changed(UNSOLICITED, (55, "01")),
        changed(UNSOLICITED, (AT_CHECKSUM, "590f"), sealed=False),
        changed(UNSOLICITED, (AT_FLAGS, "60000000")),
        changed(UNSOLICITED, (AT_TARGET, "ff02")),
        changed(UNSOLICITED, (22, "00" * 16)),
        changed(UNSOLICITED, (22, "ff02")),
        changed(UNSOLICITED, (6, "01")),
        changed(UNSOLICITED, (80, "ffffffffffff")),
        changed(UNSOLICITED, (79, "00")),
        changed(UNSOLICITED, (79, "02")),
        changed(UNSOLICITED + bytes.fromhex("02")),
        changed(UNSOLICITED + bytes(8), (79, "02")),
        changed(PROBE, (38, "ff02" + "00" * 13 + "01")),
        changed(PROBE + bytes.fromhex("01 01 020000000002")),
        changed(PROBE, (AT_TARGET, "00" * 15 + "01")),
        changed(QUESTION, (22, "00" * 15 + "01")),
    ],
    ids=[
        "truncated",
        "ethertype",
        "version",
        "payload-short",
        "next-header",
        "hop-limit",
        "echo",
        "code",
        "checksum",
        "solicited-multicast",
        "target-multicast",
        "from-nobody",
        "from-multicast",
        "from-group-mac",
        "claims-broadcast-mac",
        "option-empty",
        "option-overflows",
        "option-cut",
        "option-long-mac",
        "probe-not-to-group",
        "probe-names-mac",
        "probe-of-loopback",
        "request-from-loopback",
    ],
)
def test_refusing(frame: bytes) -> None:
    """A message that RFC 4861 7.1 tells a host to discard, or that claims what no host can have, says nothing."""
    assert ndp.parse(frame, "eth0", OURS) is None


@given(address=hosts, mac=macs, to_mac=macs, router=st.booleans())
def test_what_is_built_is_understood(address: IPv6Address, mac: str, to_mac: str, router: bool) -> None:
    """Every frame we build has the checksum of the slow way, and is read as what it was meant to be."""
    (frame,) = ndp.announcements(address, mac, router=router)
    assert frame[AT_CHECKSUM:AT_FLAGS] == checksum(frame)
    assert ndp.parse(frame, "eth0", OURS) == heard(HeardKind.ANNOUNCEMENT, address=address, mac=mac)
    probe = ndp.probe(address, mac)
    assert probe[AT_CHECKSUM:AT_FLAGS] == checksum(probe)
    assert ndp.parse(probe, "eth0", OURS) == heard(HeardKind.PROBE, address=address, mac=mac)
    unicast = heard(HeardKind.PROBE, address=address, mac=mac, to_us=True)
    assert ndp.parse(ndp.probe(address, mac, to_mac), "eth0", to_mac) == unicast


@given(st.integers(0, len(UNSOLICITED) * 8 - 1))
def test_one_flipped_bit_in_what_is_summed_is_noticed(bit: int) -> None:
    """A single wrong bit behind the IPv6 header's fixed part makes the frame say nothing."""
    at, flipped = divmod(bit, 8)
    frame = changed(UNSOLICITED, (at, f"{UNSOLICITED[at] ^ 1 << flipped:02x}"), sealed=False)
    if at >= 22:
        assert ndp.parse(frame, "eth0", OURS) is None


@given(st.binary(max_size=128))
def test_noise_never_raises(frame: bytes) -> None:
    """Bytes of any length and value are read without an exception."""
    ndp.parse(frame, "eth0", OURS)


@given(st.data(), st.sampled_from([UNSOLICITED, PROBE, SOLICITED, QUESTION]))
def test_garbled_frame_never_raises(data: st.DataObject, frame: bytes) -> None:
    """A real frame with other bytes behind its header, and the right checksum, is read without an exception."""
    options = data.draw(st.binary(max_size=40))
    flags = data.draw(st.binary(min_size=4, max_size=4))
    ndp.parse(changed(frame[:AT_OPTIONS] + options, (AT_FLAGS, flags.hex())), "eth0", OURS)
