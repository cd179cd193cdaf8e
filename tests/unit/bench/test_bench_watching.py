"""What the benchmark reads from /proc, from frames, and from what a client saw."""

import os
import subprocess
import sys
import time

import pytest

from floatip.lab.errors import LabError
from floatip.lab.outage import Gap, ProbeResult, Quality, Segment
from tests.bench.burst import BurstResult, announced
from tests.bench.measuring import answered_ms, stray_ms
from tests.bench.tree import cpu_s, memory_mib, thread_s, tree

MACS = {"n2": "02:00:00:00:00:02", "n3": "02:00:00:00:00:03"}


def an_arp(mac: str, sender: tuple[int, ...], target: tuple[int, ...]) -> bytes:
    """A frame that says that sender has this MAC."""
    raw = bytes.fromhex(mac.replace(":", ""))
    return (
        b"\xff" * 6 + raw + b"\x08\x06\x00\x01\x08\x00\x06\x04\x00\x01" + raw + bytes(sender) + bytes(6) + bytes(target)
    )


def a_client(segments: list[tuple[str, float]], gaps: list[tuple[float, float]]) -> ProbeResult:
    """Who answered from when on; gaps by start and milliseconds."""
    return ProbeResult(
        start_s=0.0,
        end_s=10.0,
        sent=10_000,
        lost=0,
        late=0,
        wrong_source=0,
        send_errors=0,
        longest_gap_ms=max((ms for _, ms in gaps), default=0.0),
        gaps=[Gap(start_s=at_s, length_ms=ms, lost=1, before=None, after=None) for at_s, ms in gaps],
        segments=[Segment(node=node, start_s=at_s, end_s=at_s + 0.1, answered=1) for node, at_s in segments],
        quality=Quality(lateness_ms=0.0, skipped=0, realtime=True, round_trip_ms=0.0, cpu_percent=0.0),
    )


def test_a_process_has_its_children() -> None:
    """Parents come first, and a daemon's memory is that of all of them."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert tree(os.getpid())[0] == os.getpid()
        assert child.pid in tree(os.getpid())
        assert memory_mib([os.getpid(), child.pid], "Rss") > memory_mib([os.getpid()], "Rss") > 1
    assert tree(child.pid) == [child.pid]


def test_time_on_a_cpu_is_counted_in_nanoseconds() -> None:
    """A process that works uses more of it than one that waits."""
    assert thread_s("1500000000 20 3\n") == 1.5
    before_s = cpu_s([os.getpid()])
    deadline_s = time.monotonic() + 20
    while cpu_s([os.getpid()]) <= before_s:  # the kernel counts when it next looks at the thread
        assert time.monotonic() < deadline_s


def test_only_gratuitous_arp_announces() -> None:
    """The first time of each address counts, by MAC; questions are no announcements."""
    frames = [
        (1.0, an_arp(MACS["n2"], (10, 77, 0, 12), (10, 77, 0, 9))),
        (2.0, an_arp(MACS["n2"], (10, 77, 0, 50), (10, 77, 0, 50))),
        (3.0, an_arp(MACS["n2"], (10, 77, 0, 50), (10, 77, 0, 50))),
        (4.0, an_arp(MACS["n3"], (10, 77, 0, 50), (10, 77, 0, 50))),
        (5.0, b"short"),
    ]
    assert announced(frames) == {MACS["n2"]: {"10.77.0.50": 2.0}, MACS["n3"]: {"10.77.0.50": 4.0}}


def test_times_count_from_the_first_address_added_anywhere() -> None:
    """Addresses that go to two nodes are one takeover; one that is never announced is told of."""
    bound = {"n2": {"a": 1.0, "b": 1.010}, "n3": {"c": 1.020}, "n1": {"a": 0.5}}
    said = {MACS["n2"]: {"a": 1.005, "b": 1.030}, MACS["n3"]: {"c": 1.025}}
    found = BurstResult(bound=bound, announced=said)
    assert found.last_bound_ms(MACS) == pytest.approx(20)
    assert found.last_announced_ms(MACS) == pytest.approx(30)
    with pytest.raises(LabError, match="n3 has 1 addresses that it did not announce, c for one"):
        BurstResult(bound=bound, announced={MACS["n2"]: said[MACS["n2"]]}).last_announced_ms(MACS)


def test_another_node_answers_from_its_first_answer_on() -> None:
    """The owner's own answers do not count."""
    assert answered_ms(a_client([("n1", 0.0), ("n2", 5.3)], []), "n1", 5.0) == pytest.approx(300)
    assert answered_ms(a_client([("n1", 0.0)], []), "n1", 5.0) is None


def test_a_client_is_astray_until_the_last_gap_and_the_last_change() -> None:
    """What was before the heal does not count."""
    assert stray_ms(a_client([("n1", 0.0)], []), 4.0) == 0
    assert stray_ms(a_client([("n1", 0.0), ("n2", 4.1)], [(3.0, 500.0)]), 4.0) == pytest.approx(100)
    assert stray_ms(a_client([("n1", 0.0), ("n2", 4.1)], [(4.2, 800.0)]), 4.0) == pytest.approx(1000)
