"""Errands: which addresses a node touches at another's request, and which never."""

from dataclasses import replace

import pytest

from floatip.core.errands import may_not
from floatip.core.messages import Errand, Task
from floatip.core.situation import Situation
from tests.unit.core.stage import OWN, A, a_port, a_spec, a_vip

CHANGES = [Task.ADD, Task.REMOVE, Task.ANNOUNCE]
FREE = str(OWN[A].ip + 100)


def a_situation() -> Situation:
    """Node a on its LAN, with a gateway and a VIP."""
    s = Situation(replace(a_spec(), gateway=OWN[A].ip + 50), lambda: 0.5)
    s.ports = (a_port(A),)
    return s


def refused(address: str, task: Task = Task.ADD, prefix: int = 0) -> str | None:
    """Why this node does not do it."""
    return may_not(a_situation(), Errand(task=task, address=address, prefix=prefix))


@pytest.mark.parametrize("task", [*CHANGES, Task.WHO_HAS])
@pytest.mark.parametrize("address", [FREE, "fd77::99"])
def test_an_alias_of_the_lan_may_be_moved(task: Task, address: str) -> None:
    """That is what errands are for."""
    assert refused(address, task) is None


def test_an_inventory_needs_no_address() -> None:
    """It changes nothing."""
    assert refused("", Task.INVENTORY) is None


@pytest.mark.parametrize("task", [*CHANGES, Task.WHO_HAS])
@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("127.0.0.1", "127.0.0.1 is a loopback address, and left alone"),
        ("::1", "::1 is a loopback address, and left alone"),
        ("169.254.1.1", "169.254.1.1 is link-local, and left alone"),
        ("fe80::1", "fe80::1 is link-local, and left alone"),
        ("224.0.0.1", "224.0.0.1 is a multicast address, and left alone"),
        ("ff02::1", "ff02::1 is a multicast address, and left alone"),
        ("::", ":: is no address of a host, and left alone"),
        ("255.255.255.255", "255.255.255.255 is no address of a host, and left alone"),
        ("fe80::9%lo", "fe80::9%lo is written with a scope, or as IPv4 in IPv6, and left alone"),
        ("::ffff:a00:1", "::ffff:a00:1 is written with a scope, or as IPv4 in IPv6, and left alone"),
        ("nonsense", "'nonsense' is not an address"),
        ("", "'' is not an address"),
    ],
)
def test_what_is_no_hosts_address_on_a_lan_is_left_alone(task: Task, address: str, why: str) -> None:
    """Whoever asks: a node runs with the rights to cut its host off."""
    assert refused(address, task) == why


@pytest.mark.parametrize("task", CHANGES)
def test_whose_address_is_known_keeps_it(task: Task) -> None:
    """The VIPs', the gateway's, and the ends of a subnet."""
    s, network = a_situation(), OWN[A].network
    vip = str(a_vip().addresses[0].address)
    addresses = [vip, str(s.spec.gateway), str(network.network_address), str(network.broadcast_address)]
    reasons = [may_not(s, Errand(task=task, address=address)) for address in addresses]
    assert reasons == [
        f"{vip} belongs to the VIP web: `floatip failover web` moves it",
        f"{s.spec.gateway} is the gateway's",
        f"{network.network_address} is the first or the last of {network}, which no host may have",
        f"{network.broadcast_address} is the first or the last of {network}, which no host may have",
    ]


def test_everybody_may_ask_who_has_a_vip() -> None:
    """A look changes nothing."""
    assert refused(str(a_vip().addresses[0].address), Task.WHO_HAS) is None


def test_a_prefix_that_is_longer_than_the_address() -> None:
    """It is refused by its number."""
    assert refused(FREE, prefix=33) == f"/33 is no prefix of {FREE}"
