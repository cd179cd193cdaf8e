"""What becomes of an alias when the kernel says one thing and has another, or says nothing."""

import errno
from collections.abc import Sequence
from ipaddress import IPv4Address

import pytest

from floatip.host.addresses import Addresses, Alias
from floatip.host.errors import NetlinkError
from floatip.host.messages import PROTOCOL, Entry, pack_add
from floatip.host.netlink import DONE, Answer

WEB = Alias(address=IPv4Address("10.77.0.50"), prefix=32, interface="lo", label="web")
LO = 1


class Kernel:
    """A netlink socket that answers as the test wants and lists what the test wants."""

    def __init__(self) -> None:
        self.answer = DONE
        self.has: list[bytes] = []
        self.mute = False
        self.sent = 0

    def send(self, requests: Sequence[bytes | bytearray]) -> list[Answer]:
        """Answer each request alike."""
        self.sent += len(requests)
        return [self.answer for _ in requests]

    def dump(self, kind: int) -> list[tuple[bytes, int, int]]:
        """List the messages that the test put in."""
        if self.mute:
            raise NetlinkError("the kernel did not list its addresses: timed out; does `ip addr` work here?")
        return [(data, 0, len(data)) for data in self.has]


@pytest.fixture
def kernel() -> Kernel:
    """Give a kernel that has nothing and accepts everything."""
    return Kernel()


@pytest.fixture
def addresses(kernel: Kernel) -> Addresses:
    """Give Addresses on that kernel."""
    made = Addresses()
    made._socket = kernel  # type: ignore[assignment]
    return made


def entry(prefix: int = 32) -> bytes:
    """Give the kernel's message for the VIP on lo, finite and ours."""
    return bytes(pack_add(WEB.address, prefix, label="lo:web", source=False).patched(index=LO, lifetime_s=3))


def test_accepted_and_there_is_done(kernel: Kernel, addresses: Addresses) -> None:
    """One send, one look, no error; a renewal does not look again."""
    kernel.has = [entry()]
    assert addresses.ensure([WEB], 3)[0].error is None
    kernel.mute = True
    assert addresses.ensure([WEB], 3)[0].error is None
    assert kernel.sent == 2


def test_accepted_and_not_there_is_an_error(kernel: Kernel, addresses: Addresses) -> None:
    """The kernel's word is tried twice, and then what it has counts."""
    outcome = addresses.ensure([WEB], 3)[0]
    assert outcome.errno == errno.EADDRNOTAVAIL
    assert outcome.error is not None
    assert "10.77.0.50/32 on lo could not be added: the kernel accepted it and does not have it" in outcome.error
    assert kernel.sent == 2


def test_failed_alias_is_looked_for_the_next_time(kernel: Kernel, addresses: Addresses) -> None:
    """An error is no renewal to come."""
    kernel.has = [entry()]
    addresses.ensure([WEB], 3)
    kernel.answer = Answer(errno.ENOBUFS)
    assert addresses.ensure([WEB], 3)[0].errno == errno.ENOBUFS
    kernel.answer = DONE
    kernel.has = []
    assert addresses.ensure([WEB], 3)[0].errno == errno.EADDRNOTAVAIL


def test_mute_kernel_is_an_error_of_every_alias(kernel: Kernel, addresses: Addresses) -> None:
    """What could not be read back is not claimed, neither there nor gone."""
    kernel.mute = True
    for outcome in (*addresses.ensure([WEB], 3), *addresses.remove([WEB])):
        assert outcome.errno == errno.EIO
        assert outcome.error is not None
        assert "did not list its addresses" in outcome.error


def test_entry_that_does_not_go_is_an_error(kernel: Kernel, addresses: Addresses) -> None:
    """Removed and still there: say so, and how to do it by hand."""
    kernel.has = [entry()]
    outcome = addresses.remove([WEB])[0]
    assert outcome.errno == errno.EEXIST
    assert outcome.error is not None
    assert "something else puts it back; try `ip addr del 10.77.0.50/32 dev lo`" in outcome.error


def test_refused_removal_tells_the_kernels_words(kernel: Kernel, addresses: Addresses) -> None:
    """A refusal is told with the kernel's reason and a remedy."""
    kernel.has = [entry()]
    kernel.answer = Answer(errno.EPERM, "Operation not permitted")
    outcome = addresses.remove([WEB])[0]
    assert outcome.errno == errno.EPERM
    assert outcome.error is not None
    assert "could not be removed: Operation not permitted; this process lacks CAP_NET_ADMIN" in outcome.error


def test_removals_of_our_own_doing_are_told(kernel: Kernel) -> None:
    """Each entry that the kernel took away for us is told, and none that it refused."""
    told: list[Entry] = []
    addresses = Addresses(removed=told.append)
    addresses._socket = kernel  # type: ignore[assignment]
    kernel.has = [entry(), entry(24)]
    addresses.remove([WEB])
    assert told == [Entry(WEB.address.packed, 32, LO), Entry(WEB.address.packed, 24, LO)]
    kernel.answer = Answer(errno.EADDRNOTAVAIL)
    addresses.remove([WEB])
    assert len(told) == 2


def test_present_says_what_it_is(kernel: Kernel, addresses: Addresses) -> None:
    """An entry is told with its interface's name and whose it is."""
    kernel.has = [entry(24)]
    [found] = addresses.present()
    assert (str(found), found.label, found.valid_lft_s) == ("10.77.0.50/24 on lo", "lo:web", 3)
    assert (found.proto, found.ours, found.permanent) == (PROTOCOL, True, False)


@pytest.mark.parametrize("prefix", [0, 33, -1])
def test_alias_with_an_impossible_prefix_cannot_exist(prefix: int) -> None:
    """An IPv4 prefix is 1 to 32 bits long."""
    with pytest.raises(ValueError, match="prefix length"):
        Alias(address=WEB.address, prefix=prefix, interface="eth0", label="web")
