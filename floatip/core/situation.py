"""What one node knows and what it is about to do: shared by the engine and its VIPs. Knows: facts. Never: decides."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from floatip.core.checkups import Checkups
from floatip.core.directives import Directives
from floatip.core.effects import Bind, Cause, Change, Effect, Kind, Tell
from floatip.core.majority import kth_largest, kth_smallest
from floatip.core.messages import Bid
from floatip.core.peerlog import PeerLog
from floatip.core.peers import Peers
from floatip.core.types import BrokerName, Mac, NodeName, NodeSpec, Policy, Port, Role, Terms, VipName, VipSpec
from floatip.core.view import View

LAG_S = 10.0
"""A process that is held up again and again says so as seldom as this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Farewell:
    """What a release says beside the name of the VIP."""

    vacated: bool
    to: NodeName | None = None
    reserved_s: float = 0.0
    kept: bool = False
    swayed: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a handover that this node took or saw."""

    vip: VipName
    text: str
    warning: bool = False


@dataclass(slots=True)
class Outbox:
    """What the VIPs want said, gathered over one step so that many VIPs go into one message."""

    bids: dict[BrokerName, list[Bid]] = field(default_factory=dict)
    releases: dict[Farewell, list[VipName]] = field(default_factory=dict)
    binds: list[Bind] = field(default_factory=list)
    unbinds: list[VipName] = field(default_factory=list)
    prepares: dict[tuple[NodeName, bool, bool], list[VipName]] = field(default_factory=dict)
    """Whom to ask to get ready (whether to look on the LAN first, whether it preempts), and for which VIPs."""
    failed: set[VipName] = field(default_factory=set)
    """VIPs with orders of operators that failed, of which nobody was told yet."""
    beat: bool = False
    state: bool = False
    store: bool = False
    renew: bool = False
    renew_by: float = float("inf")
    """When the first of the VIPs that were looked at is to be renewed."""


class Situation:
    """The knowledge of one node; times in seconds of its own clock."""

    def __init__(self, spec: NodeSpec, entropy: Callable[[], float]) -> None:
        self.checkups = Checkups()
        self.configure(spec)
        self.policies = {vip.name: vip.policy for vip in spec.vips}
        """The VIPs that this node has, those that it is about to give up included."""
        self.retiring: dict[VipName, VipSpec] = {}
        """The VIPs that it gives up, since they are configured otherwise now, as they were until then."""
        self.timing = spec.timing
        self.terms = spec.terms
        self.entropy = entropy
        self.views = {
            broker: View(broker, spec.node, spec.timing.lease_s, self.terms) for broker in sorted(spec.brokers)
        }
        self.peers = Peers(spec.timing.lease_s)
        self.links: dict[str, bool] = {}
        self.macs: tuple[Mac, ...] = ()
        self.addresses: tuple[str, ...] = ()
        self.ports: tuple[Port, ...] = ()
        self.lan_dead: frozenset[str] = frozenset()
        """The interfaces on whose LAN nobody answers, although a peer's LAN is fine."""
        self.lan_deaf: frozenset[str] = frozenset()
        """The interfaces on which nobody is heard any more who lives and was heard before: silence proves nothing."""
        self.lan_fine = False
        self.reached: dict[NodeName | None, float] = {}
        """When each node (None: the gateway) was last heard on the LAN."""
        self.last_owners: dict[VipName, NodeName] = {}
        """Who was last heard to own each VIP."""
        self.partings: dict[VipName, str] = {}
        """How this node last parted with each VIP that it owned."""
        self.parted: dict[VipName, Cause] = {}
        """Why it did."""
        self.swayed_at: dict[VipName, float] = {}
        """When a check, here or elsewhere, last made each VIP change its owner."""
        self.directives = Directives()
        self.steps: list[Step] = []
        """Steps of handovers that nobody was told of yet."""
        self.past_lives: tuple[int, ...] = ()
        """The incarnations of this node that are over."""
        self.began = float("-inf")
        self.stalled_at = float("-inf")
        """When this process was last woken late: what it has not read yet may change everything."""
        self.stopping = False
        self.in_haste = False
        """It stops because it must not be here: nothing is handed over first."""
        self.longest_s = dict.fromkeys(Policy, 0.0)
        self._longest_heard_at = dict.fromkeys(Policy, float("-inf"))
        self._lag_at = float("-inf")
        self.effects: list[Effect] = []
        self.outbox = Outbox()

    def configure(self, spec: NodeSpec) -> None:
        """Go by this from now on."""
        self.spec = spec
        self.checkups.replace(spec.checks)
        self.asks_lan = spec.lan_health or any(vip.policy is Policy.LAN for vip in spec.vips)

    @property
    def node(self) -> NodeName:
        """This node."""
        return self.spec.node

    @property
    def quorum(self) -> int:
        """How many brokers are a majority."""
        return self.spec.quorum

    @property
    def connected(self) -> bool:
        """Whether there are sessions with a majority of the brokers."""
        return sum(1 for view in self.all_views() if view.session is not None) >= self.quorum

    def all_views(self) -> Iterable[View]:
        """Every configured broker."""
        return self.views.values()

    def rtt_s(self) -> float:
        """How long a message takes to come back from a majority of the brokers, in the median of the last ones."""
        known = [rtt_s for view in self.all_views() if (rtt_s := view.rtt_s()) is not None]
        return kth_smallest(known, self.quorum) if len(known) >= self.quorum else 0.0

    def hears(self, node: NodeName | None, now: float) -> bool:
        """Whether a node (None: the gateway) was lately heard on the LAN, as far as it was asked."""
        return now - self.reached.get(node, float("-inf")) < self.timing.lease_s

    def has_near_gateway(self) -> bool:
        """Whether the configured gateway is in a subnet of this node, so that it can be asked."""
        gateway = self.spec.gateway
        return gateway is not None and any(gateway in own.network for port in self.ports for own in port.addresses)

    def alone_since(self) -> float:
        """When the newest that came back from a majority of the brokers was sent, or when this life began."""
        return max(kth_largest((view.newest_sent_at for view in self.all_views()), self.quorum), self.began)

    def stalled(self, late_s: float, now: float) -> None:
        """This process was woken so late: it doubts itself before it doubts its peers."""
        self.stalled_at = now
        if now - self._lag_at >= LAG_S:
            self._lag_at = now
            text = f"was held up for {late_s:.2f} s: claims nothing before it has read what came meanwhile"
            self.tell(Kind.CLOCK, text, warning=True)

    def has_caught_up(self) -> bool:
        """Whether what a majority of the brokers delivered before this process was last held up has been read."""
        returned = kth_largest((view.newest_sent_at for view in self.all_views()), self.quorum)
        return self.stalled_at == float("-inf") or returned >= self.stalled_at

    def all_logs(self) -> Iterable[PeerLog]:
        """What each broker has brought of each node."""
        return (log for view in self.all_views() for log in view.peers.values())

    def logs_of(self, node: NodeName) -> list[PeerLog]:
        """What each broker that knows the node has brought of it."""
        return [log for view in self.all_views() if (log := view.peers.get(node)) is not None]

    def goes_before(self, node: NodeName) -> bool:
        """Of two isolated owners the node with the higher hardware address stays, by word and on the wire alike."""
        theirs = self.peers.macs(node)
        return bool(theirs) and (not self.macs or (min(theirs), node) > (min(self.macs), self.node))

    def damped_until(self, spec: VipSpec) -> float:
        """Until when no check makes the VIP change its owner, for one did so before."""
        return self.swayed_at.get(spec.name, float("-inf")) + spec.damping_s

    def owner_down_s(self, policy: Policy) -> float:
        """D of this node."""
        return self.timing.owner_down_s(policy)

    def listen_s(self, policy: Policy) -> float:
        """How long to listen before the first claim of a session: the largest D ever heard (rule 5)."""
        return max(self.owner_down_s(policy), self.longest_s[policy])

    def hear_terms(self, terms: Terms, now: float) -> None:
        """Remember the longest D that any peer goes by."""
        for policy in Policy:
            theirs_s = terms.owner_down_s(policy)
            if theirs_s >= self.longest_s[policy]:
                self.outbox.store = self.outbox.store or theirs_s > self.longest_s[policy]
                self.longest_s[policy], self._longest_heard_at[policy] = theirs_s, now

    def forget_terms(self, now: float) -> None:
        """Forget a longer D once a majority was listened to for that long and nobody went by it any more."""
        for policy, longest_s in self.longest_s.items():
            listened = sum(1 for view in self.all_views() if now - view.listening_since > longest_s)
            if longest_s > 0.0 and listened >= self.quorum and now - self._longest_heard_at[policy] > longest_s:
                self.longest_s[policy] = self.peers.longest_owner_down_s(now, policy)
                self._longest_heard_at[policy] = now
                self.outbox.store = True

    def back_off_s(self) -> float:
        """A random wait of 0.5 to 5 heartbeats, after a claim that failed (rule 8)."""
        return self.timing.heartbeat_s * (0.5 + 4.5 * self.entropy())

    def interface_for(self, spec: VipSpec, now_on: str | None = None) -> str | None:
        """Where the VIP should be: where it is now, while that has its link; else the first interface that has."""
        if now_on is not None and self._usable(now_on):
            return now_on
        return next((interface for interface in spec.interfaces if self._usable(interface)), None)

    def _usable(self, interface: str) -> bool:
        return self.links.get(interface, False) and interface not in self.lan_dead

    def mac_on(self, interface: str | None) -> Mac | None:
        """The hardware address of one of this node's interfaces."""
        return next((port.mac for port in self.ports if port.interface == interface), None)

    def do(self, effect: Effect) -> None:
        """Ask for an effect."""
        self.effects.append(effect)

    def tell(
        self,
        kind: Kind,
        text: str,
        *,
        vip: VipName | None = None,
        warning: bool = False,
        change: Change | None = None,
    ) -> None:
        """Say one sentence to people."""
        self.effects.append(Tell(kind=kind, text=text, vip=vip, warning=warning, change=change))

    def step(self, vip: VipName, text: str, *, warning: bool = False) -> None:
        """Note that a handover has come one step further."""
        self.steps.append(Step(vip, text, warning))

    def tell_steps(self) -> list[Step]:
        """Say what steps there were, many like ones in one sentence; return them."""
        steps, self.steps = self.steps, []
        alike: dict[str, list[Step]] = {}
        for step in steps:
            alike.setdefault(step.text.replace(step.vip, "{}"), []).append(step)
        for group in alike.values():
            first = group[0]
            more = f" (and {len(group) - 1} more VIPs likewise)" if len(group) > 1 else ""
            vip = first.vip if len(group) == 1 else None
            self.tell(Kind.HANDOVER, first.text + more, vip=vip, warning=first.warning)
        return steps

    def tell_role(self, vip: VipName, was: Role, now: Role, why: str, change: Change | None = None) -> None:
        """Say that a role changed, and why; ``change``: with it, the owner."""
        text = f"{vip} {was.upper()} -> {now.upper()}: {why}"
        self.effects.append(
            Tell(
                kind=Kind.ROLE,
                text=text,
                vip=vip,
                was=was,
                now=now,
                warning=now in {Role.ISOLATED, Role.FAULT},
                change=change,
            )
        )
