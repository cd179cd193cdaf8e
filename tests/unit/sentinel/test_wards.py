"""What is entrusted to the sentinel, and to whom it is given up."""

from ipaddress import ip_address

import pytest

from floatip.sentinel.frames import Claim
from floatip.sentinel.wards import Wards

PEER, OWN, STRANGER = "02:00:00:00:00:02", "02:00:00:00:00:01", "02:00:00:00:00:99"
VIP4, VIP6 = "10.77.0.50", "fd77::50"
WEB = ["web", False, 4.5, [[VIP4, 32, "eth0", "00"], [VIP6, 128, "eth1", "01"]]]
MAIL = ["mail", True, 2.5, [["10.77.0.51", 32, "eth0", "02"]]]


def raw(mac: str) -> bytes:
    """A MAC as in a frame."""
    return bytes.fromhex(mac.replace(":", ""))


def claim(address: str, mac: str, source: str | None = None) -> Claim:
    """A host says that it has an address."""
    return Claim(ip_address(address).packed, raw(mac), raw(source or mac), announced=True)


@pytest.fixture
def wards() -> Wards:
    """Give what knows of two VIPs, a peer and our own MAC."""
    wards = Wards()
    for word in ({"own": [OWN]}, {"peers": [PEER]}, {"hold": [WEB, MAIL]}):
        wards.take(word)
    return wards


def test_what_is_held(wards: Wards) -> None:
    """Each VIP with all its addresses; the longest lifetime decides when there is nothing left."""
    assert [(hold.vip, hold.at_once, len(hold.entries)) for hold in wards.holds] == [
        ("web", False, 2),
        ("mail", True, 1),
    ]
    assert wards.lasts_s() == 4.5
    assert wards.places() == [("eth0", False), ("eth1", True)]
    wards.drop(["web", "unknown"])
    assert (wards.lasts_s(), wards.places(), wards.addresses(["web"])) == (2.5, [("eth0", False)], [])


def test_addresses_go_one_by_one(wards: Wards) -> None:
    """A VIP is finished with its last address; whatever is gone is claimed in vain."""
    four, six = ip_address(VIP4).packed, ip_address(VIP6).packed
    assert wards.addresses(["web"]) == [four, six]
    assert [str(entry) for entry in wards.entries(six)] == [f"{VIP6}/128 on eth1"]
    assert wards.removed([four]) == []
    assert (wards.addresses(["web"]), wards.entries(four), wards.claimed(claim(VIP4, PEER))) == ([six], [], None)
    assert wards.claimed(claim(VIP6, PEER)) == "web"
    assert wards.removed([six, four]) == ["web"]
    assert [hold.vip for hold in wards.holds] == ["mail"]


def test_an_address_may_be_in_two_places(wards: Wards) -> None:
    """While it moves to the next interface; it goes from both."""
    wards.take({"hold": [["web", False, 4.5, [[VIP4, 32, "eth0", "00"], [VIP4, 32, "eth1", "01"]]]]})
    assert len(wards.entries(ip_address(VIP4).packed)) == 2
    assert wards.removed(wards.addresses(["web"])) == ["web"]


@pytest.mark.parametrize("address", [VIP4, VIP6])
def test_a_peer_that_claims_one_address_claims_the_vip(wards: Wards, address: str) -> None:
    """The addresses of a VIP move together."""
    assert wards.claimed(claim(address, PEER)) == "web"


@pytest.mark.parametrize(
    "told",
    [
        claim(VIP4, STRANGER),
        claim(VIP4, OWN),
        claim(VIP4, PEER, source=OWN),
        claim("10.77.0.99", PEER),
    ],
    ids=["stranger", "own", "sent-by-us", "another-address"],
)
def test_what_is_no_claim_of_a_peer(wards: Wards, told: Claim) -> None:
    """Nobody else, nothing else; a frame that we sent is ours whatever it says."""
    assert wards.claimed(told) is None


def test_a_vip_that_was_dropped_is_claimed_in_vain(wards: Wards) -> None:
    """It is no business of the sentinel any more."""
    wards.take({"drop": ["web"]})
    assert wards.claimed(claim(VIP4, PEER)) is None


def test_a_newer_hold_replaces_the_older(wards: Wards) -> None:
    """On another interface, and with another address."""
    wards.take({"hold": [["web", False, 4.5, [["10.77.0.52", 32, "eth2", "03"]]]]})
    assert wards.claimed(claim(VIP4, PEER)) is None
    assert wards.claimed(claim("10.77.0.52", PEER)) == "web"
    assert ("eth2", False) in wards.places()


def test_peers_are_those_named_last(wards: Wards) -> None:
    """A node that left the cluster is a stranger, and our own MAC is never a peer's."""
    wards.take({"peers": [STRANGER, OWN]})
    assert wards.claimed(claim(VIP4, PEER)) is None
    assert wards.claimed(claim(VIP4, STRANGER)) == "web"
    assert wards.claimed(claim(VIP4, OWN)) is None


def test_the_lan_is_told_by_one_address_of_each_vip_that_is_held(wards: Wards) -> None:
    """By the IPv4 one, whatever the order; not of what is removed anyway."""
    wards.take({"hold": [["dual", False, 4.5, [[VIP6, 128, "eth1", "04"], ["10.77.0.53", 32, "eth0", "05"]]]]})
    assert wards.bequests() == [
        ("eth0", ip_address(VIP4).packed),
        ("eth0", ip_address("10.77.0.53").packed),
    ]


def test_a_shared_table_is_undone_with_the_last_that_needs_it(wards: Wards) -> None:
    """A rule goes with its VIP; the routes of a table stay while another VIP leaves by them."""
    shop = ["shop", False, 4.5, [["10.77.0.52", 32, "eth0", "06"]], ["aa", "cc"]]
    wards.take({"hold": [[*WEB, ["bb", "cc"]], shop]})
    assert wards.undo() == []
    wards.removed([ip_address("10.77.0.52").packed])
    assert wards.undo() == [b"\xaa"]
    wards.removed([ip_address(VIP4).packed])
    assert wards.undo() == []
    wards.removed([ip_address(VIP6).packed])
    assert wards.undo() == [b"\xbb", b"\xcc"]
    assert wards.undo() == []


def test_what_the_daemon_drops_is_not_undone(wards: Wards) -> None:
    """It has seen to that itself."""
    wards.take({"hold": [[*WEB, ["bb"]]]})
    wards.drop(["web"])
    assert wards.undo() == []


def test_a_farewell_is_remembered(wards: Wards) -> None:
    """Nothing that comes later takes it back."""
    assert not wards.farewell
    wards.take({"farewell": True})
    wards.take({"drop": []})
    assert wards.farewell


@pytest.mark.parametrize("word", [{"hold": [["web"]]}, {"hold": 7}, {"peers": ["x"]}, {"hold": [["w", 0, "x", []]]}])
def test_what_makes_no_sense_is_an_error(wards: Wards, word: dict[str, object]) -> None:
    """Of the kinds that the sentinel says and survives."""
    with pytest.raises((ValueError, TypeError, KeyError, OSError)):
        wards.take(word)
