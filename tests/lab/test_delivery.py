"""An IPv6 address is announced only when its kernel delivers to it, which is not when the kernel lists it."""

from ipaddress import ip_address

import pytest

from floatip.host import delivery
from floatip.host.addresses import Addresses, Alias
from floatip.host.netlink import RouteSocket
from tests.lab.sentinel_scene import NIC, VIP6, guarded

pytestmark = pytest.mark.lab

MANY = [
    Alias(address=ip_address(f"fd77::{number:x}"), prefix=128, interface=NIC, label="web")
    for number in range(0x100, 0x164)
]


@pytest.mark.parametrize("count", [1, 100])
def test_what_was_added_is_delivered(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """As soon as `ensure` returns, packets to each address go to this host itself; without waiting they may not."""
    with guarded():
        monkeypatch.setattr(delivery, "PATIENCE_S", 2.0)
        kernel, route = Addresses(), RouteSocket()
        kernel.open()
        route.open()
        try:
            assert all(it.error is None for it in kernel.ensure(MANY[:count], 60, verify=True))
            monkeypatch.setattr(delivery, "PATIENCE_S", 0.0)
            assert delivery.await_delivery(route, [alias.address.packed for alias in MANY[:count]])
        finally:
            kernel.close()
            route.close()


def test_it_does_not_wait_for_what_never_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that is not here is given up after the patience is over; no address needs none."""
    with guarded():
        monkeypatch.setattr(delivery, "PATIENCE_S", 0.01)
        route = RouteSocket()
        route.open()
        try:
            assert not delivery.await_delivery(route, [VIP6.packed])
            assert delivery.await_delivery(route, [])
        finally:
            route.close()
