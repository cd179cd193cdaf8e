"""What holds for the addresses of a host, fake or real: one body of tests, so that the fake stays honest."""

import errno
from ipaddress import IPv4Address, IPv6Address

import pytest

from floatip.host.addresses import Alias, Found, foreign, leftovers
from floatip.host.messages import PROTOCOL
from tests.contract.conftest import Host

WEB4 = Alias(address=IPv4Address("10.77.0.50"), prefix=32, interface="eth0", label="web")
WEB6 = Alias(address=IPv6Address("fd77::50"), prefix=128, interface="eth0", label="web")
WEB = (WEB4, WEB6)


def vips(host: Host) -> list[Found]:
    """Give what the host has of 10.77.0.0/16 and fd77::/64, in a fixed order."""
    found = [it for it in host.addresses.present() if str(it.address).startswith(("10.77.", "fd77:"))]
    return sorted(found, key=lambda it: (it.address.version, it.address.packed, it.prefix, it.interface))


def entries(host: Host) -> list[str]:
    """Give the same in words."""
    return [str(it) for it in vips(host)]


def test_ensured_address_is_there_finite_and_ours(host: Host) -> None:
    """An address that was added says who put it there, and when it will go."""
    outcomes = host.addresses.ensure(WEB, 30)
    assert [(it.alias, it.error, it.errno) for it in outcomes] == [(WEB4, None, 0), (WEB6, None, 0)]
    assert entries(host) == ["10.77.0.50/32 on eth0", "fd77::50/128 on eth0"]
    for it in vips(host):
        assert it.ours
        assert not it.permanent
        assert it.valid_lft_s is not None
        assert 28 <= it.valid_lft_s <= 30
        assert it.proto == PROTOCOL
    assert [it.label for it in vips(host)] == ["eth0:web", ""]


def test_label_is_cut_to_what_the_kernel_has_room_for(host: Host) -> None:
    """A long VIP name costs letters of the label, never the address."""
    alias = Alias(address=WEB4.address, prefix=32, interface="eth0", label="customer-front-end")
    assert host.addresses.ensure([alias], 30)[0].error is None
    assert [it.label for it in vips(host)] == ["eth0:customer-f"]


@pytest.mark.slow
def test_address_goes_when_nobody_renews_it(host: Host) -> None:
    """The lifetime is the last net: it needs no daemon."""
    host.addresses.ensure(WEB, 1)
    host.advance(2.6)
    assert entries(host) == []


@pytest.mark.slow
def test_renewed_address_stays(host: Host) -> None:
    """Each renewal counts its lifetime anew."""
    host.addresses.ensure(WEB, 2)
    for _ in range(3):
        host.advance(1.2)
        assert all(it.error is None for it in host.addresses.ensure(WEB, 2))
    assert len(entries(host)) == 2


def test_shorter_renewal_shortens(host: Host) -> None:
    """A renewal replaces the lifetime, also by a shorter one."""
    host.addresses.ensure(WEB, 3000)
    host.addresses.ensure(WEB, 30)
    assert all(it.valid_lft_s is not None and it.valid_lft_s <= 30 for it in vips(host))


def test_removed_address_is_gone_and_removing_again_is_success(host: Host) -> None:
    """That it is not there is all that remove wants."""
    host.addresses.ensure(WEB, 30)
    for _ in range(2):
        assert [it.error for it in host.addresses.remove(WEB)] == [None, None]
        assert entries(host) == []


def test_address_removed_by_somebody_is_put_back(host: Host) -> None:
    """Ensure makes it so, whatever happened meanwhile."""
    host.addresses.ensure(WEB, 30)
    host.by_hand_remove(WEB4.address, 32, "eth0")
    assert entries(host) == ["fd77::50/128 on eth0"]
    assert [it.error for it in host.addresses.ensure(WEB, 30, verify=True)] == [None, None]
    assert len(entries(host)) == 2


def test_missing_interface_is_one_error_and_costs_the_others_nothing(host: Host) -> None:
    """One bad alias in a batch fails alone."""
    lost = Alias(address=IPv4Address("10.77.0.51"), prefix=32, interface="eth9", label="lost")
    outcomes = host.addresses.ensure([lost, *WEB], 30)
    assert [it.errno for it in outcomes] == [errno.ENODEV, 0, 0]
    assert outcomes[0].error is not None
    assert "10.77.0.51/32 on eth9" in outcomes[0].error
    assert entries(host) == ["10.77.0.50/32 on eth0", "fd77::50/128 on eth0"]
    assert [it.error for it in host.addresses.remove([lost, *WEB])] == [None, None, None]


