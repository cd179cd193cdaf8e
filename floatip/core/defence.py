"""How an owner answers others who claim its addresses on the wire (RFC 5227 section 2.4, design 4.6 (c) and 6).

An owner with a quorum has the last word, once a broker has confirmed again that it is the owner. An isolated owner
yields to a peer, with the lower MAC at once, with the higher when that peer insists. A stranger is defended against.
"""

from dataclasses import dataclass, replace

from floatip.core.assurance import Assurance
from floatip.core.binding import AddressBinding
from floatip.core.effects import Kind, Probe
from floatip.core.events import Answered
from floatip.core.quorum import fresh_at
from floatip.core.rivals import incumbent, isolated_owners
from floatip.core.situation import Situation
from floatip.core.troubles import Troubles
from floatip.core.types import Mac, VipSpec

DEFEND_EVERY_S = 1.0
"""How often an owner announces anew against another MAC."""
INSIST_S = 0.3
"""How long after its first answer an owner with a quorum answers a peer again, for that is how it is known."""
INSISTS_AFTER_S = 0.2
INSISTS_UNTIL_S = 3.0
"""A peer that announces again within this span after we answered it is an owner with a quorum."""
COPY_S = 0.005
DOUBT_S = 0.1
"""An owner in doubt that answers a probe has gone when it is asked again after so long."""
LOOKS_S = (0.0, 0.1, 0.3)
ALONE_S = 0.4
"""An isolated owner whom nobody contradicts for so long after it looked around tells the LAN that it is there."""
LOOK_EVERY_S = 5.0
PATROL_EVERY_S = 30.0
"""How often an owner asks whether a host that never announces itself has its address too."""
OWN_PROBE_S = 0.1
"""For so long after a probe of ours an IPv6 announcement may only be an answer to it (RFC 4861 section 7.2.4)."""
NEVER = float("-inf")


@dataclass(frozen=True, slots=True)
class Challenge:
    """A peer's MAC that was heard for the VIP: when first, and whether it has insisted since."""

    mac: Mac
    at: float
    announced: bool
    """It said so unasked, which an owner in doubt does not."""
    certain: bool = False
    """It answers for what it announced, or answered again: neither a forged frame, nor an owner that is leaving."""
    insisted: bool = False


