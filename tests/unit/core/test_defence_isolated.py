"""An isolated owner against others that claim its addresses on the wire: who yields (design 4.6 (c))."""

import pytest

from floatip.core import effects as ef
from floatip.core.defence import DOUBT_S, INSISTS_AFTER_S, INSISTS_UNTIL_S
from floatip.core.messages import Release
from floatip.core.types import Role
from tests.unit.core.stage import (
    BLINK,
    MACS,
    STRANGER,
    WEB,
    A,
    B,
    C,
    D,
    X,
    Y,
    Z,
    a_spec,
    of,
    sent,
)
from tests.unit.core.standoff import an_owner, announcements, hear, isolated

# -- the lower MAC


ASKS_B = ef.Probe(vip=WEB, interface="eth0", to_macs=(MACS[B],), broadcast=False)
ASKS_ALL = ef.Probe(vip=WEB, interface="eth0")


def test_with_the_lower_mac_it_yields_to_one_that_announces_as_soon_as_that_answers() -> None:
    """It asks that MAC alone in the same step, and leaves without a word on the LAN; what it heard is told."""
    bench = isolated(A)
    effects = hear(bench, MACS[B], announced=True)
    assert of(ef.Probe, effects) == [ASKS_B]
    assert bench.role() is Role.ISOLATED
    assert bench.told("b (02:00:00:00:00:0b) answers for 10.77.0.50 on eth0")
    effects += bench.run(BLINK)
    left = hear(bench, MACS[B])
    assert of(ef.Unbind, left)
    assert not announcements(effects + left)
    assert bench.told("web ISOLATED -> RELEASING: b (02:00:00:00:00:0b) has it too, and goes first")


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize(("after_s", "yields"), [(DOUBT_S - BLINK, False), (DOUBT_S + BLINK, True)])
def test_with_the_lower_mac_it_yields_to_one_that_is_heard_again(after_s: float, yields: bool, announced: bool) -> None:
    """One in doubt would have left by then, and the second form of an announcement is over."""
    bench = isolated(A)
    effects = hear(bench, MACS[B], announced=announced)
    assert of(ef.Probe, effects) == [ASKS_B]
    asked = of(ef.Probe, bench.run(after_s))
    assert asked == [ASKS_ALL] * yields
    effects += hear(bench, MACS[B], announced=announced)
    assert bool(of(ef.Unbind, effects)) is yields
    assert not announcements(effects)


def test_one_that_answers_first_and_announces_then_has_not_answered_for_it_yet() -> None:
    """An owner in doubt answers, and may announce as it leaves; the next answer counts."""
    bench = isolated(A)
    hear(bench, MACS[B])
    bench.run(0.02)
    hear(bench, MACS[B], announced=True)
    assert bench.role() is Role.ISOLATED
    bench.run(0.02)
    assert of(ef.Unbind, hear(bench, MACS[B]))


def test_an_announcement_of_one_that_answers_no_question_takes_nothing_off() -> None:
    """It may be forged, in both its forms: whom it names is asked, and does not answer."""
    bench = isolated(A)
    effects = hear(bench, MACS[B], announced=True) + hear(bench, MACS[B], announced=True)
    effects += bench.run(INSISTS_UNTIL_S - 0.1)
    assert of(ef.Probe, effects)[:2] == [ASKS_B, ASKS_ALL]
    assert not announcements(effects)
    assert announcements(bench.run(2.0)) == 4
    assert bench.role() is Role.ISOLATED


def test_with_the_lower_mac_it_stays_where_the_other_has_left() -> None:
    """And tells the LAN so in full: clients may have believed it."""
    bench = isolated(A)
    effects = hear(bench, MACS[B]) + bench.run(INSISTS_UNTIL_S - 0.1)
    assert not announcements(effects)
    assert announcements(bench.run(2.0)) == 4
    assert bench.role() is Role.ISOLATED


def test_one_that_does_not_know_its_own_mac_yields() -> None:
    """Rather nobody than two."""
    bench = isolated(C)
    bench.engine._s.macs = ()
    assert not announcements(hear(bench, MACS[A], announced=True))
    assert bench.role() is Role.ISOLATED
    hear(bench, MACS[A])
    assert bench.told("web ISOLATED -> RELEASING: a (02:00:00:00:00:0a) has it too, and goes first")


def test_one_that_yielded_says_that_another_has_it() -> None:
    """Its farewell must not spare anybody the silence of the LAN."""
    bench = an_owner(A, a_spec(brokers=(X, Y, Z)))
    bench.cut(Y, Z)
    bench.run_until(Role.ISOLATED)
    (farewell,) = sent(Release, hear(bench, MACS[B], announced=True) + hear(bench, MACS[B]) + bench.run(0.1))
    assert farewell == Release(vips=(WEB,), vacated=False)


