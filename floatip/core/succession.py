"""How a backup comes to claim: its turn, the silence of the LAN, and who was there before (design 4.5, 4.6)."""

from enum import Enum

from floatip.core.binding import EARLY_S
from floatip.core.causes import cause_of, silent_since
from floatip.core.claims import Turn, cause, lan_turn, turn
from floatip.core.effects import Cause, Change, Kind, Probe
from floatip.core.rivals import incumbent
from floatip.core.silence import STALE_S, Silence
from floatip.core.situation import Situation
from floatip.core.timers import earliest
from floatip.core.types import REMOVAL_DELAY_S, Mac, NodeName, Policy, VipSpec
from floatip.core.vigil import awaits_list, patience_s
from floatip.core.witness import Witness, chosen

BLINK_S = 0.001
"""By then what counts until a moment counts no more, whatever the rounding."""
PROXY_S = 60.0
"""How long after the last possible answer of a node that fell silent another's answers in its name are a proxy's."""


class Step(Enum):
    """What a backup is to do."""

    WAIT = "wait"
    CLAIM = "claim"
    SEIZE = "seize"
    """Become its isolated owner without asking anybody but the LAN."""


class Succession:
    """One VIP as a backup watches it; times in seconds."""

    def __init__(self, spec: VipSpec, situation: Situation) -> None:
        self.owner_term = 0
        """The highest of which an owner spoke: farewells from earlier terms say nothing any more."""
        self.witness = Witness(spec.name)
        self.cause = ""
        """Why the present owner owns the VIP: what became of the one before it."""
        self._why: tuple[Cause, float | None] | None = None
        """The same for programs, as it was when this node claimed the VIP, and since when its owner was silent."""
        self.quiet_until = float("-inf")
        """Until when this node waits because a claim of it failed (rule 8)."""
        self.ceded_until = float("-inf")
        """Until when this node leaves to others a VIP that it gave up at an operator's word."""
        self._spec = spec
        self._s = situation
        self._silence = Silence(situation.timing.lease_s, situation.timing.heartbeat_s)
        self._proxied: Mac | None = None
        """A MAC that answers for a node long gone: from then on only that MAC itself is asked (design 4.6)."""

    def respec(self, spec: VipSpec) -> None:
        """Go by this from now on."""
        self._spec = spec

    @property
    def last_owner(self) -> NodeName | None:
        """Who was last heard to own the VIP."""
        return self._s.last_owners.get(self._spec.name)

    def watch(self, now: float, *, newcomer: bool = False) -> float | None:
        """Follow who owns the VIP, and look on the LAN who answers for it; return when to look again.

        To a newcomer the first owner that it hears of is none that has just begun.
        """
        owner = incumbent(self._s, self._spec, now)
        if owner is not None:
            anew = self.witness.owner is None and owner.node == self.last_owner
            if self.witness.owner_is(owner.node, owner.term, now):
                known = self.last_owner is not None or not newcomer
                change = self._change(owner.node, now, self._reason(now)) if known else None
                self.ceded_until = float("-inf")
                self.cause = f"{owner.node} owned it before" if anew else self.why(now)
                how = "isolated, keeps" if owner.isolated else "owns"
                text = f"{owner.node} {how} {self._spec.name} (term {owner.term}): {self.cause}"
                self._s.tell(Kind.OWNER, text, vip=self._spec.name, change=change)
            self._s.last_owners[self._spec.name] = owner.node
            self.owner_term = max(self.owner_term, owner.term)
        self._witness(now)
        overdue = owner is not None and owner.heard_at + patience_s(self._s.timing) <= now
        return earliest(self.witness.next(), owner.until + BLINK_S if owner is not None and overdue else None)

    def owned(self, term: int) -> None:
        """This node itself has owned the VIP: farewells from earlier terms say nothing any more."""
        self.owner_term = max(self.owner_term, term)

    def why(self, now: float) -> str:
        """Why the VIP may have a new owner."""
        return cause(self._s, self._spec, self.owner_term, now)

    def explain(self, now: float) -> None:
        """Note why this node may have the VIP, as it claims it."""
        self.cause, self._why = self.why(now), self._reason(now)

    def seated(self, now: float) -> Change | None:
        """This node owns the VIP now; return what that changes."""
        why, self._why = self._why or self._reason(now), None
        change = self._change(self._s.node, now, why)
        self._s.last_owners[self._spec.name] = self._s.node
        return change

    def _reason(self, now: float) -> tuple[Cause, float | None]:
        return cause_of(self._s, self._spec, self.owner_term, now), silent_since(self._s, self.last_owner)

    def _change(self, owner: NodeName, now: float, why: tuple[Cause, float | None]) -> Change | None:
        """What it changes that this node owns the VIP; None if it was the last to own it."""
        (cause_, since), former = why, self.last_owner
        if owner == former:
            return None
        silent_s = now - since if cause_ is Cause.TAKEOVER and since is not None else None
        return Change(owner=owner, former=former, cause=cause_, silent_s=silent_s)

    def _witness(self, now: float) -> None:
        """Look who answers for the VIP, if this node is one of those who shall."""
        news = self.witness.verdict(now)
        if self.witness.owner is not None and self.witness.due(now):
            if self._s.node in chosen(self._s, self._spec.name, self.witness.owner, now):
                self._ask_lan(broadcast=self.witness.asks_everybody)
            else:
                news = self.witness.rest(now) or news
        self._s.outbox.state = self._s.outbox.state or news

    def answered(self, mac: Mac, now: float, *, testament: bool = False) -> None:
        """Somebody answers for an address of the VIP; ``testament``: in the name of a daemon that is dead."""
        if testament and (node := self._s.peers.by_mac(mac)) is not None:
            for log in self._s.logs_of(node):
                log.testified_at = now
        if self._proxied is None and self._is_long_gone(mac, now):
            self._proxied = mac
            text = (
                f"{mac} of a node long gone answers for {self._spec.name}: asks that MAC alone, for it may be a proxy"
            )
            self._s.tell(Kind.CONFLICT, text, vip=self._spec.name, warning=True)
        self._silence.answer(now, dying=self._may_be_dying(mac, now))
        if self.witness.answer(mac, self._s.peers.macs(self.witness.owner), now):
            self._s.outbox.state = True

    def _may_be_dying(self, mac: Mac, now: float) -> bool:
        """Whether the MAC is that of a peer whose kernel may be all that answers, and may stop at any moment.

        Its daemon renewed at the latest when we heard it last, and at the earliest a renewal before that.
        """
        node = self._s.peers.by_mac(mac)
        if node is None:
            return False
        silent_s = now - self._s.peers.known[node].heard_at
        heartbeat_s, lifetime_s = self._s.timing.heartbeat_s, self._s.timing.lifetime_s(self._spec.policy)
        earliest_s = lifetime_s - max(heartbeat_s, lifetime_s / 3) - heartbeat_s - EARLY_S
        return earliest_s <= silent_s <= lifetime_s + REMOVAL_DELAY_S + heartbeat_s

    def _is_long_gone(self, mac: Mac, now: float) -> bool:
        """Whether the MAC is that of a peer that no broker has heard for longer than any kernel keeps an address."""
        node, began = self._s.peers.by_mac(mac), self._silence.began
        if node is None or began is None:
            return False
        gone_s = self._s.timing.lifetime_s(self._spec.policy) + REMOVAL_DELAY_S + PROXY_S
        return now - max(began, self._s.peers.known[node].heard_at) > gone_s

    def rest(self) -> None:
        """Seek the VIP no more: it is ours, or may not be."""
        self._silence.stop()
        self._proxied, self._why = None, None

    def ready(self, now: float, *, idle_since: float) -> tuple[Step, float | None]:
        """What to do now: claim the VIP, or take it by the word of the LAN alone; if nothing, when to look again."""
        if self._spec.policy is not Policy.LAN and awaits_list(self._s, self._spec, now):
            self._silence.stop()
            return Step.WAIT, None
        not_before = max(self.quiet_until, self.ceded_until, idle_since)
        by_lan = lan_turn(self._s, self._spec, now, owner=self.last_owner, not_before=not_before)
        if by_lan is None and not self._s.has_caught_up():
            return Step.WAIT, now + self._s.timing.heartbeat_s / 4 if self._spec.policy is Policy.LAN else None
        mine = by_lan or turn(self._s, self._spec, now, not_before=not_before, owner_term=self.owner_term)
        if mine.due == float("inf"):
            self._silence.stop()
            return Step.WAIT, now + self._s.timing.heartbeat_s if self._spec.policy is Policy.LAN else None
        if mine.needs_silence and (again_at := self._listen_to_lan(mine, now)) is not None:
            return Step.WAIT, again_at
        step = Step.SEIZE if by_lan is not None else Step.CLAIM
        return (step if now >= mine.due else Step.WAIT), mine.due

    def _listen_to_lan(self, mine: Turn, now: float) -> float | None:
        """Probe the LAN before the turn comes; return when to look again, or None: it is silent."""
        soon = now + self._s.timing.heartbeat_s
        if now < mine.probe_from:
            self._silence.stop()
            return min(mine.probe_from, soon) if self._spec.policy is Policy.LAN else mine.probe_from
        if self._interface() in self._s.lan_deaf:
            self._silence.stop()
            return soon
        self._silence.begin(now)
        while self._silence.shot_due(now):
            self._ask_lan()
        if self._silence.silent(now) and mine.due - now <= STALE_S:
            return None
        self._silence.go_on_until(mine.due, now)
        return self._silence.next()

    def _ask_lan(self, *, broadcast: bool = True) -> None:
        interface = self._interface()
        macs = self._s.peers.macs(self.last_owner) if self._proxied is None else (self._proxied,)
        broadcast = broadcast and self._proxied is None
        self._s.do(Probe(vip=self._spec.name, interface=interface, to_macs=macs, broadcast=broadcast))

    def _interface(self) -> str:
        return self._s.interface_for(self._spec) or self._spec.interfaces[0]
