"""Mutants of the election, and canaries of the judges. Knows: one wrong idea each. Never: two."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from floatip.core import effects as do
from floatip.core import events as ev
from floatip.core import fitness, speech, succession
from floatip.core import vip as vip_module
from floatip.core.engine import Engine
from floatip.core.handover import Order, Stage, targets
from floatip.core.peerlog import PeerLog
from floatip.core.situation import Situation
from floatip.core.types import NodeSpec, Policy, Standing, Stored, Timing
from floatip.core.view import View
from floatip.core.vigil import Vigil
from floatip.core.vip import Vip
from tests.sim.mutant import ONE_BOUND, Mutant, Patch, Tampered, after, nothing
from tests.sim.scenario import Phase
from tests.sim.seams import Core


class AnnouncesTooEarly(Tampered):
    """Announces when it asks for an address, not when it has it."""

    def tamper(self, effects: list[do.Effect], event: ev.Event | None) -> list[do.Effect]:
        """Announce with each bind."""
        binds = [bind for one in effects if isinstance(one, do.Add) for bind in one.binds]
        return effects + [do.Announce(vip=one.vip, interface=one.interface) for one in binds]


class LeavesInHaste(Tampered):
    """Ends as soon as it is asked to."""

    def tamper(self, effects: list[do.Effect], event: ev.Event | None) -> list[do.Effect]:
        """End at once."""
        return [do.Exit(code=0, reason="in haste")] if isinstance(event, ev.StopAsked) else effects


class NeverAnswers(Tampered):
    """Leaves operators waiting."""

    def tamper(self, effects: list[do.Effect], event: ev.Event | None) -> list[do.Effect]:
        """Say nothing to them."""
        return [one for one in effects if not isinstance(one, do.Answer)]


class AnnouncesNothing(Tampered):
    """Takes addresses and tells nobody."""

    def tamper(self, effects: list[do.Effect], event: ev.Event | None) -> list[do.Effect]:
        """Be silent on the LAN."""
        return [one for one in effects if not isinstance(one, do.Announce)]


def restless(vip: Vip, s: Situation, now: float) -> None:
    """Hand a VIP over for no reason."""
    vip.handover.begin(Order(why="no reason", targets=targets(s, vip.spec, now) or (s.node,)), now)


class Restless(Tampered):
    """Gives a VIP up as soon as it owns it for four seconds or so."""

    def tamper(self, effects: list[do.Effect], event: ev.Event | None) -> list[do.Effect]:
        """Let go now and then."""
        for vip in self._vips.values():
            idle = vip.handover.stage is Stage.NONE
            if idle and self._now - vip.since > 4.0 and vip.role == "owner":
                restless(vip, self._s, self._now)
                return effects + super().step(ev.Tick(), self._now)
        return effects


def forgetful(spec: NodeSpec, *, stored: Stored, wall_us: int, now: float, entropy: Callable[[], float]) -> Core:
    """A daemon that begins each life with the same incarnation."""
    return Engine(spec, stored=replace(stored, incarnation=0), wall_us=1_000_000, now=now, entropy=entropy)


def _own_d_only(self: PeerLog, vip: Any, policy: Policy, owner_down_s: float) -> float:
    at = self.entry_at(vip)
    return float("-inf") if at is None else at + owner_down_s


def _never(role: Standing | None, *_: Any) -> Standing | None:
    return None if role is Standing.CLAIMING else role


DIGESTS: tuple[Patch, ...] = (
    (speech, "ALWAYS_FULL", 0),
    (speech, "FULL_EVERY", 10_000),
    (speech.Speech, "new_listener", nothing),
)
"""Not a mutant: even one VIP goes by digests, and the full list is never repeated."""

MUTANTS: dict[str, Mutant] = {
    "pending claim not listed": Mutant(
        why="declare before you hold (rule 3): a heartbeat without the VIP is a release",
        judges=ONE_BOUND,
        patches=(after(speech, "standing_of", _never),),
        brokers=1,
        nodes=5,
        far=True,
        only=("operator_asks", "machine_dies", "both_killed"),
    ),
    "D below L": Mutant(
        why="a claimant must wait out the owner's lease and its kernel (4.2)",
        judges=ONE_BOUND,
        patches=((Timing, "owner_down_s", lambda self, policy: self.lease_s * 0.6),),
        only=("both_killed", "daemon_frozen", "road_cut"),
    ),
    "D without the kernel's delay": Mutant(
        why="D must cover h + V + S, not the lease alone (4.2)",
        judges=ONE_BOUND,
        patches=((Timing, "owner_down_s", lambda self, policy: self.lease_s * 1.02 + self.heartbeat_s),),
        favour=("daemon_frozen",),
    ),
    "unresolved digest lists nothing": Mutant(
        why="a digest that a newcomer cannot resolve may list anything (4.3)",
        judges=ONE_BOUND,
        patches=(*DIGESTS, (PeerLog, "_digest", lambda self, list_version, now: set())),
    ),
    "different leases": Mutant(
        why="the larger D of the two counts, and the longest heard is listened for (4.2)",
        judges=ONE_BOUND,
        patches=(
            (fitness, "terms_differ", lambda s, policy, now: None),
            (vip_module, "terms_differ", lambda s, policy, now: None),
            (Situation, "listen_s", lambda self, policy: self.owner_down_s(policy)),
            (PeerLog, "blocks_until", _own_d_only),
        ),
        mixed=True,
        only=("daemon_frozen", "road_cut", "operator_asks", "both_killed"),
    ),
    "lost incarnation counter": Mutant(
        why="a life that has an old one's number takes the old one's echoes for its own (4.3)",
        judges=frozenset({"OneBound", "Served", "ComesRight"}),
        factory=forgetful,
        patches=((Engine, "_be_reborn", nothing),),
        brokers=1,
        only=("operator_asks", "daemon_killed", "both_killed"),
        far=True,
    ),
    "minority hold kept": Mutant(
        why="an owner that lost its majority must release what it still holds (rule 8)",
        judges=frozenset({"Served", "ComesRight"}),
        patches=((Vip, "_give_up_everywhere", nothing),),
        phase=Phase.LIVENESS,
        nodes=2,
        only=("cut_from_most", "broker_restarts", "broker_freezes"),
    ),
    "gaps unnoticed": Mutant(
        why="what was dropped may have been a claim (rule 5)",
        judges=ONE_BOUND,
        patches=((View, "_gap", nothing),),
        brokers=1,
        only=("road_stalls", "daemon_frozen"),
    ),
    "blocked claim counts": Mutant(
        why="a claim that comes back behind another's listing is void (rule 4)",
        judges=ONE_BOUND,
        patches=((View, "blocked_until", lambda self, vip, policy: float("-inf")),),
    ),
    "does not listen first": Mutant(
        why="a new session has not heard who owns (rule 5)",
        judges=ONE_BOUND,
        patches=((Situation, "listen_s", lambda self, policy: 0.0),),
        only=("both_killed", "daemon_killed", "machine_dies", "road_cut", "cut_from_most"),
        seeds=120,
    ),
    "the LAN is not asked": Mutant(
        why="under keep a frozen owner's kernel still serves (4.6)",
        judges=frozenset({"BriefOverlap"}),
        patches=(after(succession, "turn", lambda mine, *_: replace(mine, needs_silence=False)),),
        policy=Policy.KEEP,
        favour=("daemon_frozen",),
    ),
    "one term for ever": Mutant(
        why="S3: terms grow",
        judges=frozenset({"TermsGrow"}),
        patches=(after(Vip, "_claim", lambda result, self, now: setattr(self, "term", 1)),),
    ),
    "announces too early": Mutant(
        why="S2: no announcement without the address",
        judges=frozenset({"AnnouncedBound"}),
        factory=AnnouncesTooEarly,
    ),
    "leaves in haste": Mutant(
        why="S4: nothing stays behind", judges=frozenset({"LeavesNothing"}), factory=LeavesInHaste
    ),
    "never answers": Mutant(why="L2: operators wait", judges=frozenset({"Answers"}), factory=NeverAnswers),
    "never claims": Mutant(
        why="L1: somebody must take over",
        judges=frozenset({"ComesRight"}),
        patches=((succession.Succession, "ready", lambda self, now, *, idle_since: (False, None)),),
        phase=Phase.LIVENESS,
    ),
    "sleeps on": Mutant(
        why="L1: whoever awaits an owner's lists wakes when one is missed",
        judges=frozenset({"Held", "Seamless"}),
        patches=((Vigil, "heard", nothing),),
        policy=Policy.KEEP,
        singly=True,
        only=("machine_dies",),
    ),
    "claims once": Mutant(
        why="L1: a failed claim is tried again",
        judges=frozenset({"ComesRight"}),
        patches=((Situation, "back_off_s", lambda self: 1e9),),
        phase=Phase.LIVENESS,
        only=("operator_asks", "daemon_stopped", "machine_dies", "broker_restarts", "road_cut"),
    ),
    "announces nothing": Mutant(
        why="L1: clients must learn of the new owner",
        judges=frozenset({"Followed"}),
        factory=AnnouncesNothing,
        phase=Phase.LIVENESS,
    ),
    "restless": Mutant(
        why="L1: owners are sticky", judges=frozenset({"SettlesDown"}), factory=Restless, phase=Phase.LIVENESS
    ),
}
