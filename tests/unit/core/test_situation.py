"""What one node knows, shared by its VIPs."""

import pytest

from floatip.core.effects import Kind, Tell, Unbind
from floatip.core.situation import Situation
from floatip.core.types import Policy, Role, Timing
from tests.unit.core.stage import TERMS, WEB, A, C, D, H, Peer, X, Y, Z, a_beat, a_spec, a_vip


@pytest.fixture
def s() -> Situation:
    """Give a node with three brokers."""
    return Situation(a_spec(brokers=(Z, X, Y)), lambda: 0.5)


def test_the_brokers_have_one_order_everywhere(s: Situation) -> None:
    """However they are configured."""
    assert [view.broker for view in s.all_views()] == [X, Y, Z]
    assert (s.node, s.quorum) == (A, 2)
    assert s.owner_down_s(Policy.KEEP) == pytest.approx(D)


@pytest.mark.parametrize(("chance", "heartbeats"), [(0.0, 0.5), (0.5, 2.75), (1.0, 5.0)])
def test_the_back_off_is_half_a_heartbeat_to_five(chance: float, heartbeats: float) -> None:
    """Two that failed together do not try again together (rule 8)."""
    assert Situation(a_spec(), lambda: chance).back_off_s() == pytest.approx(heartbeats * H)


def test_the_first_interface_with_a_link_is_used(s: Situation) -> None:
    """None, if none has one."""
    spec = a_vip(interfaces=("eth0", "eth1"))
    assert s.interface_for(spec) is None
    s.links = {"eth0": True, "eth1": True, "eth2": True}
    assert s.interface_for(spec) == "eth0"
    s.links["eth0"] = False
    assert s.interface_for(spec) == "eth1"
    s.links["eth1"] = False
    assert s.interface_for(spec) is None


def test_sentences_and_effects_keep_their_order(s: Situation) -> None:
    """What is asked for first is done first."""
    s.tell(Kind.PEER, "one", vip=WEB, warning=True)
    s.do(Unbind(vips=(WEB,)))
    s.tell_role(WEB, Role.OWNER, Role.ISOLATED, "why")
    s.tell_role(WEB, Role.ISOLATED, Role.OWNER, "again")
    one, two, three, four = s.effects
    assert one == Tell(kind=Kind.PEER, text="one", vip=WEB, warning=True)
    assert two == Unbind(vips=(WEB,))
    assert three == Tell(
        kind=Kind.ROLE, text="web OWNER -> ISOLATED: why", vip=WEB, was=Role.OWNER, now=Role.ISOLATED, warning=True
    )
    assert isinstance(four, Tell)
    assert not four.warning


def test_an_address_stays_where_it_is_while_that_has_its_link(s: Situation) -> None:
    """A better interface that comes back is no reason to move."""
    spec = a_vip(interfaces=("eth0", "eth1"))
    s.links = {"eth0": True, "eth1": True}
    assert s.interface_for(spec, "eth1") == "eth1"
    s.links["eth1"] = False
    assert s.interface_for(spec, "eth1") == "eth0"
    del s.links["eth1"]
    assert s.interface_for(spec, "eth1") == "eth0"


# -- the longest D that anybody goes by (rule 5)

SLOW = a_spec(timing=Timing(lease_s=4.0)).terms
KEEP_S, RELEASE_S = SLOW.keep_s, SLOW.release_s


def listening(s: Situation, *brokers: object, since: float = 0.0) -> None:
    """Let sessions stand since a time."""
    for view in s.all_views():
        if view.broker in brokers:
            view.session_up(1, 1, since)


def test_a_longer_silence_is_listened_for_and_stored(s: Situation) -> None:
    """Under each policy; heard again it is no news, nor is a shorter one."""
    assert [s.listen_s(policy) for policy in Policy] == [s.owner_down_s(policy) for policy in Policy]
    for terms, news in ((SLOW, True), (SLOW, False), (TERMS, False)):
        s.outbox.store = False
        s.hear_terms(terms, 1.0)
        assert s.outbox.store is news
        assert [s.listen_s(policy) for policy in Policy] == [KEEP_S, RELEASE_S]


def test_what_the_outbox_wants_stored_stays_wanted(s: Situation) -> None:
    """Terms that are no news take nothing back."""
    s.hear_terms(SLOW, 1.0)
    s.hear_terms(SLOW, 1.0)
    assert s.outbox.store


@pytest.mark.parametrize(("brokers", "forgets"), [((X,), False), ((X, Y), True), ((X, Y, Z), True)])
def test_a_longer_silence_is_forgotten_after_a_majority_was_listened_to(
    s: Situation, brokers: tuple[object, ...], forgets: bool
) -> None:
    """For that long, and nobody went by it any more."""
    s.longest_s = dict.fromkeys(Policy, 4.0)
    listening(s, *brokers)
    s.forget_terms(4.0)
    assert s.longest_s[Policy.KEEP] == 4.0
    assert not s.outbox.store
    s.forget_terms(4.001)
    assert s.longest_s[Policy.KEEP] == (0.0 if forgets else 4.0)
    assert s.outbox.store is forgets


def test_a_longer_silence_that_was_heard_of_is_remembered_from_then_on(s: Situation) -> None:
    """The peer that went by it may be silent, and wait."""
    listening(s, X, Y, Z)
    s.hear_terms(SLOW, 10.0)
    s.forget_terms(10.0 + KEEP_S - 0.001)
    assert s.longest_s[Policy.KEEP] == KEEP_S
    s.forget_terms(10.0 + KEEP_S + 0.001)
    assert s.longest_s == {Policy.KEEP: 0.0, Policy.RELEASE: RELEASE_S}


def test_what_a_living_peer_goes_by_is_what_remains(s: Situation) -> None:
    """And from then on it is that which is listened for; with nothing to forget nothing is stored."""
    listening(s, X, Y, Z)
    s.longest_s = dict.fromkeys(Policy, 9.0)
    middle = a_spec(C, timing=Timing(lease_s=2.0)).terms
    s.peers.heard(Peer(C, middle).says(a_beat()), 9.0)
    s.forget_terms(9.001)
    assert s.longest_s == {Policy.KEEP: middle.keep_s, Policy.RELEASE: middle.release_s}
    s.outbox.store = False
    s.forget_terms(9.002)
    assert not s.outbox.store
    s.forget_terms(30.0)
    assert s.longest_s == {Policy.KEEP: 0.0, Policy.RELEASE: 0.0}
    s.outbox.store = False
    s.forget_terms(99.0)
    assert not s.outbox.store
    s.longest_s = dict.fromkeys(Policy, 0.5)
    s.forget_terms(200.0)
    assert s.longest_s == {Policy.KEEP: 0.0, Policy.RELEASE: 0.0}
