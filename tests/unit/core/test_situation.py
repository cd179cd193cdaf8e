"""What one node knows, shared by its VIPs."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from floatip.core.effects import Kind, Tell, Unbind
from floatip.core.situation import Situation, Step
from floatip.core.types import Mac, Policy, Role, Timing, VipName
from tests.unit.core.stage import MACS, TERMS, WEB, A, B, C, D, H, L, Peer, X, Y, Z, a_beat, a_port, a_spec, a_vip


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
LONGEST_S = {Policy.KEEP: KEEP_S, Policy.RELEASE: RELEASE_S, Policy.LAN: KEEP_S}


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
        assert {policy: s.listen_s(policy) for policy in Policy} == LONGEST_S


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
    assert s.longest_s == dict.fromkeys(Policy, 0.0) | {Policy.RELEASE: RELEASE_S}


def test_what_a_living_peer_goes_by_is_what_remains(s: Situation) -> None:
    """And from then on it is that which is listened for; with nothing to forget nothing is stored."""
    listening(s, X, Y, Z)
    s.longest_s = dict.fromkeys(Policy, 9.0)
    middle = a_spec(C, timing=Timing(lease_s=2.0)).terms
    s.peers.heard(Peer(C, middle).says(a_beat()), 9.0)
    s.forget_terms(9.001)
    assert s.longest_s == {policy: middle.owner_down_s(policy) for policy in Policy}
    s.outbox.store = False
    s.forget_terms(9.002)
    assert not s.outbox.store
    s.forget_terms(30.0)
    assert s.longest_s == dict.fromkeys(Policy, 0.0)
    s.outbox.store = False
    s.forget_terms(99.0)
    assert not s.outbox.store
    s.longest_s = dict.fromkeys(Policy, 0.5)
    s.forget_terms(200.0)
    assert s.longest_s == dict.fromkeys(Policy, 0.0)


# -- what the LAN says


def test_an_interface_whose_lan_is_dead_is_of_no_use(s: Situation) -> None:
    """As one without a link."""
    spec = a_vip(interfaces=("eth0", "eth1"))
    s.links = {"eth0": True, "eth1": True}
    s.lan_dead = frozenset({"eth0"})
    assert (s.interface_for(spec), s.interface_for(spec, "eth0")) == ("eth1", "eth1")
    s.lan_dead = frozenset({"eth0", "eth1"})
    assert s.interface_for(spec, "eth0") is None


def test_a_host_is_heard_for_a_lease(s: Situation) -> None:
    """The gateway has no name; who was never heard is not."""
    s.reached = {B: 10.0, None: 11.0}
    assert [s.hears(one, 10.0 + L - 0.01) for one in (B, None, C)] == [True, True, False]
    assert [s.hears(one, 10.0 + L) for one in (B, None, C)] == [False, True, False]


def test_each_interface_has_its_own_hardware_address(s: Situation) -> None:
    """None, if it is not known."""
    s.ports = (a_port(A, "eth0"), a_port(C, "eth1"))
    assert [s.mac_on(one) for one in ("eth0", "eth1", "eth2", None)] == [MACS[A], MACS[C], None, None]


@pytest.mark.parametrize(
    ("sent", "alone_since"),
    [((1.0, 1.0, 1.0), 5.0), ((9.0, 1.0, 1.0), 5.0), ((9.0, 8.0, 1.0), 8.0), ((9.0, 8.0, 7.0), 8.0)],
)
def test_it_is_alone_since_what_a_majority_gave_back_was_sent(
    s: Situation, sent: tuple[float, ...], alone_since: float
) -> None:
    """Or since it lives; an answer that took long says nothing of the time since the question."""
    s.began = 5.0
    for view, at in zip(s.all_views(), sent, strict=True):
        view.session_up(1, 1, 0.0)
        view.hear(view.say(a_beat(), at), {}, 30.0)
    assert s.alone_since() == alone_since


def test_a_session_alone_is_no_company(s: Situation) -> None:
    """A broker that accepts sessions and delivers nothing must not put off for ever what the LAN may decide."""
    s.began = 5.0
    listening(s, X, Y, Z, since=20.0)
    words = [(view, view.say(a_beat(), 20.0)) for view in s.all_views()]
    assert s.alone_since() == 5.0
    for (view, word), alone_since in zip(words[:2], (5.0, 20.0), strict=True):
        view.hear(word, {}, 20.5)
        assert s.alone_since() == alone_since


@pytest.mark.parametrize(
    ("gateway", "ports", "near"),
    [
        ("10.77.0.1", ("eth0",), True),
        ("10.77.0.1", (), False),
        ("10.78.0.1", ("eth0",), False),
        ("fd77::1", ("eth0",), False),
        (None, ("eth0",), False),
    ],
)
def test_a_gateway_that_cannot_be_asked_is_none(gateway: str | None, ports: tuple[str, ...], near: bool) -> None:
    """It must be in a subnet of this node."""
    s = Situation(replace(a_spec(), gateway=ip_address(gateway) if gateway else None), lambda: 0.5)
    s.ports = tuple(a_port(A, name) for name in ports)
    assert s.has_near_gateway() is near


def test_what_each_broker_brought_of_a_node(s: Situation) -> None:
    """Only those that know it."""
    for broker in (X, Z):
        s.views[broker].session_up(1, 1, 0.0)
        s.views[broker].hear(Peer(B).says(a_beat()), {}, 1.0)
    assert s.logs_of(B) == [s.views[X].peers[B], s.views[Z].peers[B]]
    assert s.logs_of(C) == []


LOW, HIGH = Mac("02:00:00:00:00:01"), Mac("02:00:00:00:00:ee")


@pytest.mark.parametrize(
    ("ours", "theirs", "goes_before"),
    [
        ((MACS[A],), (MACS[B],), True),
        ((MACS[B],), (MACS[A],), False),
        ((MACS[A], HIGH), (MACS[B],), True),
        ((HIGH, MACS[A]), (HIGH, MACS[B]), True),
        ((MACS[A],), (HIGH, LOW), False),
        ((), (LOW,), True),
        ((HIGH,), (), False),
        ((), (), False),
        ((LOW,), (LOW,), True),
    ],
)
def test_of_two_nodes_the_one_with_the_higher_lowest_mac_goes_before(
    s: Situation, ours: tuple[Mac, ...], theirs: tuple[Mac, ...], goes_before: bool
) -> None:
    """All of a node's count as one, equal ones go by name; both sides come to the same end, whichever was heard."""
    s.macs = ours
    s.peers.remember(((B, theirs),))
    assert s.goes_before(B) is goes_before
    assert not s.goes_before(C)


