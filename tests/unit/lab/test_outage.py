"""What a client saw, from send times and answers; each measure must also catch a wrong one."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from floatip.lab import outage
from floatip.lab.outage import NOBODY, Gap, ProbeResult, Quality, Segment

NODES = {0: "n1", 1: "n2"}
INTERVAL_S = 0.001
GapsOf = Callable[[Sequence[float], Sequence[int], Mapping[int, str], float], list[Gap]]

# Who answered, a letter a probe (1, 2, a dot for nobody); send times; of each gap the ms, probes lost, before, after.
EVEN = [10 + i / 1000 for i in range(20)]
CASES: list[tuple[str, list[float], list[tuple[float, int, str | None, str | None]]]] = [
    ("1111111111", EVEN, []),
    ("111...2222", EVEN, [(3, 3, "n1", "n2")]),
    ("1.11..1111", EVEN, [(1, 1, "n1", "n1"), (2, 2, "n1", "n1")]),
    ("...1111111", EVEN, [(3, 3, None, "n1")]),
    ("1111......", EVEN, [(6, 6, "n1", None)]),
    ("..........", EVEN, [(10, 10, None, None)]),
    ("1..2", [0.0, 0.001, 0.300, 0.301], [(300, 2, "n1", "n2")]),
    ("1.2", [0.0, 0.050, 0.051], [(1, 1, "n1", "n2")]),
]


def by_letters(letters: str) -> list[int]:
    """Read answers as written in the table."""
    return [NOBODY if letter == "." else int(letter) - 1 for letter in letters]


def judge(gaps_of: GapsOf) -> None:
    """Hold a way to find gaps against the table."""
    for letters, times_s, expected in CASES:
        found = gaps_of(times_s[: len(letters)], by_letters(letters), NODES, INTERVAL_S)
        seen = [(round(gap.length_ms, 6), gap.lost, gap.before, gap.after) for gap in found]
        assert seen == expected, letters


def counts_probes(
    sent_s: Sequence[float], answered_by: Sequence[int], nodes: Mapping[int, str], interval_s: float
) -> list[Gap]:
    """Take the number of lost probes for the time (wrong: a late sender stretches the gap)."""
    found = outage.gaps(sent_s, answered_by, nodes, interval_s)
    return [changed(gap, length_ms=gap.lost * interval_s * 1000) for gap in found]


def from_last_answered(
    sent_s: Sequence[float], answered_by: Sequence[int], nodes: Mapping[int, str], interval_s: float
) -> list[Gap]:
    """Count from the last answered probe (wrong: nothing was lost at that time)."""
    found = outage.gaps(sent_s, answered_by, nodes, interval_s)
    before = {at_s: sent_s[max(0, place - 1)] for place, at_s in enumerate(sent_s)}
    return [changed(gap, length_ms=gap.length_ms + (gap.start_s - before[gap.start_s]) * 1000) for gap in found]


def forgets_the_end(
    sent_s: Sequence[float], answered_by: Sequence[int], nodes: Mapping[int, str], interval_s: float
) -> list[Gap]:
    """Leave out the gap that nobody ended (wrong: the worst of all)."""
    return [gap for gap in outage.gaps(sent_s, answered_by, nodes, interval_s) if gap.after is not None]


def longest_only(
    sent_s: Sequence[float], answered_by: Sequence[int], nodes: Mapping[int, str], interval_s: float
) -> list[Gap]:
    """Give the longest alone (wrong: the others are lost)."""
    return sorted(outage.gaps(sent_s, answered_by, nodes, interval_s), key=lambda gap: gap.length_ms)[-1:]


def changed(gap: Gap, length_ms: float) -> Gap:
    """Give the gap with another length."""
    return Gap(start_s=gap.start_s, length_ms=length_ms, lost=gap.lost, before=gap.before, after=gap.after)


def test_gaps_are_measured_by_send_time() -> None:
    """A gap lasts from the send time of the first lost probe to that of the next answered one."""
    judge(outage.gaps)


@pytest.mark.parametrize("mutant", [counts_probes, from_last_answered, forgets_the_end, longest_only])
def test_a_wrong_way_to_find_gaps_is_caught(mutant: GapsOf) -> None:
    """The table tells each plausible wrong measure from the right one."""
    with pytest.raises(AssertionError):
        judge(mutant)


def test_segments_say_who_answered_when() -> None:
    """A segment begins with a node's first answered probe and outlasts losses until another node answers."""
    found = outage.segments(EVEN[:10], by_letters("11.1..2221"), NODES)
    assert found == [
        Segment(node="n1", start_s=EVEN[0], end_s=EVEN[3], answered=3),
        Segment(node="n2", start_s=EVEN[6], end_s=EVEN[8], answered=3),
        Segment(node="n1", start_s=EVEN[9], end_s=EVEN[9], answered=1),
    ]


def test_nothing_sent_is_no_gap() -> None:
    """A run that was stopped before its first probe has neither gaps nor segments."""
    assert outage.gaps([], [], NODES, INTERVAL_S) == []
    assert outage.segments([], [], NODES) == []


def test_a_result_read_back_is_the_same(tmp_path: Path) -> None:
    """What the client writes as JSON comes back with its types."""
    path = tmp_path / "probe.json"
    path.write_text(
        '{"start_s": 1.0, "end_s": 2.0, "sent": 3, "lost": 1, "late": 0, "wrong_source": 0, "send_errors": 0,'
        ' "longest_gap_ms": 1.0,'
        ' "gaps": [{"start_s": 1.1, "length_ms": 1.0, "lost": 1, "before": "n1", "after": null}],'
        ' "segments": [{"node": "n1", "start_s": 1.0, "end_s": 1.0, "answered": 2}],'
        ' "quality": {"lateness_ms": 0.1, "skipped": 0, "realtime": true, "round_trip_ms": 0.2, "cpu_percent": 3.0}}'
    )
    assert ProbeResult.read(path) == ProbeResult(
        start_s=1.0,
        end_s=2.0,
        sent=3,
        lost=1,
        late=0,
        wrong_source=0,
        send_errors=0,
        longest_gap_ms=1.0,
        gaps=(Gap(start_s=1.1, length_ms=1.0, lost=1, before="n1", after=None),),
        segments=(Segment(node="n1", start_s=1.0, end_s=1.0, answered=2),),
        quality=Quality(lateness_ms=0.1, skipped=0, realtime=True, round_trip_ms=0.2, cpu_percent=3.0),
    )
    assert ProbeResult.read(path).answered_by == ["n1"]
