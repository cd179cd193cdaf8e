"""An operator's failover that a peer passes on."""

import pytest

from floatip.core import effects as ef
from floatip.core.effects import Outcome
from floatip.core.messages import Reply, Request, State
from floatip.core.moves import REMEMBERED
from floatip.core.types import Role, Timing, VipName
from tests.unit.core.asking import ASK, a_backup, a_request, an_owner, answers
from tests.unit.core.bench import Bench
from tests.unit.core.stage import B, C, D, X, Y, Z, a_beat, a_spec, of, sent


def test_a_peers_request_is_carried_out_once_and_answered_everywhere() -> None:
    """However many brokers bring it."""
    bench = Bench(a_spec(brokers=(X, Y, Z))).connect()
    bench.run(D + 0.1)
    peers = {broker: bench.joined_by(B, broker=broker) for broker in (X, Y, Z)}
    before = len(bench.effects)
    for broker, peer in peers.items():
        bench.hear(peer.says(a_request()), broker)
    effects = bench.effects[before:]
    assert sent(Reply, effects) == [Reply(id="r1", accepted=True, text="a gives web up")] * 3
    assert len([one for one in of(ef.Tell, effects) if one.kind is ef.Kind.OPERATOR]) == 1
    assert bench.role() is Role.RELEASING


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        (a_request(to=C), "c cannot take web now"),
        pytest.param(
            a_request(vip=VipName("nix")),
            "a does not own nix",
        ),
    ],
)
def test_a_peers_request_that_cannot_be_is_answered_with_the_reason(request_: Request, text: str) -> None:
    """Asker and operator learn why."""
    bench = an_owner(B)
    peer, _ = bench.beating[X, B]
    assert sent(Reply, bench.hear(peer.says(request_))) == [Reply(id="r1", accepted=False, text=text)]
    assert bench.role() is Role.OWNER


def test_a_request_that_nobody_waits_for_any_more_is_not_heeded() -> None:
    """It is as old as what its asker had heard of the owner, and the operator has long been told something else."""
    bench = an_owner(B)
    peer, _ = bench.beating.pop((X, B))
    heard_at = bench.view().peers[B].covers_at
    bench.run(heard_at + 9.9 - bench.now)
    replies = sent(Reply, bench.hear(peer.says(a_request("r1", to=C))))
    assert [reply.text for reply in replies] == ["c cannot take web now"]
    bench.run(heard_at + 10.1 - bench.now)
    assert not bench.hear(peer.says(a_request("r2")))
    assert bench.role() is Role.OWNER


def test_a_request_of_one_that_never_heard_the_owner_is_not_heeded() -> None:
    """It may be a recording; what another broker brings with a place of ours in it is."""
    bench = an_owner(B)
    other = bench.peer(C)
    bench.hear(other.says(a_beat()))
    assert not bench.hear(other.says(a_request("r1")))
    assert bench.role() is Role.OWNER
    replies = sent(Reply, bench.hear(other.says(a_request("r1"), bench.seen())))
    assert replies == [Reply(id="r1", accepted=True, text="a gives web up")]


def test_one_that_does_not_own_it_says_so() -> None:
    """The asker knew something old."""
    bench, peer = a_backup()
    assert sent(Reply, bench.hear(peer.says(a_request()))) == [
        Reply(id="r1", accepted=False, text="a does not own web")
    ]


def test_a_request_to_another_node_is_not_ours() -> None:
    """All hear it."""
    bench = an_owner(B)
    peer, _ = bench.beating[X, B]
    assert not bench.hear(peer.says(a_request(at=C)))


def test_memory_of_requests_is_bounded() -> None:
    """The oldest is forgotten."""
    bench, peer = a_backup()
    for number in range(REMEMBERED + 1):
        bench.hear(peer.says(a_request(f"r{number}")))
    assert sent(Reply, bench.hear(peer.says(a_request("r0"))))
    assert not sent(Reply, bench.hear(peer.says(a_request(f"r{REMEMBERED}"))))


def test_a_node_whose_timing_differs_cannot_take_it() -> None:
    """It would claim nothing, and the VIP would be down until this node takes it back."""
    bench = an_owner()
    timing = Timing(heartbeat_s=0.1, lease_s=0.5)
    bench.joined_by(B, terms=a_spec(B, timing=timing).terms)
    assert answers(bench.give(ASK)) == [(Outcome.REFUSED, "no other node can take web now")]


def test_what_nobody_owns_is_verified_by_nobody() -> None:
    """There is nothing to see."""
    bench = Bench().connect()
    assert bench.engine._moves.verified_by(bench.vip(), bench.now) == ()
    assert not sent(State, bench.effects)
