"""One VIP's state machine: a table of (role, what happens) to (role, what is asked for), and the rules behind it."""

from collections.abc import Callable

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.messages import Heartbeat
from floatip.core.speech import standing_of
from floatip.core.types import Mac, NodeName, Policy, Role, Standing
from tests.unit.core.bench import Bench
from tests.unit.core.stage import (
    ADDRESS,
    BLINK,
    MACS,
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
    a_listing,
    a_spec,
    a_state,
    a_vip,
    of,
)

Act = Callable[[Bench], object]
THREE = a_spec(brokers=(X, Y, Z))
LOW = NodeName("low")
"""A peer whose hardware address is lower than ours."""


def give(event: ev.Event) -> Act:
    """Give the engine an event."""
    return lambda bench: bench.give(event)


def beats(standing: Standing, term: int, *, hearing: bool = False, node: NodeName = B) -> Act:
    """Let a peer's heartbeat say this; ``hearing``: it has seen all of ours."""
    return lambda bench: bench.hear(Peer(node).says(a_beat(a_listing(standing, term)), bench.seen() if hearing else {}))


def meets(node: NodeName) -> Act:
    """Come back, and know a peer's hardware address."""
    mac = Mac("02:00:00:00:00:01") if node == LOW else MACS[node]
    state = Peer(node, incarnation=0).says(a_state(node, macs=(mac,)))
    return lambda bench: (bench.connect().run(0.1), bench.hear(state, retained=True))


def after(seconds: float) -> Act:
    """Let time pass."""
    return lambda bench: bench.run(seconds)


def both(*acts: Act) -> Act:
    """Do one after the other."""
    return lambda bench: [act(bench) for act in acts]


def reconnect(bench: Bench) -> object:
    """Come back after a cut, hear a beat of b's and listen for long enough."""
    return bench.connect().run(D + 0.1)


LINK_DOWN = give(ev.LinkChanged(interface="eth0", up=False))
LINK_UP = give(ev.LinkChanged(interface="eth0", up=True))
STOP = give(ev.StopAsked())
GAP = give(ev.Gap(seconds=9.0, why="test"))
BOUND = give(ev.Bound(vip=WEB))
UNBOUND = give(ev.Unbound(vip=WEB))
REFUSED = give(ev.BindFailed(vip=WEB, reason="no"))
TOO_LATE = give(ev.BindFailed(vip=WEB, reason="too late", late=True))
APPEARED = give(ev.AddressAppeared(vip=WEB, address=ADDRESS, cause="by hand"))
R = Role


