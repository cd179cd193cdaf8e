"""The claims of one VIP: where they are out, where they could still win, when to try again (rule 8)."""

import pytest

from floatip.core import effects as ef
from floatip.core.bidding import Bidding
from floatip.core.messages import Bid, Claim, Release
from floatip.core.situation import Situation
from floatip.core.types import BrokerName, Policy, Role, Standing
from tests.unit.core.bench import Bench
from tests.unit.core.stage import (
    BLINK,
    DEFINITION,
    WEB,
    B,
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
    of,
    sent,
)

THREE = a_spec(brokers=(X, Y, Z))
SPEC = THREE.vips[0]
BID = Bid(vip=WEB, term=4, definition=DEFINITION)


class Scene:
    """A node that has listened to three brokers since 0 s, and the claims that it has out."""

    def __init__(self) -> None:
        self.s = Situation(THREE, lambda: 0.5)
        self.bidding = Bidding(SPEC, self.s)
        for view in self.s.all_views():
            view.session_up(9, 1, 0.0)

    def claims(self, *brokers: BrokerName, at: float) -> "Scene":
        """Say the claim on these brokers; it has not come back."""
        for broker in brokers:
            self.s.views[broker].say(a_claim(4), at)
        return self

    def wins(self, *brokers: BrokerName, at: float) -> "Scene":
        """Say the claim on these brokers, and hear it come back."""
        for broker in brokers:
            view = self.s.views[broker]
            view.hear(view.say(a_claim(4), at), {WEB: Policy.KEEP}, at)
        return self

    def loses(self, broker: BrokerName) -> "Scene":
        """Have a claim out no more."""
        self.s.views[broker].give_up(WEB)
        return self

    def bids(self) -> dict[BrokerName, list[Bid]]:
        """Take what is to be claimed."""
        bids, self.s.outbox.bids = self.s.outbox.bids, {}
        return bids


@pytest.fixture
def scene() -> Scene:
    """Give a node that has claimed nothing."""
    return Scene()


# -- opening


def test_a_claim_goes_wherever_it_may(scene: Scene) -> None:
    """Not where another is listed, nor where there is no session."""
    scene.s.views[Y].hear(Peer().says(a_claim()), {WEB: Policy.KEEP}, 4.0)
    scene.s.views[Z].session_down()
    scene.bidding.open(4, 5.0)
    assert scene.bids() == {X: [BID]}


def test_patience_is_two_heartbeats(scene: Scene) -> None:
    """Nobody lists a VIP for longer than 2h without being its owner; what was never claimed is not waited for."""
    assert scene.bidding.lost(5.0)
    scene.bidding.open(4, 5.0)
    scene.claims(X, Y, Z, at=5.0)
    assert scene.bidding.patience_ends() == pytest.approx(5.0 + 2 * H)
    assert not scene.bidding.lost(5.0 + 2 * H - 0.001)
    assert scene.bidding.lost(5.0 + 2 * H)


@pytest.mark.parametrize(
    ("won", "out", "lost"),
    [((), (X, Y), False), ((X,), (Y,), False), ((X, Y), (), False), ((X,), (), True), ((), (X,), True), ((), (), True)],
)
def test_claims_are_lost_when_they_can_make_no_majority(
    scene: Scene, won: tuple[BrokerName, ...], out: tuple[BrokerName, ...], lost: bool
) -> None:
    """Won and still out together; a claim that is not said yet, in the same step, is not lost."""
    scene.bidding.open(4, 5.0)
    assert not scene.bidding.lost(5.0)
    scene.wins(*won, at=5.0).claims(*out, at=5.0)
    assert scene.bidding.lost(5.1) is lost


def test_what_was_won_is_held_for_a_lease(scene: Scene) -> None:
    """A claim that is out holds nothing, and giving up ends all of it."""
    scene.wins(X, at=5.0).claims(Y, at=5.0)
    assert [view.broker for view in scene.bidding.held_on(5.0 + L - 0.001)] == [X]
    assert scene.bidding.held_on(5.0 + L) == []
    scene.wins(X, Z, at=7.0).bidding.give_up()
    assert scene.bidding.held_on(7.0) == []
    assert all(view.lacks(WEB, 7.0) for view in scene.s.all_views())


# -- claiming the rest


def test_missing_are_the_brokers_with_a_session_and_no_claim(scene: Scene) -> None:
    """What is out may yet come back."""
    scene.wins(X, at=5.0).claims(Y, at=5.0)
    assert [view.broker for view in scene.bidding.missing(5.1)] == [Z]
    scene.loses(Y)
    assert [view.broker for view in scene.bidding.missing(5.1)] == [Y, Z]
    scene.s.views[Z].session_down()
    assert [view.broker for view in scene.bidding.missing(5.1)] == [Y]


