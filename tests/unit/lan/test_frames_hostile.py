"""ARP and neighbour discovery under frames that nobody sends in good faith: what is understood is about a host."""

from ipaddress import IPv4Address, IPv6Address

from hypothesis import given
from hypothesis import strategies as st

from floatip.lan import arp, ndp
from floatip.lan.heard import Heard, HeardKind
from tests.unit.examples import examples

OURS = "02:77:00:00:00:0b"
THEIRS = "02:77:00:00:00:0c"
V4, OTHER_V4 = IPv4Address("10.77.0.50"), IPv4Address("10.77.0.11")
V6, OTHER_V6 = IPv6Address("fd77::50"), IPv6Address("fe80::77:ff:fe00:b")
ARP_FRAMES = [*arp.announcements(V4, THEIRS), arp.probe(V4, THEIRS, OURS), arp.request(V4, THEIRS, OTHER_V4)]
NDP_FRAMES = [*ndp.announcements(V6, THEIRS), ndp.probe(V6, THEIRS, OURS), ndp.request(V6, THEIRS, OTHER_V6)]
AT_LENGTH, AT_SUM, AT_ICMP = slice(18, 20), slice(56, 58), 54


def is_sound(found: Heard | None, frame: bytes) -> bool:
    """Whether what was understood of a frame, if anything was, can be true of a host on an Ethernet."""
    if found is None:
        return True
    mac = bytes.fromhex(found.mac.replace(":", ""))
    assert len(mac) == 6
    assert not mac[0] & 1
    assert any(mac)
    assert not found.address.is_multicast
    assert not found.address.is_unspecified
    assert not found.address.is_loopback
    assert isinstance(found.kind, HeardKind)
    assert found.to_us == (frame[:6].hex(":") == OURS)
    return found.interface == "eth0"


def bent(frame: bytes, data: st.DataObject) -> bytes:
    """Overwrite, insert, cut and repeat some bytes of a frame."""
    changed = bytearray(frame)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(changed)))
        changed[at : at + data.draw(st.integers(0, 12))] = data.draw(st.binary(max_size=12))
    return bytes(changed)


def summed(frame: bytes) -> bytes:
    """Give a frame the length and the checksum that make a receiver look on."""
    changed = bytearray(frame)
    changed[AT_LENGTH] = (len(frame) - AT_ICMP).to_bytes(2, "big")
    changed[AT_SUM] = bytes(2)
    changed[AT_SUM] = (-ndp._sum(bytes(changed)) % 0xFFFF).to_bytes(2, "big")
    return bytes(changed)


@examples(150)
@given(st.binary(max_size=300), st.sampled_from([b"", *ARP_FRAMES]), st.integers(0, 42))
def test_arp_of_any_bytes(noise: bytes, start: bytes, kept: int) -> None:
    """Noise, alone or behind a good beginning."""
    frame = start[:kept] + noise
    assert is_sound(arp.parse(frame, "eth0", OURS), frame)


@examples(150)
@given(st.sampled_from(ARP_FRAMES), st.data())
def test_arp_that_was_bent(frame: bytes, data: st.DataObject) -> None:
    """A good frame with changes anywhere, and whatever comes behind it (an Ethernet pads) says nothing else."""
    changed = bent(frame, data)
    found = arp.parse(changed, "eth0", OURS)
    assert is_sound(found, changed)
    assert len(changed) < 42 or arp.parse(changed + data.draw(st.binary(max_size=40)), "eth0", OURS) == found


@examples(150)
@given(st.binary(max_size=300), st.sampled_from([b"", *NDP_FRAMES]), st.integers(0, 90))
def test_neighbour_discovery_of_any_bytes(noise: bytes, start: bytes, kept: int) -> None:
    """Noise, alone or behind a good beginning, with a right length and checksum and without."""
    frame = start[:kept] + noise
    assert is_sound(ndp.parse(frame, "eth0", OURS), frame)
    if len(frame) >= 78:
        assert is_sound(ndp.parse(summed(frame), "eth0", OURS), frame)


@examples(150)
@given(st.sampled_from(NDP_FRAMES), st.data())
def test_neighbour_discovery_that_was_bent(frame: bytes, data: st.DataObject) -> None:
    """A good frame with changes anywhere, its length and checksum made right again."""
    changed = bent(frame, data)
    if len(changed) >= 78:
        changed = summed(changed)
    assert is_sound(ndp.parse(changed, "eth0", OURS), changed)


@examples(60)
@given(st.lists(st.tuples(st.integers(0, 255), st.integers(0, 255), st.binary(max_size=24)), max_size=60))
def test_neighbour_discovery_with_any_options(options: list[tuple[int, int, bytes]]) -> None:
    """Options of any kind and length, sizes of nought among them, end."""
    tail = b"".join(bytes((kind, size)) + more for kind, size, more in options)
    for good in NDP_FRAMES:
        frame = summed(good[:78] + tail)
        assert is_sound(ndp.parse(frame, "eth0", OURS), frame)
