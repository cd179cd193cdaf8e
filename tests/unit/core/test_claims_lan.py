"""Policy ``lan``: without a quorum the LAN says who takes over (design 4.6)."""

import re
from dataclasses import replace
from ipaddress import ip_address

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.claims import lan_turn
from floatip.core.silence import SHOTS
from floatip.core.types import Mac, NodeName, NodeSpec, Policy, Role, Standing
from floatip.core.view import NEVER
from tests.unit.core.bench import Bench
from tests.unit.core.stage import (
    ADDRESS,
    MACS,
    OWN,
    STRANGER,
    WEB,
    B,
    C,
    D,
    H,
    L,
    Peer,
    X,
    Y,
    Z,
    a_listing,
    a_spec,
    a_state,
    a_vip,
    binds,
    of,
)

GATEWAY = ip_address("10.77.0.1")
LAN_VIP = a_vip(policy=Policy.LAN)
LAN = a_spec(vips=(LAN_VIP,))
B_IP, C_IP = OWN[B].ip, OWN[C].ip


def a_backup(spec: NodeSpec = LAN, *others: NodeName) -> Bench:
    """Make a backup of b's under ``lan``, and cut it off from its brokers; b is silent everywhere from then on."""
    bench = Bench(spec).connect()
    for broker in spec.brokers:
        for node in (B, *others):
            listed = (a_listing(Standing.OWNER, term=7, definition=LAN_VIP.definition),) if node == B else ()
            peer = bench.joined_by(node, *listed, broker=broker)
            state = a_state(node, version=2)
            vips = tuple(replace(one, definition=LAN_VIP.definition) for one in state.vips)
            bench.hear(peer.says(replace(state, vips=vips, addresses=(str(OWN[node].ip),))), broker)
    bench.answering = {OWN[node].ip for node in others}
    bench.run(D + 0.33)
    bench.beating.clear()
    bench.cut()
    return bench


def answer(bench: Bench, mac: Mac = MACS[B]) -> None:
    """Let this MAC answer for the VIP."""
    bench.give(ev.Answered(vip=WEB, address=ADDRESS, mac=mac))


def soon_after(seconds: float) -> object:
    """Say that something happened then, or up to a heartbeat later: that is how often it looks."""
    return pytest.approx(seconds + H / 2 + 0.02, abs=H / 2 + 0.03)


def taken_after(bench: Bench, most_s: float = 20.0) -> float | None:
    """Let time pass; return how long it took until the VIP was taken, from when this node was alone."""
    end = bench.now + most_s
    while bench.now < end:
        bench.run(0.01)
        if bench.role() is Role.ISOLATED:
            return bench.now - bench.engine._s.alone_since()
    return None


def test_after_twice_the_owner_down_interval_without_a_quorum_it_takes_the_vip() -> None:
    """If LAN and owner are silent: with a new term, on the record, and announced."""
    bench = a_backup()
    before = len(bench.effects)
    assert bench.now - H <= bench.engine._s.alone_since() < bench.now
    took_s = taken_after(bench)
    assert took_s == soon_after(2 * D)
    effects = bench.effects[before:]
    assert SHOTS <= len(of(ef.Probe, effects)) <= SHOTS + 2
    assert of(ef.Store, effects)[-1].stored.terms == ((WEB, 8),)
    assert [bind.not_after for bind in binds(effects)] == [float("inf")]
    (why,) = [tell.text for tell in of(ef.Tell, effects) if tell.now is Role.ISOLATED]
    (said_s,) = re.findall("^web BACKUP -> ISOLATED: no quorum for (.*) s, and the LAN was silent: takes it$", why)
    assert float(said_s) == pytest.approx(took_s, abs=0.061)
    assert of(ef.Announce, bench.run(0.1))
    assert not bench.vip().doubted


def test_one_that_stood_still_before_has_no_doubt_afterwards() -> None:
    """It has looked: it speaks on the LAN, and puts back what is removed."""
    bench = a_backup()
    bench.give(ev.Gap(seconds=2.0, why="test"))
    assert taken_after(bench) is not None
    assert of(ef.Announce, bench.run(0.1))
    assert binds(bench.give(ev.AddressGone(vip=WEB, address=ADDRESS, cause="script")))


