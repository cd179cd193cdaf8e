"""What a frame claims: the sentinel's own parser says what the LAN room's says, and a testament claims nothing."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floatip.lan import arp, ndp
from floatip.lan.heard import Heard, HeardKind
from floatip.sentinel import frames, testament
from floatip.sentinel.frames import Claim

MAC = "02:00:00:00:00:02"
RAW = bytes.fromhex(MAC.replace(":", ""))
VIP4, VIP6 = IPv4Address("10.77.0.50"), IPv6Address("fd77::50")
OTHER4, OTHER6 = IPv4Address("10.77.0.9"), IPv6Address("fd77::9")
ARP_FRAMES = [*arp.announcements(VIP4, MAC), arp.probe(VIP4, MAC), arp.request(OTHER4, MAC, VIP4)]
NDP_FRAMES = [
    *ndp.announcements(VIP6, MAC),
    ndp.probe(VIP6, MAC),
    ndp.request(OTHER6, MAC, VIP6),
    ndp.request(OTHER6, MAC, VIP6, "02:00:00:00:00:01"),
]


@st.composite
def bent(draw: st.DrawFn, whole: list[bytes]) -> bytes:
    """A frame with some octets changed, cut off or added; a checksum is mended now and then."""
    frame = bytearray(draw(st.sampled_from(whole)))
    for _ in range(draw(st.integers(0, 3))):
        frame[draw(st.integers(0, len(frame) - 1))] = draw(st.sampled_from([0, 1, 2, 4, 64, 127, 135, 136, 224, 255]))
    cut = bytes(frame[: draw(st.integers(0, len(frame)))]) if draw(st.booleans()) else bytes(frame)
    sealed = ndp._sealed(bytearray(cut)) if len(cut) > 62 and draw(st.booleans()) else cut
    return sealed + draw(st.binary(max_size=20))


def said(heard: Heard | None) -> tuple[bytes, bytes] | None:
    """The claim in what the LAN room heard."""
    if heard is None or heard.kind in {HeardKind.PROBE, HeardKind.TESTAMENT}:
        return None
    return heard.address.packed, bytes.fromhex(heard.mac.replace(":", ""))


def short(claim: Claim | None) -> tuple[bytes, bytes] | None:
    """The claim without its circumstances."""
    return None if claim is None else (claim.address, claim.mac)


@given(bent(ARP_FRAMES))
def test_arp_is_read_as_the_lan_room_reads_it(frame: bytes) -> None:
    """Two parsers, one meaning: the sentinel's needs no library."""
    assert short(frames.in_arp(frame)) == said(arp.parse(frame, "eth0", ""))


@given(bent(NDP_FRAMES))
def test_neighbour_discovery_is_read_as_the_lan_room_reads_it(frame: bytes) -> None:
    """Whatever RFC 4861 7.1 discards, both discard."""
    assert short(frames.in_ndp(frame)) == said(ndp.parse(frame, "eth0", ""))


@pytest.mark.parametrize(
    ("frame", "announced"),
    [
        (ARP_FRAMES[0], True),
        (ARP_FRAMES[1], True),
        (ARP_FRAMES[3], False),
        (ARP_FRAMES[1][:38] + OTHER4.packed, False),
    ],
    ids=["request-form", "reply-form", "request", "reply"],
)
def test_an_arp_claim(frame: bytes, announced: bool) -> None:
    """Its sender has the address, and has announced it if it asked for its own or told itself."""
    assert frames.in_arp(frame) == Claim(VIP4.packed, RAW, RAW, announced)


@pytest.mark.parametrize(
    ("frame", "announced"), [(NDP_FRAMES[0], True), (NDP_FRAMES[3], False)], ids=["advertisement", "solicitation"]
)
def test_an_ndp_claim(frame: bytes, announced: bool) -> None:
    """The target of an advertisement, and the source of a solicitation."""
    assert frames.in_ndp(frame) == Claim(VIP6.packed, RAW, RAW, announced)


def test_a_testament_is_a_probe_with_a_mark() -> None:
    """Octet for octet a probe but for the mark, and to everybody: no live host is in the group of an address yet."""
    probe4, mine4 = arp.probe(VIP4, MAC), testament.frame(VIP4.packed, RAW)
    assert mine4 == probe4[:32] + testament.ARP_MARK + probe4[38:]
    probe6, mine6 = bytearray(ndp.probe(VIP6, MAC)), testament.frame(VIP6.packed, RAW)
    probe6[58:62] = testament.NDP_MARK
    probe6[:6] = b"\xff" * 6
    assert mine6 == ndp._sealed(probe6)
    assert (frames.in_arp(mine4), frames.in_ndp(mine6)) == (None, None)
    for heard in (arp.parse(mine4, "eth0", ""), ndp.parse(mine6, "eth0", "")):
        assert heard is not None
        assert (heard.kind, heard.mac) == (HeardKind.TESTAMENT, MAC)