@pytest.mark.parametrize("alias", WEB, ids=["ipv4", "ipv6"])
def test_ensure_on_the_next_interface_moves_the_address(host: Host, alias: Alias) -> None:
    """An address of ours is on one interface at a time."""
    host.addresses.ensure([alias], 30)
    moved = Alias(address=alias.address, prefix=alias.prefix, interface="eth1", label=alias.label)
    assert host.addresses.ensure([moved], 30)[0].error is None
    assert entries(host) == [str(moved)]
    assert host.addresses.ensure([alias], 30)[0].error is None
    assert entries(host) == [str(alias)]


@pytest.mark.parametrize(("alias", "prefix"), [(WEB4, 24), (WEB6, 64)], ids=["ipv4", "ipv6"])
def test_ensure_with_another_prefix_replaces_our_old_entry(host: Host, alias: Alias, prefix: int) -> None:
    """The same address with another prefix is a second entry, which would answer ARP too."""
    old = Alias(address=alias.address, prefix=prefix, interface="eth0", label="web")
    host.addresses.ensure([old], 30)
    assert entries(host) == [str(old)]
    assert host.addresses.ensure([alias], 30)[0].error is None
    assert entries(host) == [str(alias)]


@pytest.mark.parametrize("alias", WEB, ids=["ipv4", "ipv6"])
def test_remove_finds_the_address_whatever_its_prefix_and_interface(host: Host, alias: Alias) -> None:
    """What an earlier configuration left behind goes too."""
    host.addresses.ensure([Alias(address=alias.address, prefix=24, interface="eth1", label="old")], 30)
    assert host.addresses.remove([alias])[0].error is None
    assert entries(host) == []


def test_foreign_entry_beside_ours_is_left_alone_and_told(host: Host) -> None:
    """Somebody's permanent address stays, and keeps remove from claiming that the address is gone."""
    host.addresses.ensure([WEB4], 30)
    host.by_hand_add(WEB4.address, 24, "eth1")
    outcome = host.addresses.remove([WEB4])[0]
    assert outcome.errno == errno.EEXIST
    assert outcome.error is not None
    assert entries(host) == ["10.77.0.50/24 on eth1"]
    assert host.addresses.remove([WEB4], foreign_too=True)[0].error is None
    assert entries(host) == []


@pytest.mark.parametrize("alias", WEB, ids=["ipv4", "ipv6"])
def test_ensure_makes_a_permanent_entry_finite_and_ours(host: Host, alias: Alias) -> None:
    """A leftover "forever" gets a lifetime like any other."""
    host.by_hand_add(alias.address, alias.prefix, "eth0")
    assert [it.permanent for it in vips(host)] == [True]
    assert host.addresses.ensure([alias], 30)[0].error is None
    assert [(it.permanent, it.ours) for it in vips(host)] == [(False, True)]


def test_foreign_and_leftovers_tell_whose_an_entry_is(host: Host) -> None:
    """Permanent or borrowed from elsewhere is foreign, ours is a leftover, and what was not asked for is neither."""
    other = Alias(address=IPv4Address("10.77.0.52"), prefix=32, interface="eth0", label="other")
    leased = Alias(address=IPv4Address("10.77.0.53"), prefix=32, interface="eth0", label="leased")
    host.addresses.ensure(WEB, 30)
    host.by_hand_add(other.address, 32, "eth0")
    host.by_hand_add(leased.address, 32, "eth0", 60)
    host.by_hand_add(IPv4Address("10.77.0.54"), 32, "eth0")
    found = vips(host)
    wanted = [*WEB, other, leased]
    assert [str(it) for it in foreign(found, wanted)] == ["10.77.0.52/32 on eth0", "10.77.0.53/32 on eth0"]
    assert [str(it) for it in leftovers(found, wanted)] == ["10.77.0.50/32 on eth0", "fd77::50/128 on eth0"]


@pytest.mark.parametrize("lifetime_s", [-1, 0, 0xFFFFFFFF, 1 << 40])
def test_lifetime_that_is_none_is_refused(host: Host, lifetime_s: int) -> None:
    """The kernel counts whole seconds, takes zero for a mistake, and the greatest number for "forever"."""
    with pytest.raises(ValueError, match="at least 1 s and not forever"):
        host.addresses.ensure(WEB, lifetime_s)
    assert entries(host) == []


def test_empty_batches_do_nothing(host: Host) -> None:
    """Nothing to do is done at once."""
    assert host.addresses.ensure([], 3) == []
    assert host.addresses.remove([]) == []
