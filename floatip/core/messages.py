"""What nodes say to each other. Knows: the words of the protocol. Never: how they are written down (that is the bus).

All of them travel on ``floatip/<cluster>/node/<node>/log``, ``State`` on ``.../state`` (retained). One QoS: 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from floatip.core.types import Mac, NodeName, Origin, Standing, Terms, VipName


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One VIP in a heartbeat: what its sender is for it, under which term and by which definition of the VIP."""

    vip: VipName
    standing: Standing
    term: int
    definition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """I live. ``listings`` is the full list, or None where ``list_version`` stands for the list sent before."""

    state_version: int
    list_version: int
    listings: tuple[Listing, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bid:
    """One VIP in a claim."""

    vip: VipName
    term: int
    definition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """I ask for these VIPs."""

    bids: tuple[Bid, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """I give these VIPs up.

    ``vacated``: I owned them and the addresses are off my kernel. ``to``: only this node may claim for ``reserved_s``
    seconds (None: anybody but me).
    """

    vips: tuple[VipName, ...]
    vacated: bool = False
    to: NodeName | None = None
    reserved_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class VipState:
    """What a node tells of itself and one VIP, for ranking and display."""

    vip: VipName
    priority: int
    definition: str
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessed:
    """This MAC answered for the VIP while that term lasted."""

    vip: VipName
    term: int
    mac: Mac


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What changes seldom; retained by the broker, so never proof of life or of ownership."""

    state_version: int
    version: str
    macs: tuple[Mac, ...] = ()
    addresses: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    vips: tuple[VipState, ...] = ()
    witnessed: tuple[Witnessed, ...] = ()
    lan_fine: bool = False
    """Somebody answers it on the LAN of each interface that it needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Will:
    """The broker's word that this session ended without a farewell."""


class Verb(StrEnum):
    """What an operator can ask of another node."""

    FAILOVER = "failover"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An operator's verb for node ``at``; void when ``expires_s`` seconds have passed since it was received."""

    id: str
    verb: Verb
    at: NodeName
    vip: VipName
    to: NodeName | None = None
    expires_s: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What became of a request: accepted, or refused with the reason."""

    id: str
    accepted: bool
    text: str


Body = Heartbeat | Claim | Release | State | Will | Request | Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A body with its sender and place in the sender's session on one broker.

    ``seen``: for each peer the last place in its session that the sender had got on this broker when it spoke.
    """

    sender: NodeName
    origin: Origin
    terms: Terms
    body: Body
    seen: Mapping[NodeName, Origin] = field(default_factory=dict)
