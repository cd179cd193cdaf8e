"""What the tests of the core stand on: names, builders, a peer's mouth."""

from collections.abc import Iterable, Mapping
from ipaddress import ip_address, ip_interface
from typing import TypeVar

from floatip.core import effects as ef
from floatip.core.messages import Bid, Body, Claim, Heartbeat, Listing, Message, State, VipState, Will
from floatip.core.types import (
    BrokerName,
    Mac,
    NodeName,
    NodeSpec,
    Origin,
    Placed,
    Port,
    Standing,
    Terms,
    Timing,
    VipName,
    VipSpec,
)

A, B, C = NodeName("a"), NodeName("b"), NodeName("c")
X, Y, Z = BrokerName("x:1883"), BrokerName("y:1883"), BrokerName("z:1883")
WEB = VipName("web")
ADDRESS = ip_address("10.77.0.50")
MACS = {A: Mac("02:00:00:00:00:0a"), B: Mac("02:00:00:00:00:0b"), C: Mac("02:00:00:00:00:0c")}
STRANGER = Mac("02:00:00:00:00:ff")
OWN = {A: ip_interface("10.77.0.11/24"), B: ip_interface("10.77.0.12/24"), C: ip_interface("10.77.0.13/24")}
"""The nodes' own addresses on their LAN."""
H, L = 0.2, 1.0
D = 1.22
"""The owner-down interval of the default timing under ``keep``, in seconds."""
BLINK = 0.001
"""How long everything takes on the bench, in seconds."""

E = TypeVar("E")


def a_vip(name: VipName = WEB, *, address: str = "10.77.0.50", **more: object) -> VipSpec:
    """Make a VIP with one address on ``eth0``, unless told otherwise."""
    fields: dict[str, object] = {
        "name": name,
        "addresses": (Placed(address=ip_address(address), prefix=32),),
        "interfaces": ("eth0",),
    }
    return VipSpec(**(fields | more))  # type: ignore[arg-type]  # the fields of VipSpec, by name


def a_spec(
    node: NodeName = A,
    *,
    brokers: tuple[BrokerName, ...] = (X,),
    vips: tuple[VipSpec, ...] | None = None,
    timing: Timing | None = None,
) -> NodeSpec:
    """Make a node with one broker and one VIP, unless told otherwise."""
    return NodeSpec(
        cluster="test", node=node, brokers=brokers, vips=(a_vip(),) if vips is None else vips, timing=timing or Timing()
    )


TERMS = a_spec().terms
DEFINITION = a_vip().definition


def a_listing(
    standing: Standing = Standing.OWNER, term: int = 1, vip: VipName = WEB, definition: str = DEFINITION
) -> Listing:
    """Say what a peer is for a VIP."""
    return Listing(vip=vip, standing=standing, term=term, definition=definition)


def a_beat(*listings: Listing, version: int = 1) -> Heartbeat:
    """Make a heartbeat with a full list."""
    return Heartbeat(state_version=1, list_version=version, listings=listings)


def a_digest(version: int) -> Heartbeat:
    """Make a heartbeat with a digest."""
    return Heartbeat(state_version=1, list_version=version, listings=None)


def a_claim(term: int = 1, vip: VipName = WEB) -> Claim:
    """Make a claim for one VIP."""
    return Claim(bids=(Bid(vip=vip, term=term, definition=DEFINITION),))


def a_state(
    node: NodeName = B, *, version: int = 1, faults: tuple[str, ...] = (), priority: int = 100, **more: object
) -> State:
    """Make the state of a node that could own the VIP."""
    fields: dict[str, object] = {
        "state_version": version,
        "version": "1.0",
        "macs": (MACS[node],) if node in MACS else (),
        "vips": (VipState(vip=WEB, priority=priority, definition=DEFINITION, faults=faults),),
    }
    return State(**(fields | more))  # type: ignore[arg-type]  # the fields of State, by name


class Peer:
    """A peer's mouth: gives each body the next place in its session on one broker."""

    def __init__(self, node: NodeName = B, terms: Terms = TERMS, incarnation: int = 1, session: int = 1) -> None:
        self.node = node
        self.terms = terms
        self.origin = Origin(incarnation, session, -1)

    def says(self, body: Body, seen: Mapping[NodeName, Origin] | None = None) -> Message:
        """Say this next."""
        self.origin = Origin(self.origin.incarnation, self.origin.session, self.origin.seq + 1)
        return Message(sender=self.node, origin=self.origin, terms=self.terms, body=body, seen=seen or {})

    def will(self) -> Message:
        """Give the last will of its session, as a broker says it."""
        origin = Origin(self.origin.incarnation, self.origin.session, 0)
        return Message(sender=self.node, origin=origin, terms=self.terms, body=Will())

    def skips(self) -> "Peer":
        """Lose one message on the way."""
        self.says(a_beat())
        return self

    def reconnects(self) -> "Peer":
        """Begin a new session."""
        self.origin = Origin(self.origin.incarnation, self.origin.session + 1, -1)
        return self


def ours(
    incarnation: int,
    seq: int = 0,
    body: Body | None = None,
    session: int = 1,
    seen: Mapping[NodeName, Origin] | None = None,
) -> Message:
    """Make a message under the name of node a that it need not have said."""
    return Message(
        sender=A, origin=Origin(incarnation, session, seq), terms=TERMS, body=body or a_beat(), seen=seen or {}
    )


def a_port(node: NodeName = A, interface: str = "eth0") -> Port:
    """Make the interface of a node."""
    return Port(interface=interface, mac=MACS[node], addresses=(OWN[node],))


def of(kind: type[E], effects: Iterable[object]) -> list[E]:
    """Only the effects of one kind."""
    return [effect for effect in effects if isinstance(effect, kind)]


def binds(effects: Iterable[object]) -> list[ef.Bind]:
    """Only the additions that were asked for, one by one."""
    return [bind for add in of(ef.Add, effects) for bind in add.binds]


def renewals(effects: Iterable[object]) -> list[ef.Bind]:
    """Only the renewals that were asked for, one by one."""
    return [bind for renew in of(ef.Renew, effects) for bind in renew.binds]


def sent(kind: type[E], effects: Iterable[object]) -> list[E]:
    """Only the message bodies of one kind that were sent."""
    return [effect.message.body for effect in of(ef.Send, effects) if isinstance(effect.message.body, kind)]
