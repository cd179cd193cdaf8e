"""Two backups of each VIP look on the LAN who answers for it: after a change of owner, and every ten seconds."""

from collections.abc import Iterable

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.effects import Probe
from floatip.core.messages import State, VipState, Witnessed
from floatip.core.ranking import affinity
from floatip.core.situation import Situation
from floatip.core.types import Mac, NodeName, Role, Standing
from floatip.core.witness import EVERY_S, LOOKS_S, VERDICT_S, Witness, chosen, seen_by
from tests.unit.core.bench import Bench
from tests.unit.core.stage import (
    ADDRESS,
    DEFINITION,
    MACS,
    STRANGER,
    WEB,
    A,
    B,
    C,
    D,
    Peer,
    a_beat,
    a_listing,
    a_spec,
    a_state,
    of,
    sent,
)

D1, E1 = NodeName("d"), NodeName("e")
OWNERS = (MACS[B],)


def a_witness(owner: NodeName = B, term: int = 4, at: float = 10.0) -> Witness:
    """Make one that has just heard of an owner."""
    witness = Witness(WEB)
    assert witness.owner_is(owner, term, at)
    return witness


def saw(mac: Mac, term: int = 4) -> Witnessed:
    """Make the report of a MAC."""
    return Witnessed(vip=WEB, term=term, mac=mac)


def go_through(witness: Witness, until: float) -> list[float]:
    """Let time pass without an answer; return when it looked."""
    looks = []
    while (at := witness.next()) is not None and at <= until:
        witness.verdict(at)
        if witness.due(at):
            looks.append(at)
    return looks


# -- when it looks


def test_it_looks_a_few_times_after_each_change_of_owner_or_term() -> None:
    """At once, and again in case the first frames were lost."""
    witness = Witness(WEB)
    assert witness.next() is None
    for owner, term, at in ((B, 1, 10.0), (B, 2, 20.0), (C, 2, 30.0)):
        assert witness.owner_is(owner, term, at)
        assert not witness.owner_is(owner, term, at + 1)
        assert (witness.owner, witness.since) == (owner, at)
        assert witness.asks_everybody
        assert not witness.due(at + LOOKS_S[0] - 0.001)
        assert go_through(witness, at + 2.0) == [at + offset_s for offset_s in LOOKS_S]


def test_looks_that_were_missed_count_as_one() -> None:
    """One question is as good as five."""
    witness = a_witness()
    assert witness.due(99.0)
    assert not witness.due(99.0)


def test_it_looks_again_ten_seconds_after_the_owner_answered() -> None:
    """Not before; and asks for the owner's MAC alone from then on."""
    witness = a_witness()
    witness.answer(MACS[B], OWNERS, 10.02)
    assert not witness.verdict(10.02)
    assert witness.next() == pytest.approx(10.02 + EVERY_S + LOOKS_S[0])
    assert not witness.due(20.02)
    assert not witness.asks_everybody
    assert go_through(witness, 22.0)[0] == pytest.approx(20.03)


def test_it_looks_again_ten_seconds_after_a_look_that_found_nobody() -> None:
    """As long as that owner is in office."""
    witness = a_witness()
    began = 10.0
    for _ in range(3):
        looks = go_through(witness, began + VERDICT_S)
        assert looks == pytest.approx([began + offset_s for offset_s in LOOKS_S])
        began += VERDICT_S + EVERY_S


def test_an_answer_ends_the_looking() -> None:
    """One is enough."""
    witness = a_witness()
    assert witness.due(10.01)
    witness.answer(MACS[B], OWNERS, 10.02)
    assert not witness.due(10.1)


# -- what it reports


def test_the_owners_mac_proves_it_once() -> None:
    """The same again is no news; a stranger's proves nothing."""
    witness = a_witness()
    assert not witness.answer(STRANGER, OWNERS, 10.01)
    assert witness.answer(MACS[B], (MACS[A], MACS[B]), 10.02)
    assert witness.seen == saw(MACS[B])
    assert not witness.answer(MACS[B], OWNERS, 10.03)


