"""Asking a sentinel that may be another's, of another version, stuck, or not there at all."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from floatip.host import predecessor
from floatip.host.errors import SentinelError
from floatip.sentinel import words

ADDRESS = f"\0floatip-test-predecessor-{os.getpid()}"
SERVER = """
import socket, sys, time
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1].replace("@", chr(0)))
listener.listen(1)
print("ready", flush=True)
caller, _ = listener.accept()
caller.recv(64)
caller.send(sys.argv[2].encode())
time.sleep(float(sys.argv[3]))
"""
Serve = Callable[[str, float], "subprocess.Popen[bytes]"]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Give the function that starts a process which answers so and ends so much later; it is gone afterwards."""
    monkeypatch.setattr(words, "ADDRESS", ADDRESS)
    started: list[subprocess.Popen[bytes]] = []

    def start(answer: str, after_s: float) -> "subprocess.Popen[bytes]":
        argv = [sys.executable, "-c", SERVER, ADDRESS.replace("\0", "@"), answer, str(after_s)]
        server = subprocess.Popen(argv, stdout=subprocess.PIPE)
        assert server.stdout is not None
        assert server.stdout.readline() == b"ready\n"
        started.append(server)
        return server

    yield start
    for server in started:
        server.kill()
        server.wait()
        assert server.stdout is not None
        server.stdout.close()


def test_nobody_is_there(serve: Serve) -> None:
    """Nothing to take over, nothing to wait for."""
    assert predecessor.take_over() == ()
    assert predecessor.await_end(0.1, lambda _: None)


def test_what_it_held(serve: Serve) -> None:
    """By its answer, once it has ended."""
    serve('{"pid":7,"held":[["web",false,4.5,[["10.77.0.50",32,"eth0","00"]]]]}\n', 0.0)
    (hold,) = predecessor.take_over()
    assert (hold.vip, [str(entry) for entry in hold.entries]) == ("web", ["10.77.0.50/32 on eth0"])


@pytest.mark.parametrize("answer", ["", '{"pid":7}\n', "nonsense\n"], ids=["silent", "another-version", "garbled"])
def test_a_process_that_is_no_sentinel_is_not_ended(serve: Serve, answer: str) -> None:
    """Whoever has the name and does not end refuses the start, by his number; he lives on."""
    server = serve(answer, 5.0)
    with pytest.raises(SentinelError, match=f"process {server.pid}, does not answer .* that process is none"):
        predecessor.take_over(0.2)
    assert server.poll() is None


def test_one_that_has_ended_meanwhile_is_no_trouble(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer made no sense, and it is gone: there is nothing to end."""
    server = serve("nonsense\n", 0.0)
    monkeypatch.setattr(predecessor, "_end", lambda *_: (_ for _ in ()).throw(ProcessLookupError()))
    assert predecessor.take_over(0.2) == ()
    assert server.wait(5.0) == 0


ASKING: list[Callable[[], object]] = [
    lambda: predecessor.take_over(0.2),
    lambda: predecessor.await_end(0.2, lambda _: None),
]
"""Both ways in."""


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Give what has the sentinel's name, with room for one who waits."""
    monkeypatch.setattr(words, "ADDRESS", ADDRESS)
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(ADDRESS)
        bound.listen(0)
        yield bound


@pytest.mark.parametrize("ask", ASKING, ids=["take-over", "await-end"])
@pytest.mark.parametrize(("mine", "theirs"), [(0, 1000), (1000, 1001)])
def test_somebody_elses_is_not_believed(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch, ask: Callable[[], object], mine: int, theirs: int
) -> None:
    """Whoever took the name and is another user's is named to the operator; it is asked nothing, and not ended."""
    ended: list[object] = []
    monkeypatch.setattr(os, "geteuid", lambda: mine)
    monkeypatch.setattr(words, "other_end", lambda _: (77, theirs))
    monkeypatch.setattr(predecessor, "_end", lambda *asked: ended.append(asked))
    with pytest.raises(SentinelError, match=r"process 77 of user \d+ has @floatip-sentinel, .* `ps -p 77 -f`") as told:
        ask()
    assert f"of user {theirs} " in str(told.value)
    assert not predecessor.guards()
    caller, _ = listener.accept()
    with caller:
        assert caller.recv(64) == b""
    assert ended == []


@pytest.mark.parametrize(("mine", "theirs"), [(0, 0), (1000, 1000), (1000, 0)])
def test_ones_own_and_roots_are_believed(serve: Serve, monkeypatch: pytest.MonkeyPatch, mine: int, theirs: int) -> None:
    """A daemon without root may follow one that had it."""
    serve('{"pid":7,"held":[["web",false,4.5,[]]]}\n', 0.0)
    monkeypatch.setattr(os, "geteuid", lambda: mine)
    monkeypatch.setattr(words, "other_end", lambda _: (77, theirs))
    assert [hold.vip for hold in predecessor.take_over()] == ["web"]


@pytest.mark.parametrize("ask", ASKING, ids=["take-over", "await-end"])
@pytest.mark.usefixtures("listener")
def test_one_at_whose_door_too_many_wait_refuses_the_start(ask: Callable[[], object]) -> None:
    """It is there and cannot be asked: nobody knows what it holds, nor who it is."""
    with socket.socket(socket.AF_UNIX) as first:
        first.connect(ADDRESS)
        began_s = time.monotonic()
        with pytest.raises(
            SentinelError, match=r"@floatip-sentinel does not answer: see `ss -xlp`, and end who has it"
        ):
            ask()
        assert 0.2 <= time.monotonic() - began_s < 5.0


def test_what_is_told_while_waiting(serve: Serve) -> None:
    """What it holds, what it removes, and that it has not ended in time."""
    said: list[str] = []
    serve('{"pid":7,"held":[]}\n{"removed":["a","b"],"why":"so"}\n', 5.0)
    assert not predecessor.await_end(0.2, said.append)
    assert said == [
        "the sentinel (process 7) holds nothing: waits for its end",
        "the sentinel removed a, b: so",
    ]


def test_whether_one_guards(serve: Serve) -> None:
    """It is asked what it holds, and goes on."""
    assert not predecessor.guards()
    server = serve('{"pid":7,"held":[]}\n', 5.0)
    assert predecessor.guards()
    assert server.poll() is None
