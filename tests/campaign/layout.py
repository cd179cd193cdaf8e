"""What clusters the campaign strikes. Knows: chance, and what a lab cluster is made of. Never: starts one."""

import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

from floatip.core.types import Policy
from floatip.lab.settings import Settings, Table, Vip

GATEWAY = "10.77.0.9"
"""The client: a host that answers ARP and is no node."""
DAEMON = (sys.executable, "-P", str(Path(__file__).with_name("clocked_daemon.py")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One cluster: `vips` are the addresses of each, `broker_home` the node on which the only broker runs, if any."""

    policy: Policy
    nodes: int
    brokers: int
    mqtt: str
    vips: tuple[tuple[str, ...], ...]
    broker_home: str | None
    second_nic: bool
    persistence: bool
    gateway: bool

    def settings(self) -> Settings:
        """Give what the lab needs to build it; each VIP prefers another node at first."""
        nics = {"eth0": "data", "eth1": "mgmt", **({"eth2": "data"} if self.second_nic else {})}
        interfaces = ("eth0", "eth2") if self.second_nic else ("eth0",)
        lan: Table = {"lan": {"gateway": GATEWAY}} if self.gateway else {}
        return Settings(
            nodes=self.nodes,
            brokers=self.brokers,
            mqtt=self.mqtt,
            vips=[
                Vip(name=f"v{number}", addresses=addresses, interfaces=interfaces)
                for number, addresses in enumerate(self.vips, start=1)
            ],
            policy=self.policy.value,
            nics=nics,
            extra=lan,
            daemon=DAEMON,
            broker_hosts={"b1": self.broker_home} if self.broker_home else {},
            broker_persistence=self.persistence,
        )

    @property
    def owner_down_s(self) -> float:
        """Give D at default timing."""
        return 2.81 if self.policy is Policy.RELEASE else 1.22

    def __str__(self) -> str:
        parts = [
            f"{self.nodes} nodes",
            f"{self.brokers} broker{'s' if self.brokers > 1 else ''}",
            f"MQTT on {self.mqtt}",
        ]
        parts.append(f"{len(self.vips)} VIPs of {sum(map(len, self.vips))} addresses")
        parts += [f"broker on {self.broker_home}"] if self.broker_home else []
        parts += ["two NICs"] if self.second_nic else []
        parts += ["gateway"] if self.gateway else []
        return ", ".join(parts)

    def document(self) -> dict[str, Any]:
        """Give it as plain values."""
        return asdict(self) | {"policy": self.policy.value}


def draw(policy: Policy, dice: Random) -> Layout:
    """Choose a cluster; under `lan` often two nodes whose only broker is on one of them."""
    pair = policy is Policy.LAN and dice.random() < 0.6
    brokers = 1 if pair or dice.random() < 0.5 else 3
    vips = []
    for number in range(1, dice.choice((1, 1, 2, 3)) + 1):
        ipv4, ipv6 = f"10.77.0.{50 + number}", f"fd77::{50 + number}"
        vips.append((ipv4, ipv6) if dice.random() < 0.35 else (ipv4,))
    return Layout(
        policy=policy,
        nodes=2 if pair else 3,
        brokers=brokers,
        mqtt=dice.choice(("data", "mgmt")),
        vips=tuple(vips),
        broker_home=dice.choice(("n1", "n2")) if pair and dice.random() < 0.6 else None,
        second_nic=dice.random() < 0.2,
        persistence=dice.random() < 0.5,
        gateway=policy is Policy.LAN or dice.random() < 0.5,
    )
