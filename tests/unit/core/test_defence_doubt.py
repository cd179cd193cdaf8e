"""An isolated owner in doubt, and one that another in doubt, a stranger's frame or an IPv6 answer might deceive."""

from ipaddress import ip_address

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.defence import ALONE_S, DOUBT_S, LOOKS_S, OWN_PROBE_S
from floatip.core.types import Address, Role
from tests.unit.core.bench import Bench
from tests.unit.core.stage import ADDRESS, BLINK, MACS, STRANGER, A, B, C, a_spec, a_vip, of
from tests.unit.core.standoff import LOOKS_AROUND, an_owner, announcements, hear, isolated

# -- in doubt


def in_doubt() -> Bench:
    """Make one with the highest MAC that has just stood still."""
    bench = an_owner(C)
    bench.give(ev.Gap(seconds=2.0, why="test"))
    assert bench.role() is Role.ISOLATED
    return bench


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize("after_s", [BLINK, ALONE_S - BLINK])
def test_in_doubt_it_yields_to_any_peer_whatever_the_mac(after_s: float, announced: bool) -> None:
    """At once, and without a word: it stood still, and the other one knows more."""
    bench = in_doubt()
    assert not announcements(bench.run(after_s))
    effects = hear(bench, MACS[A], announced=announced)
    assert of(ef.Unbind, effects)
    assert not announcements(effects)
    assert bench.told("web ISOLATED -> RELEASING: a (02:00:00:00:00:0a) has it too, and goes first")


def test_its_doubt_ends_when_it_has_looked_around_and_nobody_else_has_it() -> None:
    """From then on it stands as any isolated owner, and tells the LAN so in full."""
    bench = in_doubt()
    bench.run(ALONE_S - BLINK)
    assert bench.vip().doubted
    assert announcements(bench.run(2 * BLINK)) == 1
    assert not bench.vip().doubted
    assert announcements(bench.run(1.1)) == 3
    assert announcements(hear(bench, MACS[A])) == 1
    assert bench.role() is Role.ISOLATED


def test_a_stranger_neither_ends_its_doubt_nor_prolongs_it() -> None:
    """It says nothing against it while in doubt, and with its first round afterwards."""
    bench = in_doubt()
    effects: list[ef.Effect] = []
    for _ in range(3):
        effects += hear(bench, STRANGER, announced=True) + bench.run(0.13)
    assert not announcements(effects)
    assert bench.vip().doubted
    assert announcements(bench.run(ALONE_S - 3 * 0.13 + BLINK)) == 1
    assert not bench.vip().doubted


def test_what_it_heard_in_one_office_is_nothing_to_the_next() -> None:
    """Whoever was there then may be gone, or be the one that it has succeeded."""
    bench = isolated(A)
    hear(bench, MACS[B], announced=True)
    bench.give(ev.LinkChanged(interface="eth0", up=False))
    bench.run_until(Role.FAULT)
    assert bench.vip().defence.yields(bench.now, doubted=True) is None


# -- IPv6

SIX = ip_address("fd77::50")


@pytest.mark.parametrize(
    ("after_s", "address", "yields"),
    [(OWN_PROBE_S / 2, SIX, False), (LOOKS_S[1] + OWN_PROBE_S + 0.01, SIX, True), (OWN_PROBE_S / 2, ADDRESS, True)],
)
def test_an_ipv6_answer_to_our_own_probe_is_no_insisting(after_s: float, address: Address, yields: bool) -> None:
    """It goes to all nodes, as an unasked one does (RFC 4861, section 7.2.4)."""
    bench = isolated(C, a_spec(C, vips=(a_vip(address=str(address)),)))
    hear(bench, MACS[A], announced=True, address=address)
    bench.run(0.5)
    assert of(ef.Probe, bench.give(*LOOKS_AROUND))
    bench.run(after_s)
    hear(bench, MACS[A], announced=True, address=address)
    assert (bench.role() is not Role.ISOLATED) is yields


@pytest.mark.parametrize("address", [ADDRESS, SIX])
def test_the_first_answer_to_our_own_probe_may_be_of_one_in_doubt(address: Address) -> None:
    """With the lower MAC it waits for one that comes 0.1 s later; an IPv6 answer looks like an announcement."""
    bench = isolated(A, a_spec(A, vips=(a_vip(address=str(address)),)))
    assert of(ef.Probe, bench.give(*LOOKS_AROUND))
    for _ in range(2):
        bench.run(0.01)
        hear(bench, MACS[B], announced=address.version == 6, address=address)
        assert bench.role() is Role.ISOLATED
    bench.run(DOUBT_S)
    hear(bench, MACS[B], announced=address.version == 6, address=address)
    assert bench.role() is not Role.ISOLATED


@pytest.mark.parametrize(
    ("address", "after_s", "yields"),
    [(SIX, 0.004, False), (SIX, 0.006, True), (ADDRESS, 0.006, False)],
)
def test_an_ipv6_answer_comes_later_than_the_second_copy_of_an_announcement(
    address: Address, after_s: float, yields: bool
) -> None:
    """It looks like one; so the time tells whether the other answers for what it announced."""
    bench = isolated(A, a_spec(A, vips=(a_vip(address=str(address)),)))
    hear(bench, MACS[B], announced=True, address=address)
    bench.run(after_s)
    hear(bench, MACS[B], announced=True, address=address)
    assert (bench.role() is not Role.ISOLATED) is yields
