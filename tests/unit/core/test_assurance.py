"""Whether the LAN believes an owner: what its witnesses say, and when nobody says anything."""

import pytest

from floatip.core import effects as ef
from floatip.core.assurance import ALARM_S, Assurance
from floatip.core.effects import Kind, Tell
from floatip.core.messages import Witnessed
from floatip.core.situation import Situation
from floatip.core.types import Mac, NodeName, Role
from tests.unit.core.bench import Bench
from tests.unit.core.stage import MACS, STRANGER, WEB, A, B, C, Peer, a_beat, a_spec, a_state, of

NOBODY = "no other node sees this one answer for web: clients may not reach it"
AGAIN = "web is seen by others again"


class Scene:
    """Node a, owner of term 4 since 10 s."""

    def __init__(self, *peers: NodeName) -> None:
        self.s = Situation(a_spec(), lambda: 0.5)
        self.s.macs = (MACS[A], MACS[C])
        self.assurance = Assurance(a_spec().vips[0], self.s)
        self.now = 10.0
        self.living = set(peers)
        self.look()

    def reports(self, node: NodeName, mac: Mac | None, term: int = 4) -> None:
        """Let a peer report what it saw."""
        self.look()
        seen = {} if mac is None else {WEB: Witnessed(vip=WEB, term=term, mac=mac)}
        self.s.peers.known[node].witnessed = seen

    def look(self, term: int = 4) -> bool:
        """Look now whether a witness sees another's MAC."""
        for node in self.living:
            self.s.peers.heard(Peer(node).says(a_beat()), self.now)
        return self.assurance.astray(term, self.now)

    def run(self, seconds: float) -> list[str]:
        """Look every 100 ms; return what people were told."""
        end = self.now + seconds - 1e-6
        while self.now < end:
            self.now += 0.1
            self.look()
        told = [tell.text for tell in of(Tell, self.s.effects) if tell.kind is Kind.CONFLICT]
        self.s.effects.clear()
        return told


def test_an_owner_that_somebody_sees_is_assured() -> None:
    """By any of its MACs; one witness is enough."""
    scene = Scene(B, C)
    scene.reports(B, MACS[C])
    assert not scene.look()
    assert not scene.run(20.0)


def test_an_owner_that_nobody_sees_for_three_seconds_says_so_once() -> None:
    """Although somebody lives that could."""
    scene = Scene(B)
    assert not scene.run(ALARM_S)
    assert scene.run(0.2) == [NOBODY]
    assert not scene.run(20.0)


def test_the_alarm_ends_with_the_first_witness() -> None:
    """And may come again."""
    scene = Scene(B)
    scene.run(4.0)
    scene.reports(B, MACS[A])
    assert scene.run(0.2) == [AGAIN]
    scene.reports(B, None)
    assert not scene.run(ALARM_S - 0.1)
    assert scene.run(0.3) == [NOBODY]


def test_an_owner_that_is_alone_has_no_alarm() -> None:
    """Nobody could see it; one that comes has all the time to look."""
    scene = Scene()
    assert not scene.run(20.0)
    scene.living.add(B)
    assert not scene.run(ALARM_S)
    assert scene.run(0.3) == [NOBODY]


def test_a_witness_that_dies_takes_its_word_along() -> None:
    """And the others have all the time to look in its place."""
    scene = Scene(B, C)
    scene.reports(B, MACS[A])
    scene.run(5.0)
    scene.living.remove(B)
    assert not scene.run(1.0 + ALARM_S - 0.1)
    assert scene.run(0.4) == [NOBODY]


def test_each_term_begins_the_wait_anew() -> None:
    """What was seen of the former one says nothing; nor is its alarm this one's."""
    scene = Scene(B)
    assert scene.run(5.0) == [NOBODY]
    scene.assurance.astray(5, scene.now)
    for _ in range(29):
        scene.now += 0.1
        scene.look(term=5)
    assert not of(Tell, scene.s.effects)
    scene.now += 0.2
    assert not scene.look(term=5)
    assert [tell.text for tell in of(Tell, scene.s.effects)] == [NOBODY]


def test_an_owner_of_which_only_others_are_seen_is_seen_by_nobody() -> None:
    """A witness that sees another is none of this one's."""
    scene = Scene(B, C)
    scene.reports(B, STRANGER)
    assert scene.run(ALARM_S + 0.2) == [NOBODY]


@pytest.mark.parametrize(("mac", "term", "astray"), [(STRANGER, 4, True), (STRANGER, 3, False), (MACS[A], 4, False)])
def test_a_witness_that_sees_another_mac_sends_clients_astray(mac: Mac, term: int, astray: bool) -> None:
    """Whatever the others see; an older term is no matter any more."""
    scene = Scene(B, C)
    scene.reports(B, MACS[A])
    scene.reports(C, mac, term)
    assert scene.look() is astray
    assert not scene.run(10.0)


def test_what_the_dead_saw_is_nothing() -> None:
    """A report that nobody renews."""
    scene = Scene(B, C)
    scene.reports(C, STRANGER)
    assert scene.look()
    scene.living.remove(C)
    scene.run(1.1)
    assert not scene.look()


def test_it_says_when_the_alarm_is_due() -> None:
    """Once it has come, never."""
    scene = Scene(B)
    due = scene.assurance.next()
    assert due is not None
    assert ALARM_S < due - 10.0 < ALARM_S + 0.01
    scene.now = due
    scene.look()
    assert scene.run(0.0) == [NOBODY]
    assert scene.assurance.next() is None


# -- in its place


def test_an_owner_whose_witness_sees_another_announces_again() -> None:
    """As soon as it hears of it, and once a second as long as it is so."""
    bench = Bench().reach(Role.OWNER)
    peer = bench.joined_by(B)
    bench.run(10.0)
    other = Witnessed(vip=WEB, term=bench.vip().term, mac=MACS[B])
    assert len(of(ef.Announce, bench.hear(peer.says(a_state(B, version=2, witnessed=(other,)))))) == 1
    assert len(of(ef.Announce, bench.run(10.0))) == pytest.approx(10, abs=1)
    own = Witnessed(vip=WEB, term=bench.vip().term, mac=MACS[A])
    bench.hear(peer.says(a_state(B, version=3, witnessed=(own,))))
    bench.run(2.0)
    assert not of(ef.Announce, bench.run(10.0))


def test_an_owner_that_nobody_sees_is_told_of_in_time() -> None:
    """Without anything else happening."""
    bench = Bench().reach(Role.OWNER)
    bench.joined_by(B)
    bench.run(ALARM_S - 0.1)
    assert not bench.told(NOBODY)
    bench.run(0.3)
    assert bench.told(NOBODY)