class Defence:
    """One VIP of this node; times in seconds."""

    def __init__(self, spec: VipSpec, situation: Situation, binding: AddressBinding, troubles: Troubles) -> None:
        self._spec = spec
        self._s = situation
        self._binding = binding
        self._troubles = troubles
        self._last_at = NEVER
        """When the last round was announced, or will be."""
        self._assurance = Assurance(spec, situation)
        self._astray = False
        """A witness sees another's MAC."""
        self._challenge: Challenge | None = None
        self._answered_challenge = False
        self._had_rivals = False
        self.outlasted = False
        """An isolated owner has just left us the VIP; its term may have been higher than ours."""
        self._looks: list[float] = []
        self._quiet_at: float | None = None
        """When to announce if nobody has contradicted until then."""
        self.undisputed = False
        """It looked around, and nobody else has the address: the LAN is the second witness."""
        self._looked_at = NEVER
        self._term = 0
        self._patrol_at = NEVER

    def heard(self, event: Answered, now: float, *, alone: bool) -> None:
        """Another MAC claims an address of this owner; ``alone``: no quorum can confirm it."""
        if event.testament or self._s.peers.by_mac(event.mac) is None:
            self._have_the_last_word(now)
            return
        self._quiet_at = None
        challenge = self._challenge
        if challenge is None or challenge.mac != event.mac or now - challenge.at >= INSISTS_UNTIL_S:
            self._challenge, self._answered_challenge = Challenge(event.mac, now, self._unasked(event, now)), False
            if alone:
                self._ask(to_macs=(event.mac,))
            self._s.outbox.beat = self._s.outbox.beat or (not alone and now >= self._last_at)
            self._looks = sorted([*self._looks, now + DOUBT_S])
        else:
            self._challenge = replace(
                challenge,
                announced=challenge.announced or self._unasked(event, now),
                certain=challenge.certain or self._is_certain(event, challenge, now),
                insisted=challenge.insisted or self._insists(event, challenge, now),
            )

    @staticmethod
    def _is_certain(event: Answered, challenge: Challenge, now: float) -> bool:
        """An IPv6 answer looks like an announcement, but comes later than its second copy would."""
        answers = not event.announced or (event.address.version != 4 and now - challenge.at > COPY_S)
        return (challenge.announced and answers) or now - challenge.at >= DOUBT_S

    def _insists(self, event: Answered, challenge: Challenge, now: float) -> bool:
        return self._unasked(event, now) and INSISTS_AFTER_S < now - challenge.at < INSISTS_UNTIL_S

    def _unasked(self, event: Answered, now: float) -> bool:
        return event.announced and (event.address.version == 4 or now - self._looked_at > OWN_PROBE_S)

    def hold(self, term: int, now: float) -> float | None:
        """As an owner with a quorum: answer a peer as soon as a broker has confirmed us; return when to look again."""
        rivals = bool(isolated_owners(self._s, self._spec, now))
        self.outlasted = self._had_rivals and not rivals
        if self.outlasted:
            self._binding.announce(now)
        self._had_rivals = rivals
        self._looks, self._quiet_at = [], None
        if term != self._term:
            self._term, self._patrol_at = term, now + PATROL_EVERY_S
        if now >= self._patrol_at:
            self._patrol_at = now + PATROL_EVERY_S
            self._ask()
        self._astray = self._assurance.astray(term, now)
        if self._astray:
            self._have_the_last_word(now)
        challenge = self._challenge
        if challenge is None or not self._s.connected:
            return self._next(now)
        if self._answered_challenge:
            self._challenge = None
            return self._next(now)
        if fresh_at(self._s.all_views(), self._s.quorum, self._spec.name) >= challenge.at:
            self._challenge = None
            if self._have_the_last_word(now):
                self._binding.defend(self._last_at + INSIST_S)
            return self._next(now)
        return now + self._s.timing.heartbeat_s / 4

    def _next(self, now: float) -> float | None:
        rivals_gone_at = now + self._s.timing.heartbeat_s if self._had_rivals else None
        word_at = self._last_at + DEFEND_EVERY_S if self._astray else None
        times = (self._assurance.next(), self._patrol_at, rivals_gone_at, word_at)
        return min((at for at in times if at is not None and at > now), default=None)

    def _have_the_last_word(self, now: float) -> bool:
        """Announce a round, or plan one if the last was less than a second ago; False if one is planned already."""
        if now < self._last_at:
            return False
        self._last_at = max(now, self._last_at + DEFEND_EVERY_S)
        self._binding.defend(self._last_at)
        return True

    def yields(self, now: float, *, doubted: bool) -> str | None:
        """As an isolated owner: why to leave the address to a peer that was heard on the wire, or None.

        ``doubted``: this node stood still, or has the address from an earlier life, so any peer comes first.
        """
        challenge = self._challenge
        if challenge is None:
            return None
        if now - challenge.at >= INSISTS_UNTIL_S:
            self._challenge = None
            self._binding.announce(now)
            return None
        node = self._s.peers.by_mac(challenge.mac)
        who = f"{node} ({challenge.mac})"
        if challenge.insisted:
            return f"{who} announces it again and again, so it has the quorum"
        if doubted or (challenge.certain and (node is None or self._s.goes_before(node))):
            return f"{who} has it too, and goes first"
        if not self._answered_challenge and node is not None and not self._s.goes_before(node):
            self._answered_challenge = True
            self._challenge = replace(challenge, at=now)
            self._binding.defend(now)
        return None

    def stir(self, now: float, *, isolated: bool) -> None:
        """The LAN may be another than before: an owner announces anew, an isolated one looks around first."""
        if isolated:
            self._looks = [now + offset_s for offset_s in LOOKS_S]
            self._quiet_at = now + ALONE_S
        else:
            self._binding.announce(now)

    def begin(self, now: float, *, doubted: bool) -> None:
        """As a new isolated owner: look around; one in doubt waits for what that brings before it says anything."""
        self.undisputed = False
        self._looks = [now + offset_s for offset_s in LOOKS_S]
        self._quiet_at = now + ALONE_S if doubted else None

    def rest(self) -> None:
        """The VIP is given up."""
        self._challenge, self._looks, self._quiet_at, self.undisputed = None, [], None, False

    def look_around(self, now: float) -> float:
        """As an isolated owner: ask now and then who else has the address; return when to look again."""
        if not self._looks:
            self._looks = [max(now, self._looked_at + LOOK_EVERY_S)]
        if self._looks[0] <= now:
            self._looks = [at for at in self._looks if at > now]
            self._looked_at = now
            self._ask()
        if self._quiet_at is not None and self._quiet_at <= now:
            self._quiet_at, self.undisputed = None, True
            self._binding.announce(now)
        following = self._looks[0] if self._looks else self._looked_at + LOOK_EVERY_S
        settled_at = self._challenge.at + INSISTS_UNTIL_S if self._challenge is not None else following
        if incumbent(self._s, self._spec, now):  # whether its heartbeats acknowledge ours is no event
            following = min(following, now + self._s.timing.heartbeat_s)
        return min(following, max(settled_at, now + DOUBT_S), self._quiet_at or following)

    def _ask(self, *, to_macs: tuple[Mac, ...] = ()) -> None:
        """Ask who has the address: these MACs alone, or everybody."""
        interface = self._binding.interface or self._spec.interfaces[0]
        self._s.do(Probe(vip=self._spec.name, interface=interface, to_macs=to_macs, broadcast=not to_macs))

    def report(self, event: Answered, now: float, *, seated: bool) -> str | None:
        """Tell of a MAC that should not answer: a stranger's always, a peer's while the addresses are ours.

        Return what was told.
        """
        peer = self._s.peers.by_mac(event.mac)
        if (peer is not None and not seated) or not self._troubles.conflict(str(event.address), event.mac, now):
            return None
        who = f"{peer} ({event.mac})" if peer else f"a stranger, {event.mac},"
        where = f" on {event.interface}" if event.interface else ""
        text = f"{who} answers for {event.address}{where}"
        self._s.tell(Kind.CONFLICT, text, vip=self._spec.name, warning=True)
        return text
