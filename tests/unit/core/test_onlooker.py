"""What every node hears of a handover: each step is told once, however many brokers deliver it."""

import pytest

from floatip.core.messages import Body, Release, Reply, Request, Verb, Verdict
from floatip.core.onlooker import FORGOTTEN_S, Onlooker, Underway
from floatip.core.situation import Situation
from floatip.core.types import NodeName, VipName
from tests.unit.core.stage import MACS, STRANGER, WEB, A, B, C, Peer, a_claim, a_spec, a_vip

AT = 100.0
MAIL = VipName("mail")
ASK = Request(id="r1", verb=Verb.PREPARE, at=C, vips=(WEB,), look=True, expires_s=1.0)
READY = Reply(id="r1", verdict=Verdict.ACCEPTED, text="c is ready, and sees b alone", vips=(WEB,))
KEPT = Release(vips=(WEB,), to=C, reserved_s=1.0, kept=True)
GONE = Release(vips=(WEB,), vacated=True)


class Scene:
    """Node a, which sees b hand the VIP to c."""

    def __init__(self, brokers: int = 1) -> None:
        self.s = Situation(a_spec(vips=(a_vip(), a_vip(MAIL))), lambda: 0.5)
        self.s.peers.remember(((B, (MACS[B],)), (C, (MACS[C],))))
        self.onlooker = Onlooker(self.s)
        self.mouths = {node: Peer(node) for node in (A, B, C)}
        self.brokers = brokers

    def says(self, node: NodeName, body: Body, at: float = AT) -> list[str]:
        """Let a node say this on all brokers; return the steps told."""
        for _ in range(self.brokers):
            self.onlooker.heard(self.mouths[node].says(body), at)
        return self.steps()

    def announces(self, node: NodeName, at: float = AT) -> list[str]:
        """Let a node announce the VIP; return the steps told."""
        self.onlooker.answered(WEB, MACS.get(node, STRANGER), at)
        return self.steps()

    def steps(self) -> list[str]:
        """Take the steps."""
        steps, self.s.steps = self.s.steps, []
        assert all(step.vip in {WEB, MAIL} for step in steps)
        return [step.text for step in steps]

    def stage(self, at: float = AT) -> str | None:
        """How far it is."""
        one = self.onlooker.of(WEB, at)
        return one.stage if one is not None else None


@pytest.mark.parametrize("brokers", [1, 3])
def test_each_step_is_told_once(brokers: int) -> None:
    """From the question to the end, however many brokers deliver it."""
    scene = Scene(brokers)
    assert scene.says(B, ASK) == ["b asks c to take web"]
    assert scene.onlooker.of(WEB, AT) == Underway(B, C, "asked", AT)
    assert scene.says(C, READY) == ["c is ready, and sees b alone"]
    assert scene.stage() == "ready"
    assert scene.says(B, KEPT) == ["b releases web to c, and keeps it until then"]
    assert scene.stage() == "released"
    assert scene.says(C, a_claim(term=8)) == ["c claims web (term 8)"]
    assert scene.stage() == "claimed"
    assert scene.announces(C) + scene.announces(C) == ["c announces web"]
    assert scene.says(B, GONE) == ["b has removed web"]
    assert scene.stage() is None


def test_brokers_of_which_one_is_late_tell_nothing_twice() -> None:
    """What comes after its successor is old."""
    scene = Scene()
    for body in (ASK, KEPT):
        scene.says(B, body)
    scene.says(C, a_claim())
    assert scene.says(B, ASK) == []
    assert scene.says(C, READY) == []
    assert scene.stage() == "claimed"


@pytest.mark.parametrize("behind", range(1, 6))
def test_a_broker_that_is_behind_tells_nothing_again(behind: int) -> None:
    """By however many words it is late."""
    scene = Scene()
    words: list[tuple[NodeName, Body]] = [(B, ASK), (C, READY), (B, KEPT), (C, a_claim(term=8)), (B, GONE)]
    told = []
    for number in range(len(words) + behind):
        if number < len(words):
            told += scene.says(*words[number])
        if 0 <= number - behind < len(words):
            told += scene.says(*words[number - behind])
    assert told == [
        "b asks c to take web",
        "c is ready, and sees b alone",
        "b releases web to c, and keeps it until then",
        "c claims web (term 8)",
        "b has removed web",
    ]


def test_the_same_move_some_time_later_is_another() -> None:
    """Each step of it is told again."""
    scene = Scene()
    for body in (ASK, KEPT, GONE):
        scene.says(B, body)
    again = Request(id="r2", verb=Verb.PREPARE, at=C, vips=(WEB,), look=True, expires_s=1.0)
    assert scene.says(B, again, AT + 1.0) == ["b asks c to take web"]
    assert scene.says(B, KEPT, AT + 1.1) == ["b releases web to c, and keeps it until then"]
    assert scene.says(B, GONE, AT + 1.2) == ["b has removed web"]
    later = AT + 1.2 + FORGOTTEN_S
    assert scene.says(B, KEPT, later) == ["b releases web to c, and keeps it until then"]


