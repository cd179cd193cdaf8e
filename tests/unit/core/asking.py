"""An operator who asks, and the nodes that are asked: what the tests of moves stand on."""

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.effects import Outcome
from floatip.core.messages import Request, Verb
from floatip.core.types import BrokerName, NodeName, Role, Standing, VipName
from tests.unit.core.bench import Bench
from tests.unit.core.stage import WEB, A, B, Peer, X, a_listing, of

ASK = ev.FailoverAsked(id="m1", vips=(WEB,))


def a_request(request_id: str = "r1", to: NodeName | None = None, at: NodeName = A, vip: VipName = WEB) -> Request:
    """Make a request that a peer passes on."""
    return Request(id=request_id, verb=Verb.FAILOVER, at=at, vips=(vip,), to=to)


def answers(effects: list[ef.Effect]) -> list[tuple[Outcome, str]]:
    """How requests ended."""
    return [(one.outcome, one.text) for one in of(ef.Answer, effects)]


def an_owner(*peers: NodeName) -> Bench:
    """Make an owner, and peers that could take the VIP."""
    bench = Bench().reach(Role.OWNER)
    for peer in peers:
        bench.joined_by(peer)
    bench.run(0.1)
    return bench


def a_backup(bench: Bench | None = None, broker: BrokerName = X) -> tuple[Bench, Peer]:
    """Make a backup of b's, and b's mouth."""
    bench = bench or Bench()
    peer = bench.connect().joined_by(B, a_listing(Standing.OWNER, term=7), broker=broker)
    bench.run(1.1)
    return bench, peer
