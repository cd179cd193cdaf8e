"""What happened: everything the engine ever learns, as past facts."""

from dataclasses import dataclass

from floatip.core.messages import Errand, Message
from floatip.core.types import Address, BrokerName, CheckName, DirectiveKind, Mac, NodeName, NodeSpec, Port, VipName


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """Time has passed; the deadline that the engine named has come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionUp:
    """A broker session stands: connected, subscribed, nothing published yet. ``session`` grows with each session."""

    broker: BrokerName
    session: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionDown:
    """A broker session has ended, for the reason told."""

    broker: BrokerName
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A broker delivered a message (verified, of the form); ``retained`` if it is an old one kept by the broker."""

    broker: BrokerName
    message: Message
    retained: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The kernel has all addresses of the VIP (read back), on this interface."""

    vip: VipName


@dataclass(frozen=True, slots=True, kw_only=True)
class BindFailed:
    """The kernel refused an address of the VIP, or a renewal of it; nothing of the VIP was left half done.

    ``late``: the kernel was not asked, because it was later than ``not_after``.
    """

    vip: VipName
    reason: str
    late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unbound:
    """None of the VIP's addresses is on this host (read back)."""

    vip: VipName


@dataclass(frozen=True, slots=True, kw_only=True)
class UnbindFailed:
    """An address of the VIP could not be removed."""

    vip: VipName
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressGone:
    """Somebody or something else removed an address of the VIP from this host."""

    vip: VipName
    address: Address
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressAppeared:
    """An address of the VIP is on this host although we did not add it."""

    vip: VipName
    address: Address
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """On the LAN this MAC answered for an address of the VIP, or ``announced`` it unasked (never a MAC of our own).

    An IPv6 answer to a probe looks like an announcement (RFC 4861 section 7.2.4).
    """

    vip: VipName
    address: Address
    mac: Mac
    interface: str = ""
    announced: bool = False
    testament: bool = False
    """Said by what outlives that node's daemon: it is dead, and the address is given up to whoever announces it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """The host with this address, for which we had asked (``Ask``), answered on the LAN of this interface."""

    interface: str
    address: Address
    mac: Mac


@dataclass(frozen=True, slots=True, kw_only=True)
class Inherited:
    """A daemon that ran here before left the VIP's addresses in the kernel, on this interface, with a lifetime."""

    vip: VipName
    interface: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkChanged:
    """An interface gained or lost its link."""

    interface: str
    up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityChanged:
    """The hardware and LAN addresses of this node are now these."""

    macs: tuple[Mac, ...]
    addresses: tuple[str, ...]
    ports: tuple[Port, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A check looked once: whether all was well, and the last line of what it found."""

    check: CheckName
    passed: bool
    output: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """This process, or the whole machine, stood still for a while: nothing it believed before is trusted."""

    seconds: float
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WallClock:
    """The wall clock shows this now, in seconds since the epoch: it was set, or this process has just begun."""

    wall_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FailoverAsked:
    """An operator asks, through this node, to move the VIPs, each to its best backup or all to ``to``."""

    id: str
    vips: tuple[VipName, ...]
    to: NodeName | None = None
    timeout_s: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnounceAsked:
    """An operator asks, through this node, to announce a VIP again."""

    id: str
    vip: VipName
    timeout_s: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectiveAsked:
    """An operator gives, through this node, an order that lasts; ``lasts_s`` seconds, or (None) until revoked."""

    id: str
    kind: DirectiveKind
    subjects: tuple[str, ...]
    value: str
    lasts_s: float | None = None
    timeout_s: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrandAsked:
    """An operator wants something done on the host of node ``at``."""

    id: str
    at: NodeName
    errand: Errand
    timeout_s: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrandDone:
    """This host has done an errand, or not: ``text`` says why, ``data`` is what it brought, as JSON."""

    id: str
    done: bool
    text: str
    data: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconfigured:
    """This node shall go by another configuration; cluster, node, brokers and timing are as they were."""

    spec: NodeSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class StopAsked:
    """The daemon shall end: give everything up in good order."""


Event = (
    Tick
    | SessionUp
    | SessionDown
    | Received
    | Bound
    | BindFailed
    | Unbound
    | UnbindFailed
    | AddressGone
    | AddressAppeared
    | Answered
    | Reached
    | Inherited
    | LinkChanged
    | IdentityChanged
    | Checked
    | Gap
    | WallClock
    | FailoverAsked
    | AnnounceAsked
    | DirectiveAsked
    | ErrandAsked
    | ErrandDone
    | Reconfigured
    | StopAsked
)
