"""The nouns of floatip. Knows: values. Never: behaviour that decides."""

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from typing import NewType

NodeName = NewType("NodeName", str)
VipName = NewType("VipName", str)
CheckName = NewType("CheckName", str)
BrokerName = NewType("BrokerName", str)
"""``host:port`` of a broker; every node of a cluster must configure the same set of them."""
Mac = NewType("Mac", str)
"""A hardware address, lower case, ``aa:bb:cc:dd:ee:ff``."""


Address = IPv4Address | IPv6Address

DRIFT = 0.01
"""rho: how much faster one node's clock may run than another's (1 %)."""
BELIEVED = 1 << 62
"""Terms and incarnations from here on are not believed: one more could not be written down any more."""
REMEMBERED_LIVES = 64
REMOVAL_DELAY_S = 1.5
"""S: how late a kernel may remove an address whose lifetime has ended (1.0 s was the worst of 400)."""


class Policy(StrEnum):
    """What an owner does when it has lost its quorum (``no_quorum_policy``)."""

    KEEP = "keep"
    RELEASE = "release"
    LAN = "lan"
    """As ``keep``; and without a quorum the LAN decides who takes over."""


class Role(StrEnum):
    """What this node has decided to be for one VIP; what the kernel has is its binding, not its role."""

    INIT = "init"
    BACKUP = "backup"
    CANDIDATE = "candidate"
    ACQUIRING = "acquiring"
    OWNER = "owner"
    ISOLATED = "isolated"
    RELEASING = "releasing"
    FAULT = "fault"


class Standing(StrEnum):
    """What a heartbeat says of its sender and one VIP."""

    CLAIMING = "claiming"
    HELD = "held"
    OWNER = "owner"
    ISOLATED = "isolated"
    RELEASING = "releasing"


class Occasion(StrEnum):
    """What hooks are called for, always about one VIP on this node."""

    ACQUIRED = "acquired"
    """This node owns it: the addresses are here and announced."""
    RELEASED = "released"
    """This node owned it, and the addresses are gone from here."""
    BACKUP = "backup"
    """This node could own it now: it has just begun to listen, or a fault is gone."""
    FAULT = "fault"
    """This node may not own it."""
    STOP = "stop"
    """The daemon ends."""
    CONFLICT = "conflict"
    """A hardware address that should not answers for it."""


class Binding(StrEnum):
    """What we know the kernel to have of one VIP's addresses."""

    ABSENT = "absent"
    BINDING = "binding"
    BOUND = "bound"
    UNBINDING = "unbinding"