# -- the higher MAC


def test_with_the_higher_mac_it_announces_once_and_stays() -> None:
    """The other one, if it is isolated too, yields to that."""
    bench = isolated(C)
    assert announcements(hear(bench, MACS[A])) == 1
    assert announcements(bench.run(INSISTS_UNTIL_S - 0.1)) == 0
    assert bench.role() is Role.ISOLATED


@pytest.mark.parametrize(
    ("after_s", "announced", "yields"),
    [
        (0.1, True, False),
        (INSISTS_AFTER_S - BLINK, True, False),
        (INSISTS_AFTER_S + BLINK, True, True),
        (1.0, True, True),
        (1.0, False, False),
        (INSISTS_UNTIL_S - BLINK, True, True),
        (INSISTS_UNTIL_S + BLINK, True, False),
    ],
)
def test_with_the_higher_mac_it_yields_to_one_that_insists(after_s: float, announced: bool, yields: bool) -> None:
    """An owner with a quorum announces again; soon after the first it may be the same round, late it is a new one."""
    bench = isolated(C)
    hear(bench, MACS[A], announced=True)
    bench.run(after_s)
    hear(bench, MACS[A], announced=announced)
    assert (bench.role() is not Role.ISOLATED) is yields
    assert bench.told("announces it again and again, so it has the quorum") is yields


def test_the_time_to_insist_begins_with_the_answer() -> None:
    """Rounds that were on their way before it do not count, however many."""
    bench = isolated(C)
    for _ in range(4):
        hear(bench, MACS[A], announced=True)
        bench.run((INSISTS_AFTER_S - BLINK) / 4)
    assert bench.role() is Role.ISOLATED
    bench.run(0.01)
    hear(bench, MACS[A], announced=True)
    assert bench.role() is not Role.ISOLATED


def test_after_its_time_a_challenge_begins_anew() -> None:
    """What is heard then is the first of another one, and what comes after that insists."""
    bench = isolated(C)
    hear(bench, MACS[A], announced=True)
    bench.run(INSISTS_UNTIL_S + BLINK)
    hear(bench, MACS[A], announced=True)
    assert bench.role() is Role.ISOLATED
    bench.run(0.5)
    hear(bench, MACS[A], announced=True)
    assert bench.role() is not Role.ISOLATED


def test_what_was_heard_in_office_is_answered_out_of_office() -> None:
    """And from then on counts the time to insist: no broker confirmed it while its lease lasted."""
    bench = an_owner(C)
    bench.echoing.clear()
    assert announcements(hear(bench, MACS[A], announced=True)) == 0
    assert announcements(bench.run_until(Role.ISOLATED) + bench.run(0.1)) == 1
    hear(bench, MACS[A], announced=True)
    assert bench.role() is Role.ISOLATED
    bench.run(0.15)
    hear(bench, MACS[A], announced=True)
    assert bench.role() is not Role.ISOLATED


def test_with_the_quorum_back_what_was_answered_before_is_no_matter_any_more() -> None:
    """One that insists then is defended against as by any owner."""
    bench = isolated(C)
    bench.connect().run(D - 0.2)
    hear(bench, MACS[A], announced=True)
    bench.run_until(Role.OWNER)
    bench.run(1.0)
    assert announcements(hear(bench, MACS[A], announced=True) + bench.run(0.1)) >= 1
    assert bench.role() is Role.OWNER


def test_two_others_do_not_insist_for_each_other() -> None:
    """Each MAC is a challenge of its own."""
    bench = isolated(C)
    for mac in (MACS[A], MACS[B], MACS[A], MACS[B]):
        assert announcements(hear(bench, mac, announced=True)) == 1
        bench.run(0.3)
    assert bench.role() is Role.ISOLATED


def test_one_that_did_not_insist_is_forgotten_and_the_lan_told_who_is_here() -> None:
    """In full: clients may have believed the other."""
    bench = isolated(C)
    hear(bench, MACS[A])
    bench.run(INSISTS_UNTIL_S - 0.1)
    assert announcements(bench.run(2.0)) == 4
    assert bench.role() is Role.ISOLATED


# -- strangers


def test_a_stranger_takes_nothing_off_however_much_it_insists() -> None:
    """It is defended against once a second, and reported once."""
    bench = isolated(A)
    effects: list[ef.Effect] = []
    for _ in range(100):
        effects += hear(bench, STRANGER, announced=True) + bench.run(0.05)
    assert bench.role() is Role.ISOLATED
    assert announcements(effects) == pytest.approx(5, abs=1)
    (conflict,) = [tell for tell in of(ef.Tell, effects) if tell.kind is ef.Kind.CONFLICT]
    assert conflict.text == "a stranger, 02:00:00:00:00:ff, answers for 10.77.0.50 on eth0"