def test_a_missing_broker_is_claimed_again_after_2h_and_a_random_wait(scene: Scene) -> None:
    """With the term of the office; another one need not wait for it."""
    missing = scene.bidding.missing(5.0)
    y, z = scene.s.views[Y], scene.s.views[Z]
    assert scene.bidding.ready(missing, 5.0) == missing
    scene.bidding.extend([z], 4, 5.0)
    assert scene.bids() == {Z: [BID]}
    again_at = scene.bidding.look_again_at([z], 5.0)
    assert again_at == pytest.approx(5.0 + (2 + 2.75) * H)
    assert scene.bidding.ready([y, z], again_at - 0.001) == [y]
    assert scene.bidding.ready([y, z], again_at) == [y, z]
    assert scene.bidding.look_again_at([y, z], 5.0) == pytest.approx(5.0 + H / 4)


def test_a_missing_broker_that_is_blocked_is_looked_at_when_it_is_free(scene: Scene) -> None:
    """Rules 4 and 5; the first that is free decides."""
    y, z = scene.s.views[Y], scene.s.views[Z]
    z.hear(Peer().says(a_claim()), {WEB: Policy.KEEP}, 4.0)
    assert scene.bidding.ready([z], 4.1) == []
    assert scene.bidding.look_again_at([z], 4.1) == pytest.approx(4.0 + D)
    y.session_up(9, 2, 4.0)
    scene.s.longest_s[Policy.KEEP] = 3.0
    assert scene.bidding.look_again_at([y], 4.1) == pytest.approx(7.0)
    assert scene.bidding.look_again_at([y, z], 4.1) == pytest.approx(4.0 + D)


# -- as an owner does it


def test_a_majority_is_enough_and_the_rest_is_claimed_later() -> None:
    """Two of three; an owner keeps claiming the broker that it does not hold."""
    bench = Bench(THREE).connect(X, Y)
    bench.run(D + 0.1)
    assert bench.role() is Role.OWNER
    assert bench.told("holds it on 2 of 3 brokers")
    assert [view.broker for view in bench.vip().bidding.held_on(bench.now)] == [X, Y]
    bench.connect(Z)
    bench.run(D + 0.1)
    assert [view.broker for view in bench.vip().bidding.held_on(bench.now)] == [X, Y, Z]


def test_an_owner_claims_a_broker_anew_with_patience() -> None:
    """Not more often than every 2h and a random wait."""
    bench = Bench(THREE).connect(X, Y)
    bench.run(D + 0.1)
    bench.connect(Z)
    peer, effects = bench.peer(), bench.run(0.1)
    bench.hear(peer.says(a_beat()), Z)
    while not sent(Claim, effects):
        effects = bench.run(BLINK)
    bid_at = bench.now
    bench.hear(peer.says(a_claim()), Z)
    bench.run(BLINK * 2)
    bench.hear(peer.says(Release(vips=(WEB,))), Z)
    assert not bench.view(Z).held(WEB, bench.now)
    while not sent(Claim, effects := bench.run(BLINK)):
        pass
    assert bench.now == pytest.approx(bid_at + (2 + 2.75) * H, abs=0.06)
    assert sent(Claim, effects) == [a_claim(term=1)]


def test_an_owner_does_not_claim_where_another_is_listed() -> None:
    """Rule 4 holds for owners too."""
    bench = Bench(THREE).connect(X, Y)
    bench.run(D + 0.1)
    bench.connect(Z)
    bench.joined_by(B, a_listing(Standing.CLAIMING, term=1), broker=Z)
    assert not sent(Claim, bench.run(5.0))
    bench.beating.clear()
    assert sent(Claim, bench.run(D + 0.1))


def test_each_missing_broker_is_claimed_as_soon_as_it_is_free() -> None:
    """One that is blocked for long does not hold up another."""
    p, q = BrokerName("p:1883"), BrokerName("q:1883")
    bench = Bench(a_spec(brokers=(p, q, X, Y, Z))).connect(X, Y, Z)
    bench.run(D + 0.5)
    bench.connect(p, q)
    bench.joined_by(B, a_listing(Standing.CLAIMING, term=1), broker=p)
    assert not sent(Claim, bench.run(D - 0.001))
    claims = [one.broker for one in of(ef.Send, bench.run(H / 4 + 0.01)) if isinstance(one.message.body, Claim)]
    assert claims == [q]
