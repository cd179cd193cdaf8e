"""What hosts and networks are made of: names, numbers, addresses.

Knows: the numbering. Never: makes or changes anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv6Interface


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """One network: the namespace of its bridge, and the numbers of its addresses and MACs."""

    namespace: str
    octet: int
    ipv6: bool


SWITCHES: Mapping[str, Switch] = {
    "data": Switch(namespace="lan", octet=77, ipv6=True),
    "mgmt": Switch(namespace="mgmt", octet=78, ipv6=False),
}
DEFAULT_NICS: Mapping[str, str] = {"eth0": "data", "eth1": "mgmt"}

FRESH_SYSCTLS: Mapping[str, str] = {
    "ipv6/conf/{}/disable_ipv6": "0",
    "ipv6/conf/{}/accept_dad": "0",  # an address is usable at once
    "ipv6/conf/{}/accept_ra": "0",
    "ipv6/conf/{}/router_solicitations": "0",
    "ipv4/conf/{}/rp_filter": "0",  # a new namespace inherits these from the machine
    "ipv4/conf/{}/arp_ignore": "0",
    "ipv4/conf/{}/arp_announce": "0",
    "ipv4/conf/{}/arp_filter": "0",
}
"""What a new host's NICs start with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nic:
    """A network card: `port` is the switch's end of its cable."""

    name: str
    network: str
    port: str
    mac: str
    ipv4: IPv4Interface
    ipv6: IPv6Interface | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A machine: a namespace of its own, addresses 10.77.0.NUMBER, fd77::NUMBER and 10.78.0.NUMBER."""

    name: str
    number: int
    nics: Mapping[str, Nic]


def make_nic(name: str, network: str, number: int, index: int) -> Nic:
    """Give the card number `index` of a host on a network its addresses and MAC."""
    octet = SWITCHES[network].octet
    return Nic(
        name=name,
        network=network,
        port=f"p{number}-{name}",
        mac=f"02:{octet}:00:00:{index:02x}:{number:02x}",
        ipv4=IPv4Interface(f"10.{octet}.{index}.{number}/16"),
        ipv6=IPv6Interface(f"fd{octet}::{index}:{number}/64") if SWITCHES[network].ipv6 else None,
    )


def addressing(host: Host) -> list[str]:
    """Give the `ip` lines that bring up the host's NICs with their own addresses."""
    lines = []
    for nic in host.nics.values():
        lines += [f"link set {nic.name} up", f"addr replace {nic.ipv4} dev {nic.name} brd +"]
        if nic.ipv6:
            lines.append(f"addr replace {nic.ipv6} dev {nic.name} nodad")
    return lines