def test_a_new_term_must_be_proven_anew() -> None:
    """What was seen says nothing of what came after."""
    witness = a_witness()
    witness.answer(MACS[B], OWNERS, 10.02)
    witness.owner_is(B, 5, 20.0)
    assert witness.seen is None
    assert witness.answer(MACS[B], OWNERS, 20.02)


def test_without_an_owner_nobody_is_proven() -> None:
    """A MAC that answers before anybody said to be owner."""
    witness = Witness(WEB)
    assert not witness.answer(STRANGER, (STRANGER,), 10.0)
    assert not witness.verdict(99.0)
    assert witness.seen is None


def test_another_mac_is_reported_after_the_verdict() -> None:
    """The owner has the time of a whole look to answer; then it is told who did instead."""
    witness = a_witness()
    assert not witness.answer(STRANGER, OWNERS, 10.02)
    assert not witness.verdict(10.0 + VERDICT_S - 0.001)
    assert witness.seen is None
    assert witness.verdict(10.0 + VERDICT_S)
    assert witness.seen == saw(STRANGER)


def test_an_owner_that_answers_beside_another_is_the_one_that_is_reported() -> None:
    """Whichever came first: the LAN sees the owner, and who else answers is a conflict, told elsewhere."""
    for macs in ((STRANGER, MACS[B]), (MACS[B], STRANGER)):
        witness = a_witness()
        for mac in macs:
            witness.answer(mac, OWNERS, 10.02)
        witness.verdict(11.5)
        assert witness.seen == saw(MACS[B])


def test_what_another_look_heard_counts_for_nothing() -> None:
    """Neither a stranger of the look before, nor one that speaks between two looks."""
    witness = a_witness()
    witness.answer(STRANGER, OWNERS, 10.02)
    witness.answer(MACS[B], OWNERS, 10.03)
    witness.verdict(10.03)
    assert not witness.answer(STRANGER, OWNERS, 15.0)
    assert witness.verdict(20.03 + VERDICT_S)
    assert witness.seen is None


def test_a_report_that_is_no_longer_true_is_taken_back() -> None:
    """Nobody answered this time."""
    witness = a_witness()
    witness.answer(MACS[B], OWNERS, 10.02)
    witness.verdict(10.02)
    reports = []
    for at in (20.02 + VERDICT_S - 0.001, 20.02 + VERDICT_S, 31.6 + VERDICT_S):
        news = witness.verdict(at)
        reports.append((news, witness.seen))
    assert reports == [(False, saw(MACS[B])), (True, None), (False, None)]


def test_one_that_is_to_rest_takes_its_report_back() -> None:
    """Others look now; and it looks again whether that is still so."""
    witness = a_witness()
    witness.answer(MACS[B], OWNERS, 10.02)
    assert witness.rest(12.0)
    assert witness.seen is None
    assert witness.next() == pytest.approx(12.0 + EVERY_S + LOOKS_S[0])
    assert not witness.rest(23.0)


# -- who is to look


def a_situation(*peers: NodeName, node: NodeName = A, vips: Iterable[NodeName] | None = None) -> Situation:
    """Make the knowledge of a node that hears these peers; those in ``vips`` (all) have the VIP configured."""
    s = Situation(a_spec(node), lambda: 0.5)
    for peer in peers:
        mouth = Peer(peer)
        s.peers.heard(mouth.says(a_beat()), 9.9)
        has = vips is None or peer in vips
        state = a_state(peer, vips=(VipState(vip=WEB, priority=100, definition=DEFINITION),) if has else ())
        s.peers.learn(mouth.says(state))
    return s


def test_two_backups_are_to_look_the_same_ones_in_everybodys_eyes() -> None:
    """Not the owner, and not more than two."""
    nodes = (A, B, C, D1, E1)
    views = [
        chosen(a_situation(*(one for one in nodes if one != node), node=node), WEB, C, 10.0)
        for node in nodes
        if node != C
    ]
    best = tuple(sorted((A, B, D1, E1), key=lambda node: affinity(node, WEB))[:2])
    assert set(views) == {best}


