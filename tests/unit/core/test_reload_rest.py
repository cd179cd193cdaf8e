"""What a new configuration says beside the VIPs: announcements, LAN health, the gateway, what errands spare."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.garp import Announcements
from floatip.core.lanhealth import LOST_S, ROUND_S
from floatip.core.messages import Errand, State, Task
from floatip.core.types import Policy, Role, Standing
from tests.unit.core.bench import Bench
from tests.unit.core.handing import Handing
from tests.unit.core.lanscene import B_IP, C_IP, GATEWAY, Scene
from tests.unit.core.reloading import MOVED, an_owner, reload, taken_over
from tests.unit.core.stage import MACS, OWN, WEB, A, B, C, D, H, a_listing, a_state, a_vip, of, sent

# -- announcements


def test_a_schedule_that_changes_counts_from_the_next_time_on() -> None:
    """The rounds that are planned go out as planned; after the last of them, and the next time, the new one counts."""
    schedule = Announcements((0.0, 1.0), 60.0)
    schedule.begin(10.0)
    schedule.reschedule((0.0, 0.1, 0.2), 5.0)
    assert schedule.due(10.0)
    assert schedule.next() == 11.0
    assert schedule.due(11.0)
    assert schedule.next() == 16.0
    schedule.begin(20.0)
    assert [schedule.due(at) for at in (20.0, 20.1, 20.2)] == [True, True, True]
    assert schedule.next() == pytest.approx(25.2)


def test_an_owner_announces_by_the_new_schedule() -> None:
    """Its own VIPs, and one that is new."""
    bench = an_owner()
    bench.run(6.0)
    reload(bench, a_vip(), garp_offsets_s=(0.0, 0.5), garp_refresh_s=2.0)
    bench.run(60.0)
    bench.effects.clear()
    bench.run(20.0)
    assert len(of(ef.Announce, bench.effects)) == 10
    reload(bench, MOVED)
    bench.run_until(Role.OWNER)
    bench.effects.clear()
    bench.run(2.0)
    assert len(of(ef.Announce, bench.effects)) == 1


# -- LAN health


def test_lan_health_that_is_switched_off_asks_nobody_and_finds_nobody_dead() -> None:
    """Its faults are gone at once; peers are not told any more that this LAN is fine, for nobody looks."""
    scene = Scene(B, C)
    scene.run(1.0)
    assert scene.s.lan_fine
    scene.answering.clear()
    scene.dead_after()
    scene.s.configure(replace(scene.s.spec, lan_health=False))
    scene.asked.clear()
    assert scene.run(1.0) == []
    assert (scene.s.lan_dead, scene.s.lan_deaf) == (frozenset(), frozenset())
    scene = Scene(B, C)
    scene.run(1.0)
    scene.s.configure(replace(scene.s.spec, lan_health=False))
    scene.s.outbox.state = False
    scene.run(1.0)
    assert not scene.s.lan_fine
    assert scene.s.outbox.state


def test_lan_health_that_is_switched_on_asks_and_waits_as_at_the_start() -> None:
    """What was not asked for is not missed."""
    scene = Scene(B, C)
    scene.s.configure(replace(scene.s.spec, lan_health=False))
    scene.answering.clear()
    assert scene.run(5.0) == []
    scene.s.configure(replace(scene.s.spec, lan_health=True))
    assert scene.dead_after() >= LOST_S


def test_a_gateway_that_is_new_is_asked_and_one_that_is_gone_is_not() -> None:
    """From the next round on."""
    scene = Scene(B)
    scene.run(1.0)
    scene.s.configure(replace(scene.s.spec, gateway=GATEWAY))
    assert {ask.address for _, ask in scene.run(2 * ROUND_S)} == {B_IP, GATEWAY}
    scene.s.configure(replace(scene.s.spec, gateway=None))
    scene.run(ROUND_S)
    assert {ask.address for _, ask in scene.run(2 * ROUND_S)} == {B_IP}


@pytest.mark.parametrize(
    ("lan_health", "policy", "asks"),
    [(True, Policy.KEEP, True), (False, Policy.KEEP, False), (False, Policy.LAN, True)],
)
def test_the_lan_is_asked_where_anything_depends_on_it(lan_health: bool, policy: Policy, asks: bool) -> None:
    """Under ``lan`` it decides who may take a VIP, whether its health is a fault or not."""
    scene = Scene(B, C)
    scene.s.configure(replace(scene.s.spec, vips=(a_vip(policy=policy),), lan_health=lan_health))
    assert bool(scene.run(1.0)) is asks


def test_a_reload_switches_lan_health_at_once() -> None:
    """On a node that asks, in the middle of a round; and a node whose LAN is dead may own again."""
    bench = Bench().connect()
    addresses = (str(OWN[B].ip),)
    peer = bench.joined_by(B, a_listing(Standing.OWNER, term=7))
    bench.hear(peer.says(a_state(B, version=2, addresses=addresses, lan_fine=True), bench.seen()))
    third = bench.joined_by(C)
    bench.hear(third.says(a_state(C, version=2, addresses=(str(OWN[C].ip),), lan_fine=True), bench.seen()))
    bench.answering = {B_IP, C_IP}
    bench.run(D + 1.0)
    bench.answering.clear()
    bench.run_until(Role.FAULT)
    reload(bench, a_vip(), lan_health=False)
    assert bench.role() is Role.BACKUP
    assert of(ef.Ask, bench.run(2.0)) == []
    assert of(ef.Ask, reload(bench, a_vip(), lan_health=True))
    bench.answering = {B_IP, C_IP}
    bench.run(1.0)
    assert bench.role() is Role.BACKUP
    assert sent(State, bench.effects)[-1].lan_fine
    reload(bench, a_vip(), lan_health=False)
    bench.run(H + 0.01)
    assert not sent(State, bench.effects)[-1].lan_fine


# -- errands


def refused(bench: Bench, address: str) -> bool:
    """Whether an operator may not have a plain alias with this address here."""
    before = len(bench.effects)
    errand = Errand(task=Task.ADD, address=address, prefix=32)
    bench.give(ev.ErrandAsked(id=f"e{before}", at=A, errand=errand))
    return not of(ef.RunErrand, bench.effects[before:])


def test_errands_spare_the_addresses_that_are_configured_now_and_those_that_are_given_up() -> None:
    """As long as the old ones are here; then they are nobody's."""
    hand = Handing()
    bench, old, new = hand.bench, "10.77.0.50", "10.77.0.60"
    assert (refused(bench, old), refused(bench, new)) == (True, False)
    reload(bench, MOVED)
    assert bench.vip().spec == a_vip()
    assert (refused(bench, old), refused(bench, new)) == (True, True)
    taken_over(hand)
    assert bench.vip().spec == MOVED
    assert (refused(bench, old), refused(bench, new)) == (False, True)
    reload(bench, gateway=ip_address("10.77.0.1"))
    bench.run(0.01)
    assert (refused(bench, new), refused(bench, "10.77.0.1")) == (False, True)


# -- its version


def test_what_a_node_tells_of_itself_is_what_it_is_configured_to_be() -> None:
    """And what it remembers of peers and LAN stays."""
    bench = an_owner()
    peer = bench.joined_by(B)
    bench.hear(peer.says(a_state(B, version=2), bench.seen()))
    reload(bench, a_vip(), version="9.9")
    bench.run(H + 0.01)
    told = sent(State, bench.effects)[-1]
    assert (told.version, told.macs, told.addresses) == ("9.9", (MACS[A],), (str(OWN[A].ip),))
    assert bench.engine._s.peers.macs(B) == (MACS[B],)
    assert bench.vip(WEB).role is Role.OWNER
