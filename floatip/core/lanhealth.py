"""Does the LAN still hear this node? Peers and gateway are asked in rounds (design section 6, LAN health).

Knows: whom to ask, who answered, what that says of an interface. Never: frames, or who owns what.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from floatip.core.effects import Ask, Kind
from floatip.core.events import Reached
from floatip.core.ranking import affinity
from floatip.core.situation import Situation
from floatip.core.types import Address, Mac, NodeName, Policy, Port, VipName

ROUND_S = 0.3
"""At leases of a second and more; at shorter ones all of this is quicker in proportion."""
LOST_S = 3 * ROUND_S
"""A host that is asked in every round and has not answered for so long is not there."""
TRIES = 6
"""How often all are asked in a round while nobody answers; else once."""
FINE_S = 2 * ROUND_S
"""An answer not older than this says that the LAN is fine."""
MOST_PEERS = 5
NEVER = float("-inf")


@dataclass(slots=True)
class Target:
    """One host that is asked on one interface."""

    address: Address
    node: NodeName | None
    """None: the gateway."""
    asked_since: float
    mac: Mac | None = None
    reached_at: float = NEVER

    def lost(self, now: float, lost_s: float) -> bool:
        """Whether it was asked for long enough and did not answer."""
        return now - max(self.reached_at, self.asked_since) >= lost_s


@dataclass(slots=True)
class Segment:
    """The LAN of one interface."""

    lost_s: float
    """How long nobody must answer."""
    targets: dict[Address, Target] = field(default_factory=dict)
    round_began: float = NEVER
    tries: int = 0
    dead: bool = False
    died_at: float = NEVER
    """When it was last found dead; what ends that is an answer, not somebody else to ask."""
    vouched_at: float = NEVER
    """When a peer last said that this LAN is fine although nobody answers here."""

    def reached_at(self) -> float:
        """When any of the hosts was heard last."""
        return max((target.reached_at for target in self.targets.values()), default=NEVER)

    def silent_since(self) -> float:
        """Since when nobody has answered, though somebody was asked; once it is dead, whoever is asked since then."""
        if self.dead:
            return max(self.reached_at(), self.died_at - self.lost_s)
        return max((max(target.reached_at, target.asked_since) for target in self.targets.values()), default=NEVER)

    def lost(self, now: float) -> bool:
        """Whether there is somebody to ask, and nobody answers."""
        if self.dead and self.reached_at() <= self.died_at:
            return True
        return bool(self.targets) and all(target.lost(now, self.lost_s) for target in self.targets.values())

    def deaf(self, heard_at: Mapping[NodeName, float], now: float) -> bool:
        """Whether those who should answer, as they did before, are silent all at once: the gateway, living peers.

        ``heard_at``: when each peer was heard by MQTT; one that fell silent there and here together has died.
        """
        missed = any(
            one.reached_at > NEVER
            and (one.node is None or heard_at.get(one.node, NEVER) >= one.reached_at + self.lost_s / 2)
            for one in self.targets.values()
        )
        return missed and now - self.reached_at() >= self.lost_s


def is_near(address: Address, port: Port) -> bool:
    """Whether an address is in a subnet of the port."""
    return any(address in own.network for own in port.addresses)


class LanHealth:
    """The LANs of this node; times in seconds."""

    def __init__(self, situation: Situation) -> None:
        self._s = situation
        self._segments: dict[str, Segment] = {}
        self._settled_at = NEVER
        pace = min(1.0, situation.timing.lease_s)
        self._round_s, self._lost_s, self._fine_s = ROUND_S * pace, LOST_S * pace, FINE_S * pace
        self.healed = False
        """Somebody who was lost is heard again, since this was last looked at."""

    def reached(self, event: Reached, now: float) -> None:
        """A host that was asked said something."""
        segment = self._segments.get(event.interface)
        target = segment.targets.get(event.address) if segment is not None else None
        if target is None:
            return
        self.healed = self.healed or target.lost(now, self._lost_s)
        target.reached_at, target.mac = now, event.mac
        self._s.reached[target.node] = now

    def settle(self, now: float) -> float | None:
        """Ask whom it is time to ask, and judge; return when to look again."""
        if not self._s.asks_lan:
            self._segments, self._s.lan_dead, self._s.lan_deaf = {}, frozenset(), frozenset()
            self._tell_fine(now)
            return None
        if now - self._settled_at > 1.5 * self._round_s:
            self._begin_anew(now)
        self._settled_at = now
        self._segments = {
            port.interface: self._segments.get(port.interface) or Segment(self._lost_s)
            for port in self._s.ports
            if self._s.links.get(port.interface, False)
        }
        ports = {port.interface: port for port in self._s.ports}
        times = [self._ask(segment, ports[name], now) for name, segment in self._segments.items()]
        for name, segment in self._segments.items():
            self._judge(name, segment, now)
        self._s.lan_dead = frozenset(name for name, segment in self._segments.items() if segment.dead)
        heard_at = {peer.node: peer.heard_at for peer in self._s.peers.alive(now)}
        self._s.lan_deaf = frozenset(name for name, segment in self._segments.items() if segment.deaf(heard_at, now))
        self._tell_fine(now)
        return min(times, default=None)

    def _begin_anew(self, now: float) -> None:
        """This process was held up and asked nobody meanwhile: their silence is ours."""
        for segment in self._segments.values():
            for target in segment.targets.values():
                target.asked_since = now

    def _ask(self, segment: Segment, port: Port, now: float) -> float:
        """Ask all at the beginning of a round, and again those who are silent; return when to go on."""
        if now >= segment.round_began + self._round_s:
            segment.round_began, segment.tries = now, 0
            segment.targets = {
                address: segment.targets.get(address) or Target(address, node, now)
                for address, node in self._wanted(port, now)
            }
        if now >= segment.round_began + segment.tries * self._round_s / TRIES:
            if segment.tries == 0 or segment.reached_at() < segment.round_began:
                for target in segment.targets.values():
                    mac = target.mac if segment.tries % 2 == 0 else None
                    self._s.do(Ask(interface=port.interface, address=target.address, mac=mac))
            segment.tries += 1
        if segment.reached_at() >= segment.round_began:
            return segment.round_began + self._round_s
        return segment.round_began + min(segment.tries, TRIES) * self._round_s / TRIES

    def _wanted(self, port: Port, now: float) -> Iterator[tuple[Address, NodeName | None]]:
        """The gateway and up to five peers, owners and living ones first, with an address in a subnet of the port."""
        gateway = self._s.spec.gateway
        if gateway is not None and is_near(gateway, port):
            yield gateway, None
        near, owners = [], set(self._s.last_owners.values())
        for peer in self._s.peers.known.values():
            found = [one for one in peer.addresses if is_near(one, port)]
            if found and not any(one == own.ip for one in found for own in port.addresses):
                gone = not peer.alive(now, self._s.timing.lease_s)
                idle = peer.node not in owners
                near.append((idle, gone, affinity(peer.node, VipName(self._s.node)), found[:4], peer.node))
        for _, _, _, addresses, node in sorted(near, key=lambda one: one[:3])[:MOST_PEERS]:
            for address in addresses:
                yield address, node

    def _judge(self, name: str, segment: Segment, now: float) -> None:
        """Nobody answers although a peer's LAN is fine: this interface is cut off."""
        if self._is_vouched_for(segment, now):
            segment.vouched_at = now
        patience_s = self._s.owner_down_s(Policy.KEEP) if segment.dead else 0.0
        lost = segment.lost(now)
        dead = lost and self._s.spec.lan_health and now - segment.vouched_at <= patience_s
        if dead == segment.dead:
            return
        segment.dead, segment.died_at = dead, now
        self._s.outbox.state = True
        over = "is silent, and nobody says any more that it is fine" if lost else "answers again"
        text = f"nobody answers on the LAN of {name}" if dead else f"the LAN of {name} {over}"
        self._s.tell(Kind.LINK, text, warning=dead)

    def _is_vouched_for(self, segment: Segment, now: float) -> bool:
        """A peer has said that this LAN is fine when it had been silent for long, and was there all that time.

        It must have an address there, and somebody other than this node to have been answered by.
        """
        patience_s = self._lost_s + max(self._round_s, self._s.timing.heartbeat_s)
        return any(
            peer.state is not None
            and peer.state.lan_fine
            and peer.heard_at >= max(segment.silent_since(), peer.back_at) + patience_s
            and any(target.node == peer.node for target in segment.targets.values())
            and any(target.node != peer.node for target in segment.targets.values())
            for peer in self._s.peers.alive(now)
        )

    def _tell_fine(self, now: float) -> None:
        """Peers are told whether this node's LAN answers."""
        segments = [self._segments.get(port.interface) for port in self._s.ports]
        fine = bool(segments) and all(one is not None and now - one.reached_at() <= self._fine_s for one in segments)
        if fine != self._s.lan_fine:
            self._s.lan_fine = fine
            self._s.outbox.state = True
