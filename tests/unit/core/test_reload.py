"""A configuration changes in service: VIPs come, and change where they stand; the rest of it counts at once."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.messages import Claim, Reply, Request, State, Verb, Witnessed
from floatip.core.types import (
    CheckName,
    CheckSpec,
    DirectiveKind,
    Placement,
    Policy,
    Role,
    Standing,
)
from tests.unit.core.bench import Bench
from tests.unit.core.handing import Handing, order
from tests.unit.core.reloading import MAIL, an_owner, configured, mail, of_vips, reload, untouched
from tests.unit.core.stage import (
    ADDRESS,
    MACS,
    WEB,
    A,
    B,
    D,
    H,
    L,
    a_listing,
    a_vip,
    binds,
    of,
    sent,
)

WEIGHED = CheckSpec(name=CheckName("disk"), rise=1, fall=1, weight=-50)
HARD = CheckSpec(name=CheckName("http"), rise=1, fall=1)


def role_of(bench: Bench, name: object = MAIL) -> Role:
    """What the node is for a VIP."""
    return next(vip.role for vip in bench.engine._vips.values() if vip.spec.name == name)


# -- VIPs that come


def test_the_hands_know_a_vip_before_anything_is_done_about_it() -> None:
    """All at once, in the order of the file; the state tells the peers."""
    bench = an_owner()
    assert configured(bench) == []
    effects = reload(bench, mail(), a_vip())
    assert of(ef.Configure, effects) == [ef.Configure(vips=(mail(), a_vip()))]
    bench.run(H + 0.01)
    assert [vip.vip for vip in sent(State, bench.effects)[-1].vips] == [MAIL, WEB]
    assert [vip.name for vip in bench.engine.snapshot(bench.now).vips] == [MAIL, WEB]
    assert untouched(bench)


@pytest.mark.parametrize(("policy", "listens_s"), [(Policy.KEEP, D), (Policy.RELEASE, 2.804)])
def test_a_vip_that_is_added_is_listened_for_before_it_is_claimed(policy: Policy, listens_s: float) -> None:
    """For D: what others claimed before was not for this node's ears."""
    bench = an_owner()
    reload(bench, a_vip(), mail(policy=policy))
    began = bench.now
    bench.run(listens_s - 0.01)
    assert (role_of(bench), sent(Claim, bench.effects)) == (Role.INIT, [])
    bench.run(0.02)
    assert [one.bids[0].vip for one in sent(Claim, bench.effects)] == [MAIL]
    bench.run(0.1)
    assert role_of(bench) is Role.OWNER
    assert [one.vip for one in binds(bench.effects)] == [MAIL]
    assert bench.role() is Role.OWNER
    assert bench.now < began + listens_s + L


def test_a_vip_that_is_added_without_a_broker_is_listened_for_as_long_by_the_word_of_the_lan() -> None:
    """Under ``lan`` nobody else is asked; the LAN must be silent, too."""
    bench = Bench(replace(Bench().spec, vips=()))
    bench.run(10.0)
    reload(bench, mail(policy=Policy.LAN))
    bench.run(D - 0.01)
    assert role_of(bench) is Role.INIT
    bench.run(1.0)
    assert role_of(bench) is Role.ISOLATED


def test_a_fault_meanwhile_does_not_shorten_the_listening() -> None:
    """It is over before."""
    bench = an_owner()
    bench.give(ev.LinkChanged(interface="eth1", up=False))
    reload(bench, a_vip(), mail(interfaces=("eth1",)))
    assert role_of(bench) is Role.FAULT
    bench.run(0.1)
    bench.give(ev.LinkChanged(interface="eth1", up=True))
    bench.run(D - 0.11)
    assert sent(Claim, bench.effects) == []
    bench.run(0.1)
    assert role_of(bench) is Role.OWNER


