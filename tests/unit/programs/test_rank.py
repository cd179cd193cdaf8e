"""What this process has before others is not passed on; where the scheduler is real: tests/lab/test_realtime.py."""

import os
from pathlib import Path

import pytest

from floatip.programs.rank import make_expendable, step_down


@pytest.mark.parametrize(("ours", "theirs"), [("-900", "0"), ("0", "-900"), ("300", "-900")])
def test_the_score_of_a_dear_process_is_not_for_its_programs(tmp_path: Path, ours: str, theirs: str) -> None:
    """Only a better one than usual is taken from them."""
    for name, score in (("self", ours), ("7", "-900")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "oom_score_adj").write_text(score)
    make_expendable(7, tmp_path)
    assert (tmp_path / "7" / "oom_score_adj").read_text() == theirs


def test_a_program_that_has_ended_already_is_none(tmp_path: Path) -> None:
    """Nor is a kernel without scores a reason to fail."""
    make_expendable(7, tmp_path)
    (tmp_path / "self").mkdir()
    (tmp_path / "self" / "oom_score_adj").write_text("-900")
    make_expendable(7, tmp_path)


@pytest.mark.parametrize(
    ("policy", "given_up"),
    [
        (os.SCHED_OTHER, False),
        (os.SCHED_BATCH, False),
        (os.SCHED_IDLE, False),
        (os.SCHED_RR, True),
        (os.SCHED_FIFO, True),
        (os.SCHED_RR | os.SCHED_RESET_ON_FORK, True),
        (os.SCHED_OTHER | os.SCHED_RESET_ON_FORK, False),
    ],
)
def test_real_time_classes_are_given_up(monkeypatch: pytest.MonkeyPatch, policy: int, given_up: bool) -> None:
    """And no others."""
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr("ctypes.CDLL", lambda _: _Prctl())
    monkeypatch.setattr("os.sched_getscheduler", lambda _: policy)
    monkeypatch.setattr("os.sched_setscheduler", lambda pid, wanted, _: asked.append((pid, wanted)))
    step_down()
    assert asked == ([(0, os.SCHED_OTHER)] if given_up else [])


def test_a_better_niceness_is_given_up_where_that_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is not, the program has it."""
    asked: list[int] = []

    def refuse(*_: int) -> None:
        raise PermissionError

    monkeypatch.setattr("ctypes.CDLL", lambda _: _Prctl())
    monkeypatch.setattr("os.setpriority", lambda _kind, _who, nice: asked.append(nice))
    for nice in (5, 0, -10):
        monkeypatch.setattr("os.getpriority", lambda _kind, _who, nice=nice: nice)
        step_down()
    assert asked == [0]
    monkeypatch.setattr("os.setpriority", refuse)
    step_down()


class _Prctl:
    """A C library that leaves this thread's capabilities alone."""

    def prctl(self, *_: int) -> int:
        return 0