def test_a_move_back_is_another_at_once() -> None:
    """However soon it follows, and though nobody heard the question."""
    scene = Scene()
    scene.says(B, KEPT)
    scene.says(C, a_claim())
    back = Release(vips=(WEB,), to=B, reserved_s=1.0, kept=True)
    assert scene.says(C, back) == ["c releases web to b, and keeps it until then"]


def test_a_vip_that_is_removed_before_it_is_given_is_told_so() -> None:
    """Break before make."""
    scene = Scene()
    assert scene.says(B, Release(vips=(WEB,), vacated=True, to=C, reserved_s=1.0)) == ["b releases web to c"]


def test_a_target_that_refuses_ends_it() -> None:
    """With its reason."""
    scene = Scene()
    scene.says(B, ASK)
    refusal = Reply(id="r1", verdict=Verdict.REFUSED, text="c stops", vips=(WEB,))
    assert scene.says(C, refusal) == ["c refuses: c stops"]
    assert scene.stage() is None


def test_the_next_target_is_another_step() -> None:
    """And a late word of the first is none."""
    scene = Scene()
    scene.says(B, ASK)
    second = Request(id="r2", verb=Verb.PREPARE, at=A, vips=(WEB,), look=True, expires_s=1.0)
    assert scene.says(B, second) == ["b asks a to take web"]
    assert scene.says(C, READY) == []
    assert scene.stage() == "asked"


def test_many_vips_are_many_steps() -> None:
    """Each goes its own way."""
    scene = Scene()
    both = Request(id="r1", verb=Verb.PREPARE, at=C, vips=(WEB, MAIL), expires_s=1.0)
    assert scene.says(B, both) == ["b asks c to take web", "b asks c to take mail"]
    assert scene.says(C, READY) == ["c is ready, and sees b alone"]
    one = scene.onlooker.of(MAIL, AT)
    assert one is not None
    assert one.stage == "asked"


@pytest.mark.parametrize("node", [A, B, NodeName("stranger")])
def test_only_the_target_can_announce_it(node: NodeName) -> None:
    """The owner announces too, in its turn."""
    scene = Scene()
    scene.says(B, KEPT)
    assert scene.announces(node) == []
    assert scene.announces(C) == ["c announces web"]


def test_nothing_is_told_of_a_claim_or_an_announcement_outside_a_handover() -> None:
    """A takeover has its own words."""
    scene = Scene()
    assert scene.says(C, a_claim()) + scene.announces(C) + scene.says(B, GONE) + scene.says(C, READY) == []
    scene.says(B, ASK)
    assert scene.says(C, a_claim()) + scene.announces(C) + scene.says(B, GONE) == []
    scene.says(B, KEPT)
    assert scene.says(A, a_claim()) + scene.says(A, GONE) == []
    assert scene.stage() == "released"


def test_what_was_not_heard_of_for_long_is_over() -> None:
    """Its end was missed."""
    scene = Scene()
    scene.says(B, ASK)
    scene.says(B, KEPT, AT + 1.0)
    assert scene.stage(AT + 1.0 + FORGOTTEN_S - 0.01) == "released"
    assert scene.stage(AT + 1.0 + FORGOTTEN_S) is None


def test_another_verb_is_no_handover() -> None:
    """An operator asks for much."""
    scene = Scene()
    assert scene.says(B, Request(id="r9", verb=Verb.ANNOUNCE, at=C, vips=(WEB,))) == []
    assert scene.stage() is None


def test_memory_of_questions_is_bounded() -> None:
    """The oldest is forgotten: a late reply to it is told of no more."""
    scene = Scene()
    for number in range(65):
        scene.says(B, Request(id=f"q{number}", verb=Verb.PREPARE, at=C, vips=(MAIL,), expires_s=1.0))
    late = Reply(id="q0", verdict=Verdict.ACCEPTED, text="late", vips=(MAIL,))
    assert scene.says(C, late) == []
    assert scene.says(C, Reply(id="q64", verdict=Verdict.ACCEPTED, text="ready", vips=(MAIL,))) == ["ready"]


def test_a_word_of_another_than_the_target_is_not_told() -> None:
    """Every node can read the id of the question."""
    scene = Scene()
    scene.says(B, ASK)
    assert scene.says(A, Reply(id="r1", verdict=Verdict.REFUSED, text="forged", vips=(WEB,))) == []
    assert scene.stage() == "asked"
    assert scene.says(C, READY) == ["c is ready, and sees b alone"]


def test_vips_that_are_unknown_here_are_not_told_of() -> None:
    """Nor remembered: names come from other hosts."""
    scene = Scene()
    other = VipName("other")
    assert scene.says(B, Request(id="r1", verb=Verb.PREPARE, at=C, vips=(other,), expires_s=1.0)) == []
    assert scene.says(B, Release(vips=(other,), to=C, reserved_s=1.0, kept=True)) == []
    assert scene.onlooker.of(other, AT) is None
