"""A backup looks who answers for the VIP after its owner changed."""

from floatip.core.messages import Witnessed
from floatip.core.witness import LOOKS_S, Witness
from tests.unit.core.stage import MACS, STRANGER, WEB, A, B, C


def test_it_looks_a_few_times_after_each_change_of_owner_or_term() -> None:
    """At once, and again in case the first frames were lost."""
    witness = Witness(WEB)
    assert witness.next() is None
    for owner, term, at in ((B, 1, 10.0), (B, 2, 20.0), (C, 2, 30.0)):
        assert witness.owner_is(owner, term, at)
        assert not witness.owner_is(owner, term, at + 1)
        assert (witness.owner, witness.since) == (owner, at)
        looks = []
        while (look_at := witness.next()) is not None:
            assert not witness.due(look_at - 0.001)
            assert witness.due(look_at)
            looks.append(look_at)
        assert looks == [at + offset_s for offset_s in LOOKS_S]
        assert not witness.due(99.0)


def test_looks_that_were_missed_count_as_one() -> None:
    """One question is as good as five."""
    witness = Witness(WEB)
    witness.owner_is(B, 1, 10.0)
    assert witness.due(99.0)
    assert not witness.due(99.0)


def test_the_owners_mac_proves_it_once() -> None:
    """One answer is enough, and ends the looking."""
    witness = Witness(WEB)
    witness.owner_is(B, 4, 10.0)
    assert not witness.answer(STRANGER, (MACS[B],))
    assert witness.answer(MACS[B], (MACS[A], MACS[B]))
    assert witness.seen == Witnessed(vip=WEB, term=4, mac=MACS[B])
    assert witness.next() is None
    assert not witness.answer(MACS[B], (MACS[B],))


def test_a_new_term_must_be_proven_anew() -> None:
    """What was seen says nothing of what came after."""
    witness = Witness(WEB)
    witness.owner_is(B, 4, 10.0)
    witness.answer(MACS[B], (MACS[B],))
    witness.owner_is(B, 5, 20.0)
    assert witness.seen is None
    assert witness.answer(MACS[B], (MACS[B],))


def test_without_an_owner_nobody_is_proven() -> None:
    """A MAC that answers before anybody said to be owner."""
    assert not Witness(WEB).answer(STRANGER, (STRANGER,))
