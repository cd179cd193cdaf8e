"""From which address a question is asked, and that its frame is made seldom."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from floatip.lan import arp, ndp, questions
from floatip.lan.heard import Address
from floatip.lan.questions import FRESH_S, MOST, Questions

MAC = "02:00:00:00:00:01"
PEER_MAC = "02:00:00:00:00:02"
OWN = IPv4Address("10.77.0.1")
VIP = IPv4Address("10.77.0.50")
PEER = IPv4Address("10.77.0.2")
PEER6 = IPv6Address("fd77::2")
LINK_LOCAL = IPv6Address("fe80::1")


class Kernel:
    """What the kernel says our addresses are, and how often it was asked."""

    def __init__(self) -> None:
        self.own: IPv4Address | None = OWN
        self.link_local: IPv6Address | None = LINK_LOCAL
        self.asked = 0

    def address(self, interface: str, to: IPv4Address) -> IPv4Address | None:
        """Say from which address it would speak to a neighbour."""
        self.asked += 1
        return self.own

    def local(self, interface: str) -> IPv6Address | None:
        """Say what the link-local address is."""
        self.asked += 1
        return self.link_local


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    """Put this kernel behind the questions."""
    kernel = Kernel()
    monkeypatch.setattr(questions, "_our_address", kernel.address)
    monkeypatch.setattr(questions, "_our_link_local", kernel.local)
    return kernel


def ask(made: Questions, address: Address = PEER, to_mac: str | None = PEER_MAC, now_s: float = 0.0) -> bytes | None:
    """Take the frame for a question."""
    return made.frame(address, to_mac, mac=MAC, never_from={VIP}, now_s=now_s)


@pytest.mark.parametrize("to_mac", [None, PEER_MAC])
def test_it_asks_from_our_own_address(kernel: Kernel, to_mac: str | None) -> None:
    """The question is an ordinary request: for IPv6 from the link-local address, whatever others there are."""
    made = Questions("eth0")
    assert ask(made, PEER, to_mac) == arp.request(PEER, MAC, OWN, to_mac)
    assert ask(made, PEER6, to_mac) == ndp.request(PEER6, MAC, LINK_LOCAL, to_mac)


@pytest.mark.parametrize("own", [None, VIP, PEER], ids=["none", "a-vip", "the-same"])
def test_without_an_address_of_our_own_it_claims_nothing(kernel: Kernel, own: IPv4Address | None) -> None:
    """No address here, or none that may be claimed by a question: a probe asks all the same."""
    kernel.own = own
    assert ask(Questions("eth0")) == arp.probe(PEER, MAC, PEER_MAC)


def test_without_a_link_local_address_nothing_is_asked(kernel: Kernel) -> None:
    """The IPv6 probe would make a host that has just come up give its address up."""
    kernel.link_local = None
    assert ask(Questions("eth0"), PEER6) is None


def test_a_frame_is_made_once_and_anew_when_it_is_old(kernel: Kernel) -> None:
    """Asking the same again costs no system call, until our own addresses may have changed."""
    made = Questions("eth0")
    assert {ask(made, now_s=at) for at in (0.0, 1.0, FRESH_S)} == {arp.request(PEER, MAC, OWN, PEER_MAC)}
    assert kernel.asked == 1
    kernel.own = IPv4Address("10.77.0.9")
    assert ask(made, now_s=FRESH_S + 0.1) == arp.request(PEER, MAC, kernel.own, PEER_MAC)
    made.forget()
    ask(made, now_s=FRESH_S + 0.2)
    assert kernel.asked == 3


def test_a_missing_address_is_remembered_too(kernel: Kernel) -> None:
    """A frame that cannot be made is not tried for each time."""
    kernel.link_local = None
    made = Questions("eth0")
    assert [ask(made, PEER6, now_s=at) for at in (0.0, 1.0)] == [None, None]
    assert kernel.asked == 1


def test_what_is_kept_is_bounded(kernel: Kernel) -> None:
    """However many are asked for, so many frames are kept."""
    made = Questions("eth0")
    for number in range(10 * MOST):
        ask(made, PEER + number)
    assert len(made._made) <= MOST


def test_an_interface_that_is_not_there_has_no_address() -> None:
    """The kernel's refusal is an answer: there is nothing to ask from."""
    made = Questions("nosuch0")
    assert ask(made) == arp.probe(PEER, MAC, PEER_MAC)
    assert ask(made, PEER6) is None
