"""One VIP on one node: its role (design 4.4 to 4.6). What the kernel has is in ``binding``.

``settle`` looks at what is true now and moves the role until nothing moves any more; it returns when to look again.
The role changes in ``_become`` alone.

    INIT -> BACKUP -> CANDIDATE -> ACQUIRING -> OWNER <-> ISOLATED
              ^  ^________|            |          |          |  ^
              |______________________ RELEASING <-+__________+  |     FAULT stands in for BACKUP while a fault lasts
                                          |_____________________|     (a handover of kept addresses that failed)
"""

from typing import assert_never

from floatip.core.bidding import Bidding
from floatip.core.binding import AddressBinding
from floatip.core.calls import Calls
from floatip.core.defence import Defence
from floatip.core.departure import Departure
from floatip.core.effects import Bind
from floatip.core.fitness import disagreements, forbidden, link_faults, terms_differ
from floatip.core.handover import Stage
from floatip.core.quorum import listened_on, owned_until
from floatip.core.situation import Farewell, Situation
from floatip.core.succession import Step, Succession
from floatip.core.tenure import Notice, must_leave, must_yield
from floatip.core.timers import earliest
from floatip.core.troubles import Troubles
from floatip.core.types import Binding, Policy, Role, VipSpec

IDLE = frozenset({Role.INIT, Role.BACKUP, Role.FAULT})
SEATED = frozenset({Role.OWNER, Role.ISOLATED})
NEVER = float("-inf")
INFINITE = float("inf")


