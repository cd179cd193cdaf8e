"""Mutants of ``keep`` and ``lan``: wills, isolated owners, the LAN as witness. Knows: one wrong idea each."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from floatip.core import effects as do
from floatip.core import events as ev
from floatip.core import succession
from floatip.core.defence import Defence
from floatip.core.lanhealth import LanHealth
from floatip.core.peerlog import PeerLog
from floatip.core.tenure import Notice
from floatip.core.types import Origin, Policy, Role
from tests.sim.mutant import Mutant, Patch, Tampered, after, nothing
from tests.sim.sentinel import Sentinel

OVERLAP = frozenset({"BriefOverlap"})
UNMOVED = frozenset({"Unmoved"})
LATER_S = 0.5


class NamesNoPeers(Tampered):
    """Tells the sentinel nothing of the peers."""

    def tamper(self, effects: list[do.Effect], event: ev.Event | None) -> list[do.Effect]:
        """Keep them to itself."""
        return [one for one in effects if not isinstance(one, do.Acquaint)]


class YieldsToStrangers(Tampered):
    """Gives an address up to whoever claims it, while it is isolated."""

    def tamper(self, effects: list[do.Effect], event: ev.Event | None) -> list[do.Effect]:
        """Take anybody for a peer."""
        if isinstance(event, ev.Answered) and self._s.peers.by_mac(event.mac) is None:
            vip = self._vips[event.vip]
            if vip.role is Role.ISOLATED:
                vip.let_go(Notice("somebody else has it"), self._now)
                return effects + super().step(ev.Tick(), self._now)
        return effects


class AnnouncesNothingLater(Tampered):
    """Announces what it has taken, and nothing ever after."""

    def tamper(self, effects: list[do.Effect], event: ev.Event | None) -> list[do.Effect]:
        """Be silent about what it has had for a while."""
        old = {name for name, vip in self._vips.items() if self._now - vip.since > LATER_S}
        return [one for one in effects if not (isinstance(one, do.Announce) and one.vip in old)]


def _dead_by_will_alone(self: PeerLog) -> float:
    return float("inf") if self.died_at is None else self.died_at + 2 * self.terms.heartbeat_s


NO_TESTAMENT: tuple[Patch, ...] = ((PeerLog, "dead_from", _dead_by_will_alone),)
"""Without the testament it is the broker's five conditions alone that tell a death from a broken connection."""


def _still_dead(original: Callable[..., bool | None]) -> Any:
    def place(self: PeerLog, origin: Origin) -> bool | None:
        died_at = self.died_at
        found = original(self, origin)
        self.died_at = died_at
        return found

    return place


def _yields_whatever_its_mac(self: Defence, now: float, *, doubted: bool) -> str | None:
    return None if self._challenge is None else "somebody else has it too"


def _hears_anybody(original: Callable[..., None]) -> Any:
    def hears(self: Sentinel, claim: ev.Answered) -> None:
        self.macs |= {claim.mac}
        original(self, claim)

    return hears


MUTANTS_KEEP: dict[str, Mutant] = {
    "a will without a testament": Mutant(
        why="a connection that is cut is no death: the sentinel must say so, too",
        judges=UNMOVED | OVERLAP,
        patches=NO_TESTAMENT,
        policy=Policy.KEEP,
        only=("firewall_blocks",),
        singly=True,
    ),
    "a will believed although it speaks": Mutant(
        why="4.6 (5): who is heard after its will lives",
        judges=UNMOVED | OVERLAP,
        beside=NO_TESTAMENT,
        patches=((PeerLog, "place", _still_dead(PeerLog.place)), (PeerLog, "heard_elsewhere", nothing)),
        policy=Policy.KEEP,
        brokers=1,
        only=("connection_reset",),
        singly=True,
    ),
    "wills believed by nobody": Mutant(
        why="L4: a killed daemon costs clients nothing",
        judges=frozenset({"Seamless"}),
        patches=((PeerLog, "dead_from", lambda self: float("inf")),),
        policy=Policy.KEEP,
        only=("daemon_killed",),
        singly=True,
    ),
    "a sentinel that knows no peers": Mutant(
        why="it must let go for a peer",
        judges=OVERLAP,
        factory=NamesNoPeers,
        policy=Policy.KEEP,
        only=("daemon_killed",),
        singly=True,
    ),
    "a sentinel that lets go for anybody": Mutant(
        why="a stranger's announcement takes nothing from the dead",
        judges=frozenset({"Held"}),
        patches=((Sentinel, "hears", _hears_anybody(Sentinel.hears)),),
        policy=Policy.KEEP,
        only=("killed_beside_stranger",),
        singly=True,
    ),
    "both yield": Mutant(
        why="4.6 (c): of two isolated owners one yields",
        judges=frozenset({"Held"}),
        patches=((Defence, "yields", _yields_whatever_its_mac),),
        policy=Policy.LAN,
        only=("split_in_the_dark",),
        singly=True,
    ),
    "neither yields": Mutant(
        why="4.6 (c): of two isolated owners one yields",
        judges=OVERLAP,
        patches=((Defence, "yields", lambda self, now, *, doubted: None),),
        policy=Policy.LAN,
        only=("split_in_the_dark",),
        singly=True,
    ),
    "a stranger's ARP takes a VIP off": Mutant(
        why="4.6 (c): who is no peer is defended against",
        judges=UNMOVED,
        factory=YieldsToStrangers,
        policy=Policy.KEEP,
        only=("stranger_in_the_dark",),
        singly=True,
    ),
    "the LAN is not silent": Mutant(
        why="4.6, lan: without a quorum it is silence alone that says that nobody serves",
        judges=OVERLAP,
        patches=(after(succession, "lan_turn", lambda mine, *_, **__: mine and replace(mine, needs_silence=False)),),
        policy=Policy.LAN,
        favour=("all_brokers_stop", "daemon_killed", "machine_dies"),
        seeds=60,
    ),
    "takes nothing by the LAN": Mutant(
        why="L7: two nodes whose only broker dies with the owner still fail over under lan",
        judges=frozenset({"TakenByLan"}),
        patches=((succession, "lan_turn", lambda *_, **__: None),),
        policy=Policy.LAN,
        brokers=1,
        only=("broker_host_dies",),
        singly=True,
    ),
    "no peer's word on the LAN": Mutant(
        why="section 6: the last one on a LAN is not cut off from it",
        judges=UNMOVED,
        patches=((LanHealth, "_is_vouched_for", lambda *_: True),),
        policy=Policy.KEEP,
        nodes=2,
        only=("backup_dies",),
        singly=True,
    ),
    "silent after a heal": Mutant(
        why="section 6: after any heal the true owner announces again",
        judges=frozenset({"Followed"}),
        factory=AnnouncesNothingLater,
        policy=Policy.KEEP,
        only=("lan_splits",),
        singly=True,
    ),
}