def test_a_vip_that_a_peer_owns_is_left_to_it() -> None:
    """Its word was heard before the VIP was known here, or comes meanwhile."""
    bench = an_owner()
    bench.joined_by(B, a_listing(Standing.OWNER, 7, MAIL, mail().definition))
    reload(bench, a_vip(), mail())
    bench.run(D + 2.0)
    assert role_of(bench) is Role.BACKUP
    assert bench.engine.snapshot(bench.now).vips[1].owner == B
    assert sent(Claim, bench.effects) == []
    bench.beating.clear()
    bench.run(D + L + 0.5)
    (claim,) = sent(Claim, bench.effects)
    assert claim.bids[0].term == 8


def test_what_a_peer_says_of_an_unknown_vip_hurts_nobody() -> None:
    """Questions and handovers of others are forgotten, and the VIP is claimed when it comes."""
    bench = an_owner()
    peer = bench.joined_by(B)
    for body in (
        Claim(bids=()),
        of_vips(mail(), witnessed=(Witnessed(vip=MAIL, term=3, mac=MACS[B]),)),
        Request(id="r1", verb=Verb.PREPARE, at=A, vips=(MAIL,), expires_s=1.0),
        Request(id="r2", verb=Verb.PREPARE, at=B, vips=(MAIL,), expires_s=1.0),
    ):
        bench.hear(peer.says(body, bench.seen()))
    bench.give(ev.Answered(vip=MAIL, address=ADDRESS, mac=MACS[B], interface="eth0", announced=True))
    assert [one.text for one in sent(Reply, bench.effects)] == ["no VIP of a is named mail"]
    assert not bench.told("mail")
    reload(bench, a_vip(), mail())
    bench.run(D + 2 * H + L)
    assert role_of(bench) is Role.OWNER
    assert sent(Claim, bench.effects)[0].bids[0].term == 4


def test_handovers_of_a_vip_are_seen_as_soon_as_it_is_known() -> None:
    """Not before: nobody here asked about it."""
    bench = an_owner()
    peer = bench.joined_by(B)
    asked = Request(id="r1", verb=Verb.PREPARE, at=B, vips=(MAIL,), expires_s=1.0)
    bench.hear(peer.says(asked, bench.seen()))
    assert not bench.told("b asks b to take mail")
    reload(bench, a_vip(), mail())
    bench.hear(peer.says(replace(asked, id="r2"), bench.seen()))
    assert bench.told("b asks b to take mail")


@pytest.mark.parametrize("frozen_for", [A, B])
def test_an_order_about_a_vip_counts_as_soon_as_it_is_known(frozen_for: str) -> None:
    """The peers told of it long before, when it meant nothing here."""
    bench = an_owner()
    peer = bench.joined_by(B)
    bench.hear(peer.says(of_vips(mail(), directives=(order(DirectiveKind.FREEZE, MAIL, frozen_for),)), bench.seen()))
    assert bench.engine._s.directives.all() == ()
    reload(bench, a_vip(), mail())
    assert bench.told(f"mail is frozen: only {frozen_for} may take it (by a)")
    bench.run(D + 3.0)
    assert role_of(bench) is (Role.OWNER if frozen_for == A else Role.BACKUP)


# -- VIPs that change where they stand


@pytest.mark.parametrize(
    "change",
    [
        {"priority": 150},
        {"placement": Placement.SPREAD},
        {"make_before_break": False},
        {"preempt": True},
        {"preempt_delay_s": 3.0},
        {"checks": (HARD.name,)},
        {"damping_s": 0.0},
        {"purpose": "shop", "contact": "ops"},
    ],
    ids=",".join,
)
@pytest.mark.parametrize("role", [Role.OWNER, Role.ISOLATED, Role.BACKUP, Role.CANDIDATE, Role.ACQUIRING])
def test_what_nobody_sees_from_outside_changes_in_place(role: Role, change: Mapping[str, Any]) -> None:
    """Nothing is handed over, removed or claimed anew; it is the same VIP."""
    bench = Bench().reach(role)
    vip, term = bench.vip(), bench.vip().term
    bench.effects.clear()
    reload(bench, a_vip(**change), checks=(HARD,))
    if role is not Role.CANDIDATE:
        assert bench.role() is role
    assert (bench.vip(), bench.vip().term, bench.vip().spec) == (vip, term, a_vip(**change))
    assert untouched(bench)
    assert not bench.told("configured")
    assert configured(bench) == [(a_vip(**change),)]


