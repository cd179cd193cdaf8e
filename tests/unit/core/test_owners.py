"""Who owns a VIP in the eyes of this node, and who has seen that."""

import pytest

from floatip.core import events as ev
from floatip.core.messages import Release, Witnessed
from floatip.core.owners import owner_of, verified_by
from floatip.core.types import Mac, NodeName, Role, Standing
from tests.unit.core.asking import a_backup
from tests.unit.core.bench import Bench
from tests.unit.core.stage import ADDRESS, MACS, STRANGER, WEB, A, B, C, D, Peer, X, a_beat, a_listing, a_state


def owner(bench: Bench) -> tuple[NodeName | None, int]:
    """Look who owns the VIP."""
    return owner_of(bench.engine._s, bench.vip(), bench.now)


def verified(bench: Bench) -> tuple[NodeName, ...]:
    """Look who has seen its owner."""
    return verified_by(bench.engine._s, bench.vip(), bench.now)


def saw(bench: Bench, node: NodeName, term: int, mac: Mac) -> None:
    """Let a peer tell whom it saw."""
    seen = (Witnessed(vip=WEB, term=term, mac=mac),)
    bench.hear(Peer(node, session=9).says(a_state(node, version=9, witnessed=seen)))


@pytest.mark.parametrize("role", [Role.OWNER, Role.ISOLATED])
def test_one_in_office_owns_it(role: Role) -> None:
    """With a quorum or without."""
    assert owner(Bench().reach(role)) == (A, 1)


@pytest.mark.parametrize("role", [Role.INIT, Role.CANDIDATE, Role.ACQUIRING, Role.RELEASING, Role.FAULT])
def test_one_that_is_on_its_way_owns_nothing(role: Role) -> None:
    """And nobody else does."""
    assert owner(Bench().reach(role)) == (None, 0)


@pytest.mark.parametrize("standing", [Standing.OWNER, Standing.ISOLATED])
def test_a_backup_goes_by_the_owners_word(standing: Standing) -> None:
    """As long as that is fresh."""
    bench = Bench().connect()
    bench.joined_by(B, a_listing(standing, term=7))
    bench.run(0.5)
    assert owner(bench) == (B, 7)
    bench.beating.clear()
    bench.binding = False
    bench.run(D + 0.2)
    assert bench.role() is not Role.OWNER
    assert owner(bench) == (None, 0)


def test_one_that_released_it_owns_it_no_more() -> None:
    """Though it keeps the addresses until the next owner has them."""
    bench, peer = a_backup()
    bench.beating[X, B] = peer, ()
    bench.hear(peer.says(Release(vips=(WEB,), to=C, reserved_s=1.0, kept=True)))
    assert owner(bench) == (None, 0)


def test_what_nobody_owns_is_verified_by_nobody() -> None:
    """There is nothing to see."""
    assert verified(Bench().connect()) == ()


@pytest.mark.parametrize(
    ("term", "mac", "by"), [(1, MACS[A], (B,)), (0, MACS[A], ()), (2, MACS[A], ()), (1, MACS[C], ())]
)
def test_a_peer_that_saw_this_owner_in_this_term_verifies_it(term: int, mac: Mac, by: tuple[NodeName, ...]) -> None:
    """Not one that saw it before, or saw another's MAC."""
    bench = Bench().reach(Role.OWNER)
    bench.joined_by(B)
    saw(bench, B, term, mac)
    assert verified(bench) == by


def test_an_owner_is_not_its_own_witness() -> None:
    """Whatever it says it saw."""
    bench, _ = a_backup()
    saw(bench, B, 7, MACS[B])
    assert verified(bench) == ()


@pytest.mark.parametrize(("mac", "by"), [(MACS[B], (A,)), (MACS[C], ()), (STRANGER, ())])
def test_a_backup_that_saw_the_owner_verifies_it_itself(mac: Mac, by: tuple[NodeName, ...]) -> None:
    """By its own eyes, and only that owner's MAC."""
    bench, _ = a_backup()
    bench.hear(Peer(C).says(a_state(C)))
    bench.give(ev.Answered(vip=WEB, address=ADDRESS, mac=mac))
    assert verified(bench) == by
    bench.run(2.0)
    seen = bench.vip().succession.witness.seen
    assert seen is None or seen.mac == mac
    assert verified(bench) == by


def test_what_this_node_saw_in_an_earlier_term_verifies_nothing() -> None:
    """The owner may be another machine by now."""
    bench, peer = a_backup()
    bench.give(ev.Answered(vip=WEB, address=ADDRESS, mac=MACS[B]))
    assert verified(bench) == (A,)
    bench.engine._s.views[X].hear(peer.says(a_beat(a_listing(term=8))), {}, bench.now)
    assert owner(bench) == (B, 8)
    assert verified(bench) == ()


def test_all_witnesses_are_named_in_order() -> None:
    """This node among them."""
    bench, _ = a_backup()
    bench.joined_by(C)
    bench.give(ev.Answered(vip=WEB, address=ADDRESS, mac=MACS[B]))
    saw(bench, C, 7, MACS[B])
    assert verified(bench) == (A, C)
