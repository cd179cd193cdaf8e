"""What the wire told us, as values.

Knows: the words for what a frame claims. Never: bytes, sockets, or what a claim means for an election.
"""

from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv6Address

Address = IPv4Address | IPv6Address


class LanError(Exception):
    """An interface cannot be used: the message names it, what was found, and the command that helps."""


class HeardKind(Enum):
    """What a frame does with the address it names; PROBE and TESTAMENT do not claim it."""

    REPLY = "reply"
    """An answer to a question: ARP reply, or a solicited neighbour advertisement."""

    ANNOUNCEMENT = "announcement"
    """An unasked claim: gratuitous ARP in either form, or an unsolicited neighbour advertisement.

    An IPv6 answer to a probe is one of these too: RFC 4861 7.2.4 clears its solicited flag and sends it to all nodes.
    """

    REQUEST = "request"
    """A question about another address, by which the asker claims its own."""

    PROBE = "probe"
    """Somebody asks whether the address is free, and claims nothing yet (RFC 5227 2.1.1, RFC 4862 5.4.2)."""

    TESTAMENT = "testament"
    """A probe with a mark: the daemon of that host is dead, and its sentinel holds the address for the next owner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One frame of ARP or neighbour discovery, from another host."""

    interface: str
    address: Address
    """The address claimed; of a PROBE the address asked for."""

    mac: str
    """Who claims it (ARP sender, link-layer address option); where a frame may omit that, who sent the frame."""

    kind: HeardKind
    to_us: bool
    """The frame was sent to our MAC alone."""
