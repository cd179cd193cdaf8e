"""What the engine can tell of itself at one moment: the answer behind ``floatip status``. Values only."""

from dataclasses import dataclass

from floatip.core.types import BrokerName, CheckName, Mac, NodeName, Role, Timing, VipName, VipSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerSnapshot:
    """One broker as this node sees it; ``rtt_ms`` is the median of the last echoes."""

    name: BrokerName
    connected: bool
    listening: bool
    rtt_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSnapshot:
    """One node, this one included. ``last_heard_ms`` is None for a node never heard alive.

    ``lag_ms``: how long ago this node said the newest word that the other has acknowledged; None if it has not.
    ``lan_fine``: somebody answers it on the LAN of each interface that it needs.
    """

    name: NodeName
    alive: bool
    last_heard_ms: int | None
    drained: bool
    faults: tuple[str, ...]
    version: str
    lag_ms: int | None = None
    lan_fine: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSnapshot:
    """One check of this node; ``passes`` is None until it has looked often enough to say."""

    name: CheckName
    passes: bool | None
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictSnapshot:
    """A MAC that answers for the VIP and should not; ``peer`` if it is a node's."""

    address: str
    mac: Mac
    peer: NodeName | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverSnapshot:
    """A planned move under way: who leads it, to whom, and how far it is."""

    by: NodeName
    to: NodeName
    stage: str
    since_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateSnapshot:
    """One node beside a VIP: its place among the candidates (the owner's is 0), or why it is none."""

    node: NodeName
    rank: int | None
    priority: int | None
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VipSnapshot:
    """One VIP as this node sees it; ``since_s`` is how long its owner has owned it.

    ``last_owner`` was the last one heard of, and ``answered_by`` is the node whose MAC answered for the VIP when this
    one last looked: both may be known where the owner is not.
    """

    name: VipName
    addresses: tuple[str, ...]
    role: Role
    owner: NodeName | None
    term: int
    since_s: float | None
    isolated: bool
    bound: bool
    interface: str | None
    verified_by: tuple[NodeName, ...]
    candidates: tuple[NodeName, ...]
    effective_priority: int
    held_on: tuple[BrokerName, ...]
    isolated_owners: tuple[NodeName, ...]
    definition_differs: tuple[NodeName, ...]
    faults: tuple[str, ...]
    conflicts: tuple[ConflictSnapshot, ...]
    pinned_to: NodeName | None
    frozen_for: NodeName | None
    handover: HandoverSnapshot | None
    spec: VipSpec
    cause: str
    """Why the present owner owns it."""
    nodes: tuple[CandidateSnapshot, ...]
    """Every node that has the VIP configured, the best candidate first."""
    lease_s: float | None = None
    """Of an owner with a quorum: how long it stays so if no heartbeat comes back any more."""
    last_owner: NodeName | None = None
    answered_by: NodeName | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The cluster as this node sees it."""

    cluster: str
    node: NodeName
    quorum: bool
    quorum_of: int
    """How many brokers are a majority."""
    timing: Timing
    brokers: tuple[BrokerSnapshot, ...]
    nodes: tuple[NodeSnapshot, ...]
    vips: tuple[VipSnapshot, ...]
    checks: tuple[CheckSnapshot, ...] = ()
