"""What a backup makes of a last will: five conditions and a testament spare it the wait (design 4.6)."""

from collections.abc import Callable

import pytest

from floatip.core import effects as ef
from floatip.core.messages import Claim, Will
from floatip.core.peerlog import BURST_S
from floatip.core.types import BrokerName, NodeName, Policy, Role
from tests.unit.core.deathbed import Deathbed
from tests.unit.core.stage import (
    TERMS,
    B,
    C,
    D,
    H,
    Peer,
    X,
    Y,
    Z,
    a_beat,
    of,
    ours,
    sent,
)

TWO_BEATS_S = 2 * H


@pytest.mark.parametrize("policy", [Policy.KEEP, Policy.LAN])
def test_a_will_with_a_testament_moves_the_vip_after_two_heartbeats(policy: Policy) -> None:
    """The LAN is not asked: the dead node's kernel would answer."""
    bed = Deathbed(policy=policy)
    before = len(bed.bench.effects)
    bed.will()
    bed.testament()
    assert bed.claims_after() == pytest.approx(TWO_BEATS_S, abs=0.01)
    assert not of(ef.Probe, bed.bench.effects[before:])
    assert sent(Claim, bed.bench.effects)[0].bids[0].term == 8
    bed.bench.run_until(Role.OWNER)
    assert bed.bench.told("x:1883 lost b (dead, if it stays silent)")


def test_a_testament_that_comes_late_is_in_time() -> None:
    """The first frames of it may be lost."""
    bed = Deathbed()
    bed.will()
    bed.bench.run(0.7)
    bed.testament()
    assert bed.claims_after() < 0.01


def test_the_second_ranked_leaves_the_first_a_heartbeat() -> None:
    """So that the best one claims alone."""
    bed = Deathbed()
    bed.bench.joined_by(NodeName("0"))
    bed.bench.run(0.01)
    bed.speaks()
    bed.will()
    bed.testament()
    assert bed.claims_after() == pytest.approx(TWO_BEATS_S + H, abs=0.01)


def nothing(bed: Deathbed) -> None:
    """Only the testament."""
    bed.testament()


def no_testament(bed: Deathbed) -> None:
    """The connection was reset, and the node lives."""
    bed.will()


def a_strangers_testament(bed: Deathbed) -> None:
    """Of a MAC that is not b's."""
    bed.will()
    bed.testament(C)


def an_old_testament(bed: Deathbed) -> None:
    """An earlier death; and it spoke since."""
    bed.testament()
    bed.bench.run(0.001)
    bed.speaks()
    bed.will()


def a_late_will(bed: Deathbed) -> None:
    """The keepalive ran out: it had been silent before."""
    bed.bench.run(bed.silent_since + TWO_BEATS_S + 0.001 - bed.bench.now)
    bed.will()
    bed.testament()


def a_will_of_an_older_session(bed: Deathbed) -> None:
    """It had begun a new one by then."""
    old = bed.mouths[X].will()
    bed.bench.hear(bed.mouths[X].reconnects().says(a_beat(bed.listing)))
    bed.silent_since = bed.bench.now
    bed.bench.hear(old)
    bed.testament()


def a_new_session_after_it(bed: Deathbed) -> None:
    """It lives: only its connection had ended."""
    bed.will()
    bed.testament()
    bed.bench.run(TWO_BEATS_S - 0.01)
    bed.bench.hear(bed.mouths[X].reconnects().says(a_beat(bed.listing)))
    bed.silent_since = bed.bench.now


def a_word_after_it(bed: Deathbed) -> None:
    """The will was wrong."""
    bed.will()
    bed.testament()
    bed.bench.run(TWO_BEATS_S - 0.01)
    bed.speaks()
    bed.silent_since = bed.bench.now


def a_word_between_the_two(bed: Deathbed) -> None:
    """The will was wrong, whatever the LAN says afterwards."""
    bed.will()
    bed.bench.run(0.1)
    bed.speaks()
    bed.silent_since = bed.bench.now
    bed.testament()


def a_session_of_ours_that_is_young(bed: Deathbed) -> None:
    """What this node has missed it cannot know."""
    bed.bench.connect()
    bed.bench.run(D - 0.01)
    bed.speaks()
    bed.silent_since = bed.bench.now
    bed.will()
    bed.testament()


def anothers_will(bed: Deathbed) -> None:
    """The broker ends."""
    bed.will()
    bed.testament()
    bed.bench.run(BURST_S / 2)
    bed.bench.hear(Peer(C).will())


def anothers_will_before_it(bed: Deathbed) -> None:
    """The same, in the other order."""
    bed.bench.hear(Peer(C).will())
    bed.bench.run(BURST_S / 2)
    bed.will()
    bed.testament()