def test_a_backup_that_is_dead_is_not_to_look() -> None:
    """Nobody would."""
    s = a_situation(B, C, D1)
    assert set(chosen(s, WEB, B, 10.0)) <= {A, C, D1}
    s.peers.known[C].heard_at = s.peers.known[D1].heard_at = 8.9
    assert chosen(s, WEB, B, 10.0) == (A,)


def test_a_node_that_does_not_know_the_vip_is_not_to_look() -> None:
    """It never looks, so nobody would see the owner: a false alarm, and failovers that nobody proves."""
    strangers = [NodeName(f"n{number}") for number in range(40)]
    strangers = [node for node in strangers if affinity(node, WEB) < min(affinity(one, WEB) for one in (A, B, C))]
    assert strangers
    s = a_situation(B, C, *strangers, vips=(B, C))
    assert [set(chosen(s, WEB, owner, 10.0)) for owner in (A, B, C)] == [{B, C}, {A, C}, {A, B}]


def test_an_owner_was_seen_by_those_who_report_its_mac_and_term() -> None:
    """Another MAC, or an older term, proves nothing; all MACs of a node count as that node's."""
    s = a_situation(B, C, D1, E1)
    s.macs = (MACS[A], MACS[C])
    for node, report in ((B, saw(MACS[A])), (C, saw(MACS[C])), (D1, saw(MACS[A], term=3)), (E1, saw(STRANGER))):
        s.peers.known[node].witnessed = {WEB: report}
    assert seen_by(s, WEB, A, 4) == (B, C)
    assert seen_by(s, WEB, C, 4) == (C,)
    assert seen_by(s, WEB, NodeName("nix"), 4) == ()


# -- in its place


@pytest.fixture
def backup() -> Bench:
    """Give a backup of b's that has just heard of b."""
    bench = Bench().connect()
    bench.joined_by(B, a_listing(Standing.OWNER, term=7))
    return bench


def answer(bench: Bench, mac: Mac) -> None:
    """Let this MAC answer on the LAN."""
    bench.give(ev.Answered(vip=WEB, address=ADDRESS, mac=mac))


def test_after_a_change_of_owner_everybody_is_asked_later_its_mac_alone(backup: Bench) -> None:
    """A broadcast each ten seconds from each backup would be noise."""
    first = of(Probe, backup.run(0.02))
    assert [(probe.broadcast, probe.to_macs) for probe in first] == [(True, OWNERS)]
    answer(backup, MACS[B])
    assert not of(Probe, backup.run(9.9))
    later = of(Probe, backup.run(0.2))
    assert {(probe.broadcast, probe.to_macs) for probe in later} == {(False, OWNERS)}


def test_another_mac_is_told_to_the_owner_after_the_verdict(backup: Bench) -> None:
    """In the state that all nodes hear."""
    backup.run(0.9)
    answer(backup, STRANGER)
    assert all(state.witnessed == () for state in sent(State, backup.run(0.5)))
    assert sent(State, backup.run(0.5))[-1].witnessed == (saw(STRANGER, term=7),)


@pytest.mark.parametrize("looks", [True, False])
def test_one_that_is_not_chosen_does_not_look(looks: bool) -> None:
    """The others do; and when they are gone it does."""
    better = [NodeName(f"n{number}") for number in range(40)]
    better = [node for node in better if (affinity(node, WEB) < affinity(A, WEB)) is not looks][:2]
    bench = Bench().connect()
    bench.joined_by(B, a_listing(Standing.OWNER, term=7))
    for node in better:
        bench.joined_by(node)
    assert bool(of(Probe, bench.run(5.0))) is looks
    assert bench.role() is Role.BACKUP
    for key in [key for key in bench.beating if key[1] != B]:
        del bench.beating[key]
    assert of(Probe, bench.run(10.0 + D))


def test_an_isolated_owner_is_looked_for_too() -> None:
    """Clients depend on it as on any other."""
    bench = Bench().connect()
    bench.joined_by(B, a_listing(Standing.ISOLATED, term=7))
    assert of(ef.Probe, bench.run(0.02))
