"""One VIP: claiming it, and claiming the brokers that are missing (rule 8)."""

from collections.abc import Callable

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.messages import Claim, Release
from floatip.core.types import Mac, Policy, Role, Standing, Stored
from tests.unit.core.bench import Bench
from tests.unit.core.stage import (
    ADDRESS,
    BLINK,
    MACS,
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
    a_beat,
    a_claim,
    a_listing,
    a_spec,
    a_vip,
    binds,
    of,
    sent,
)

Act = Callable[[Bench], object]
THREE = a_spec(brokers=(X, Y, Z))


def test_the_term_is_above_all_that_was_heard_or_remembered() -> None:
    """Terms only grow."""
    for stored, heard in ((0, 0), (5, 3), (3, 5)):
        bench = Bench(stored=Stored(terms=((WEB, stored),))).connect()
        peer = Peer()
        bench.hear(peer.says(a_claim(heard)))
        bench.hear(peer.says(Release(vips=(WEB,))))
        bench.run(2 * D)
        assert sent(Claim, bench.effects)[0].bids[0].term == max(stored, heard) + 1
        assert of(ef.Store, bench.effects)[-1].stored.terms == ((WEB, max(stored, heard) + 1),)


def test_a_claim_that_cannot_win_any_more_is_withdrawn_at_once() -> None:
    """Both others were lost: nothing to wait for."""
    bench = Bench(THREE).connect()
    bench.run(D - 0.1)
    bench.echoing = set()
    bench.run_until(Role.CANDIDATE)
    bench.run(0.05)
    bench.cut(X)
    assert bench.role() is Role.CANDIDATE
    bench.cut(Y)
    assert bench.role() is Role.BACKUP
    assert bench.told("no majority for the claim")


def test_one_whose_claim_failed_waits_a_little() -> None:
    """So that two do not fail together for ever (rule 8)."""
    bench = Bench().reach(Role.CANDIDATE)
    bench.hear(Peer().says(a_claim()))
    bench.run_until(Role.BACKUP)
    assert bench.vip().succession.quiet_until == pytest.approx(bench.now + 2.75 * H, abs=2 * BLINK)
    assert not sent(Claim, bench.run(2.75 * H))


def test_what_was_won_is_released_when_the_majority_is_not() -> None:
    """Nobody lists a VIP for longer than 2h without being its owner."""
    bench = Bench(THREE).connect()
    bench.run(D - 0.1)
    bench.echoing = {X}
    bench.run_until(Role.CANDIDATE)
    effects = bench.run_until(Role.BACKUP)
    assert [
        (one.broker, one.message.body) for one in of(ef.Send, effects) if isinstance(one.message.body, Release)
    ] == [(broker, Release(vips=(WEB,))) for broker in (X, Y, Z)]
    assert not bench.view(X).held(WEB, bench.now)


def test_an_isolated_owner_claims_under_a_term_above_what_it_has_heard() -> None:
    """Somebody owned it meanwhile, and is gone again."""
    bench = Bench().reach(Role.ISOLATED)
    bench.connect()
    peer = Peer()
    bench.hear(peer.says(a_beat(a_listing(Standing.OWNER, 7))))
    bench.hear(peer.says(Release(vips=(WEB,), vacated=True)))
    bench.run(D + 0.1)
    assert (bench.role(), bench.vip().term) == (Role.OWNER, 8)
    assert of(ef.Store, bench.effects)[-1].stored.terms == ((WEB, 8),)


def test_an_isolated_owner_returns_under_its_own_term() -> None:
    """Nobody else was there: nothing has changed for anybody."""
    bench = Bench().reach(Role.ISOLATED)
    bench.connect().run(D + 0.1)
    assert (bench.role(), bench.vip().term) == (Role.OWNER, 1)
    assert not of(ef.Unbind, bench.effects)


def test_one_that_lost_the_majority_before_the_address_was_there_leaves() -> None:
    """Nothing is served yet, so there is nothing to keep."""
    bench = Bench().reach(Role.ACQUIRING)
    bench.echoing.clear()
    bench.run(L)
    assert bench.role() is Role.BACKUP
    assert bench.told("web ACQUIRING -> RELEASING: lost the majority again")


def test_one_that_may_not_promise_a_lifetime_yet_waits_for_the_next_echo() -> None:
    """Under ``release`` the claim came back late: it holds, but a lifetime from now would last too long."""
    bench = Bench(a_spec(vips=(a_vip(policy=Policy.RELEASE),))).connect()
    bench.run(2.7)
    bench.echoing.clear()
    waiting = of(ef.Send, bench.run_until(Role.CANDIDATE) + bench.run(1.5 * H))
    places = [number for number, send in enumerate(waiting) if isinstance(send.message.body, Claim)]
    for send in waiting[: places[0] + 1]:
        assert not binds(bench.hear(send.message))
    assert bench.role() is Role.ACQUIRING
    effects = [effect for send in waiting[places[0] + 1 :] for effect in bench.hear(send.message)]
    effects += bench.run(H / 2)
    assert binds(effects)


@pytest.mark.parametrize(
    ("mac", "announced", "testament", "policy", "role"),
    [
        (MACS[C], True, False, Policy.KEEP, Role.BACKUP),
        (MACS[C], False, False, Policy.KEEP, Role.CANDIDATE),
        (MACS[C], True, True, Policy.KEEP, Role.CANDIDATE),
        (MACS[B], True, False, Policy.KEEP, Role.CANDIDATE),
        (STRANGER, True, False, Policy.KEEP, Role.CANDIDATE),
        (MACS[C], True, False, Policy.RELEASE, Role.CANDIDATE),
    ],
    ids=["a-peer", "an-answer", "a-testament", "the-last-owner", "a-stranger", "release"],
)
def test_a_candidate_withdraws_when_a_peer_announces_what_it_claims(
    mac: Mac, announced: bool, testament: bool, policy: Policy, role: Role
) -> None:
    """That peer had no quorum and took it by the word of the LAN, which was silent then."""
    bench = Bench(a_spec(vips=(a_vip(policy=policy),))).connect()
    for node in (B, C):
        listed = (a_listing(term=7, definition=bench.spec.vips[0].definition),) if node == B else ()
        bench.joined_by(node, *listed)
    bench.run(4.0)
    bench.beating.clear()
    bench.echoing = set()
    bench.run_until(Role.CANDIDATE)
    bench.give(
        ev.Answered(vip=WEB, address=ADDRESS, mac=mac, interface="eth0", announced=announced, testament=testament)
    )
    assert bench.role() is role
