"""The Python API against a real socket with a false daemon behind it."""

import asyncio
import json
import os
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

import floatip
from floatip.core.effects import Outcome
from floatip.core.events import AnnounceAsked, FailoverAsked
from floatip.core.types import VipName
from floatip.ops import (
    BadRequest,
    Failed,
    FloatipError,
    NotPermitted,
    NotRunning,
    ProtocolMismatch,
    Refused,
    Step,
    TimedOut,
    UnknownNode,
    UnknownVip,
)
from tests.unit.ops.backend import N2, NOON, FakeBackend, daemon, record, snapshot, stranger, vip


async def test_status_is_typed(tmp_path: Path) -> None:
    """The status arrives as values: times are times, lists are tuples."""
    async with daemon(tmp_path, FakeBackend()) as cluster:
        status = await cluster.status()
    assert status.now == NOON
    assert status.brokers[0].url == "mqtt://10.78.0.1:1883"
    assert status.vips[0].since == NOON - timedelta(seconds=185)
    assert status.vips[0].verified_by == ("n2", "n3")
    assert status.vips[0].interface == "eth0"


async def test_status_of_a_thousand_vips_leaves_the_loop_alone(tmp_path: Path) -> None:
    """A long status is whole, and the server's loop never stands still for it."""
    many = tuple(vip(f"v{number}", f"10.77.{number // 250}.{number % 250}/32") for number in range(1000))
    backend = FakeBackend(now=snapshot(*many))
    async with daemon(tmp_path, backend) as cluster:
        reader, writer = await asyncio.open_unix_connection(tmp_path / "s", limit=1 << 24)
        writer.write(b'{"v":1,"ask":"status"}\n')
        answer = asyncio.create_task(reader.readline(), name="answer")
        turns = 0
        while not answer.done():
            await asyncio.sleep(0)
            turns += 1
        assert turns >= 1000 / 50
        assert [each["name"] for each in json.loads(await answer)["result"]["vips"]] == [each.name for each in many]
        writer.close()
        assert len((await cluster.status()).vips) == 1000


async def test_failover_streams_its_steps_and_returns_the_proof(tmp_path: Path) -> None:
    """Steps arrive as they happen, with their times, and the result names the new owner."""
    steps: list[Step] = []
    async with daemon(tmp_path, FakeBackend()) as cluster:
        (result,) = await cluster.failover("web", to="n2", on_step=steps.append)
    assert [step.text for step in steps] == ["n1 released", "n2 announced", "seen by n3 after 12 ms"]
    assert tuple(steps) == result.steps
    assert all(0 <= step.at_ms < 1000 for step in steps)
    assert (result.proven, result.owner, result.exit_code) == (True, "n2", 0)


async def test_failover_passes_on_what_was_asked(tmp_path: Path) -> None:
    """The engine gets all VIPs at once, each once, the target and the patience; no target stays no target."""
    backend = FakeBackend(now=snapshot(vip("a"), vip("b", "10.77.0.51/32")))
    async with daemon(tmp_path, backend) as cluster:
        await cluster.failover(["a", "b", "a"], timeout_s=3)
        await cluster.failover(["a", "b"], to="n3")
    first, second = backend.asked
    assert isinstance(first, FailoverAsked)
    assert isinstance(second, FailoverAsked)
    assert (first.vips, first.to, first.timeout_s) == (("a", "b"), None, 3.0)
    assert (second.vips, second.to) == (("a", "b"), "n3")
    assert first.id != second.id


async def test_failover_of_what_is_there_already(tmp_path: Path) -> None:
    """A VIP that is owned by the target already is done, and nothing is asked."""
    backend = FakeBackend()
    async with daemon(tmp_path, backend) as cluster:
        (result,) = await cluster.failover("web", to="n1")
    assert (result.proven, result.owner, backend.asked) == (True, "n1", [])
    assert result.text == "web is owned by n1 already, seen by n2, n3"


async def test_unproven_is_a_result(tmp_path: Path) -> None:
    """A move that no witness has confirmed is no error, and says so."""
    async with daemon(tmp_path, FakeBackend(outcomes={"web": Outcome.UNPROVEN})) as cluster:
        (result,) = await cluster.failover("web")
    assert (result.proven, result.exit_code) == (False, 5)


@pytest.mark.parametrize(
    ("outcome", "error", "code"),
    [(Outcome.REFUSED, Refused, 4), (Outcome.FAILED, Failed, 1), (Outcome.TIMED_OUT, TimedOut, 6), (None, TimedOut, 6)],
)
async def test_bad_ends_are_errors(
    tmp_path: Path, outcome: Outcome | None, error: type[floatip.FloatipError], code: int
) -> None:
    """Every bad end is an error of its kind, with the results of all moves; so is a backend that ends wordless."""
    backend = FakeBackend(now=snapshot(vip("a"), vip("b", "10.77.0.51/32")), outcomes={"a": outcome})
    async with daemon(tmp_path, backend) as cluster:
        with pytest.raises(error) as caught:
            await cluster.failover(["a", "b"])
    assert type(caught.value) is error
    assert caught.value.exit_code == code
    assert [result.proven for result in caught.value.results] == [False, True]


