"""One strike at a random moment, and what client and kernels saw of it.

Knows: systems, faults, and the lab's observers. Never: which system it is.
"""

import random
import time
from contextlib import ExitStack
from ipaddress import ip_address

from floatip.lab import netlink
from floatip.lab.cluster import CLIENT
from floatip.lab.errors import LabError
from floatip.lab.intervals import Interval
from floatip.lab.observers import Probe
from floatip.lab.outage import ProbeResult
from floatip.lab.realtime import now_s
from floatip.lab.watch import WatchResult
from tests.bench.burst import BurstResult, start_burst
from tests.bench.cases import Case
from tests.bench.faults import FAULTS
from tests.bench.results import Run
from tests.bench.systems import System, holders

LATE_MS = 25.0
"""A probe that was itself this late measured the machine, not the failover: the run is repeated."""
BASELINE_S = 0.2
TAIL_S = 0.3
TAKEOVER_S = 60.0
POLL_S = 0.02
HEALED_S = 60.0
SHUFFLED = 0.5
STEADY_S = 0.5
"""For so long a client must believe in the one owner before a healed LAN counts as calm."""


def measure(system: System, case: Case, dice: random.Random) -> Run:
    """Strike once, and make the cluster whole again."""
    if case.shuffled and dice.random() < SHUFFLED:
        shuffle(system)
    owner = system.settled()
    many = system.bed.vips > 1
    with ExitStack() as stack:
        watch = stack.enter_context(system.cluster.watch(vip(system)))
        burst = stack.enter_context(start_burst(system.cluster)) if many else None
        probe = stack.enter_context(system.cluster.probe())
        time.sleep(BASELINE_S + dice.random() * system.bed.period_s)
        struck_s = now_s()
        FAULTS[case.fault].strike(system, owner)
        wait_taken(system, owner)
        healed_s = None
        if case.fault == "split":
            time.sleep(dice.random() * system.bed.period_s)
            FAULTS[case.fault].heal(system, owner)
            healed_s = now_s()
            wait_calm(system)
        elif case.fault != "machine":
            wait_left(system, owner, case.linger_s)
        time.sleep(TAIL_S)
    if healed_s is None:
        FAULTS[case.fault].heal(system, owner)
    return summed(system, owner, struck_s, healed_s, (probe, watch.result, burst.result if burst else None))


def shuffle(system: System) -> None:
    """Let another node be the owner."""
    owner = system.settled()
    FAULTS["stop"].strike(system, owner)
    wait_taken(system, owner)
    FAULTS["stop"].heal(system, owner)


def vip(system: System) -> str:
    """Give the address that the client asks."""
    return system.bed.addresses()[0]


def wait_taken(system: System, owner: str) -> None:
    """Wait until other nodes have all the addresses."""
    end_s = now_s() + TAKEOVER_S
    while sum(count for node, count in holders(system.cluster).items() if node != owner) < system.bed.vips:
        if now_s() > end_s:
            raise LabError(f"not taken over within {TAKEOVER_S} s; addresses: {holders(system.cluster)}")
        time.sleep(POLL_S * system.bed.vips**0.5)


def wait_left(system: System, owner: str, limit_s: float) -> None:
    """Wait until the struck host has the address no more, at most so long: it may keep it for good."""
    end_s = now_s() + limit_s
    while now_s() < end_s and owner in system.cluster.bound_on(vip(system)):
        time.sleep(POLL_S)


def wait_calm(system: System) -> None:
    """Wait until one node has the address, and the client has believed in its MAC for a while."""
    address, hosts = vip(system), system.cluster.net.hosts
    since_s = now_s()

    def calm() -> bool:
        nonlocal since_s
        bound = system.cluster.bound_on(address)
        macs = {hosts[node].nics["eth0"].mac for node in bound}
        if len(bound) != 1 or {netlink.neighbours(CLIENT).get(ip_address(address))} != macs:
            since_s = now_s()
        return now_s() - since_s >= STEADY_S

    system.cluster.wait_for(calm, HEALED_S, "the client follows the one owner")


def summed(
    system: System,
    owner: str,
    struck_s: float,
    healed_s: float | None,
    seen: tuple[Probe, WatchResult, BurstResult | None],
) -> Run:
    """Turn what was seen into figures."""
    probe, watched, burst = seen
    client, address = probe.result, ip_address(vip(system))
    held = watched.held[address]
    last = held[owner][-1].end_s if held[owner] else struck_s
    macs = {name: system.cluster.net.hosts[name].nics["eth0"].mac for name in held if name != owner}
    unseen = dict(system.cluster.net.unseen())
    if healed_s is not None:
        unseen[owner] = [Interval(start_s=struck_s, end_s=healed_s)]
    return Run(
        outage_ms=client.longest_gap_ms,
        lost=client.lost,
        lateness_ms=client.quality.lateness_ms,
        two_owners_ms=watched.overlap(address, unseen).longest_two_ms,
        answered_ms=answered_ms(client, owner, struck_s),
        left_ms=None if last >= watched.window.end_s else max(0.0, last - struck_s) * 1000,
        watched_ms=(watched.window.end_s - struck_s) * 1000,
        stray_ms=None if healed_s is None else stray_ms(client, healed_s),
        last_bound_ms=burst.last_bound_ms(macs) if burst else None,
        last_announced_ms=burst.last_announced_ms(macs) if burst else None,
    )


def answered_ms(client: ProbeResult, owner: str, struck_s: float) -> float | None:
    """Give how long after the strike another node answered for the first time."""
    firsts = [one.start_s for one in client.segments if one.node != owner and one.start_s >= struck_s]
    return (firsts[0] - struck_s) * 1000 if firsts else None


def stray_ms(client: ProbeResult, healed_s: float) -> float:
    """Give how long after the heal it was until the node that answers in the end answered, without a gap since."""
    ends = [gap.start_s + gap.length_ms / 1000 for gap in client.gaps]
    return max(0.0, *(end_s - healed_s for end_s in [*ends, client.segments[-1].start_s])) * 1000