@pytest.mark.parametrize("lease_s", [0.2, 1.0])
def test_a_host_is_there_for_a_lease(lease_s: float) -> None:
    """Within which it is asked three times."""
    s = Situation(a_spec(timing=Timing(heartbeat_s=0.05, lease_s=lease_s)), lambda: 0.5)
    s.reached[None] = 10.0
    assert s.hears(None, 10.0 + lease_s - 0.01)
    assert not s.hears(None, 10.0 + lease_s + 0.01)


def test_steps_are_told_and_many_like_ones_in_one_sentence(s: Situation) -> None:
    """A thousand VIPs that move at once are not a thousand lines; whoever waits gets each."""
    mail = VipName("mail")
    s.step(WEB, "a asks b to take web")
    s.step(mail, "a asks b to take mail")
    s.step(WEB, "b refuses", warning=True)
    assert s.tell_steps() == [
        Step(WEB, "a asks b to take web"),
        Step(mail, "a asks b to take mail"),
        Step(WEB, "b refuses", warning=True),
    ]
    assert s.effects == [
        Tell(kind=Kind.HANDOVER, text="a asks b to take web (and 1 more VIPs likewise)"),
        Tell(kind=Kind.HANDOVER, text="b refuses", vip=WEB, warning=True),
    ]
    assert s.tell_steps() == []


def test_the_round_trip_is_that_of_a_majority(s: Situation) -> None:
    """One slow broker of three slows nothing; two do; nothing is known without a majority."""
    assert s.rtt_s() == 0.0
    for broker, rtt_s in ((X, 0.3), (Y, 0.002), (Z, 0.001)):
        s.views[broker].rtts.append(rtt_s)
    assert s.rtt_s() == 0.002
    s.views[Y].rtts.extend([0.2, 0.2])
    assert s.rtt_s() == 0.2
    s.views[X].rtts.clear()
    s.views[Z].rtts.clear()
    assert s.rtt_s() == 0.0
