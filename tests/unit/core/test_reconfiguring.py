"""A node whose configuration changes in service: what must never come of two VIPs, or two reloads, that touch."""

from dataclasses import replace

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.handover import PREPARE_S, RESERVED_S
from floatip.core.messages import Claim, Release
from floatip.core.types import CheckName, CheckSpec, NodeSpec, Role, VipName, VipSpec
from tests.unit.core.bench import Bench
from tests.unit.core.handing import Handing
from tests.unit.core.stage import BLINK, DEFINITION, WEB, A, B, D, H, X, a_listing, a_spec, a_vip, of, sent

WWW = VipName("www")
SERVICE = CheckName("service")


def owning(spec: NodeSpec | None = None) -> Bench:
    """Make a node that owns its VIPs, with a peer that could take them."""
    bench = Bench(spec).connect()
    bench.run(2.0)
    return bench


def configured(bench: Bench, *vips: VipSpec) -> list[ef.Effect]:
    """Give the node other VIPs."""
    return bench.give(ev.Reconfigured(spec=replace(bench.spec, vips=vips)))


def known_to_hands(effects: list[ef.Effect]) -> list[set[VipName]]:
    """The VIPs that the hands were told of, each time."""
    return [{vip.name for vip in told.vips} for told in of(ef.Configure, effects)]


def test_a_vip_waits_until_no_other_has_its_address_here() -> None:
    """A renamed VIP: its address is still in the kernel under the old name, and this kernel answers nobody here."""
    bench = owning()
    assert bench.role() is Role.OWNER
    effects = configured(bench, a_vip(WWW))
    assert known_to_hands(effects) == [{WEB}]
    effects = bench.run(0.1)
    assert known_to_hands(effects) == [{WWW}]
    assert WEB not in bench.engine._vips
    bench.run(D + 1.0)
    assert bench.engine._vips[WWW].role is Role.OWNER


def test_two_vips_that_change_their_addresses_for_each_other() -> None:
    """Neither begins before both old ones are gone."""
    here, there = a_vip(), a_vip(WWW, address="10.77.0.60")
    bench = owning(a_spec(vips=(here, there)))
    bench.unbinding = False
    effects = configured(bench, a_vip(address="10.77.0.60"), a_vip(WWW)) + bench.run(0.2)
    assert known_to_hands(effects) == [{WEB, WWW}]
    assert known_to_hands(bench.give(ev.Unbound(vip=WEB))) == []
    assert bench.engine._vips.keys() == {WWW}
    effects = bench.give(ev.Unbound(vip=WWW))
    assert known_to_hands(effects) == [{WEB, WWW}]
    bench.unbinding = True
    bench.run(2 * D + 2.0)
    assert [vip.role for vip in bench.engine._vips.values()] == [Role.OWNER, Role.OWNER]


def test_a_change_that_is_taken_back_while_a_target_has_the_vip_is_forgotten() -> None:
    """The target never claimed. A planned stop later on is a handover again, not a farewell to nobody."""
    hand = Handing()
    configured(hand.bench, a_vip(source=True))
    hand.bench.run(BLINK)
    hand.replies()
    assert hand.role() is Role.RELEASING
    configured(hand.bench, a_vip())
    hand.bench.run(RESERVED_S + D)
    assert hand.role() is Role.OWNER
    hand.bench.effects.clear()
    hand.bench.give(ev.StopAsked())
    hand.bench.run(BLINK)
    assert hand.role() is Role.OWNER
    assert [one.at for one in hand.asked()] == [B]


def test_an_interface_that_comes_with_a_reload_is_not_down_before_it_was_looked_at() -> None:
    """The hands tell of it a moment later; hooks would be called for a fault that never was."""
    bench = owning()
    effects = configured(bench, a_vip(), a_vip(WWW, address="10.77.0.60", interfaces=("eth1",)))
    effects += bench.give(ev.LinkChanged(interface="eth1", up=True))
    assert Role.FAULT not in {call.now for call in of(ef.CallHooks, effects)}
    bench.give(ev.LinkChanged(interface="eth1", up=False))
    assert bench.vip(WWW).role is Role.FAULT


def test_checks_that_come_with_a_reload_count_in_what_a_planned_move_tells() -> None:
    """One that weighs on the priority is why the VIP moves: the next owner keeps it for a while."""
    weighty = CheckSpec(name=SERVICE, fall=1, weight=-50)
    hand = Handing()
    vip = a_vip(checks=(SERVICE,), preempt=True)
    hand.bench.give(ev.Reconfigured(spec=replace(hand.bench.spec, vips=(vip,), checks=(weighty,))))
    hand.bench.give(ev.Checked(check=SERVICE, passed=False))
    hand.bench.run(BLINK)
    hand.replies()
    assert [one.swayed for one in sent(Release, hand.bench.effects)] == [True]


@pytest.mark.parametrize(("definition", "at_once"), [(DEFINITION, True), ("0badf00d", False)])
def test_of_other_addresses_nobody_takes_leave(definition: str, at_once: bool) -> None:
    """An owner that means other addresses by the name says nothing of ours: the LAN is asked as ever."""
    bench = Bench().connect()
    peer = bench.joined_by(B, a_listing(term=7, definition=definition))
    bench.run(D + H)
    bench.beating[X, B] = peer, ()
    bench.effects.clear()
    bench.hear(peer.says(Release(vips=(WEB,), vacated=True)))
    bench.run(0.5)
    assert bool(sent(Claim, bench.effects)) is at_once
    bench.run(2.0)
    assert bench.role() is Role.OWNER


def test_a_vip_that_is_begun_anew_heeds_no_farewell_that_it_has_outlived() -> None:
    """It got the VIP from b a moment ago: that spares it nothing once it has given it up."""
    bench = Bench().connect()
    peer = bench.joined_by(B, a_listing(term=7))
    bench.run(D + H)
    bench.beating[X, B] = peer, ()
    bench.hear(peer.says(Release(vips=(WEB,), vacated=True, to=A, reserved_s=30.0)))
    bench.run_until(Role.OWNER)
    bench.effects.clear()
    configured(bench, a_vip(source=True))
    bench.run(PREPARE_S + 0.5)
    assert bench.told("web is begun anew as it is configured now")
    assert not sent(Claim, bench.effects)