def test_a_priority_counts_at_once_for_owner_and_peers() -> None:
    """Both the peers' eyes and its own."""
    hand = Handing(spec=replace(Bench().spec, vips=(a_vip(preempt=True),)))
    reload(hand.bench, a_vip(preempt=True, priority=50))
    assert hand.asked_whom() == [B]
    hand.bench.run(H + 0.01)
    assert [vip.priority for vip in sent(State, hand.bench.effects)[-1].vips] == [50]


def test_preempt_counts_at_once() -> None:
    """A better one has been there all the time; the delay is counted from now on."""
    hand = Handing()
    hand.says(B, hand.state(B, 200))
    hand.bench.run(5.0)
    reload(hand.bench, a_vip(preempt=True, preempt_delay_s=2.0))
    hand.bench.run(1.9)
    assert hand.asked() == []
    hand.bench.run(0.2)
    assert hand.asked_whom() == [B]


def test_weights_count_at_once_for_what_damps() -> None:
    """A handover to a better one says that a check may have been the reason."""
    hand = Handing()
    hand.says(B, hand.state(B, 200))
    reload(hand.bench, a_vip(preempt=True, checks=(WEIGHED.name,)), checks=(WEIGHED,))
    hand.replies()
    assert WEB in hand.bench.engine._s.swayed_at


def test_a_check_that_is_new_hinders_a_claim_and_not_an_owner() -> None:
    """Until it has looked; then it counts."""
    bench = an_owner()
    reload(bench, a_vip(checks=(HARD.name,)), checks=(HARD,))
    bench.run(3.0)
    assert bench.role() is Role.OWNER
    bench.give(ev.Checked(check=HARD.name, passed=False))
    assert bench.role() is Role.RELEASING
    bench = Bench().reach(Role.BACKUP)
    reload(bench, a_vip(checks=(HARD.name,)), checks=(HARD,))
    assert bench.vip().hindrances(bench.now) == ("check http has not passed yet",)


def test_a_check_that_is_gone_is_no_fault_any_more() -> None:
    """Nor is one that fails all the time, once it has a weight."""
    spec = replace(Bench().spec, vips=(a_vip(checks=(HARD.name,)),), checks=(HARD,))
    for vip, checks in ((a_vip(), ()), (a_vip(checks=(HARD.name,)), (replace(HARD, weight=-5),))):
        bench = Bench(spec).connect()
        bench.give(ev.Checked(check=HARD.name, passed=False))
        assert bench.role() is Role.FAULT
        reload(bench, vip, checks=checks)
        assert bench.role() is Role.BACKUP


def test_what_is_changed_where_it_stands_is_what_a_backup_goes_by() -> None:
    """Its rank: it is the last, and then the first."""
    bench = Bench().connect()
    bench.joined_by(B, a_listing(Standing.OWNER, term=7))
    bench.run(D + 0.1)
    assert bench.engine.snapshot(bench.now).vips[0].candidates == (A, B)
    reload(bench, a_vip(priority=50))
    assert bench.engine.snapshot(bench.now).vips[0].candidates == (B, A)
    assert bench.vip().succession._spec.priority == 50


def test_a_handover_that_is_under_way_ends_as_it_began() -> None:
    """What comes after goes by what is configured now."""
    hand = Handing()
    hand.failover()
    reload(hand.bench, a_vip(make_before_break=False))
    hand.replies()
    assert hand.role() is Role.RELEASING
    assert hand.bench.vip().handover.keeps
    reload(hand.bench, a_vip(make_before_break=False, priority=7))
    assert not of(ef.Unbind, hand.bench.effects)
    hand.claims()
    hand.answers()
    hand.bench.run(0.01)
    assert hand.role() is Role.BACKUP
    later = hand.bench.vip().handover._spec
    assert (later.make_before_break, later.priority) == (False, 7)
    reload(hand.bench, a_vip())
    assert hand.bench.vip().handover._spec.make_before_break
