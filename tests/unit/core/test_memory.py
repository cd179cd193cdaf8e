"""What a node remembers over a restart, and what it tells whatever outlives its daemon."""

import pytest

from floatip.core.effects import Acquaint, Store
from floatip.core.memory import Memory
from floatip.core.situation import Situation
from floatip.core.types import DirectiveKind, Mac, Policy, Stored
from tests.unit.core.bench import Bench
from tests.unit.core.handing import order
from tests.unit.core.stage import MACS, WEB, A, B, C, D, a_listing, a_spec, a_state, of

OTHER = Mac("02:00:00:00:00:1b")


@pytest.fixture
def s() -> Situation:
    """Give a node that knows nobody."""
    return Situation(a_spec(), lambda: 0.5)


def test_whose_macs_are_known_is_told_once_and_remembered(s: Situation) -> None:
    """All of them in one, whoever has them; nothing new is not told again."""
    memory = Memory(s, Stored())
    memory.acquaint()
    assert s.effects == []
    s.peers.remember(((C, (MACS[C],)), (B, (MACS[B], OTHER))))
    memory.acquaint()
    assert s.effects == [Acquaint(macs=(MACS[B], OTHER, MACS[C]))]
    assert s.outbox.store
    s.outbox.store = False
    memory.acquaint()
    s.peers.news = True
    memory.acquaint()
    assert len(s.effects) == 1
    assert not s.outbox.store
    assert not s.peers.news
    s.peers.remember(((B, (OTHER,)),))
    memory.acquaint()
    assert s.effects[1:] == [Acquaint(macs=(OTHER, MACS[C]))]


def test_everything_is_written_down_at_once(s: Situation) -> None:
    """Terms, the longest D under each policy, MACs, and operators' orders."""
    frozen = order(DirectiveKind.FREEZE, WEB, A)
    memory = Memory(s, Stored())
    s.peers.remember(((B, (MACS[B],)),))
    s.longest_s = {Policy.KEEP: 1.5, Policy.RELEASE: 5.5, Policy.LAN: 1.75}
    s.directives.merge([frozen])
    memory.store(9, ((WEB, 4),))
    stored = Stored(
        incarnation=9, terms=((WEB, 4),), keep_s=1.5, release_s=5.5, macs=((B, (MACS[B],)),), directives=(frozen,)
    )
    assert s.effects == [Store(stored=stored)]


def test_an_engine_remembers_what_it_was_told_last() -> None:
    """What was stored, and what was heard since."""
    bench = Bench(stored=Stored(incarnation=5000, terms=((WEB, 3),), macs=((B, (MACS[B],)),))).connect()
    first = of(Store, bench.effects)[-1].stored
    assert (first.incarnation, first.terms, first.macs) == (5001, ((WEB, 3),), ((B, (MACS[B],)),))
    assert of(Acquaint, bench.effects) == [Acquaint(macs=(MACS[B],))]
    peer = bench.joined_by(B, a_listing(term=7))
    bench.hear(peer.says(a_state(B, version=2, macs=(OTHER,))))
    bench.run(D + 0.1)
    last = of(Store, bench.effects)[-1].stored
    assert last.macs == ((B, (OTHER,)),)
    assert of(Acquaint, bench.effects)[-1] == Acquaint(macs=(OTHER,))
