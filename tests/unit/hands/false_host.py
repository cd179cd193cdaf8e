"""A false host for the hand of errands: its kernel, its LAN, and what was asked of them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Any

from floatip.core import events as ev
from floatip.core.types import Address
from floatip.host.inventory import HostAddress, Inventory
from floatip.lan.heard import Heard, LanError
from floatip.lan.traffic import Traffic

ALIAS = IPv4Address("10.77.0.60")
OWN = IPv4Address("10.77.0.11")
MAC = "02:00:00:00:00:0b"
PEER = "02:00:00:00:00:0c"
STRANGER = "02:00:00:00:00:99"


def host_address(address: Address, prefix: int = 32, *, permanent: bool = True) -> HostAddress:
    """Return an address that the kernel has."""
    return HostAddress(
        address=address,
        prefix=prefix,
        interface="eth0",
        permanent=permanent,
        label="eth0",
        ours=False,
        by_floatip=False,
        secondary=False,
    )


@dataclass
class World:
    """A false host: its kernel, its LAN, and what was asked of them."""

    present: list[HostAddress] = field(default_factory=lambda: [host_address(OWN, 16)])
    inventory: Inventory | Exception | None = None
    subnet: str | None = "eth0"
    error: str | Exception | None = None
    """What the kernel says to adding and removing."""
    added: list[tuple[Address, int, str, int | None]] = field(default_factory=list)
    removed: list[Address] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    announced: list[tuple[str, Address]] = field(default_factory=list)
    probed: list[tuple[str, Address]] = field(default_factory=list)
    looked: list[Any] = field(default_factory=list)
    ears: list[Callable[[Heard], None]] = field(default_factory=list)
    says: list[Heard] = field(default_factory=list)
    """What is heard after each question."""
    posted: list[ev.Event] = field(default_factory=list)

    # -- the kernel ---------------------------------------------------------------------------------------------------

    def take_inventory(self) -> Inventory:
        """Return it, or fail."""
        if isinstance(self.inventory, Exception):
            raise self.inventory
        return self.inventory or Inventory(addresses=tuple(self.present), boot=(), warnings=())

    def add_alias(
        self, address: Address, prefix: int, interface: str, *, label: str, lifetime_s: int | None
    ) -> str | None:
        """Have an address, or not."""
        if isinstance(self.error, Exception):
            raise self.error
        if self.error is None:
            self.added.append((address, prefix, interface, lifetime_s))
            self.present.append(host_address(address, prefix, permanent=lifetime_s is None))
        return self.error

    def remove_alias(self, address: Address) -> str | None:
        """Have it no more, or still."""
        assert not isinstance(self.error, Exception)
        if self.error is None:
            self.removed.append(address)
            self.present = [one for one in self.present if one.address != address]
        return self.error

    # -- the LAN ------------------------------------------------------------------------------------------------------

    def open(self, interface: str) -> None:
        """Listen there, if there is such an interface."""
        if interface != "eth0":
            raise LanError(f"interface {interface} does not exist")
        self.opened.append(interface)

    def macs(self) -> dict[str, str]:
        """Return the MAC of each open interface."""
        return dict.fromkeys(self.opened, MAC)

    def announce(self, interface: str, addresses: Iterable[Address]) -> None:
        """Note it."""
        self.announced += [(interface, address) for address in addresses]

    def probe(self, interface: str, address: Address) -> None:
        """Note it, and let be heard what is said to it."""
        self.probed.append((interface, address))
        for heard in self.says:
            for ear in self.ears:
                ear(heard)

    def overhear(self, ear: Callable[[Heard], None]) -> Callable[[], None]:
        """Let somebody listen."""
        self.ears.append(ear)
        return lambda: self.ears.remove(ear)

    # -- the traffic --------------------------------------------------------------------------------------------------

    def look(self, places: Iterable[tuple[str, Address]], now_s: float) -> dict[tuple[str, Address], Traffic]:
        """Return what came in for each."""
        self.looked.append(list(places))
        return {place: Traffic(packets=7, since_s=1.26) for place in self.looked[-1]} if len(self.looked) > 1 else {}

    def close(self) -> None:
        """Count no more."""
