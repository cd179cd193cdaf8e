"""What is made of a message: our own past, a namesake, a peer's word, somebody who knows more of us than we do."""

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.ears import Overheard
from floatip.core.messages import Message, Reply, Verdict, VipState, Will
from floatip.core.types import BELIEVED, NodeName, Origin, Policy, Role, Timing, VipName
from tests.unit.core.asking import a_request
from tests.unit.core.bench import Bench
from tests.unit.core.stage import (
    DEFINITION,
    WEB,
    A,
    B,
    C,
    D,
    H,
    Peer,
    X,
    a_beat,
    a_claim,
    a_listing,
    a_spec,
    a_state,
    of,
    ours,
)

# -- our own name


def test_a_predecessors_last_words_are_borne() -> None:
    """One burst, from before we began."""
    bench = Bench(wall_us=1000).connect()
    for number in range(5):
        bench.hear(ours(900, number))
    bench.run(5.0)
    assert bench.role() is Role.OWNER


def test_a_living_namesake_ends_this_daemon() -> None:
    """It goes on speaking, and has heard what we hear: give up everything, exit 4."""
    bench = Bench(wall_us=1000).reach(Role.OWNER)
    peer = bench.joined_by(B)
    bench.hear(ours(900, 0, seen={B: peer.origin}))
    bench.run(1.5 * H)
    effects = bench.hear(ours(900, 1, seen={B: peer.origin})) + bench.run(0.1)
    assert of(ef.Unbind, effects)
    assert of(ef.Exit, effects) == [ef.Exit(code=4, reason="duplicate node name: another daemon named a is alive")]


@pytest.mark.parametrize("seen", [{}, {B: Origin(1, 1, 0)}, {B: Origin(1, 0, 500)}, {C: Origin(1, 1, 500)}])
def test_a_recording_of_an_earlier_life_is_no_namesake(seen: dict[NodeName, Origin]) -> None:
    """Played again for however long: it cannot have heard what our peers say now."""
    bench = Bench(wall_us=1000).reach(Role.OWNER)
    bench.joined_by(B)
    bench.run(5.0)
    for number in range(10):
        bench.hear(ours(900, number, seen=seen))
        bench.run(H)
    assert bench.role() is Role.OWNER


def test_a_namesake_with_a_higher_number_ends_this_daemon_at_once() -> None:
    """It began after us, while we were speaking."""
    bench = Bench(wall_us=1000).reach(Role.OWNER)
    assert of(ef.Exit, bench.hear(ours(2000)) + bench.run(0.1))


def test_while_it_is_mute_a_higher_number_may_be_a_predecessors_last_word() -> None:
    """The clock was set back between two lives."""
    bench = Bench(wall_us=1000).connect()
    bench.hear(ours(2000))
    bench.run(H / 2)
    assert not of(ef.Exit, bench.effects)


def test_a_retained_state_of_an_earlier_life_means_nothing() -> None:
    """The broker kept it."""
    bench = Bench(wall_us=1000).connect()
    before = len(bench.effects)
    for _ in range(3):
        bench.hear(ours(900, 0, a_state(A)), retained=True)
        bench.run(H)
    assert not of(ef.Identify, bench.effects[before:])
    assert not of(ef.Exit, bench.effects)


def test_a_peer_that_knows_this_very_life_is_no_news() -> None:
    """Nor one that knows an earlier."""
    bench = Bench(wall_us=1000).reach(Role.OWNER)
    peer = Peer()
    for incarnation in (900, 1000):
        assert not of(ef.Identify, bench.hear(peer.says(a_beat(), {A: Origin(incarnation, 1, 5)})))


@pytest.mark.parametrize("by_peer", [False, True])
def test_a_life_that_cannot_be_is_not_believed(by_peer: bool) -> None:
    """One more could not be written down."""
    bench = Bench(wall_us=1000).reach(Role.OWNER)
    if by_peer:
        bench.hear(Peer().says(a_beat(), {A: Origin(BELIEVED, 1, 5)}))
    else:
        bench.hear(ours(BELIEVED, 0, a_state(A)), retained=True)
    assert (bench.engine.incarnation, bench.role()) == (1000, Role.OWNER)


