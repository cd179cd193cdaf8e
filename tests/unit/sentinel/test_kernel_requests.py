"""How the sentinel has the kernel remove addresses: numbered, acknowledged, tried again."""

import errno
import struct

import pytest

from floatip.sentinel import kernel
from floatip.sentinel.kernel import Kernel

REQUEST = bytes(24)


class Scripted(Kernel):
    """A kernel that answers as it is told, and has no socket."""

    def __init__(self, *answers: list[int]) -> None:
        self.answers = list(answers)
        self.sent: list[int] = []

    def _send(self, requests: list[bytes]) -> list[int]:
        self.sent.append(len(requests))
        return self.answers.pop(0)


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait between tries."""
    monkeypatch.setattr(kernel, "_PAUSE_S", 0.0)


def test_not_there_is_success() -> None:
    """An address, its interface, a rule or a route that has gone needs no second try."""
    answers = [0, errno.EADDRNOTAVAIL, errno.ENODEV, errno.ENOENT, errno.ESRCH]
    scripted = Scripted([*answers])
    assert scripted.remove([REQUEST] * 5) == answers
    assert scripted.sent == [5]


def test_only_what_failed_is_tried_again() -> None:
    """Three times in all, and the last answer is told."""
    scripted = Scripted([0, errno.EBUSY, errno.ENOBUFS], [0, errno.ENOBUFS], [errno.EBUSY])
    assert scripted.remove([REQUEST] * 3) == [0, 0, errno.EBUSY]
    assert scripted.sent == [3, 2, 1]


def test_many_go_in_batches() -> None:
    """So that the answers fit into the buffer."""
    scripted = Scripted([0] * 64, [0] * 64, [0] * 2)
    assert scripted.remove([REQUEST] * 130) == [0] * 130
    assert scripted.sent == [64, 64, 2]


def test_nothing_asks_nothing() -> None:
    """No request, no send."""
    assert Scripted().remove([]) == []


def test_answers_belong_to_their_requests() -> None:
    """By number; other messages, and what is cut off, answer nothing."""

    def answer(seq: int, error: int, kind: int = 2) -> bytes:
        return struct.pack("=IHHIIi", 20, kind, 0, seq, 0, -error)

    data = answer(7, 0) + answer(8, errno.EPERM) + answer(9, 1, kind=20) + answer(10, 5)[:6]
    assert kernel._answers_in(data) == {7: 0, 8: errno.EPERM}
    assert kernel._answers_in(struct.pack("=IHHIIi", 3, 2, 0, 1, 0, 0)) == {}
