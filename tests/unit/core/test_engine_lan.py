"""The engine and its LAN: faults found there, heals, and who is told of whose MAC."""

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.lanhealth import ROUND_S, TRIES
from floatip.core.messages import Release, State
from floatip.core.types import Port, Role
from tests.unit.core.bench import Bench
from tests.unit.core.stage import (
    MACS,
    OWN,
    WEB,
    A,
    B,
    C,
    Peer,
    X,
    a_port,
    a_spec,
    a_state,
    a_vip,
    binds,
    of,
    sent,
)

B_IP, C_IP = OWN[B].ip, OWN[C].ip


def an_owner(*interfaces: str) -> Bench:
    """Make an owner on a LAN with b and c, all of them heard by each other, with all announcements behind it."""
    names = interfaces or ("eth0",)
    bench = Bench(a_spec(vips=(a_vip(interfaces=names),)), linked=names).reach(Role.OWNER)
    for node in (B, C):
        peer = bench.joined_by(node)
        bench.hear(peer.says(a_state(node, version=2, addresses=(str(OWN[node].ip),), lan_fine=True)))
    bench.answering = {B_IP, C_IP}
    bench.run(6.0)
    return bench


def test_an_owner_whose_port_is_silently_dead_hands_over() -> None:
    """Within a second and a half; the address is off before anybody else claims."""
    bench = an_owner()
    bench.answering.clear()
    began, before = bench.now, len(bench.effects)
    bench.run_until(Role.FAULT)
    assert bench.now - began < 1.5
    effects = bench.effects[before:]
    assert bench.told("nobody answers on the LAN of eth0")
    assert bench.told("web OWNER -> RELEASING: LAN unreachable: nobody answers on eth0")
    assert of(ef.Unbind, effects)
    assert sent(Release, effects) == [Release(vips=(WEB,), vacated=True)]
    (vip,) = sent(State, effects)[-1].vips
    assert vip.faults == ("LAN unreachable: nobody answers on eth0",)


def test_a_fault_of_the_lan_passes_with_the_first_frame() -> None:
    """And does not come again by itself."""
    bench = an_owner()
    bench.answering.clear()
    bench.run_until(Role.FAULT)
    bench.give(ev.Reached(interface="eth0", address=C_IP, mac=MACS[C]))
    assert bench.told("the LAN of eth0 answers again")
    assert bench.role() is Role.BACKUP
    bench.answering = {B_IP}
    bench.run(5.0)
    assert bench.role() is Role.OWNER


def test_an_address_moves_to_an_interface_whose_lan_answers() -> None:
    """Before any other node is asked."""
    bench = an_owner("eth0", "eth1")
    bench.answering.clear()
    effects = bench.run(2.0)
    assert [bind.interface for bind in binds(effects)] == ["eth1"]
    assert bench.role() is Role.OWNER
    assert of(ef.Announce, effects)[0].interface == "eth1"


def test_a_heal_of_the_lan_is_announced_in_full() -> None:
    """A part of it may have believed another."""
    bench = an_owner()
    bench.answering = {B_IP}
    assert not of(ef.Announce, bench.run(3.0))
    bench.answering = {B_IP, C_IP}
    assert len(of(ef.Announce, bench.run(2.0))) == 4
    assert not of(ef.Announce, bench.run(2.0))


def test_a_loop_that_was_late_finds_no_lan_dead() -> None:
    """What it did not ask for nobody could answer."""
    bench = an_owner()
    for late_s in (0.25, 0.5, 0.95):
        bench.now = (bench.engine.deadline() or 0.0) + late_s
        bench.give(ev.Tick())
        bench.run(0.2)
        assert bench.role() is Role.OWNER
    assert not bench.told("nobody answers")


def test_it_looks_at_the_lan_three_times_a_round_and_no_oftener() -> None:
    """Frames of hosts that are there cost nothing."""
    bench = an_owner()
    rounds = 20
    asks = of(ef.Ask, bench.run(rounds * ROUND_S))
    assert len(asks) == pytest.approx(2 * rounds, abs=2)
    before = len(bench.effects)
    for _ in range(50):
        bench.give(ev.Reached(interface="eth0", address=B_IP, mac=MACS[B]))
    assert len(bench.effects) == before
    deadline = bench.engine.deadline()
    assert deadline is not None
    assert deadline <= bench.now + ROUND_S / TRIES + 1e-6


def test_peers_are_told_that_the_lan_is_fine_and_that_it_is_no_more() -> None:
    """In the state, as soon as it is known."""
    bench = an_owner()
    assert sent(State, bench.effects)[-1].lan_fine
    bench.answering.clear()
    bench.beating.clear()
    bench.run(1.0)
    assert not sent(State, bench.effects)[-1].lan_fine


def test_a_port_that_comes_later_is_asked_on() -> None:
    """An interface that gets its address when the daemon runs."""
    bench = an_owner()
    eth1 = Port(interface="eth1", mac=MACS[A], addresses=a_port().addresses)
    bench.give(ev.LinkChanged(interface="eth1", up=True))
    assert not [ask for ask in of(ef.Ask, bench.run(1.0)) if ask.interface == "eth1"]
    effects = bench.give(ev.IdentityChanged(macs=(MACS[A],), addresses=(), ports=(a_port(), eth1)))
    assert {ask.interface for ask in of(ef.Ask, effects)} == {"eth1"}


# -- who is told of whose MAC


def test_nobody_is_acquainted_before_anybody_is_known() -> None:
    """There would be nobody to give an address up to."""
    bench = Bench().connect()
    assert not of(ef.Acquaint, bench.effects)


def test_each_new_mac_is_told_and_stored_once() -> None:
    """Not with each state."""
    bench = Bench().connect()
    mouth = Peer()
    effects = bench.hear(mouth.says(a_state(B)))
    assert of(ef.Acquaint, effects) == [ef.Acquaint(macs=(MACS[B],))]
    assert of(ef.Store, effects)[0].stored.macs == ((B, (MACS[B],)),)
    effects = bench.hear(mouth.says(a_state(B, version=2, lan_fine=True)))
    assert not of(ef.Acquaint, effects)
    effects = bench.hear(Peer(C, incarnation=0).says(a_state(C)), X, retained=True)
    assert of(ef.Acquaint, effects) == [ef.Acquaint(macs=(MACS[B], MACS[C]))]