@pytest.mark.parametrize("session", [0, 1])
def test_what_this_life_said_before_is_no_namesake(session: int) -> None:
    """In an earlier session of its own, or a moment ago: it goes by again, and renews nothing."""
    bench = Bench(wall_us=1000).reach(Role.OWNER)
    until = bench.view().held_until(WEB)
    for _ in range(5):
        assert not bench.hear(ours(1000, 0, session=session))
        bench.now += 0.01
    assert bench.view().held_until(WEB) == until
    bench.run(5 * H)
    assert bench.role() is Role.OWNER


def test_the_will_of_an_earlier_life_is_no_namesake() -> None:
    """However late a broker tells of it, and of a life that it takes for a later one."""
    bench = Bench(wall_us=1000).reach(Role.OWNER)
    peer = bench.joined_by(B)
    for number in range(5):
        bench.hear(ours(900, number, Will(), seen={B: peer.origin}))
        bench.hear(ours(1000, number, Will(), session=99))
        bench.run(H)
    assert bench.role() is Role.OWNER


def test_one_that_lives_under_our_very_number_ends_this_daemon() -> None:
    """A session that this node never began: both were copied from one disk."""
    bench = Bench(wall_us=1000).reach(Role.OWNER)
    effects = bench.hear(ours(1000, 0, session=99)) + bench.run(0.1)
    assert [one.code for one in of(ef.Exit, effects)] == [4]


# -- a later life than ours


@pytest.mark.parametrize(
    ("beyond", "incarnation"),
    [(-1, 1000), (0, 1000), (1, 1001), (500, 1001)],
)
def test_a_peer_that_has_heard_more_of_this_life_than_it_said_makes_it_begin_anew(
    beyond: int, incarnation: int
) -> None:
    """Its number was used before: what comes under it is taken for old."""
    bench = Bench(wall_us=1000).reach(Role.OWNER)
    said = bench.view().said
    bench.hear(Peer().says(a_beat(), {A: Origin(1000, said.session, said.seq + beyond)}))
    assert bench.engine.incarnation == incarnation


@pytest.mark.parametrize(
    ("session", "seq", "incarnation"), [(0, 500, 1000), (1, 0, 1000), (1, 500, 1001), (2, 0, 1001)]
)
def test_a_retained_state_that_this_life_did_not_say_makes_it_begin_anew(
    session: int, seq: int, incarnation: int
) -> None:
    """It was left by another life of the same number."""
    bench = Bench(wall_us=1000).reach(Role.OWNER)
    said = bench.view().said
    bench.hear(ours(1000, said.seq, a_state(A), session=said.session), retained=True)
    bench.hear(ours(1000, seq, a_state(A), session=session), retained=True)
    assert bench.engine.incarnation == incarnation
    assert not of(ef.Exit, bench.run(1.0))


# -- peers


def test_dropped_messages_are_told() -> None:
    """And the node listens anew."""
    bench = Bench().reach(Role.BACKUP)
    peer, _ = bench.beating[X, B]
    bench.hear(peer.skips().says(a_beat()))
    (told,) = (tell for tell in of(ef.Tell, bench.effects) if tell.text == "x:1883 dropped messages; listening anew")
    assert told.warning


def test_a_dead_peers_will_is_told() -> None:
    """It proves nothing yet."""
    bench = Bench().reach(Role.BACKUP)
    bench.hear(Peer(NodeName("c")).says(Will()))
    assert bench.told("x:1883 lost c")
    assert NodeName("c") not in bench.view().peers


def test_a_retained_state_is_for_display_only() -> None:
    """Its sender may be long dead."""
    bench = Bench().connect()
    bench.hear(Peer().says(a_state()), retained=True)
    assert B in bench.engine._s.peers.known
    assert not bench.view().peers
    bench.run(D + 0.1)
    assert bench.role() is Role.OWNER


