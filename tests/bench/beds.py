"""What both systems are made of before something strikes: the same nodes and VIPs, each in its own configuration.

Knows: floatip's lab settings and keepalived.conf. Never: starts anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from floatip.lab.settings import Settings, Table, Vip

NODES = 3
PRIORITIES = {"n1": 110, "n2": 105, "n3": 100}
"""The same for both, so that all VIPs start on one node, and one backup is first in the row."""
LISTED = 20
"""So many addresses a VRRP advertisement carries; keepalived.conf has the others in `virtual_ipaddress_excluded`."""
_FIRST = IPv4Address("10.77.1.0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bed:
    """Both systems' settings; floatip's without other words are its defaults, and so are keepalived's."""

    name: str
    vips: int = 1
    heartbeat_ms: int = 200
    lease_ms: int = 1000
    mqtt: str = "mgmt"
    policy: str = "keep"
    vip_extra: Table | None = None
    advert_s: float = 1.0
    sticky: bool = True
    """Whether keepalived has `nopreempt`: an owner stays owner, as with floatip."""

    @property
    def period_s(self) -> float:
        """Give the longer of both systems' intervals: strikes come at a random moment within it."""
        return max(self.heartbeat_ms / 1000, self.advert_s)

    def addresses(self) -> list[str]:
        """Give the addresses: the first is the one that the client asks."""
        return ["10.77.0.50", *(str(_FIRST + number) for number in range(1, self.vips))]

    def floatip(self, daemon: Sequence[str]) -> Settings:
        """Give floatip's cluster: one VIP for each address."""
        names = ["web", *(f"v{number}" for number in range(1, self.vips))]
        extra = dict(self.vip_extra or {})
        return Settings(
            nodes=NODES,
            mqtt=self.mqtt,
            heartbeat_ms=self.heartbeat_ms,
            lease_ms=self.lease_ms,
            policy=self.policy,
            priorities=PRIORITIES,
            vips=tuple(Vip(name=n, addresses=(a,), extra=extra) for n, a in zip(names, self.addresses(), strict=True)),
            extra={"log": {"level": "info"}},
            daemon=daemon,
        )

    def keepalived(self) -> Settings:
        """Give the same hosts, client and VIPs without a broker, for keepalived."""
        return Settings(nodes=NODES, brokers=0, vips=(Vip(addresses=self.addresses()),))

    def keepalived_conf(self, node: str, weight_file: str) -> str:
        """Give a node's keepalived.conf: one instance that has all the addresses."""
        listed, rest = self.addresses()[:LISTED], self.addresses()[LISTED:]
        lines = [
            "global_defs {",
            f"  router_id {node}",
            "}",
            "track_file drained {",
            f'  file "{weight_file}"',
            "  weight 1",
            "  init_file 0",
            "}",
            "vrrp_instance WEB {",
            "  version 3",
            "  state BACKUP",
            "  interface eth0",
            "  virtual_router_id 51",
            f"  priority {PRIORITIES[node]}",
            f"  advert_int {self.advert_s:g}",
            *(["  nopreempt"] if self.sticky else ["  track_file {", "    drained weight 1", "  }"]),
            "  virtual_ipaddress {",
            *(f"    {address}/32" for address in listed),
            "  }",
        ]
        if rest:
            lines += ["  virtual_ipaddress_excluded {", *(f"    {address}/32" for address in rest), "  }"]
        return "\n".join([*lines, "}", ""])


BEDS = {
    bed.name: bed
    for bed in (
        Bed(name="default"),
        Bed(name="moving", sticky=False),
        Bed(name="over the LAN", mqtt="data"),
        Bed(name="lease 3 s", lease_ms=3000),
        Bed(name="lease 300 ms", heartbeat_ms=25, lease_ms=300, advert_s=0.1),
        Bed(name="heartbeat 10 ms", heartbeat_ms=10, lease_ms=300, advert_s=0.1),
        Bed(name="lease 300 ms over the LAN", heartbeat_ms=25, lease_ms=300, mqtt="data"),
        Bed(name="lease 200 ms", heartbeat_ms=50, lease_ms=200),
        Bed(name="lease 200 ms over the LAN", heartbeat_ms=50, lease_ms=200, mqtt="data"),
        Bed(name="release", policy="release"),
        Bed(name="break", vip_extra={"handover": "break-before-make"}),
        Bed(name="100 VIPs", vips=100),
        Bed(name="1,000 VIPs", vips=1000),
        Bed(name="100 VIPs, moving", vips=100, sticky=False),
        Bed(name="1,000 VIPs, moving", vips=1000, sticky=False),
    )
}
