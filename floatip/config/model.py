"""The whole configuration of one node, and what the rest of floatip asks of it. Knows: the tables together.

Never: relations that must hold (relations.py), files (reading.py).
"""

import os
from pathlib import Path
from typing import Any

from pydantic import Field

from floatip.config.fields import AbsolutePath, Many, Name
from floatip.config.schema import tidy
from floatip.config.tables import (
    Alias,
    Check,
    Control,
    Embedded,
    Garp,
    Handover,
    Hook,
    Http,
    Lan,
    Log,
    Mqtt,
    QuorumPolicy,
    Security,
    Sysctl,
    Table,
    TimingTable,
    Vip,
)
from floatip.core.types import (
    Address,
    CheckName,
    CheckSpec,
    NodeName,
    NodeSpec,
    Policy,
    Route,
    Timing,
    VipName,
    VipSpec,
)


def short_host_name() -> str:
    """The name of this host up to the first dot, in lower case."""
    return os.uname().nodename.partition(".")[0].lower()


class Config(Table):
    """The configuration of one node of a floatip cluster."""

    cluster: Name = Field(description="nodes under one cluster name elect among themselves")
    node: Name = Field(
        default_factory=short_host_name,
        validate_default=True,
        description="unique in the cluster; default: the short host name",
    )
    state_dir: AbsolutePath = Field(
        default=Path("/var/lib/floatip"), description="what a node remembers over restarts; losing it is safe"
    )
    mqtt: Mqtt = Field(description="the brokers over which the nodes elect")
    security: Security = Field(default=Security(), description="signatures of messages between nodes")
    timing: TimingTable = Field(default=TimingTable(), description="the same on all nodes")
    log: Log = Field(default=Log(), description="the daemon's own lines")
    sysctl: Sysctl = Field(default=Sysctl(), description="kernel settings that VIPs need")
    garp: Garp = Field(default=Garp(), description="gratuitous ARP")
    control: Control = Field(default=Control(), description="the operators' socket")
    http: Http | None = Field(default=None, description="status page and metrics")
    lan: Lan = Field(default=Lan(), description="LAN health")
    vips: Many[Vip] = Field(default=(), alias="vip", description="the floating addresses")
    aliases: Many[Alias] = Field(default=(), alias="alias", description="plain addresses that floatip does not manage")
    checks: Many[Check] = Field(default=(), alias="check", description="looks at services of this host")
    hooks: Many[Hook] = Field(default=(), alias="hook", description="programs that are told what happened")

    def policy(self, vip: Vip) -> QuorumPolicy:
        """The policy that holds for a VIP: its own, else that of [timing]."""
        return vip.no_quorum_policy or self.timing.no_quorum_policy

    def handover(self, vip: Vip) -> Handover:
        """The order of planned moves that holds for a VIP; its default depends on the policy."""
        if vip.handover is not None:
            return vip.handover
        release = self.policy(vip) is QuorumPolicy.RELEASE
        return Handover.BREAK_BEFORE_MAKE if release else Handover.MAKE_BEFORE_BREAK

    @property
    def checks_in_use(self) -> tuple[Check, ...]:
        """The checks that a VIP asks for."""
        used = {name for vip in self.vips for name in vip.checks}
        return tuple(check for check in self.checks if check.name in used)

    @property
    def documented(self) -> dict[Address, tuple[str, str]]:
        """Purpose and contact of each plain alias that the file names."""
        return {alias.address: (alias.purpose, alias.contact) for alias in self.aliases}

    @property
    def interfaces(self) -> tuple[str, ...]:
        """Every interface that a VIP can be on, each once."""
        return tuple(dict.fromkeys(name for vip in self.vips for name in vip.all_interfaces))

    @property
    def failover_interfaces(self) -> list[str]:
        """The interfaces between which a VIP can move on this node."""
        return [name for vip in self.vips if len(vip.interfaces) > 1 for name in vip.interfaces]

    @property
    def has_wide_prefixes(self) -> bool:
        """Whether any address of a VIP has another prefix than /32 or /128."""
        return any(one.prefix != one.address.max_prefixlen for vip in self.vips for one in vip.addresses)

    def node_spec(self, version: str) -> NodeSpec:
        """What the engine gets; ``version`` is that of this program. ValueError for a policy the engine lacks."""
        return NodeSpec(
            cluster=self.cluster,
            node=NodeName(self.node),
            brokers=tuple(broker.name for broker in self.mqtt.brokers),
            vips=tuple(self._vip_spec(vip) for vip in self.vips),
            checks=tuple(
                CheckSpec(name=CheckName(check.name), rise=check.rise, fall=check.fall, weight=check.weight)
                for check in self.checks_in_use
            ),
            timing=Timing(
                heartbeat_s=self.timing.heartbeat_s,
                lease_s=self.timing.lease_s,
                kernel_lifetime_s=int(self.timing.kernel_lifetime_s),
            ),
            garp_offsets_s=self.garp.offsets_s,
            garp_refresh_s=self.garp.refresh_s,
            gateway=self.lan.gateway,
            lan_health=self.lan.health,
            version=version,
        )

    def _vip_spec(self, vip: Vip) -> VipSpec:
        return VipSpec(
            name=VipName(vip.name),
            addresses=vip.addresses,
            interfaces=vip.interfaces,
            policy=Policy(self.policy(vip)),
            priority=vip.priority,
            placement=vip.placement,
            make_before_break=self.handover(vip) is Handover.MAKE_BEFORE_BREAK,
            preempt=vip.preempt,
            preempt_delay_s=vip.preempt_delay_s,
            checks=tuple(CheckName(name) for name in vip.checks),
            damping_s=vip.damping_s,
            route=None if vip.gateway is None or vip.table is None else Route(gateway=vip.gateway, table=vip.table),
            source=vip.source,
            purpose=vip.purpose,
            contact=vip.contact,
        )

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """The JSON Schema of the file (draft 2020-12)."""
        return tidy(cls.model_json_schema(by_alias=True))


TABLES: dict[tuple[str, ...], type[Table]] = {
    (): Config,
    ("mqtt",): Mqtt,
    ("mqtt", "embedded"): Embedded,
    ("security",): Security,
    ("timing",): TimingTable,
    ("log",): Log,
    ("sysctl",): Sysctl,
    ("garp",): Garp,
    ("control",): Control,
    ("http",): Http,
    ("lan",): Lan,
    ("vip",): Vip,
    ("alias",): Alias,
    ("check",): Check,
    ("hook",): Hook,
}
"""Each table of the file by its keys."""