def the_will_of_our_own_earlier_life(bed: Deathbed) -> None:
    """The broker's end is ours too."""
    bed.will()
    bed.testament()
    bed.bench.hear(ours(900, 0, Will()))


def our_own_will(bed: Deathbed) -> None:
    """A broker that is stopped says ours too, and to us."""
    bed.will()
    bed.testament()
    view = bed.bench.view()
    bed.bench.hear(ours(bed.bench.engine.incarnation, 0, Will(), session=view.session or 0))


VOID: list[Callable[[Deathbed], None]] = [
    nothing,
    no_testament,
    a_strangers_testament,
    an_old_testament,
    a_late_will,
    a_will_of_an_older_session,
    a_new_session_after_it,
    a_word_after_it,
    a_word_between_the_two,
    a_session_of_ours_that_is_young,
    anothers_will,
    anothers_will_before_it,
    the_will_of_our_own_earlier_life,
    our_own_will,
]


@pytest.mark.parametrize("happens", VOID)
def test_what_makes_a_will_void_leaves_the_ordinary_wait(happens: Callable[[Deathbed], None]) -> None:
    """The owner-down interval and the silence of the LAN; while b's kernel answers it is not silent."""
    bed = Deathbed()
    happens(bed)
    bed.claims_after()
    assert bed.bench.now - bed.silent_since > 3.0


def test_under_release_a_will_moves_nothing() -> None:
    """The kernel of the dead must have let go: D counts on that alone."""
    bed = Deathbed(policy=Policy.RELEASE)
    bed.will()
    bed.testament()
    bed.bench.run_until(Role.CANDIDATE)
    assert bed.bench.now - bed.silent_since == pytest.approx(TERMS.release_s, abs=0.02)


def test_a_word_on_another_broker_begins_the_wait_anew() -> None:
    """One broker ended its connection: it may live on the others."""
    bed = Deathbed(X, Y)
    for broker in (X, Y):
        bed.will(broker)
    bed.testament()
    bed.bench.run(TWO_BEATS_S - 0.01)
    bed.speaks(Y)
    assert bed.bench.view(X).dead_from(B) == pytest.approx(bed.bench.now + TWO_BEATS_S)
    assert bed.bench.view(Y).dead_from(B) == float("inf")
    bed.bench.run(0.05)
    bed.will(Y)
    bed.testament()
    assert bed.claims_after() == pytest.approx(TWO_BEATS_S, abs=0.01)


@pytest.mark.parametrize(("brokers", "proven"), [((X,), False), ((X, Z), True), ((X, Y, Z), True)])
def test_a_majority_must_say_that_it_is_dead(brokers: tuple[BrokerName, ...], proven: bool) -> None:
    """One of three brokers may have lost it, and the others only be slow."""
    bed = Deathbed(X, Y, Z)
    for broker in brokers:
        bed.will(broker)
    bed.testament()
    bed.claims_after()
    waited_s = bed.bench.now - bed.silent_since
    assert waited_s < D if proven else waited_s > 3.0


def test_a_broker_that_never_heard_it_is_no_witness_of_its_death() -> None:
    """Of three brokers two could be claimed, but only one says that it is dead."""
    bed = Deathbed(X, Y, more=(Z,))
    bed.will(X)
    bed.testament()
    bed.claims_after()
    assert bed.bench.now - bed.silent_since > 3.0


@pytest.mark.parametrize(("better", "rank"), [((), 0), ((NodeName("0"),), 1)])
def test_the_wait_begins_with_the_will_that_makes_a_majority(better: tuple[NodeName, ...], rank: int) -> None:
    """And each rank waits from then on."""
    bed = Deathbed(X, Y, more=(Z,))
    for node in better:
        bed.bench.joined_by(node)
    bed.will(X)
    bed.testament()
    bed.bench.run(0.25)
    bed.will(Y)
    assert bed.claims_after() == pytest.approx(TWO_BEATS_S + rank * H, abs=0.01)


def test_a_will_of_ours_that_a_broker_kept_is_no_burst() -> None:
    """It is as old as may be."""
    bed = Deathbed()
    bed.will()
    bed.testament()
    bed.bench.hear(ours(900, 0, Will()), retained=True)
    assert bed.claims_after() == pytest.approx(TWO_BEATS_S, abs=0.01)


def test_one_that_lives_on_the_third_broker_is_not_dead() -> None:
    """Two brokers stopped at once, whose wills came one by one; the third brings its words."""
    bed = Deathbed(X, Y, Z)
    bed.bench.beating[Z, B] = bed.mouths[Z], (bed.listing,)
    bed.will(X)
    bed.bench.run(BURST_S)
    bed.will(Y)
    for _ in range(50):
        bed.testament()
        bed.bench.run(0.1)
    assert bed.bench.role() is Role.BACKUP
    assert not bed.bench.told("CANDIDATE")