@pytest.mark.parametrize("policy", [Policy.KEEP, Policy.RELEASE])
def test_under_other_policies_it_never_does(policy: Policy) -> None:
    """There the LAN may only forbid."""
    bench = Bench(a_spec(vips=(a_vip(policy=policy),))).connect()
    bench.joined_by(B, a_listing(definition=bench.spec.vips[0].definition))
    bench.run(3.0)
    assert bench.role() is Role.BACKUP
    bench.beating.clear()
    bench.cut()
    assert taken_after(bench) is None
    assert lan_turn(bench.engine._s, bench.spec.vips[0], bench.now, owner=None, not_before=NEVER) is None


def test_while_it_has_a_quorum_the_brokers_decide() -> None:
    """However long nobody owns it."""
    bench = Bench(LAN).connect()
    bench.run(3 * D)
    assert bench.role() is Role.OWNER
    assert not bench.told("no quorum for")
    assert lan_turn(bench.engine._s, LAN_VIP, bench.now, owner=None, not_before=NEVER) is None


@pytest.mark.parametrize("mac", [MACS[B], STRANGER])
def test_while_somebody_answers_for_the_vip_it_does_not(mac: Mac) -> None:
    """Whoever it is; and when that ends it does, after a whole lease of silence."""
    bench = a_backup()
    for _ in range(100):
        bench.run(0.1)
        answer(bench, mac)
    assert bench.role() is Role.BACKUP
    silent_since = bench.now
    assert taken_after(bench) is not None
    assert bench.now - silent_since == pytest.approx(L, abs=0.05)


KERNEL_S = 3.0 + 1.5
"""How long after its last renewal a kernel may keep the address: V + S."""


def test_an_owner_that_answers_for_itself_is_waited_for_as_long_as_a_kernel_keeps_the_address() -> None:
    """Its daemon may be about to come back; then whoever has nothing to say on the LAN is succeeded as any."""
    bench = a_backup()
    bench.answering = {B_IP}
    assert taken_after(bench) == soon_after(2 * D + KERNEL_S)


def test_an_owner_that_answers_for_itself_no_more_is_waited_for_no_longer() -> None:
    """Than until nothing was heard of it for a lease, and almost another lease of silence for the VIP."""
    bench = a_backup()
    bench.answering = {B_IP}
    bench.run(2 * D + 0.5)
    assert bench.role() is Role.BACKUP
    bench.answering.clear()
    silent_since = bench.now
    assert taken_after(bench) is not None
    assert 2 * L - H / 2 - 0.35 <= bench.now - silent_since <= 2 * L + 0.35


def test_one_that_owned_it_last_itself_waits_for_nobody() -> None:
    """That its own host answers is no news."""
    bench = a_backup()
    bench.run(D)
    bench.engine._s.last_owners[WEB] = bench.spec.node
    bench.engine._s.reached[bench.spec.node] = bench.now + 99.0
    assert taken_after(bench) == soon_after(2 * D)


@pytest.mark.parametrize(("answers", "takes"), [(True, True), (False, False)])
def test_a_gateway_that_is_configured_must_answer(answers: bool, takes: bool) -> None:
    """Else it is this node that is cut off."""
    bench = a_backup(replace(LAN, gateway=GATEWAY))
    bench.answering = {GATEWAY} if answers else set()
    assert (taken_after(bench) is not None) is takes


@pytest.mark.parametrize("gateway", ["10.78.0.1", "fd77::1"])
def test_a_gateway_that_cannot_be_asked_is_not_waited_for(gateway: str) -> None:
    """It is in no subnet of this node, and will never answer."""
    bench = a_backup(replace(LAN, gateway=ip_address(gateway)))
    assert taken_after(bench) == soon_after(2 * D)


def test_it_takes_the_vip_when_the_gateway_is_back() -> None:
    """After a whole lease of silence on a LAN that works."""
    bench = a_backup(replace(LAN, gateway=GATEWAY))
    assert taken_after(bench, 5.0) is None
    bench.answering = {GATEWAY}
    back_at = bench.now
    assert taken_after(bench) is not None
    assert bench.now - back_at == pytest.approx(L, abs=0.35)