class Vip:
    """The state machine; times in seconds of this node's clock."""

    def __init__(self, spec: VipSpec, situation: Situation, seen_term: int, *, born: float = NEVER) -> None:
        self.spec = spec
        self.role = Role.INIT
        self.term = 0
        self.seen_term = seen_term
        self.since = NEVER
        self.troubles = Troubles()
        self.bidding = Bidding(spec, situation)
        self.binding = AddressBinding(spec, situation)
        self.succession = Succession(spec, situation)
        self.departure = Departure(spec, situation, self.binding)
        self.handover = self.departure.handover
        self.defence = Defence(spec, situation, self.binding, self.troubles)
        self.calls = Calls(situation)
        self._s = situation
        self.doubted = False
        """This process stood still, or is new: others may have taken the VIP, and nobody but a quorum can say."""
        self._idle_since = NEVER
        self._born = born
        """Since when others' words about it are listened to."""

    def respec(self, spec: VipSpec) -> None:
        """Go by this from now on; it differs in nothing that kernel or peers see."""
        self.spec = spec
        self.succession.respec(spec)
        self.departure.respec(spec)
        self.binding.respec()

    def faults(self, now: float) -> tuple[str, ...]:
        """Why this node may not own the VIP, whatever its services do."""
        return self.troubles.faults(now) + link_faults(self._s, self.spec)

    def unfit(self, now: float) -> tuple[str, ...]:
        """What a peer must know of this node before it leaves the VIP to it."""
        checks = self._s.checkups
        return self.faults(now) + checks.failing(self.spec) + checks.pending(self.spec)

    def hindrances(self, now: float) -> tuple[str, ...]:
        """Why this node may not claim the VIP; an owner with a hindrance stays owner."""
        return self.unfit(now) + disagreements(self._s, self.spec, now)

    def standdown(self) -> str | None:
        """Why an operator's order keeps this node from taking the VIP: what is so of this node, as half a sentence."""
        return forbidden(self._s, self.spec.name)

    def owner_since(self, now: float) -> float:
        """Since when the present owner has been in office, as far as this node has followed it."""
        if self.role in SEATED:
            return self.since
        return self.succession.witness.since or now

    def renewal(self, now: float) -> Bind | None:
        """The renewal of the kernel lifetime, if this VIP has one to give now."""
        return self.binding.renewal(now, isolated=self.role is Role.ISOLATED or self.handover.keeps)

    def doubt(self, now: float) -> None:
        """This process stood still: others may have the VIP, and whoever believes them must hear if nobody has."""
        self.doubted = True
        self.handover.doubt()
        if self.role is Role.ISOLATED:
            self.defence.begin(now, doubted=True)

    def inherit(self, interface: str, now: float) -> None:
        """A daemon before us left the addresses in the kernel: go on as its isolated owner, in doubt."""
        if self.role is Role.INIT and self.spec.policy is not Policy.RELEASE:
            self.term, self.since, self.doubted = self.seen_term, now, True
            self.binding.inherit(interface, now)
            self._s.last_owners[self.spec.name] = self._s.node
            self.succession.cause = "its addresses were still here from an earlier life of this node"
            self._become(Role.ISOLATED, self.succession.cause, now)

    def settle(self, now: float) -> float | None:
        """Move until nothing moves; return when to look again."""
        for _ in range(12):
            before = self.role, self.binding.state
            deadline = self._settle_once(now)
            if (self.role, self.binding.state) == before:
                return deadline
        raise AssertionError(f"{self.spec.name} does not settle: {self.role}, {self.binding.state}")

    def _settle_once(self, now: float) -> float | None:
        match self.role:
            case Role.INIT | Role.BACKUP | Role.FAULT:
                return self._idle(now)
            case Role.CANDIDATE:
                return self._candidate(now)
            case Role.ACQUIRING:
                return self._acquiring(now)
            case Role.OWNER:
                return self._owner(now)
            case Role.ISOLATED:
                return self._isolated(now)
            case Role.RELEASING:
                return self._releasing(now)
            case _:
                assert_never(self.role)

    def _become(self, role: Role, why: str, now: float) -> None:
        """The one place where the role changes."""
        was, self.role = self.role, role
        if role is Role.OWNER:
            self.doubted = False
            self.succession.owned(self.term)
            self.since = now if was is Role.ACQUIRING else self.since
        if role is Role.ISOLATED:
            self.defence.begin(now, doubted=self.doubted)
            if self.handover.stage is Stage.ASKED:
                self.handover.cancel(why, now)
        if role in {Role.ISOLATED, Role.ACQUIRING, Role.RELEASING} or was is Role.ISOLATED:
            self._s.outbox.beat = True
        change = self.succession.seated(now) if role in SEATED else None
        if role is Role.RELEASING:
            self.defence.rest()
        if role in IDLE:
            self._idle_since = now
        if Role.FAULT in {was, role}:
            self._s.outbox.state = True
        self._s.tell_role(self.spec.name, was, role, why, change)
        self.calls.became(self.spec, was, role, term=self.term, why=why)

    def _idle(self, now: float) -> float | None:
        faults = self.faults(now) + self._s.checkups.failing(self.spec)
        if faults and self.role is not Role.FAULT:
            self._become(Role.FAULT, "; ".join(faults), now)
        elif not faults and self.role is Role.FAULT:
            self._become(Role.BACKUP, "the fault is gone", now)
        look_at = earliest(self.succession.watch(now, newcomer=self.role is Role.INIT), self.binding.clear(now))
        if faults or self._s.checkups.pending(self.spec) or disagreements(self._s, self.spec, now) or self._s.stopping:
            self.succession.rest()
            return earliest(self.troubles.next(now), look_at, now + self._s.timing.heartbeat_s)
        listen_s = self._s.listen_s(self.spec.policy)
        listened_at = max(listened_on(self._s.all_views(), self._s.quorum, listen_s), self._born + listen_s)
        if self.role is Role.INIT and listened_at <= now:
            self._become(Role.BACKUP, "has listened for long enough", now)
        listened_later = listened_at if now < listened_at < INFINITE else None
        if self.standdown():
            self.succession.rest()
            return earliest(look_at, listened_later)
        idle_since = self._idle_since if self.role is Role.BACKUP else NEVER
        step, again_at = self.succession.ready(now, idle_since=max(idle_since, self._born + listen_s))
        if step is Step.CLAIM:
            self._claim(now)
        elif step is Step.SEIZE:
            self._seize(now)
        return earliest(look_at, again_at, listened_later)

    def _claim(self, now: float) -> None:
        self.term = max(self.seen_term, self.term) + 1
        self.bidding.open(self.term, now)
        self._s.outbox.store = True
        self.succession.rest()
        self.succession.explain(now)
        self._become(Role.CANDIDATE, f"claims it for term {self.term}: {self.succession.cause}", now)

    def _seize(self, now: float) -> None:
        """Policy ``lan``: no quorum can say anything, and the LAN is silent."""
        self.term = max(self.seen_term, self.term) + 1
        self._s.outbox.store = True
        self.succession.rest()
        if self.binding.add(now, isolated=True):
            self.doubted, self.since = False, now
            self.succession.cause = f"no quorum for {now - self._s.alone_since():.1f} s, and the LAN was silent"
            self._become(Role.ISOLATED, f"{self.succession.cause}: takes it", now)

    def _candidate(self, now: float) -> float | None:
        if hindrances := self.hindrances(now):
            self.withdraw("; ".join(hindrances), now)
        elif why := self.standdown():
            self.withdraw(f"{self._s.node} {why}", now)
        elif self._s.stopping:
            self.withdraw("stopping", now)
        elif owned_until(self._s.all_views(), self._s.quorum, self.spec.name) > now:
            held = f"holds it on {len(self.bidding.held_on(now))} of {len(self._s.views)} brokers"
            self._become(Role.ACQUIRING, held, now)
        elif self.bidding.lost(now):
            self.withdraw("no majority for the claim", now)
        return self.bidding.patience_ends()

    def withdraw(self, why: str, now: float) -> None:
        """Give a claim up, and wait for a while."""
        self.succession.quiet_until = now + self._s.back_off_s()
        self._give_up_everywhere(Farewell(vacated=False))
        self._become(Role.BACKUP, why, now)

    def _give_up_everywhere(self, farewell: Farewell) -> None:
        self.bidding.give_up()
        self._s.outbox.releases.setdefault(farewell, []).append(self.spec.name)

    def _acquiring(self, now: float) -> float | None:
        until = owned_until(self._s.all_views(), self._s.quorum, self.spec.name)
        if until <= now:
            self.let_go(Notice("lost the majority again"), now)
        elif notice := must_leave(self, self._s, now):
            self.let_go(notice, now)
        elif self.binding.state is Binding.BOUND:
            self._become(Role.OWNER, f"address added on {self.binding.interface}", now)
        elif self.binding.state is Binding.ABSENT and not self.binding.add(now, isolated=False):
            return now + self._s.timing.heartbeat_s / 4
        return until

    def _owner(self, now: float) -> float | None:
        until = owned_until(self._s.all_views(), self._s.quorum, self.spec.name)
        if (notice := must_leave(self, self._s, now)) or (
            not self._s.connected and (notice := must_yield(self, self._s, self.defence, now))
        ):
            self.let_go(notice, now)
        elif until <= now:
            if self.spec.policy is Policy.RELEASE:
                self.let_go(Notice("the lease has ended"), now)
            else:
                self._become(Role.ISOLATED, "lost the quorum; keeps the address", now)
        else:
            again_at = self.defence.hold(self.term, now)
            if self.defence.outlasted:
                self._rise()
            move = self.departure.move_on(now)
            if move.leave is None:
                return earliest(self.bidding.look_when(until, now), again_at, move.again_at, self._serve(now))
            self.let_go(Notice(move.leave), now)
        return None

    def give(self, now: float) -> None:
        """The target of a planned move is ready: release the VIP to it."""
        why = self.departure.give(self.term, now)
        self.succession.ceded_until = now + self.departure.farewell.reserved_s
        if self.departure.farewell.kept:
            self._give_up_everywhere(self.departure.farewell)
        self._become(Role.RELEASING, why, now)

    def _isolated(self, now: float) -> float | None:
        if notice := must_leave(self, self._s, now):
            self.let_go(notice, now)
        elif owned_until(self._s.all_views(), self._s.quorum, self.spec.name) > now:
            self._become(Role.OWNER, "has the quorum again", now)
            self.binding.announce(now)
        elif notice := must_yield(self, self._s, self.defence, now):
            self.let_go(notice, now)
        else:
            look_at = self.defence.look_around(now)
            self.doubted = self.doubted and not self.defence.undisputed
            return earliest(look_at, self._serve(now))
        return None

    def _serve(self, now: float) -> float | None:
        """What an owner does while nothing happens: claim missing brokers, renew the kernel lifetime, announce."""
        again_at, isolated = self._claim_missing(now), self.role is Role.ISOLATED
        if self._s.checkups.failing(self.spec):
            again_at = earliest(again_at, self._s.damped_until(self.spec))
        return earliest(again_at, self.binding.uphold(now, isolated=isolated, doubted=isolated and self.doubted))

    def _claim_missing(self, now: float) -> float | None:
        """Claim the brokers that this node does not hold; return when to try again."""
        missing = self.bidding.missing(now)
        if not missing or terms_differ(self._s, self.spec.policy, now):
            return None
        ready = self.bidding.ready(missing, now)
        if ready and self.role is Role.ISOLATED:
            self._rise()
        self.bidding.extend(ready, self.term, now)
        return self.bidding.look_again_at(missing, now)

    def _rise(self) -> None:
        """Take a term above all that were heard of, if this one is not."""
        if self.seen_term > self.term:
            self.term = self.seen_term + 1
            self._s.outbox.store = self._s.outbox.beat = True

    def let_go(self, notice: Notice, now: float) -> None:
        """Let go at once."""
        self.departure.leave(notice, now)
        self._become(Role.RELEASING, notice.why, now)

    def _releasing(self, now: float) -> float | None:
        keeping = self.departure.keep(now, faulty=bool(self.faults(now)))
        if keeping.again_at is not None:
            return keeping.again_at
        if keeping.stay is not None:
            self._become(Role.ISOLATED, keeping.stay, now)
            return None
        again_at = self.binding.remove(now)
        if self.binding.state is not Binding.ABSENT:
            return again_at
        self._give_up_everywhere(self.departure.farewell)
        self.succession.quiet_until = now + self._s.back_off_s()
        self.handover.rest()
        self._become(Role.BACKUP, "address removed", now)
        return None