async def test_the_worst_end_is_raised(tmp_path: Path) -> None:
    """Of several ends the worst is raised: failed before timed out before refused before unproven."""
    names = ("a", "b", "c", "d")
    ends = (Outcome.UNPROVEN, Outcome.FAILED, Outcome.TIMED_OUT, Outcome.REFUSED)
    vips = tuple(vip(name, f"10.77.0.{number}/32") for number, name in enumerate(names))
    backend = FakeBackend(now=snapshot(*vips), outcomes=dict(zip(names, ends, strict=True)))
    async with daemon(tmp_path, backend) as cluster:
        for asked, error in ((names, Failed), ("acd", TimedOut), ("ad", Refused)):
            with pytest.raises(error) as caught:
                await cluster.failover(list(asked))
            assert type(caught.value) is error


async def test_one_refusal_begins_nothing(tmp_path: Path) -> None:
    """If one of several VIPs cannot be moved, none is."""
    backend = FakeBackend()
    async with daemon(tmp_path, backend) as cluster:
        with pytest.raises(UnknownVip, match=r"no VIP of n1 is named 'wbe'; known: web"):
            await cluster.failover(["web", "wbe"])
        with pytest.raises(UnknownNode, match="no node of cluster web is named 'n9'; known: n1, n2, n3"):
            await cluster.failover("web", to="n9")
    assert backend.asked == []


async def test_a_backend_that_never_answers_times_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server ends a request that the engine has forgotten, and closes it."""
    monkeypatch.setattr("floatip.control.dispatch.GRACE_S", 0.05)
    backend = FakeBackend(delay_s=60)
    async with daemon(tmp_path, backend) as cluster:
        with pytest.raises(TimedOut, match=r"no answer about web within 0\.1 s") as caught:
            await cluster.failover("web", timeout_s=0.05)
    assert len(caught.value.results[0].steps) == 3
    assert backend.closed == 1


async def test_plan_changes_nothing(tmp_path: Path) -> None:
    """A dry run tells what would happen and asks the engine nothing."""
    backend = FakeBackend()
    async with daemon(tmp_path, backend) as cluster:
        (plan,) = await cluster.plan("web")
    assert plan.text == (
        "web (10.77.0.50/32) would move from n1 to n2, the best of 2 candidates (make-before-break, no interruption)"
    )
    assert (plan.owner, plan.target, plan.done) == ("n1", "n2", False)
    assert backend.asked == []


async def test_announce(tmp_path: Path) -> None:
    """A VIP is announced again wherever it is; refused with the engine's reason, or if there is none of that name."""
    backend = FakeBackend()
    async with daemon(tmp_path, backend) as cluster:
        assert (await cluster.announce("web")).exit_code == 0
        backend.now = snapshot(replace(vip(), owner=N2, bound=False))
        assert (await cluster.announce("web")).owner == "n2"
        backend.outcomes = {"web": Outcome.REFUSED}
        with pytest.raises(Refused, match="web: refused"):
            await cluster.announce("web")
        with pytest.raises(UnknownVip):
            await cluster.announce("wbe")
    assert [type(event) for event in backend.asked] == [AnnounceAsked] * 3


@pytest.mark.parametrize("changes", [(), ("vip web: priority", "[log] has changed")])
async def test_reload_tells_what_changed(tmp_path: Path, changes: tuple[str, ...]) -> None:
    """In the daemon's sentences."""
    async with daemon(tmp_path, FakeBackend(reloads=changes)) as cluster:
        assert await cluster.reload() == changes


@pytest.mark.parametrize("error", [BadRequest("the file is wrong:\nf.toml:1: oh"), Refused("node cannot change")])
async def test_a_reload_that_changes_nothing_says_why(tmp_path: Path, error: FloatipError) -> None:
    """The file is wrong, or something in it cannot change in service; the daemon goes on, and can be asked again."""
    backend = FakeBackend(reloads=error)
    async with daemon(tmp_path, backend) as cluster:
        with pytest.raises(type(error)) as caught:
            await cluster.reload()
        assert caught.value.text == error.text
        backend.reloads = ()
        assert await cluster.reload() == ()


@pytest.mark.parametrize("result", [b"{}", b'{"changes":5}', b'{"changes":"vip"}', b'{"changes":[1]}'])
async def test_a_strange_result_of_a_reload_is_another_versions(tmp_path: Path, result: bytes) -> None:
    """Nobody is told that nothing has changed."""
    async with stranger(tmp_path, b'{"v":1,"result":' + result + b"}\n") as path, floatip.connect(path) as cluster:
        with pytest.raises(ProtocolMismatch):
            await cluster.reload()


async def test_events_so_far(tmp_path: Path) -> None:
    """Without follow the events kept are all, in their order, as they were."""
    backend = FakeBackend()
    records = [record(number) for number in range(120)]
    for each in records:
        backend.journal.add(each)
    async with daemon(tmp_path, backend) as cluster:
        assert [each async for each in cluster.events()] == records


