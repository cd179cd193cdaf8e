"""What nodes say to each other. Knows: the words of the protocol. Never: how they are written down (that is the bus).

All of them travel on ``floatip/<cluster>/node/<node>/log``, ``State`` on ``.../state`` (retained). One QoS: 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from floatip.core.types import Directive, Mac, NodeName, Origin, Standing, Terms, VipName

STOPS = "stops"
"""What a node that is about to stop says of each VIP, as a fault."""


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
    seconds (None: anybody but me). ``kept``: I owned them, and keep the addresses until I see that node have them.
    ``swayed``: because of a check, which may soon say something else.
    """

    vips: tuple[VipName, ...]
    vacated: bool = False
    to: NodeName | None = None
    reserved_s: float = 0.0
    kept: bool = False
    swayed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VipState:
    """What a node tells of itself and one VIP, for ranking and display."""

    vip: VipName
    priority: int
    definition: str
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """What changes its priority."""


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
    directives: tuple[Directive, ...] = ()
    """The newest of each that it knows of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Will:
    """The broker's word that this session ended without a farewell."""


class Verb(StrEnum):
    """What one node can ask of another."""

    FAILOVER = "failover"
    """Hand these VIPs over; to the owner."""
    PREPARE = "prepare"
    """Get ready to take these VIPs over; from the owner to the target."""
    ANNOUNCE = "announce"
    """Announce these VIPs again; to the owner."""
    ERRAND = "errand"
    """Do this on your host."""


class Task(StrEnum):
    """What an errand is about: addresses of one host that are no VIPs."""

    INVENTORY = "inventory"
    """Tell all addresses, with what is known of them."""
    WHO_HAS = "who-has"
    """Tell whose MACs answer for the address on the LAN."""
    ADD = "add"
    """Have the address, for ``lifetime_s`` seconds or (0) for good."""
    REMOVE = "remove"
    ANNOUNCE = "announce"


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """Something to do on one host; fields that the task does not need are empty."""

    task: Task
    address: str = ""
    prefix: int = 0
    interface: str = ""
    """Empty: the one on whose subnet the address is."""
    lifetime_s: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A verb for node ``at``; void when ``expires_s`` seconds have passed since it was received."""

    id: str
    verb: Verb
    at: NodeName
    vips: tuple[VipName, ...] = ()
    to: NodeName | None = None
    look: bool = False
    """To prepare: see on the LAN that nobody but the owner has the addresses."""
    preempts: bool = False
    """To prepare: only because the target comes first, in the owner's eyes."""
    errand: Errand | None = None
    expires_s: float = 10.0


class Verdict(StrEnum):
    """What became of a request so far."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    """Nothing was begun."""
    FAILED = "failed"
    """It had been accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What became of a request for these VIPs, with the reason; ``data`` is what an errand brought, as JSON."""

    id: str
    verdict: Verdict
    text: str
    vips: tuple[VipName, ...] = ()
    data: str = ""


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