def test_the_highest_term_that_is_spoken_of_is_remembered() -> None:
    """In claims and lists alike; a lower one changes nothing."""
    bench = Bench().connect()
    peer = Peer()
    for body, term in ((a_claim(5), 5), (a_beat(a_listing(term=9)), 9), (a_beat(a_listing(term=3)), 9)):
        bench.hear(peer.says(body))
        assert bench.vip().seen_term == term


def test_a_term_that_cannot_be_is_not_believed() -> None:
    """One more could not be written down."""
    bench = Bench().connect()
    bench.hear(Peer().says(a_claim(BELIEVED)))
    assert bench.vip().seen_term == 0
    bench.hear(Peer(C).says(a_claim(BELIEVED - 1)))
    assert bench.vip().seen_term == BELIEVED - 1


def test_a_repeated_word_of_a_peer_changes_nothing() -> None:
    """Not even who is alive."""
    bench = Bench().connect()
    message = Peer().says(a_claim())
    bench.hear(message)
    bench.run(5.0)
    assert not bench.hear(message)
    assert not bench.engine._s.peers.alive(bench.now)


# -- what is to be looked at again


def overheard(bench: Bench, message: Message, *, retained: bool = False) -> Overheard:
    """Take a message in, and nothing more."""
    event = ev.Received(broker=X, message=message, retained=retained)
    return bench.engine._ears.take(event, bench.engine.incarnation, bench.now)


@pytest.mark.parametrize("retained", [False, True])
def test_a_state_touches_the_vips_of_which_it_says_something_new(retained: bool) -> None:
    """Those that are configured here."""
    bench, peer = Bench().connect(), Peer()
    assert overheard(bench, peer.says(a_beat())).everything
    nix = VipState(vip=VipName("nix"), priority=1, definition=DEFINITION)
    for state, vips in (
        (a_state(version=1, vips=(nix,)), set()),
        (a_state(version=2), {WEB}),
        (a_state(version=3), set()),
        (a_state(version=4, priority=7), {WEB}),
    ):
        found = overheard(bench, peer.says(state), retained=retained)
        assert (found.vips, found.everything) == (vips, False)


def test_new_terms_and_a_gap_touch_everything() -> None:
    """Both concern every claim."""
    bench = Bench().connect()
    slow = a_spec(timing=Timing(lease_s=2.0)).terms
    peer, slower = Peer(), Peer(C, slow)
    assert [overheard(bench, one.says(a_beat())).everything for one in (peer, peer, slower, slower)] == [
        True,
        False,
        True,
        False,
    ]
    assert overheard(bench, peer.skips().says(a_beat())).everything
    peer.terms = slow
    assert overheard(bench, peer.says(a_beat())).everything
    assert bench.engine._s.listen_s(Policy.KEEP) == slow.keep_s


def test_a_request_touches_its_vip() -> None:
    """Its owner may have let go."""
    bench, peer = Bench().connect(), Peer()
    overheard(bench, peer.says(a_beat()))
    assert overheard(bench, peer.says(a_request())).vips == {WEB}
    assert overheard(bench, peer.says(Reply(id="r", verdict=Verdict.ACCEPTED, text="x"))).vips == set()


def test_an_echo_is_known_for_one() -> None:
    """Once; a peer's word is none."""
    bench = Bench().connect()
    echo = bench.view().say(a_beat(), bench.now)
    others = (echo, Peer().says(a_beat()), ours(1, 0, Will()), Peer(C).says(Will()))
    assert overheard(bench, echo).echo
    assert not any(overheard(bench, message).echo for message in others)


def test_a_new_listener_gets_the_list_in_full() -> None:
    """On the broker where it was heard; one that goes on listening does not."""
    bench, peer = Bench().connect(), Peer()
    tongue = bench.engine._speech._tongues[X]
    for message, full in (
        (peer.says(a_beat()), True),
        (peer.says(a_beat()), False),
        (peer.reconnects().says(a_beat()), True),
    ):
        tongue.full_in = 5
        overheard(bench, message)
        assert (tongue.full_in == 0) is full
