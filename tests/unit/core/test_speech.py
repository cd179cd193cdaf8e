"""What this node says, and when: heartbeats in full or as a digest, state, batches, the mute beginning."""

from dataclasses import replace

import pytest

from floatip.bus.codec import encode
from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.messages import Claim, Heartbeat, Release, State
from floatip.core.speech import ALWAYS_FULL, BATCH, FAULT_TEXT, FAULTS_TEXT, MOST_FAULTS, SILENT_SESSION_S
from floatip.core.types import CheckName, CheckSpec, NodeSpec, Role, Standing, VipName
from tests.unit.core.bench import Bench
from tests.unit.core.stage import (
    ADDRESS,
    MACS,
    WEB,
    A,
    B,
    D,
    H,
    Peer,
    X,
    Y,
    Z,
    a_beat,
    a_listing,
    a_spec,
    a_vip,
    of,
    sent,
)


def many(count: int) -> NodeSpec:
    """Make a node with this many VIPs."""
    return a_spec(
        vips=tuple(
            a_vip(VipName(f"v{number:04}"), address=f"10.77.{number // 250}.{number % 250 + 1}")
            for number in range(count)
        )
    )


def an_owner_of(count: int) -> Bench:
    """Make an owner of this many VIPs."""
    bench = Bench(many(count)).connect()
    bench.run(D + 2.0)
    assert {vip.role for vip in bench.engine._vips.values()} == {Role.OWNER}
    return bench


def fullness(effects: list[ef.Effect]) -> str:
    """One letter a heartbeat: a full list or a digest."""
    return "".join("d" if beat.listings is None else "F" for beat in sent(Heartbeat, effects))


# -- the beginning


def test_the_first_session_of_a_life_begins_mute() -> None:
    """So that a namesake is heard before it is confused (4 heartbeats); then state, then heartbeats."""
    bench = Bench().connect()
    assert not of(ef.Send, bench.run(4 * H - 0.001))
    bodies = [send.message.body for send in of(ef.Send, bench.run(0.01))]
    assert [type(body) for body in bodies] == [State, Heartbeat]


def test_a_later_session_speaks_at_once() -> None:
    """State first, then a full heartbeat."""
    bench = Bench().reach(Role.OWNER)
    bench.cut()
    before = len(bench.effects)
    effects = bench.connect().effects[before:]
    assert [type(send.message.body) for send in of(ef.Send, effects)] == [State, Heartbeat]
    assert [send.message.origin.seq for send in of(ef.Send, effects)] == [0, 1]


def test_heartbeats_come_each_h_and_the_state_once_a_session() -> None:
    """As long as nothing changes."""
    bench = Bench().connect()
    bench.joined_by(B, a_listing())
    effects = bench.run(4 * H + 10.0)
    assert len(sent(Heartbeat, effects)) == pytest.approx(51, abs=1)
    assert len(sent(State, effects)) == 1


def test_without_a_session_nothing_is_said() -> None:
    """Now or never."""
    bench = Bench().reach(Role.OWNER)
    bench.cut()
    assert not of(ef.Send, bench.run(5.0))


def test_each_broker_has_its_own_session() -> None:
    """Own numbers, own state."""
    bench = Bench(a_spec(brokers=(X, Y, Z))).connect(X, Y)
    bench.run(0.95)
    bench.connect(Z)
    bench.run(0.95)
    said = {broker: [s.message for s in of(ef.Send, bench.effects) if s.broker == broker] for broker in (X, Y, Z)}
    assert [message.origin.seq for message in said[Z]] == list(range(len(said[Z])))
    assert len(said[Z]) < len(said[X]) == len(said[Y])
    assert all(isinstance(messages[0].body, State) for messages in said.values())


# -- state


def test_the_state_tells_who_this_node_is_and_what_it_can() -> None:
    """For ranking and display."""
    bench = Bench().connect()
    bench.run(0.9)
    (state,) = sent(State, bench.effects)
    assert (state.macs, state.addresses, state.version) == ((MACS[A],), ("10.77.0.11",), "0")
    (vip,) = state.vips
    assert (vip.vip, vip.priority, vip.faults) == (WEB, 100, ())


