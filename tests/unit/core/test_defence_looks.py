"""An isolated owner that looks around, and an owner that is about to become one."""

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.defence import ALONE_S, LOOK_EVERY_S, LOOKS_S
from floatip.core.types import Role
from tests.unit.core.stage import (
    ADDRESS,
    BLINK,
    MACS,
    WEB,
    A,
    B,
    C,
    L,
    binds,
    of,
)
from tests.unit.core.standoff import LOOKS_AROUND, an_owner, announcements, hear, isolated

# -- looking around


def test_it_looks_around_at_once_and_every_five_seconds() -> None:
    """Three times when its quorum is lost, and then now and then: who is there too would not say so by itself."""
    bench = an_owner(A)
    bench.cut()
    probes = of(ef.Probe, bench.run_until(Role.ISOLATED))
    assert len(probes) == 1
    began, times = bench.now - BLINK, [0.0]
    for _ in range(1200):
        seen = of(ef.Probe, bench.run(0.01))
        probes += seen
        times += [bench.now - began for _ in seen]
    last = LOOKS_S[-1]
    assert times == pytest.approx([*LOOKS_S, last + LOOK_EVERY_S, last + 2 * LOOK_EVERY_S], abs=0.02)
    assert set(probes) == {ef.Probe(vip=WEB, interface="eth0")}


def test_one_that_loses_its_quorum_says_nothing_new_on_the_lan() -> None:
    """Clients know it: only one that was in doubt has to tell them that it is there."""
    bench = an_owner(A)
    bench.cut()
    bench.run_until(Role.ISOLATED)
    assert not announcements(bench.run(3.0))


def test_after_a_heal_it_looks_around_before_it_speaks() -> None:
    """The owner may be on the other side."""
    bench = isolated(A)
    began, probed, effects = bench.now, [], bench.give(*LOOKS_AROUND)
    while not announcements(effects):
        probed += [bench.now - began for _ in of(ef.Probe, effects)]
        effects = bench.run(BLINK)
    assert probed == pytest.approx(LOOKS_S, abs=0.005)
    assert bench.now - began == pytest.approx(ALONE_S, abs=0.005)
    assert announcements(bench.run(2.0)) == 3


def test_after_a_heal_it_does_not_speak_where_a_peer_has_answered() -> None:
    """But for the one round against that peer."""
    bench = isolated(C)
    bench.give(*LOOKS_AROUND)
    bench.run(0.05)
    assert announcements(hear(bench, MACS[A]) + bench.run(2.0)) == 1


# -- an owner that has lost its sessions, but not yet its lease


def test_an_owner_that_is_cut_off_yields_as_an_isolated_one_does() -> None:
    """No broker can confirm it any more: with the lower MAC to one that answers for what it announced."""
    bench = an_owner(A)
    bench.cut()
    effects = hear(bench, MACS[B], announced=True)
    assert bench.role() is Role.OWNER
    effects += hear(bench, MACS[B])
    assert of(ef.Unbind, effects)
    assert not announcements(effects)
    assert bench.told("web OWNER -> RELEASING: b (02:00:00:00:00:0b) has it too, and goes first")


def test_an_owner_that_is_cut_off_yields_to_one_that_insists() -> None:
    """Whether its lease ended meanwhile or not."""
    for wait_s in (0.3, L + 0.3):
        bench = an_owner(C)
        bench.cut()
        assert announcements(hear(bench, MACS[A], announced=True)) == 1
        bench.run(wait_s)
        assert not binds(hear(bench, MACS[A], announced=True))
        assert bench.told("announces it again and again")


@pytest.mark.parametrize("cut_off", [True, False])
def test_one_without_a_quorum_does_not_yield_to_the_dead(cut_off: bool) -> None:
    """A sentinel holds the address for whoever announces it: this node does, and the other lets go."""
    bench = an_owner(A) if cut_off else isolated(A)
    bench.cut()
    testament = ev.Answered(vip=WEB, address=ADDRESS, mac=MACS[B], interface="eth0", testament=True)
    assert announcements(bench.give(testament) + bench.run(0.01)) == 1
    bench.run(0.5)
    bench.give(testament)
    bench.run(2.0)
    assert bench.role() is Role.ISOLATED
