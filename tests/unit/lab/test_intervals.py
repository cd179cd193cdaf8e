"""Double and missing ownership from intervals, held against counting every millisecond."""

from collections.abc import Callable, Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floatip.lab import intervals
from floatip.lab.intervals import Interval, Ledger, Overlap, complement, overlap, without

WINDOW = Interval(start_s=0.0, end_s=10.0)
Held = Mapping[str, Sequence[Interval]]
OverlapOf = Callable[[Held, Interval], Overlap]


def spans(*pairs: tuple[float, float]) -> list[Interval]:
    """Write intervals as pairs of seconds."""
    return [Interval(start_s=start_s, end_s=end_s) for start_s, end_s in pairs]


CASES: list[tuple[Held, tuple[float, float, float, float]]] = [
    ({}, (0, 0, 10_000, 10_000)),
    ({"n1": spans((0, 10))}, (0, 0, 0, 0)),
    ({"n1": spans((0, 4)), "n2": spans((4, 10))}, (0, 0, 0, 0)),
    ({"n1": spans((0, 4)), "n2": spans((3.7, 10))}, (300, 300, 0, 0)),
    ({"n1": spans((0, 4)), "n2": spans((5, 9))}, (0, 0, 2000, 1000)),
    ({"n1": spans((-5, 20)), "n2": spans((-5, 1), (9, 20))}, (2000, 1000, 0, 0)),
    ({"n1": spans((0, 6)), "n2": spans((1, 4)), "n3": spans((3, 8))}, (5000, 5000, 2000, 2000)),
    ({"n1": spans((1, 2), (1.5, 3))}, (0, 0, 8000, 7000)),
    ({"n1": spans((20, 30))}, (0, 0, 10_000, 10_000)),
]


def judge(overlap_of: OverlapOf) -> None:
    """Hold a way to measure overlaps against the table."""
    for held, expected in CASES:
        found = overlap_of(held, WINDOW)
        seen = (found.two_ms, found.longest_two_ms, found.none_ms, found.longest_none_ms)
        assert seen == pytest.approx(expected), held


def counts_pairs(held: Held, window: Interval) -> Overlap:
    """Add up the overlap of each pair of hosts (wrong: three owners at once count thrice)."""
    hosts = list(held)
    pairs = [{a: held[a], b: held[b]} for i, a in enumerate(hosts) for b in hosts[i + 1 :]]
    right = overlap(held, window)
    two_ms = sum(overlap(pair, window).two_ms for pair in pairs)
    return Overlap(two_ms=two_ms, longest_two_ms=two_ms, none_ms=right.none_ms, longest_none_ms=right.longest_none_ms)


def ignores_the_window(held: Held, _window: Interval) -> Overlap:
    """Measure from the first to the last interval (wrong: the gaps at both ends are lost)."""
    ends = [end for one in held.values() for i in one for end in (i.start_s, i.end_s)] or [0.0]
    return overlap(held, Interval(start_s=min(ends), end_s=max(ends)))


def sums_the_longest(held: Held, window: Interval) -> Overlap:
    """Take the sum for the longest (wrong: many short ones look like a long one)."""
    right = overlap(held, window)
    return Overlap(
        two_ms=right.two_ms, longest_two_ms=right.two_ms, none_ms=right.none_ms, longest_none_ms=right.none_ms
    )


def test_overlap_by_table() -> None:
    """The sum and the longest of two owners and of none come out right, three owners and stray intervals included."""
    judge(overlap)


@pytest.mark.parametrize("mutant", [counts_pairs, ignores_the_window, sums_the_longest])
def test_a_wrong_overlap_is_caught(mutant: OverlapOf) -> None:
    """The table tells each plausible wrong measure from the right one."""
    with pytest.raises(AssertionError):
        judge(mutant)


@given(
    st.dictionaries(
        st.sampled_from(["n1", "n2", "n3"]),
        st.lists(st.tuples(st.integers(-3, 30), st.integers(0, 12)), max_size=5),
    )
)
def test_overlap_agrees_with_counting(drawn: dict[str, list[tuple[int, int]]]) -> None:
    """Whatever the intervals, the measure agrees with a look at every second of the window."""
    window = Interval(start_s=0, end_s=25)
    held = {host: spans(*((start, start + length) for start, length in pairs)) for host, pairs in drawn.items()}
    owners = [
        sum(any(start <= second < start + length for start, length in pairs) for pairs in drawn.values())
        for second in range(25)
    ]
    found = overlap(held, window)
    assert found.two_ms == 1000 * sum(count >= 2 for count in owners)
    assert found.none_ms == 1000 * sum(count == 0 for count in owners)
    assert found.longest_two_ms == 1000 * longest([count >= 2 for count in owners])
    assert found.longest_none_ms == 1000 * longest([count == 0 for count in owners])


def longest(flags: list[bool]) -> int:
    """Count the longest run of true flags, the dumb way."""
    return max((len(run) for run in "".join("x" if flag else " " for flag in flags).split()), default=0)


def test_a_host_that_nobody_reaches_is_no_owner() -> None:
    """The times of a dead host are taken out: its address, left behind, meets nobody."""
    held = {"n1": spans((0, 8)), "n2": spans((5, 10))}
    seen = without(held, {"n1": spans((4, 7))}, WINDOW)
    assert seen == {"n1": spans((0, 4), (7, 8)), "n2": spans((5, 10))}
    assert overlap(seen, WINDOW).two_ms == pytest.approx(1000)
    assert overlap(seen, WINDOW).none_ms == pytest.approx(1000)


def test_complement_stays_inside_the_window() -> None:
    """What is left free never reaches beyond the window."""
    assert complement(spans((-2, 1), (3, 4), (9, 20)), WINDOW) == spans((1, 3), (4, 9))
    assert complement(spans((12, 13)), WINDOW) == spans((0, 10))
    assert complement(spans((-1, 11)), WINDOW) == []


def test_a_ledger_notes_each_change_once() -> None:
    """Saying twice what is known changes nothing; what still lasts ends now."""
    ledger = Ledger()
    for so, at_s in ((False, 0.0), (True, 1.0), (True, 2.0), (False, 3.0), (False, 4.0), (True, 5.0)):
        ledger.note("n1", so=so, at_s=at_s)
    assert ledger.intervals(9.0) == {"n1": spans((1, 3), (5, 9))}
    assert intervals.merge(ledger.intervals(9.0)["n1"]) == spans((1, 3), (5, 9))
