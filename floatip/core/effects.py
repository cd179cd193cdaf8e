"""What shall be done: everything the engine ever asks for."""

from dataclasses import dataclass
from enum import StrEnum

from floatip.core.messages import Errand, Message
from floatip.core.types import Address, BrokerName, Mac, NodeName, Occasion, Role, Stored, VipName, VipSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Publish on this broker, now or never: a message that cannot go out ends the session."""

    broker: BrokerName
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconnect:
    """End the session on this broker and begin a new one."""

    broker: BrokerName
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Identify:
    """Speak as this incarnation from now on: every session ends and begins anew under it."""

    incarnation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bind:
    """The VIP's addresses, on this interface, for ``lifetime_s``; not at all if it is later than ``not_after``."""

    vip: VipName
    interface: str
    lifetime_s: int
    not_after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Add:
    """Have these, and read back that they are there; all in one batch."""

    binds: tuple[Bind, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Renew:
    """Give the addresses of these VIPs a fresh lifetime; all in one batch."""

    binds: tuple[Bind, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unbind:
    """Have none of these VIPs' addresses, on any interface; forget announcements of them that still wait."""

    vips: tuple[VipName, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Announce:
    """Tell the LAN once, in all forms, that the VIP's addresses are here."""

    vip: VipName
    interface: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hush:
    """Announce this VIP no more: forget announcements that still wait for their turn."""

    vip: VipName


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """Ask the LAN once who has the VIP's addresses: broadcast (unless told not to), and each of these MACs alone."""

    vip: VipName
    interface: str
    to_macs: tuple[Mac, ...] = ()
    broadcast: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Ask on this interface's LAN for a host's own address: its MAC alone if it is known, else everybody.

    Each answer is told as ``Reached``: it shows that both ways are whole.
    """

    interface: str
    address: Address
    mac: Mac | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquaint:
    """These are the peers' MACs: what outlives this daemon gives an address up to one of them alone."""

    macs: tuple[Mac, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Configure:
    """These are the VIPs of this node from now on; of one that is told anew, nothing is left in the kernel."""

    vips: tuple[VipSpec, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """Remember this over a restart."""

    stored: Stored


class Kind(StrEnum):
    """What a record in the log is about; the names that programs may match."""

    ROLE = "role"
    OWNER = "owner"
    BROKER = "broker"
    PEER = "peer"
    LINK = "link"
    CHECK = "check"
    ADDRESS = "address"
    CONFLICT = "conflict"
    FAULT = "fault"
    HANDOVER = "handover"
    DIRECTIVE = "directive"
    OPERATOR = "operator"
    CLOCK = "clock"


class Cause(StrEnum):
    """Why a VIP has another owner than before, as far as a node can know."""

    FIRST = "first"
    """Nobody owned it."""
    TAKEOVER = "takeover"
    """The former owner is gone: dead, silent, or overruled by one with a better right."""
    HANDOVER = "handover"
    """The former owner handed it over."""
    PREEMPT = "preempt"
    """It did so because another node comes first."""
    CHECK = "check"
    """A check of the former owner fails."""
    DRAIN = "drain"
    """The former owner is drained."""
    STOP = "stop"
    """The former owner's daemon stops, or has the VIP configured otherwise."""
    FAULT = "fault"
    """The former owner gave it up at once: its link, its LAN, its kernel, or its quorum failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A VIP has another owner than before."""

    owner: NodeName
    former: NodeName | None
    cause: Cause
    silent_s: float | None = None
    """Of a takeover: from the last word of the former owner to the new one's first announcement, or the news of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """One sentence for people, with its parts for programs: the log line and the entry in ``floatip events``."""

    kind: Kind
    text: str
    vip: VipName | None = None
    peer: NodeName | None = None
    was: Role | None = None
    now: Role | None = None
    warning: bool = False
    change: Change | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunErrand:
    """Do this on this host, and tell (``ErrandDone``) what came of it."""

    id: str
    errand: Errand


@dataclass(frozen=True, slots=True, kw_only=True)
class CallHooks:
    """Call the hooks for this; nobody waits for them, and what they do changes nothing here."""

    occasion: Occasion
    vip: VipName
    was: Role
    now: Role
    term: int
    priority: int
    """This node's effective priority."""
    owner: NodeName | None
    """Who owns the VIP now, as far as is known."""
    why: str
    mac: Mac | None = None
    """Of a conflict: who answered."""
    stops: bool = False
    """The daemon is about to end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One step of an operator's request about one VIP or node, for the operator to see."""

    id: str
    about: str
    text: str


class Outcome(StrEnum):
    """How an operator's request ended."""

    PROVEN = "proven"
    UNPROVEN = "unproven"
    REFUSED = "refused"
    FAILED = "failed"
    TIMED_OUT = "timed out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How an operator's request ended for one VIP or node; ``data`` is what an errand brought, as JSON."""

    id: str
    about: str
    outcome: Outcome
    text: str
    data: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """End the process with this code; everything has been given up."""

    code: int
    reason: str


Effect = (
    Send
    | Reconnect
    | Identify
    | Add
    | Renew
    | Unbind
    | Announce
    | Hush
    | Probe
    | Ask
    | Acquaint
    | Configure
    | Store
    | Tell
    | RunErrand
    | CallHooks
    | Progress
    | Answer
    | Exit
)
