"""The two hosts that the contract is checked against: the fake one, and this kernel in a namespace of its own."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import pytest

from floatip.host.addresses import Addresses, Alias, Found, Outcome
from floatip.host.messages import IPAddress
from tests.contract.fake_host import FakeAddresses
from tests.contract.namespace import ip, private_network

INTERFACES = ("eth0", "eth1")


class AddressBook(Protocol):
    """What floatip asks of the addresses of a host."""

    def ensure(self, aliases: Sequence[Alias], lifetime_s: int, *, verify: bool = False) -> list[Outcome]:
        """Add or renew."""

    def remove(self, aliases: Sequence[Alias], *, foreign_too: bool = False) -> list[Outcome]:
        """Remove."""

    def present(self) -> list[Found]:
        """List."""


class Host(Protocol):
    """A host on which time passes and people type commands."""

    @property
    def addresses(self) -> AddressBook:
        """The addresses of this host."""

    def advance(self, seconds: float) -> None:
        """Let time pass."""

    def by_hand_add(self, address: IPAddress, prefix: int, interface: str, lifetime_s: int | None = None) -> None:
        """Add an address as somebody else would."""

    def by_hand_remove(self, address: IPAddress, prefix: int, interface: str) -> None:
        """Remove an address as somebody else would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeHost:
    """The fake one."""

    addresses: FakeAddresses

    def advance(self, seconds: float) -> None:
        """Move the clock."""
        self.addresses.now_s += seconds

    def by_hand_add(self, address: IPAddress, prefix: int, interface: str, lifetime_s: int | None = None) -> None:
        """Add it to the fake."""
        self.addresses.by_hand_add(address, prefix, interface, lifetime_s)

    def by_hand_remove(self, address: IPAddress, prefix: int, interface: str) -> None:
        """Remove it from the fake."""
        self.addresses.by_hand_remove(address, prefix, interface)


@dataclass(frozen=True, slots=True, kw_only=True)
class RealHost:
    """This kernel."""

    addresses: Addresses

    def advance(self, seconds: float) -> None:
        """Sleep, as long as it really takes."""
        time.sleep(seconds)

    def by_hand_add(self, address: IPAddress, prefix: int, interface: str, lifetime_s: int | None = None) -> None:
        """Add it with ip(8)."""
        lifetime = "" if lifetime_s is None else f" valid_lft {lifetime_s} preferred_lft {lifetime_s}"
        ip(f"addr add {address}/{prefix} dev {interface}{lifetime}")

    def by_hand_remove(self, address: IPAddress, prefix: int, interface: str) -> None:
        """Remove it with ip(8)."""
        ip(f"addr del {address}/{prefix} dev {interface}")


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.lab)])
def host(request: pytest.FixtureRequest) -> Iterator[Host]:
    """Give a host with two interfaces and no VIPs."""
    if request.param == "fake":
        yield FakeHost(addresses=FakeAddresses(INTERFACES))
        return
    with private_network(INTERFACES):
        addresses = Addresses()
        addresses.open()
        try:
            yield RealHost(addresses=addresses)
        finally:
            addresses.close()
