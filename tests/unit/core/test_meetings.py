"""Whole clusters at whatever moment things happen: one of two dies, two owners meet. Every phase of every timer."""

import pytest

from floatip.core.types import Role
from tests.unit.core.plays import Play

PHASES_MS = range(0, 600, 60)
"""The heartbeat is 200 ms, a round of LAN health 300 ms: this is all of both."""


def act(script: str, **words: object) -> Play:
    """Perform a script, one command after each semicolon."""
    play = Play()
    play.perform("".join(f"> {command.strip()}\n" for command in script.format(**words).split(";")))
    return play


def role_of(play: Play, name: str) -> Role | None:
    """What a node is for the VIP."""
    node = play.world.nodes[name]
    return node.engine.snapshot(node.now).vips[0].role if node.engine is not None else None


def holders(play: Play) -> str:
    """Who has the address."""
    return "".join(label for label, node in play.world.nodes.items() if node.held)


# -- one of two machines dies


@pytest.mark.parametrize("gateway", ["", "gateway on;"])
@pytest.mark.parametrize(
    ("policy", "dies", "role"),
    [
        ("keep", "kill b", Role.OWNER),
        ("keep", "kill a", Role.OWNER),
        ("lan", "kill a; broker x stop", Role.ISOLATED),
        ("keep", "side b right; cut b x", Role.OWNER),
    ],
)
def test_when_one_of_two_machines_dies_the_other_serves(policy: str, gateway: str, dies: str, role: Role) -> None:
    """Whichever it was, and whenever: it is silent on the LAN and by MQTT at once."""
    script = "nodes a b on x; policy {policy}; {gateway} begin 3s; run {ms}ms; {dies}; run 8s"
    for ms in PHASES_MS:
        play = act(script, policy=policy, gateway=gateway, ms=ms, dies=dies)
        survivor = "a" if "kill a" not in dies else "b"
        assert (ms, role_of(play, survivor)) == (ms, role)
        assert survivor in holders(play)


@pytest.mark.parametrize(
    ("away", "back"),
    [
        ("pause b", "resume b"),
        ("kill b", "start b"),
        ("side b right; cut b x", "side b left; join b x"),
        ("side b right", "side b left"),
    ],
)
def test_when_one_of_two_machines_is_back_the_other_stays_in_office(away: str, back: str) -> None:
    """However it was away; it may be heard by MQTT before it is on the LAN."""
    for ms in PHASES_MS:
        play = act("nodes a b on x; begin 3s; run {ms}ms; {away}; run 5s; {back}; run 3s", ms=ms, away=away, back=back)
        assert (ms, role_of(play, "a"), role_of(play, "b")) == (ms, Role.OWNER, Role.BACKUP)
        vip = play.world.nodes["a"].engine
        assert vip is not None
        assert vip.snapshot(play.world.now).vips[0].term == 1


def test_when_one_of_three_machines_dies_the_others_serve() -> None:
    """The two of them still hear each other."""
    for ms in PHASES_MS:
        play = act("nodes a b c on x; begin 3s; run {ms}ms; kill a; run 5s", ms=ms)
        assert (ms, role_of(play, "b"), role_of(play, "c")) == (ms, Role.OWNER, Role.BACKUP)


@pytest.mark.parametrize("nodes", ["a b", "a b c"])
def test_a_switch_that_is_off_takes_nobody_out_of_office(nodes: str) -> None:
    """MQTT goes another way, and nobody's LAN is any better."""
    for ms in PHASES_MS:
        script = "nodes {nodes} on x; begin 3s; run {ms}ms; side a one; side b two; run 8s; run 8s"
        play = act(script + "; side c three" * nodes.count("c"), nodes=nodes, ms=ms)
        assert (ms, role_of(play, "a"), role_of(play, "b")) == (ms, Role.OWNER, Role.BACKUP)


# -- two isolated owners meet

APART = (
    "nodes a b on x; set {old} priority=200; begin 3s; cut {old} x; side {old} right; run 7s; cut {new} x; run {ms}ms"
)
"""Each serves its side of a split LAN; the new one has the higher term, b the higher MAC."""