@pytest.mark.parametrize(
    ("role", "what", "act", "becomes", "kinds"),
    [
        (R.INIT, "listened", after(D + 0.001), R.CANDIDATE, {"Claim", "Store"}),
        (R.INIT, "link down", LINK_DOWN, R.FAULT, set()),
        (R.INIT, "stop", STOP, R.INIT, {"Exit"}),
        (R.INIT, "address appeared", APPEARED, R.INIT, {"Unbind"}),
        (R.BACKUP, "link down", LINK_DOWN, R.FAULT, {"State"}),
        (R.BACKUP, "stop", STOP, R.BACKUP, {"Exit"}),
        (R.BACKUP, "address appeared", APPEARED, R.BACKUP, {"Unbind"}),
        (R.BACKUP, "owner isolated", beats(Standing.ISOLATED, 9), R.BACKUP, set()),
        (R.FAULT, "link up", LINK_UP, R.BACKUP, set()),
        (R.FAULT, "stop", STOP, R.FAULT, {"Exit"}),
        (R.FAULT, "time", after(D + 1), R.FAULT, set()),
        (R.CANDIDATE, "no echo for 2h", after(2 * H), R.BACKUP, {"Release"}),
        (R.CANDIDATE, "link down", LINK_DOWN, R.FAULT, {"Release", "State"}),
        (R.CANDIDATE, "stop", STOP, R.BACKUP, {"Release", "Exit"}),
        (R.CANDIDATE, "gap", both(after(BLINK), GAP), R.BACKUP, {"Reconnect"}),
        (R.CANDIDATE, "session lost", both(after(BLINK), lambda bench: bench.cut()), R.BACKUP, set()),
        (R.CANDIDATE, "definition differs", beats(Standing.OWNER, 1), R.CANDIDATE, set()),
        (R.ACQUIRING, "bound", BOUND, R.OWNER, {"Announce"}),
        (R.ACQUIRING, "refused", REFUSED, R.RELEASING, {"Unbind", "State"}),
        (R.ACQUIRING, "link down", LINK_DOWN, R.RELEASING, {"Unbind"}),
        (R.ACQUIRING, "stop", STOP, R.RELEASING, {"Unbind"}),
        (R.ACQUIRING, "gap", GAP, R.RELEASING, {"Unbind", "Reconnect"}),
        (R.ACQUIRING, "higher owner", beats(Standing.OWNER, 9), R.RELEASING, {"Unbind"}),
        (R.OWNER, "session lost", lambda bench: bench.cut(), R.OWNER, set()),
        (R.OWNER, "quorum lost", both(lambda bench: bench.cut(), after(L)), R.ISOLATED, {"Announce"}),
        (R.OWNER, "gap", GAP, R.ISOLATED, {"Reconnect"}),
        (R.OWNER, "link down", LINK_DOWN, R.RELEASING, {"Unbind"}),
        (R.OWNER, "stop", STOP, R.RELEASING, {"Unbind"}),
        (R.OWNER, "renewal refused", both(after(1.1), REFUSED), R.OWNER, {"Renew", "Announce"}),
        (R.OWNER, "higher owner", beats(Standing.OWNER, 9), R.RELEASING, {"Unbind"}),
        (R.OWNER, "lower owner", beats(Standing.OWNER, 0), R.OWNER, set()),
        (R.OWNER, "isolated one", beats(Standing.ISOLATED, 9, hearing=True), R.OWNER, set()),
        (R.OWNER, "address appeared", APPEARED, R.OWNER, {"Add"}),
        (R.ISOLATED, "quorum back", reconnect, R.OWNER, {"Claim", "Announce"}),
        (R.ISOLATED, "owner hears us", both(lambda b: b.connect().run(0.1), beats(Standing.OWNER, 1, hearing=True)),
         R.RELEASING, {"Unbind"}),
        (R.ISOLATED, "old owner", both(lambda b: b.connect().run(0.1), beats(Standing.OWNER, 9)), R.ISOLATED, set()),
        (R.ISOLATED, "isolated rival", both(meets(B), beats(Standing.ISOLATED, 0, hearing=True)),
         R.RELEASING, {"Unbind"}),
        (R.ISOLATED, "lower rival", both(meets(LOW), beats(Standing.ISOLATED, 2, hearing=True, node=LOW)),
         R.ISOLATED, set()),
        (R.ISOLATED, "link down", LINK_DOWN, R.RELEASING, {"Unbind"}),
        (R.ISOLATED, "stop", STOP, R.RELEASING, {"Unbind"}),
        (R.ISOLATED, "time", after(60.0), R.ISOLATED, {"Renew", "Announce"}),
        (R.RELEASING, "unbound", UNBOUND, R.BACKUP, {"Release", "Exit"}),
        (R.RELEASING, "bound late", BOUND, R.RELEASING, set()),
        (R.RELEASING, "refused late", REFUSED, R.RELEASING, set()),
        (R.RELEASING, "too late", TOO_LATE, R.RELEASING, set()),
        (R.RELEASING, "link down", LINK_DOWN, R.RELEASING, set()),
        (R.RELEASING, "address appeared", APPEARED, R.RELEASING, set()),
    ],
    ids=lambda value: str(value) if isinstance(value, Role | str) else "",
)  # fmt: skip
def test_the_table(role: Role, what: str, act: Act, becomes: Role, kinds: set[str]) -> None:
    """In this role, when this happens: this role comes next, and at least this is asked for."""
    bench = Bench().reach(role)
    bench.unbinding = False
    before = len(bench.effects)
    act(bench)
    assert bench.role() is becomes
    found = {type(one.message.body if isinstance(one, ef.Send) else one).__name__ for one in bench.effects[before:]}
    assert kinds <= found
    acting = {"Add", "Unbind", "Announce", "Claim", "Release", "Exit"}
    assert found & acting == kinds & acting


@pytest.mark.parametrize(
    ("act", "becomes"),
    [
        (both(lambda bench: bench.cut(), after(L)), Role.RELEASING),
        (GAP, Role.RELEASING),
        (beats(Standing.OWNER, 9), Role.RELEASING),
        (lambda bench: bench.cut(), Role.OWNER),
    ],
)
def test_under_release_an_owner_leaves_when_its_lease_ends(act: Act, becomes: Role) -> None:
    """At most one owner, at the price of the service."""
    bench = Bench(a_spec(vips=(a_vip(policy=Policy.RELEASE),))).connect()
    bench.run_until(Role.OWNER)
    bench.run(0.1)
    bench.unbinding = False
    act(bench)
    assert bench.role() is becomes


@pytest.mark.parametrize(
    ("role", "standing"),
    [
        (Role.INIT, None),
        (Role.BACKUP, None),
        (Role.CANDIDATE, Standing.CLAIMING),
        (Role.ACQUIRING, Standing.OWNER),
        (Role.OWNER, Standing.OWNER),
        (Role.ISOLATED, Standing.ISOLATED),
        (Role.RELEASING, Standing.RELEASING),
        (Role.FAULT, None),
    ],
)
def test_what_a_heartbeat_says_in_each_role(role: Role, standing: Standing | None) -> None:
    """Declare before you hold (rule 3)."""
    bench = Bench().reach(role)
    assert standing_of(bench.vip(), bench.view()) is standing


def test_a_candidate_lists_what_it_claims_and_what_it_has_won() -> None:
    """On each broker its own standing."""
    bench = Bench(THREE).connect()
    bench.run(D - 0.1)
    bench.echoing = {X}
    bench.run_until(Role.CANDIDATE)
    bench.run(2 * BLINK)
    bench.give(ev.IdentityChanged(macs=(), addresses=()))
    said = {send.broker: send.message.body for send in of(ef.Send, bench.effects)}
    standings = {
        name: body.listings[0].standing for name, body in said.items() if isinstance(body, Heartbeat) and body.listings
    }
    assert standings == {X: Standing.HELD, Y: Standing.CLAIMING, Z: Standing.CLAIMING}