def test_a_state_that_says_nothing_new_is_not_said_again() -> None:
    """Its version stays, so that others see it too."""
    bench = Bench().reach(Role.OWNER)
    bench.run(1.0)
    same = ev.IdentityChanged(macs=(MACS[A],), addresses=("10.77.0.11",))
    assert not sent(State, bench.give(same))
    news = bench.give(ev.IdentityChanged(macs=(), addresses=()))
    assert [state.state_version for state in sent(State, news)] == [sent(State, bench.effects)[0].state_version + 1]


def test_a_change_is_said_at_once_with_a_heartbeat() -> None:
    """And the next heartbeat comes h after that."""
    bench = Bench().reach(Role.OWNER)
    bench.run(0.05)
    assert sent(Heartbeat, bench.give(ev.IdentityChanged(macs=(), addresses=())))
    assert not sent(Heartbeat, bench.run(H - 0.001))
    assert sent(Heartbeat, bench.run(0.002))


def test_a_storm_of_changes_is_told_once_a_heartbeat() -> None:
    """A thousand VIPs may change one by one; the last state waits for the next heartbeat, and is told then."""
    bench = Bench().reach(Role.OWNER)
    bench.run(1.0)
    effects = []
    for number in range(40):
        effects += bench.give(ev.IdentityChanged(macs=(), addresses=(str(number),)))
        effects += bench.run(H / 20)
    assert len(sent(State, effects)) == pytest.approx(3, abs=1)
    effects += bench.run(H)
    assert sent(State, effects)[-1].addresses == ("39",)


def test_a_long_fault_is_told_in_short() -> None:
    """A thousand VIPs may have one each."""
    bench = Bench().reach(Role.ACQUIRING)
    bench.give(ev.BindFailed(vip=WEB, reason="x" * 200))
    bench.run(H)
    (fault,) = sent(State, bench.effects)[-1].vips[0].faults
    assert fault == ("address refused: " + "x" * 200)[:FAULT_TEXT]


def failing(vips: int, checks: int, output: str, weight: int = 0) -> State:
    """What a node says of itself while so many checks of each of its VIPs fail."""
    specs = tuple(CheckSpec(name=CheckName(f"c{number}"), fall=1, weight=weight) for number in range(checks))
    names = tuple(spec.name for spec in specs)
    spec = replace(many(vips), checks=specs)
    bench = Bench(replace(spec, vips=tuple(replace(vip, checks=names) for vip in spec.vips))).connect()
    bench.give(*(ev.Checked(check=name, passed=False, output=output) for name in names))
    bench.run(1.0)
    return sent(State, bench.effects)[-1]


@pytest.mark.parametrize("output", ["x" * 80, "\u65e5" * 80, "\U0001f600" * 80, '"\\' * 40])
def test_faults_of_a_thousand_vips_fit_a_message_in_whatever_script(output: str) -> None:
    """A message that is too long ends its session, again and again: the node would lose all brokers."""
    state = failing(1000, 1, output)
    told = ["".join(one.faults) for one in state.vips]
    assert all(text.startswith("check c0 fails: ") for text in told)
    assert sum(len(text.encode()) + text.count('"') + text.count("\\") for text in told) <= FAULTS_TEXT


@pytest.mark.parametrize("weight", [0, -1])
def test_of_very_many_failing_checks_only_some_are_told(weight: int) -> None:
    """Peers refuse a state with a longer list, and would go by the one before: a node without any fault."""
    vip = failing(1, 3 * MOST_FAULTS, "down", weight).vips[0]
    assert len(vip.faults if weight == 0 else vip.notes) == MOST_FAULTS


# -- the list


def test_up_to_32_vips_are_always_listed() -> None:
    """A short list is cheaper than a question."""
    assert fullness(an_owner_of(ALWAYS_FULL).run(5.0)).strip("F") == ""
    assert ALWAYS_FULL == 32


