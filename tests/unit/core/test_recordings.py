"""What was said long ago and is played again: under our own name, of orders that are over."""

import pytest

from floatip.core import effects as ef
from floatip.core.effects import Exit, Store
from floatip.core.types import REMEMBERED_LIVES, DirectiveKind, Role, Stored
from tests.unit.core.bench import Bench
from tests.unit.core.handing import order
from tests.unit.core.stage import B, H, Peer, a_state, of, ours

PAST = Stored(incarnation=900, lives=(500, 700))


@pytest.mark.parametrize(("incarnation", "ends"), [(500, False), (700, False), (900, False), (800, True)])
@pytest.mark.parametrize("since_start", [True, False])
def test_whoever_speaks_as_a_past_life_of_ours_is_a_recording(incarnation: int, ends: bool, since_start: bool) -> None:
    """However well it is played: our own numbers are known; another's daemon has one that was never ours."""
    bench = Bench(stored=PAST, wall_us=1000)
    bench = bench.connect() if since_start else bench.reach(Role.OWNER)
    peer = bench.joined_by(B)
    exits: list[ef.Effect] = []
    for number in range(6):
        exits += bench.hear(ours(incarnation, number, seen={B: peer.origin}))
        exits += bench.run(0.9 * H)
    assert bool(of(Exit, exits)) is ends


def test_past_lives_are_remembered_and_the_oldest_forgotten() -> None:
    """Over a restart as over a rebirth."""
    assert Stored().past_lives == ()
    assert PAST.past_lives == (500, 700, 900)
    long = Stored(incarnation=1000, lives=tuple(range(100)))
    assert (len(long.past_lives), long.past_lives[-1]) == (REMEMBERED_LIVES, 1000)
    bench = Bench(stored=PAST, wall_us=1000)
    assert of(Store, bench.effects)[-1].stored.past_lives == (500, 700, 900, 1000)
    reborn = bench.connect().hear(ours(2000), retained=True)
    (stored,) = [store.stored for store in of(Store, reborn)][-1:]
    assert (stored.incarnation, stored.lives[-1]) == (2001, 1000)


def test_an_order_of_a_state_that_is_over_is_not_obeyed_again() -> None:
    """A peer has said since that there are no orders; what it said before comes once more."""
    bench = Bench().reach(Role.OWNER)
    peer = bench.joined_by(B)
    drain = order(DirectiveKind.DRAIN, "a", "yes")
    bench.hear(peer.says(a_state(version=5)))
    old = Peer(B, incarnation=peer.origin.incarnation - 1)
    bench.hear(old.says(a_state(version=9, directives=(drain,))), retained=True)
    bench.run(1.0)
    assert not bench.engine.snapshot(bench.now).nodes[0].drained
    bench.hear(peer.says(a_state(version=6, directives=(drain,))))
    assert bench.engine.snapshot(bench.now).nodes[0].drained
