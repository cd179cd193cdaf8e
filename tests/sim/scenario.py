"""What one run is made of, all of it following from a few numbers. Knows: choices. Never: what happens."""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, ip_address
from random import Random

from floatip.core.types import (
    REMOVAL_DELAY_S,
    BrokerName,
    CheckName,
    CheckSpec,
    NodeName,
    NodeSpec,
    Placed,
    Placement,
    Policy,
    Timing,
    VipName,
    VipSpec,
)

TIMINGS = (
    Timing(),
    Timing(),
    Timing(heartbeat_s=0.3, lease_s=1.0),
    Timing(heartbeat_s=0.25, lease_s=1.5),
    Timing(heartbeat_s=0.3, lease_s=2.0, kernel_lifetime_s=4),
)
OTHER_TIMINGS = (
    Timing(heartbeat_s=0.1, lease_s=0.5),
    Timing(heartbeat_s=0.5, lease_s=1.5),
    Timing(heartbeat_s=0.4, lease_s=3.0, kernel_lifetime_s=5),
)
"""With which a node comes back by mistake."""
MIXED = (*OTHER_TIMINGS[:1], *TIMINGS[2:], *OTHER_TIMINGS[2:])


class Phase(StrEnum):
    """What a run is for."""

    SAFETY = "safety"
    """Faults until the end."""
    LIVENESS = "liveness"
    """Faults, then quiet, in which everything must come right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One run: the same numbers give the same run."""

    seed: int
    brokers: int = 3
    nodes: int = 3
    policy: Policy = Policy.RELEASE
    phase: Phase = Phase.SAFETY
    fault_every_s: float = 3.0
    favour: tuple[str, ...] = ()
    """Faults that come far more often than the others."""
    only: tuple[str, ...] = ()
    """Nothing but these faults."""
    deaf: bool = False
    """Nobody hears anybody on the LAN: the election has to be safe without it (policy ``release``)."""
    far: bool = False
    """The brokers are far away: tens of milliseconds instead of one or two."""
    mixed: bool = False
    """Each node goes by a timing of its own."""
    singly: bool = False
    """Each fault comes alone, and only when the last one is long over: then it is known what it may cost."""
    calm: bool = False
    """No faults at all: the beginning of a cluster's life, and what it costs."""

    @property
    def faults_s(self) -> float:
        """For how long faults are begun."""
        return 70.0 if self.phase is Phase.SAFETY else 35.0

    @property
    def timing(self) -> Timing:
        """The timing of every node."""
        return Random(f"{self.seed} timing").choice(TIMINGS)

    @property
    def gateway(self) -> IPv4Address | None:
        """The gateway of the LAN, if it has one."""
        return IPv4Address("10.77.0.1") if Random(f"{self.seed} gateway").random() < 0.7 else None

    @property
    def lan_split(self) -> bool:
        """Whether the LAN is ever broken in this run."""
        return Random(f"{self.seed} split").random() < 0.5

    @property
    def settle_s(self) -> float:
        """T: after so long without faults everything must be right.

        Operators revoke their orders (5 s); a connection attempt and a wait after it, a full listening time, some
        rounds of claims that collide (each up to D and five heartbeats), the kernel's removal of what was left, and a
        client that first tries a dead MAC.
        """
        timing = self.timing
        down_s = timing.owner_down_s(self.policy)
        removal_s = timing.lifetime_s(self.policy) + REMOVAL_DELAY_S
        return 11.0 + 4 * (down_s + 7 * timing.heartbeat_s) + removal_s + 7.0

    @property
    def end_s(self) -> float:
        """When the run ends."""
        return self.faults_s + (self.settle_s if self.phase is Phase.LIVENESS else 0.0)

    @property
    def make_before_break(self) -> bool:
        """Whether in planned moves the new owner adds before the old one removes: mostly, but not under ``release``."""
        return self.policy is not Policy.RELEASE and Random(f"{self.seed} handover").random() < 0.75

    @property
    def preempt(self) -> bool:
        """Whether the best candidate gets a VIP from a healthy owner; not where faults are judged by what they move."""
        return not self.singly and Random(f"{self.seed} preempt").random() < 0.3

    @property
    def checks(self) -> tuple[CheckSpec, ...]:
        """The checks of every node: in most runs one, which is a fault or weighs on the priority."""
        rng = Random(f"{self.seed} checks")
        spec = CheckSpec(name=CheckName("service"), rise=1, fall=1, weight=rng.choice((0, 0, 0, -30)))
        return (spec,) if rng.random() < 0.6 else ()

    @property
    def damping_s(self) -> float:
        """For how long no check makes a VIP change its owner after one did."""
        return Random(f"{self.seed} damping").choice((0.0, 3.0, 10.0))

    def vips(self) -> tuple[VipSpec, ...]:
        """The VIPs of every node: one in most runs, sometimes a second one with two addresses."""
        rng = Random(f"{self.seed} vips")
        interfaces = ("eth0", "eth1") if rng.random() < 0.3 else ("eth0",)
        placement = rng.choice((Placement.PRIORITY, Placement.SPREAD))
        web = VipSpec(
            name=VipName("web"),
            addresses=(Placed(address=ip_address("10.77.0.50"), prefix=32),),
            interfaces=interfaces,
            policy=self.policy,
            placement=placement,
            make_before_break=self.make_before_break,
            preempt=self.preempt,
            preempt_delay_s=rng.choice((0.0, 0.0, 1.0)),
        )
        if rng.random() < 0.7:
            return (web,)
        pair = (
            Placed(address=ip_address("10.77.0.51"), prefix=32),
            Placed(address=ip_address("fd77::51"), prefix=128),
        )
        return web, VipSpec(
            name=VipName("db"),
            addresses=pair,
            interfaces=interfaces,
            policy=self.policy,
            placement=placement,
            make_before_break=self.make_before_break,
        )

    def spec(self, node: str, timing: Timing | None = None) -> NodeSpec:
        """The configuration of one node."""
        priority = 100 + Random(f"{self.seed} {node}").choice((0, 0, 20))
        return NodeSpec(
            cluster="sim",
            node=NodeName(node),
            brokers=tuple(BrokerName(f"b{i + 1}:1883") for i in range(self.brokers)),
            vips=tuple(
                VipSpec(
                    name=vip.name,
                    addresses=vip.addresses,
                    interfaces=vip.interfaces,
                    policy=vip.policy,
                    placement=vip.placement,
                    make_before_break=vip.make_before_break,
                    preempt=vip.preempt,
                    preempt_delay_s=vip.preempt_delay_s,
                    priority=priority,
                    checks=tuple(check.name for check in self.checks),
                    damping_s=self.damping_s,
                )
                for vip in self.vips()
            ),
            checks=self.checks,
            gateway=self.gateway,
            lan_health=not self.deaf,
            timing=timing or (Random(f"{self.seed} {node} timing").choice(MIXED) if self.mixed else self.timing),
        )

    def command(self) -> str:
        """The command that runs it again and tells what happened."""
        parts = [f"--seed {self.seed} --brokers {self.brokers} --nodes {self.nodes} --policy {self.policy}"]
        parts += [f"--phase {self.phase}"]
        parts += [f"--favour {name}" for name in self.favour] + [f"--only {name}" for name in self.only]
        parts += [f"--{name}" for name in ("deaf", "far", "mixed", "singly", "calm") if getattr(self, name)]
        return f"python -m tests.sim {' '.join(parts)} --verbose"