@pytest.mark.parametrize(
    ("node", "more", "waits_s"),
    [
        (C, {}, 0.0),
        (NodeName("0"), {}, L),
        (C, {"priority": 150}, L),
        (C, {"priority": 150, "faults": ("link down",)}, 0.0),
        (C, {"priority": 150, "vips": ()}, 0.0),
    ],
)
def test_each_rank_leaves_the_better_ones_a_lease(node: NodeName, more: dict[str, object], waits_s: float) -> None:
    """Those that the LAN brings, and that could take it; no broker says who else lives."""
    bench = a_backup()
    _near(bench, node, **more)
    assert taken_after(bench) == soon_after(2 * D + waits_s)


def test_one_that_the_lan_does_not_bring_has_no_rank() -> None:
    """Nor has the former owner."""
    bench = a_backup()
    _near(bench, NodeName("0"), priority=150)
    bench.answering.clear()
    assert taken_after(bench) == soon_after(2 * D)


def _near(bench: Bench, node: NodeName, **more: object) -> None:
    """Let a node that was known before be on this LAN."""
    state = a_state(node, addresses=("10.77.0.99",), **more)  # type: ignore[arg-type]  # the fields of State, by name
    bench.engine._s.peers.learn(Peer(node).says(state))
    bench.answering = {ip_address("10.77.0.99")}


def test_the_second_lets_be_what_the_first_has_taken() -> None:
    """It hears its announcement within that lease."""
    bench = a_backup()
    _near(bench, NodeName("0"), macs=(MACS[C],))
    bench.run(2 * D)
    for _ in range(10):
        bench.run(0.1)
        answer(bench, MACS[C])
    assert bench.role() is Role.BACKUP


def test_brokers_that_give_nothing_back_are_no_quorum() -> None:
    """A session that stands on a frozen broker is none."""
    bench = Bench(LAN).connect()
    bench.joined_by(B, a_listing(Standing.OWNER, term=7, definition=LAN_VIP.definition))
    bench.run(D + 0.33)
    bench.beating.clear()
    bench.echoing.clear()
    assert taken_after(bench) == soon_after(2 * D)


def test_one_broker_of_three_is_no_quorum() -> None:
    """Its word alone says nothing."""
    bench = a_backup(replace(LAN, brokers=(X, Y, Z)))
    bench.connect(X)
    bench.beating.clear()
    assert taken_after(bench) == soon_after(2 * D)


def test_a_node_that_starts_without_any_broker_takes_what_nobody_has() -> None:
    """The site came up, and the broker did not."""
    bench = Bench(LAN)
    assert taken_after(bench) == soon_after(2 * D)
    assert bench.told("web INIT -> ISOLATED")


def test_a_fault_forbids_it() -> None:
    """As any claim."""
    bench = a_backup()
    bench.give(ev.LinkChanged(interface="eth0", up=False))
    assert taken_after(bench) is None
    assert bench.role() is Role.FAULT


def test_one_that_it_gave_up_for_others_it_leaves_to_them_for_a_while() -> None:
    """A wait that was begun before counts on."""
    bench = a_backup()
    bench.vip().succession.quiet_until = bench.now + 5.0
    assert taken_after(bench) == soon_after(5.0)


def test_when_a_quorum_is_back_it_becomes_owner_by_a_claim() -> None:
    """Without letting go of the address."""
    bench = a_backup()
    taken_after(bench)
    bench.run(3.0)
    before = len(bench.effects)
    bench.connect().run(D + 0.1)
    assert bench.role() is Role.OWNER
    assert bench.vip().term == 8
    assert not of(ef.Unbind, bench.effects[before:])


def test_a_stall_without_a_quorum_puts_it_off_but_not_for_ever() -> None:
    """A loop that was late by more than half a heartbeat, once: no broker will ever bring what it missed."""
    bench = a_backup()
    bench.run(0.5)
    bench.now = (bench.engine.deadline() or bench.now) + 0.15
    bench.give(ev.Tick())
    assert taken_after(bench) == soon_after(2 * D)