@pytest.mark.parametrize(("old", "new"), [("a", "b"), ("b", "a")])
@pytest.mark.parametrize("heal", ["side {old} left", "side {old} left; run 3s; join a x; join b x"])
def test_when_the_lan_heals_first_exactly_one_keeps_the_address(old: str, new: str, heal: str) -> None:
    """The one with the higher MAC, all the time."""
    for ms in PHASES_MS:
        play = act(f"{APART}; {heal}; run 500ms", old=old, new=new, ms=2000 + ms)
        assert (ms, holders(play)) == (ms, "b")


@pytest.mark.parametrize(
    ("old", "new", "first_s"),
    [("a", "b", 0.05), ("a", "b", 0.2), ("b", "a", 0.05), ("b", "a", 0.2)],
)
def test_when_the_broker_is_back_just_before_the_lan_exactly_one_keeps_the_address(
    old: str, new: str, first_s: float
) -> None:
    """Word and wire must not say different things of who goes first."""
    for ms in PHASES_MS:
        script = f"{APART}; join a x; join b x; run {first_s}s; side {{old}} left; run 500ms"
        play = act(script, old=old, new=new, ms=2000 + ms)
        assert (ms, len(holders(play))) == (ms, 1)


@pytest.mark.parametrize("stood_still", ["a", "b"])
def test_one_that_stood_still_and_one_that_did_not_meet_and_exactly_one_keeps_the_address(stood_still: str) -> None:
    """Neither knows of the other's doubt; without a broker nobody could take the VIP again."""
    script = f"{APART}; pause {stood_still}; run 1500ms; resume {stood_still}; run 100ms; side a left; run 3s"
    for ms in PHASES_MS:
        play = act(script, old="a", new="b", ms=2000 + ms)
        assert (ms, len(holders(play))) == (ms, 1)


@pytest.mark.parametrize(("old", "new", "term"), [("a", "b", 2), ("b", "a", 3)])
def test_after_a_meeting_a_stop_in_order_costs_nothing(old: str, new: str, term: int) -> None:
    """Also where the one of term 2 has yielded: c, who saw it, tells of its term, and the other takes a later one."""
    apart = APART.replace("a b on x", "a b c on x")
    script = f"{apart}; side {{old}} left; run 3s; join a x; join b x; run 3s; kill a; run 3s"
    play = act(script, old=old, new=new, ms=2000)
    b = play.world.nodes["b"].engine
    assert b is not None
    assert (role_of(play, "b"), b.snapshot(play.world.now).vips[0].term) == (Role.OWNER, term)
    play.perform("> stop b\n> run 50ms\n")
    assert role_of(play, "c") is Role.OWNER


@pytest.mark.parametrize(("firm", "isolated"), [("a", "b"), ("b", "a")])
def test_an_owner_with_the_quorum_is_alone_half_a_second_after_the_lan_has_healed(firm: str, isolated: str) -> None:
    """Whatever the MACs; the other is cut off from the brokers still."""
    script = (
        "nodes a b c on x; set {isolated} priority=200; begin 3s; cut {isolated} x; side {isolated} right; run {ms}ms"
    )
    for ms in PHASES_MS:
        play = act(f"{script}; side {{isolated}} left; run 1s", firm=firm, isolated=isolated, ms=6000 + ms)
        assert (ms, holders(play)) == (ms, firm)
        assert role_of(play, firm) is Role.OWNER


@pytest.mark.parametrize(("nodes", "gateway"), [("a b", "gateway on;"), ("a b c", "")])
@pytest.mark.parametrize("policy", ["keep", "lan"])
def test_a_node_that_hears_nobody_does_not_take_over_from_an_owner_that_is_cut_off(
    policy: str, nodes: str, gateway: str
) -> None:
    """The LAN of b dies just when a loses the broker: a goes on serving its clients."""
    script = "nodes {nodes} on x; policy {policy}; {gateway} begin 3s; run {ms}ms; side b right; cut a x; run 8s"
    for ms in PHASES_MS[:3]:
        play = act(script, policy=policy, nodes=nodes, gateway=gateway, ms=ms)
        assert (ms, holders(play)) == (ms, "a")


def test_of_two_daemons_under_one_name_the_newcomer_ends_though_there_is_nobody_else() -> None:
    """Two machines, and one configuration copied: the owner's heartbeats tell the other that it is one too many."""
    play = act("nodes a on x; begin 3s; twin a")
    assert "a': exits with 4: duplicate node name" in play.perform("> run 3s\n")
    assert role_of(play, "a") is Role.OWNER
