"""What must be so once a fault is over: one owner by the kernels, and everybody believes it. Never: waits.

Each check gives what is wrong in words; `audit` runs them all, the cheap ones first.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from floatip.lab import netlink
from floatip.lab.cluster import CLIENT
from floatip.lab.errors import LabError
from tests.campaign.scene import STRANGER, Scene

RSS_LIMIT_MIB = 120
RSS_GROWTH_MIB = 15
"""How much a daemon may have grown since all was first right with it."""
_DEFECT = re.compile(r"Traceback \(most recent call last\)|\bdefect\b|Exception ignored")


@dataclass(slots=True)
class Memory:
    """What the audits of one scene remember: how far each log was read, how big each daemon was."""

    read: dict[Path, int] = field(default_factory=dict)
    rss_mib: dict[int, float] = field(default_factory=dict)
    defects: list[str] = field(default_factory=list)


def audit(scene: Scene, memory: Memory) -> list[str]:
    """Give all that is wrong now; empty if nothing is."""
    memory.defects += defects(scene, memory)
    owners = {vip: scene.owners(vip) for vip in scene.vips}
    problems = [*memory.defects, *dead(scene), *misplaced(scene, owners)]
    if problems:
        return problems
    sole = {vip: nodes[0] for vip, nodes in owners.items()}
    problems = [*unbelieving(scene, sole), *unanswered(scene, sole)]
    return problems or [*disagreeing(scene, sole), *unguarded(scene)] or [*grown(scene, memory)]


def dead(scene: Scene) -> Iterator[str]:
    """Daemons and brokers that do not run."""
    for node, daemon in scene.cluster.daemons.items():
        if not daemon.alive:
            yield f"the daemon of {node} ended with {daemon.exit_code}"
    for name, broker in scene.cluster.brokers.items():
        if not broker.process.alive:
            yield f"broker {name} does not run"


def misplaced(scene: Scene, owners: dict[str, list[str]]) -> Iterator[str]:
    """VIPs without exactly one owner, addresses that are elsewhere, twice, or missing."""
    for vip, nodes in owners.items():
        if len(nodes) != 1:
            yield f"{vip} is on {' and '.join(nodes) or 'no node'}"
    for host in [*scene.nodes, STRANGER, CLIENT]:
        entries = scene.entries(host)
        for vip, addresses in scene.vips.items():
            for address in addresses:
                number = sum(entry.address == ip_address(address) for entry in entries)
                due = int(owners[vip] == [host])
                if number != due and (due or len(owners[vip]) == 1):
                    yield f"{host} has {address} of {vip} {number} times, should be {due}"


def unbelieving(scene: Scene, owners: dict[str, str]) -> Iterator[str]:
    """Addresses for which the client's neighbour table has another MAC than the owner's."""
    believed = netlink.neighbours(CLIENT)
    for vip, owner in owners.items():
        macs = netlink.macs(owner)
        for entry in scene.entries(owner):
            mac = believed.get(entry.address)
            if str(entry.address) in scene.vips[vip] and mac is not None and mac != macs.get(entry.index):
                yield f"the client believes that {mac} has {entry.address}; {owner} has it, as {macs.get(entry.index)}"


def unanswered(scene: Scene, owners: dict[str, str]) -> Iterator[str]:
    """Addresses that the owner's service does not answer the client from."""
    latest = scene.eyes.latest()
    for vip, owner in owners.items():
        for address in scene.vips[vip]:
            if latest[address] != [owner]:
                yield f"{address} is on {owner}, but answered by {' and '.join(map(str, latest[address])) or 'nobody'}"


def disagreeing(scene: Scene, owners: dict[str, str]) -> Iterator[str]:
    """Daemons that say something else than the kernels, or are not at ease."""
    for node in scene.nodes:
        try:
            status = scene.status(node)
        except LabError as error:
            yield str(error)
            continue
        if not status["quorum"] or not all(broker["connected"] for broker in status["brokers"]):
            yield f"{node} is not connected to all brokers"
        for peer in status["nodes"]:
            if not peer["alive"] or peer["faults"]:
                how = f"faulted: {', '.join(peer['faults'])}" if peer["alive"] else "dead"
                yield f"{node} says that {peer['name']} is {how}"
        for vip in status["vips"]:
            owner = owners[vip["name"]]
            due = "owner" if node == owner else "backup"
            if vip["owner"] != owner or vip["role"] != due or vip["isolated"]:
                yield f"{node} says {vip['name']} is owned by {vip['owner']}, itself {vip['role']}; {owner} has it"
            if vip["faults"]:
                yield f"{node} has for {vip['name']} the faults {vip['faults']}"


def unguarded(scene: Scene) -> Iterator[str]:
    """Nodes without a sentinel, or with more than one: an orphan may still act."""
    for node in scene.nodes:
        if len(pids := scene.sentinels(node)) != 1:
            yield f"{node} has {len(pids)} sentinels"


def grown(scene: Scene, memory: Memory) -> Iterator[str]:
    """Daemons whose memory grows without bound."""
    for node, daemon in scene.cluster.daemons.items():
        rss_mib = _rss_mib(daemon.pid)
        first_mib = memory.rss_mib.setdefault(daemon.pid, rss_mib)
        if rss_mib > RSS_LIMIT_MIB or rss_mib > first_mib + RSS_GROWTH_MIB:
            yield f"the daemon of {node} has {rss_mib:.0f} MiB, had {first_mib:.0f}"


def defects(scene: Scene, memory: Memory) -> list[str]:
    """What the logs say since the last look that no program should ever say."""
    found = []
    for log in scene.cluster.home.glob("*/*.log"):
        with log.open("rb") as file:
            file.seek(memory.read.get(log, 0))
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        memory.read[log] = memory.read.get(log, 0) + len(whole)
        lines = whole.decode(errors="replace").splitlines()
        found += [f"{log.parent.name}/{log.name} says: {line.strip()[:200]}" for line in lines if _DEFECT.search(line)]
    return found


def _rss_mib(pid: int) -> float:
    try:
        text = Path("/proc", str(pid), "status").read_text()
    except OSError:
        return 0.0
    return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024 if "VmRSS" in text else 0.0  # type: ignore[index]