class Placement(StrEnum):
    """How candidates of equal priority are ordered."""

    PRIORITY = "priority"
    SPREAD = "spread"


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """Who said something, and where in that session: compares in the order in which one node speaks on one broker."""

    incarnation: int
    session: int
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """The time constants of one node, all in seconds."""

    heartbeat_s: float = 0.2
    lease_s: float = 1.0
    kernel_lifetime_s: int = 3

    def lifetime_s(self, policy: Policy) -> int:
        """V: the lifetime given to the kernel with each renewal, in whole seconds."""
        if policy is Policy.RELEASE:
            return -int(-max(self.lease_s, 3 * self.heartbeat_s) // 1)
        return self.kernel_lifetime_s

    def owner_down_s(self, policy: Policy) -> float:
        """D: the silence after which an owner is taken for gone."""
        if policy is Policy.RELEASE:
            span = max(self.lease_s, self.heartbeat_s + self.lifetime_s(policy) + REMOVAL_DELAY_S)
            return span * (1 + 2 * DRIFT) + 0.05
        return self.lease_s * (1 + 2 * DRIFT) + self.heartbeat_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a node tells of its constants in every message: h, L, D per policy (seconds) and which brokers it counts."""

    heartbeat_s: float
    lease_s: float
    keep_s: float
    release_s: float
    brokers: str

    def owner_down_s(self, policy: Policy) -> float:
        """D of the sender under a policy."""
        return self.release_s if policy is Policy.RELEASE else self.keep_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """One address of a VIP; ``interface`` only if the configuration names it for this address."""

    address: Address
    prefix: int
    interface: str | None = None

    def __str__(self) -> str:
        return f"{self.address}/{self.prefix}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """One interface of this node on a LAN, with this host's own addresses and subnets there."""

    interface: str
    mac: Mac
    addresses: tuple[IPv4Interface | IPv6Interface, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Source routing: packets from the VIP's addresses of this kind leave through ``gateway``, by ``table``."""

    gateway: Address
    table: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSpec:
    """How a check's results count: ``rise`` successes in a row, or ``fall`` failures, change it.

    ``weight`` 0: failing is a fault; else it is added to the priority while failing.
    """

    name: CheckName
    rise: int = 2
    fall: int = 3
    weight: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class VipSpec:
    """One VIP as configured on this node."""

    name: VipName
    addresses: tuple[Placed, ...]
    interfaces: tuple[str, ...]
    policy: Policy = Policy.KEEP
    priority: int = 100
    placement: Placement = Placement.PRIORITY
    make_before_break: bool = True
    """In a planned move the new owner has the addresses before the old one removes them."""
    preempt: bool = False
    """A better candidate gets the VIP from a healthy owner, after it was the better one for ``preempt_delay_s``."""
    preempt_delay_s: float = 0.0
    checks: tuple[CheckName, ...] = ()
    damping_s: float = 10.0
    """After a check has made the VIP change its owner, no check does so again for so long."""
    route: Route | None = None
    source: bool = False
    """An IPv6 address of it may be the source of outgoing connections."""
    purpose: str = ""
    contact: str = ""
    """For people: what it is for, and whom to ask."""
    definition: str = field(init=False)
    """A hash of what all nodes must agree on: addresses and policy."""

    def __post_init__(self) -> None:
        what = ",".join(sorted(str(placed) for placed in self.addresses)) + f";{self.policy}"
        object.__setattr__(self, "definition", hashlib.sha256(what.encode()).hexdigest()[:8])


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSpec:
    """One node as configured: who it is, whom it asks, what it may own."""

    cluster: str
    node: NodeName
    brokers: tuple[BrokerName, ...]
    vips: tuple[VipSpec, ...]
    timing: Timing
    checks: tuple[CheckSpec, ...] = ()
    garp_offsets_s: tuple[float, ...] = (0.0, 0.05, 0.25, 1.0, 5.0)
    garp_refresh_s: float = 60.0
    gateway: Address | None = None
    """Asked, beside the peers, whether the LAN is there."""
    lan_health: bool = True
    version: str = "0"

    @property
    def quorum(self) -> int:
        """How many brokers are a majority of the configured ones."""
        return len(self.brokers) // 2 + 1

    @property
    def terms(self) -> Terms:
        """What this node tells its peers of its constants."""
        return Terms(
            heartbeat_s=self.timing.heartbeat_s,
            lease_s=self.timing.lease_s,
            keep_s=round(self.timing.owner_down_s(Policy.KEEP), 6),
            release_s=round(self.timing.owner_down_s(Policy.RELEASE), 6),
            brokers=hashlib.sha256(",".join(sorted(self.brokers)).encode()).hexdigest()[:8],
        )


class DirectiveKind(StrEnum):
    """What an operator can order that lasts."""

    PIN = "pin"
    """The VIP prefers the node in ``value``."""
    DRAIN = "drain"
    """The node takes no VIPs, and gives away those it has."""
    FREEZE = "freeze"
    """Nobody takes the VIP but the node in ``value``, its owner when it was frozen."""


@dataclass(frozen=True, slots=True, order=True)
class Stamp:
    """Of two directives about one thing the higher stamp counts."""

    counter: int
    node: NodeName


@dataclass(frozen=True, slots=True, kw_only=True)
class Directive:
    """An operator's order that lasts, about one VIP or node; an empty ``value`` revokes it."""

    kind: DirectiveKind
    subject: str
    value: str
    expires_at: float
    """When it is void and forgotten, in seconds of the wall clock since the epoch; infinity: never."""
    stamp: Stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What a node remembers over a restart (``state_dir``); losing it is safe."""

    incarnation: int = 0
    terms: tuple[tuple[VipName, int], ...] = ()
    keep_s: float = 0.0
    """The largest D heard, in seconds, under ``keep``."""
    release_s: float = 0.0
    """The largest D heard, in seconds, under ``release``."""
    macs: tuple[tuple[NodeName, tuple[Mac, ...]], ...] = ()
    """The hardware addresses of the peers, as they last told them."""
    directives: tuple[Directive, ...] = ()
    lives: tuple[int, ...] = ()
    """The incarnations before that one, the last of them: whoever speaks as one of them is a recording."""

    @property
    def past_lives(self) -> tuple[int, ...]:
        """All incarnations of this node that are over, as far as they are remembered."""
        return (*self.lives, self.incarnation)[-REMEMBERED_LIVES:] if self.incarnation else self.lives

    def owner_down_s(self, policy: Policy) -> float:
        """The largest D ever heard under a policy."""
        return self.release_s if policy is Policy.RELEASE else self.keep_s