def test_above_the_full_list_comes_every_tenth_time() -> None:
    """Between, a digest stands for it."""
    said = fullness(an_owner_of(ALWAYS_FULL + 1).run(10.0))
    assert said.strip("F").count("F") >= 3
    assert "d" * 11 not in said
    assert set(said.strip("d").strip("F").split("F")) == {"d" * 9}


def test_above_the_full_list_comes_when_it_changes() -> None:
    """Under a new version."""
    bench = an_owner_of(ALWAYS_FULL + 2)
    while fullness(effects := bench.run(H)) != "d":
        pass
    before = sent(Heartbeat, effects)[-1].list_version
    bench.unbinding = False
    for _ in range(5):
        bench.run(0.21)
        effects = bench.give(ev.AddressGone(vip=VipName("v0001"), address=ADDRESS, cause="script")) + bench.run(0.01)
    beat = next(beat for beat in sent(Heartbeat, effects) if beat.listings is not None)
    assert beat.list_version == before + 1
    assert {one.standing for one in beat.listings or ()} == {Standing.OWNER, Standing.RELEASING}


def test_above_the_full_list_comes_when_a_peer_joins_or_rejoins() -> None:
    """It could not resolve a digest."""
    bench = an_owner_of(ALWAYS_FULL + 1)
    peer = Peer()
    for message in (peer.says(a_beat()), peer.reconnects().says(a_beat())):
        while fullness(bench.run(H)) != "d":
            pass
        bench.hear(message)
        assert fullness(bench.run(H + 0.001)).startswith("F")
    while fullness(bench.run(H)) != "d":
        pass
    bench.hear(peer.says(a_beat()))
    assert fullness(bench.run(H + 0.001)).startswith("d")


def test_above_the_full_list_comes_first_in_a_session() -> None:
    """Nobody has it in this session."""
    bench = an_owner_of(ALWAYS_FULL + 1)
    bench.cut()
    before = len(bench.effects)
    assert fullness(bench.connect().effects[before:]) == "F"


# -- many at once


def test_many_claims_and_releases_go_into_few_messages() -> None:
    """Up to 500 VIPs in one."""
    bench = Bench(many(BATCH + 1)).connect()
    bench.run(D + 0.5)
    assert sorted(len(claim.bids) for claim in sent(Claim, bench.effects)) == [1, BATCH]
    bench.give(ev.StopAsked())
    bench.run(2.0)
    assert sum(len(release.vips) for release in sent(Release, bench.effects)) == BATCH + 1
    assert max(len(release.vips) for release in sent(Release, bench.effects)) <= BATCH


def test_releases_go_before_claims_and_claims_before_heartbeats() -> None:
    """A heartbeat lists what was claimed just before (rule 3)."""
    bench = Bench().connect()
    bench.run(D - 0.1)
    kinds = [type(send.message.body) for send in of(ef.Send, bench.run_until(Role.CANDIDATE))]
    assert kinds[-1] is Claim
    bench.run_until(Role.OWNER)
    (bodies,) = [sent(Heartbeat, bench.effects)[-1].listings]
    assert [one.standing for one in bodies or ()] == [Standing.OWNER]


# -- a dead session


def test_a_session_on_which_nothing_comes_back_is_begun_anew() -> None:
    """It stands, and is of no use."""
    bench = Bench().reach(Role.OWNER)
    bench.echoing.clear()
    assert not of(ef.Reconnect, bench.run(SILENT_SESSION_S - H))
    assert of(ef.Reconnect, bench.run(2 * H))[0] == ef.Reconnect(broker=X, reason="nothing came back for 5 s")


def test_a_heartbeat_of_a_thousand_vips_is_as_long_as_one_of_33() -> None:
    """In bytes, within those of its numbers: what is said again and again does not grow with what is owned."""
    lengths = [
        max(
            len(encode(send.message))
            for send in of(ef.Send, bench.run(2.0))
            if isinstance(send.message.body, Heartbeat) and send.message.body.listings is None
        )
        for bench in map(an_owner_of, (ALWAYS_FULL + 1, 1000))
    ]
    assert abs(lengths[0] - lengths[1]) <= 8
    assert max(lengths) < 250