async def test_events_follow(tmp_path: Path) -> None:
    """With follow the events go on, without a gap between what was kept and what is new."""
    backend = FakeBackend()
    backend.journal.add(record(0))
    async with daemon(tmp_path, backend) as cluster, aclosing(cluster.events(follow=True)) as stream:
        assert await anext(stream) == record(0)
        for number in (1, 2):
            backend.journal.add(record(number))
        assert [await anext(stream), await anext(stream)] == [record(1), record(2)]


async def test_nobody_at_the_socket(tmp_path: Path) -> None:
    """A missing socket and a dead one are both no daemon, with the remedy."""
    with pytest.raises(NotRunning, match=r"no daemon answers at .*/s: start it") as caught:
        async with floatip.connect(tmp_path / "s"):
            pass
    assert caught.value.exit_code == 3
    (tmp_path / "s").touch()
    with pytest.raises(NotRunning):
        async with floatip.connect(tmp_path / "s"):
            pass
    with pytest.raises(NotRunning, match="AF_UNIX path too long"):
        async with floatip.connect(tmp_path / ("s" * 120)):
            pass


def _give(path: Path, group: int, mode: int) -> None:
    os.chown(path, -1, group)
    path.chmod(mode)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
async def test_not_permitted_names_the_group() -> None:
    """A user outside the group learns which group it is."""
    with TemporaryDirectory() as directory:
        path = Path(directory)
        _give(path, 0, 0o711)
        async with daemon(path, FakeBackend()) as cluster:
            for group, mode, words in ((0, 0o600, "only its owner may"), (1, 0o660, "members of group '.*' may")):
                _give(path / "s", group, mode)
                os.seteuid(65534)
                try:
                    with pytest.raises(NotPermitted, match=words) as caught:
                        await cluster.check()
                finally:
                    os.seteuid(0)
                assert caught.value.exit_code == 4


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (b"", NotRunning, "ended before it answered"),
        (b'{"v":1,"result":', NotRunning, "ended before it answered"),
        (b"hello\n", ProtocolMismatch, "is this the socket of floatip"),
        (b"[1]\n", ProtocolMismatch, "is this the socket of floatip"),
        (b'{"v":2,"result":{}}\n', ProtocolMismatch, "speaks version 2 of the control protocol, this command speaks 1"),
        (b'{"v":1}\n', ProtocolMismatch, "version"),
        (b'{"v":1,"result":{}}\n', ProtocolMismatch, "not understood"),
        (b'{"v":1,"error":{"kind":"new","text":"no"}}\n', Failed, "^no$"),
        (b'{"v":1,"error":{"kind":"unknown-vip","text":"no","exit_code":4}}\n', UnknownVip, "^no$"),
        (b"x" * 2000 + b"\n", ProtocolMismatch, "too long"),
    ],
)
async def test_strange_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: bytes, error: type[Exception], words: str
) -> None:
    """Whatever answers at the socket, the caller gets one clear error."""
    monkeypatch.setattr("floatip.ops.wire.MAX_REPLY_BYTES", 1000)
    async with stranger(tmp_path, answer) as path, floatip.connect(path) as cluster:
        with pytest.raises(error, match=words):
            await cluster.status()


async def test_strange_results_of_moves(tmp_path: Path) -> None:
    """A result without moves, or with other ones than ours, is another version's."""
    for result in (b"{}", b'{"moves":[]}', b'{"moves":[{}]}', b'{"moves":[{"vip":"a","outcome":"odd"}]}'):
        async with stranger(tmp_path, b'{"v":1,"result":' + result + b"}\n") as path, floatip.connect(path) as cluster:
            with pytest.raises(ProtocolMismatch):
                await cluster.failover("a")


async def test_a_frozen_daemon_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon that accepts and never answers is none, and a move it never ended has timed out."""
    monkeypatch.setattr("floatip.ops.client.PATIENCE_S", 0.1)
    monkeypatch.setattr("floatip.ops.client.LONGER_S", 0.1)
    async with stranger(tmp_path, None) as path, floatip.connect(path) as cluster:
        with pytest.raises(NotRunning, match="may be frozen"):
            await cluster.status()
        with pytest.raises(TimedOut, match="did not say how it ended"):
            await cluster.failover(VipName("web"), timeout_s=0.1)


async def test_a_wrong_timeout_is_the_callers_fault(tmp_path: Path) -> None:
    """A patience that is none is found before anything is sent."""
    async with daemon(tmp_path, FakeBackend()) as cluster:
        for wrong in (0.0, -1.0, float("nan"), float("inf"), 1e9):
            with pytest.raises(floatip.FloatipError, match="timeout of") as caught:
                await cluster.failover("web", timeout_s=wrong)
            assert caught.value.exit_code == 2
        with pytest.raises(floatip.FloatipError, match="at least one VIP"):
            await cluster.failover([])
