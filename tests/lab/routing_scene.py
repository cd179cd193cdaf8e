"""A cluster whose VIPs leave by two gateways, and a host behind both. Knows: who forwarded what. Never: judges.

The host behind them is in subnets that the nodes reach by a direct way too (IPv4), or not at all (IPv6), so that a
reply that goes through a gateway was sent there on purpose. IPv6 subnets are cut small, to have two of them.
"""

import re
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from floatip.lab.cluster import Cluster
from floatip.lab.errors import LabError
from floatip.lab.namespace import inside
from floatip.lab.observers import PROBE_PORT
from floatip.lab.settings import Settings, Vip

GATEWAYS = {"gw1": 2, "gw2": 3}
FAR, FAR4, FAR6 = "far", "10.78.0.60", "fd77::1:60"
PRIORITY = 1900
PROBE_BYTES = 12
AGAIN_S = 0.2


@dataclass(frozen=True, slots=True)
class Routed:
    """One VIP, and how its replies are to leave."""

    name: str
    address: str
    gateway: str
    table: int

    @property
    def family(self) -> str:
        """The option of ip(8) for its family."""
        return "-6" if ":" in self.address else "-4"

    @property
    def via(self) -> str:
        """The address of its gateway on the nodes' LAN."""
        return f"{'fd77::' if ':' in self.address else '10.77.0.'}{GATEWAYS[self.gateway]}"

    def vip(self) -> Vip:
        """As it is configured."""
        return Vip(name=self.name, addresses=(self.address,), extra={"gateway": self.via, "table": self.table})


WEB, MAIL = Routed("web", "10.77.0.50", "gw1", 150), Routed("mail", "10.77.0.51", "gw2", 151)
WEB6, MAIL6 = Routed("web6", "fd77::50", "gw1", 150), Routed("mail6", "fd77::51", "gw2", 151)
ALL = (WEB, MAIL, WEB6, MAIL6)


class Scene(Cluster):
    """The cluster, two gateways that count what they forward from each VIP, and the host behind them."""

    def __init__(self, settings: Settings, vips: Sequence[Routed] = ALL) -> None:
        self.vips = tuple(vips)
        super().__init__(settings)

    def _build(self) -> None:
        super()._build()
        for name, number in GATEWAYS.items():
            self.net.add_host(name, number)
            for key in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
                with inside(name):
                    Path("/proc/sys/net", key).write_text("1")
            self.net.run(name, ["nft", counting(self.vips)])
            self.ip(name, f"address add fd77::1:{number}/112 dev eth1 nodad")
        for name in (*self.settings.node_names, *GATEWAYS):
            own = self.net.hosts[name].nics["eth0"].ipv6
            assert own is not None
            self.ip(name, f"address delete {own} dev eth0")
            self.ip(name, f"address add {own.ip}/112 dev eth0 nodad")
        self.net.add_host(FAR, 60, {"eth1": "mgmt"})
        self.ip(FAR, f"address add {FAR6}/112 dev eth1 nodad")

    def ip(self, host: str, words: str) -> str:
        """Run a command of iproute2 on a host; give what it prints."""
        return self.net.run(host, ["ip", *words.split()]).stdout

    def answered(self, vip: Routed, asked_through: str, timeout_s: float = 5.0) -> str:
        """Ask the VIP from far, through this gateway, until somebody answers; name that node."""
        via = f"{'fd77::1:' if vip.family == '-6' else '10.78.0.'}{GATEWAYS[asked_through]}"
        self.ip(FAR, f"{vip.family} route replace {vip.address} via {via} dev eth1")
        with inside(FAR):
            asking = socket.socket(socket.AF_INET6 if vip.family == "-6" else socket.AF_INET, socket.SOCK_DGRAM)
        names: list[str] = []

        def asks() -> bool:
            asking.sendto(bytes(PROBE_BYTES), (vip.address, PROBE_PORT))
            with suppress(TimeoutError):
                names.append(asking.recv(64)[PROBE_BYTES:].decode())
            return bool(names)

        with asking:
            asking.settimeout(AGAIN_S)
            self.wait_for(asks, timeout_s, f"{vip} answers")
        return names[0]

    def forwarded(self) -> set[tuple[str, str, int]]:
        """Of each (gateway, VIP): how many packets from the VIP it has forwarded so far."""
        found = set()
        for gateway in GATEWAYS:
            text = self.net.run(gateway, ["nft", "list", "counters", "table", "inet", "count"]).stdout
            counters = re.findall(r"counter (\w+) {\s*packets (\d+)", text)
            found |= {(gateway, vip, int(packets)) for vip, packets in counters}
        return found

    def routing(self, node: str) -> list[str]:
        """Every rule and route of floatip that a node's kernel has, in the words of ip(8)."""
        found = []
        for family in ("-4", "-6"):
            found += self.ip(node, f"{family} rule show").splitlines()
            found += self.ip(node, f"{family} route show table all").splitlines()
        return sorted(" ".join(line.split()) for line in found if "proto 102" in line)

    def wanted(self, vips: Sequence[Routed], nic: str = "eth0") -> list[str]:
        """The same, as it must be where these VIPs are."""
        found = set()
        for vip in vips:
            four = vip.family == "-4"
            more = "" if four else " metric 1024 pref medium"
            subnet = f"10.77.0.0/16 dev {nic} table {vip.table} proto 102 scope link"
            subnet6 = f"fd77::/112 dev {nic} table {vip.table} proto 102{more}"
            found.add(f"{PRIORITY}: from {vip.address} lookup {vip.table} proto 102")
            found.add(f"default via {vip.via} dev {nic} table {vip.table} proto 102{more}")
            found.add(subnet if four else subnet6)
        return sorted(found)

    def here(self, node: str) -> list[Routed]:
        """The VIPs whose address a node's kernel has."""
        return [vip for vip in self.vips if node in self.bound_on(vip.address)]

    def is_right(self, node: str) -> bool:
        """Whether a node has the rules and routes of the VIPs that it has, and no others."""
        return self.routing(node) == self.wanted(self.here(node))

    def owners(self) -> dict[str, str]:
        """The owner of each VIP, once every one has one and every node knows it."""
        self.wait_settled()
        self.wait_for(self._agreed, 10.0, "every node knows the owners")
        return {vip.name: next(iter(self.bound_on(vip.address))) for vip in self.vips}

    def _agreed(self) -> bool:
        with suppress(LabError):
            shown = [self.ask(node)["vips"] for node in self.live()]
            there: Mapping[str, set[str]] = {vip.name: self.bound_on(vip.address) for vip in self.vips}
            return all({one["owner"]} == there[one["name"]] for vips in shown for one in vips)
        return False


def counting(vips: Sequence[Routed]) -> str:
    """The commands of nft(8) that count, of each VIP, what is forwarded from it."""
    chain = "add chain inet count seen { type filter hook forward priority 0; }"
    counters = [f"add counter inet count {vip.name}" for vip in vips]
    families = {"-4": "ip", "-6": "ip6"}
    rules = [
        f"add rule inet count seen {families[vip.family]} saddr {vip.address} counter name {vip.name}" for vip in vips
    ]
    return "; ".join(["add table inet count", chain, *counters, *rules])


def settings(vips: Sequence[Routed] = ALL, nodes: int = 2, policy: str = "keep") -> Settings:
    """A cluster with these VIPs that takes over, and lets lifetimes end, soon."""
    return Settings(
        nodes=nodes,
        policy=policy,
        vips=[vip.vip() for vip in vips],
        heartbeat_ms=100,
        lease_ms=500,
        extra={"timing": {"kernel_lifetime": "2s"}},
    )
