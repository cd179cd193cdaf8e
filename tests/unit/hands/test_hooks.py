"""The hand that calls hooks: in which order, side by side with what, and what is left out, logged or killed."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import psutil
import pytest

from floatip.core import effects as ef
from floatip.core.types import NodeName, Occasion, Role, VipName
from floatip.hands import hooks as module
from floatip.hands.hooks import Hook, HookHand
from floatip.programs import Result

WEB, DB = VipName("web"), VipName("db")
PATIENCE_S = 30


def told(occasion: Occasion, vip: VipName = WEB, term: int = 1) -> ef.CallHooks:
    """Something that happened."""
    return ef.CallHooks(
        occasion=occasion,
        vip=vip,
        was=Role.BACKUP,
        now=Role.OWNER,
        term=term,
        priority=100,
        owner=NodeName("n1"),
        why="test",
    )


def shell(script: str, *on: Occasion, **more: Any) -> Hook:
    """A hook that is a script, called for everything unless said otherwise."""
    return Hook(on=frozenset(on or Occasion), command=("/bin/sh", "-c", script), **more)


async def until(true: Callable[[], bool]) -> None:
    """Wait until it is true; fail if it never is."""
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110 (programs are no events)
            await asyncio.sleep(0.005)


class Scene:
    """A hand, and what it logged."""

    def __init__(self) -> None:
        self.infos: list[tuple[str, dict[str, object]]] = []
        self.warnings: list[tuple[str, dict[str, object]]] = []
        self.hand = HookHand(
            (),
            cluster="prod",
            node="n1",
            addresses={WEB: (IPv4Address("10.77.0.50"),)},
            info=lambda sentence, /, **fields: self.infos.append((sentence, fields)),
            warn=lambda sentence, /, **fields: self.warnings.append((sentence, fields)),
        )

    def hooks(self, *hooks: Hook) -> None:
        """Call these."""
        self.hand.replace(hooks, {WEB: (IPv4Address("10.77.0.50"),)})

    async def done(self) -> None:
        """Wait until all calls are made."""
        await until(lambda: not self.hand._tasks)


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """Give a hand without hooks, and close it afterwards."""
    scene = Scene()
    yield scene
    await scene.hand.close(PATIENCE_S)


async def test_a_hook_learns_all_of_it(scene: Scene, tmp_path: Path) -> None:
    """By its environment, its arguments and its standard input, without a shell between."""
    out = tmp_path / "out"
    script = f'echo "$FLOATIP_EVENT $FLOATIP_VIP $FLOATIP_ADDRESSES $1 $2 $3 $4" > {out}; cat >> {out}'
    command = ("/bin/sh", "-c", script, "notify")
    scene.hooks(Hook(on=frozenset({Occasion.FAULT}), command=command, keepalived_arguments=True))
    scene.hand.call(told(Occasion.FAULT))
    await scene.done()
    first, second = out.read_text().splitlines()
    assert first == "fault web 10.77.0.50 INSTANCE web FAULT 100"
    assert second.startswith('{"schema": 1, "time": "')
    assert (scene.infos, scene.warnings) == ([], [])


async def test_hooks_are_called_in_the_order_of_the_file(scene: Scene, tmp_path: Path) -> None:
    """Those that want this; the next when the one before has ended, whatever became of that."""
    out = tmp_path / "out"
    scene.hooks(
        shell(f"sleep 0.1; echo one >> {out}; exit 1"),
        shell(f"echo other >> {out}", Occasion.STOP),
        shell(f"echo two >> {out}", Occasion.ACQUIRED, Occasion.STOP),
        shell(f"echo three >> {out}"),
    )
    scene.hand.call(told(Occasion.ACQUIRED))
    await scene.done()
    assert out.read_text().split() == ["one", "two", "three"]


class Programs:
    """Programs that take random times, and what was run at the same time."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.calls: list[tuple[str, str]] = []
        self.running: list[str] = []
        self.most = 0
        self.most_of_one = 0

    async def run(self, argv: tuple[str, ...], *, timeout_s: float, stdin: bytes, env: dict[str, str]) -> Result:
        """Stand in for ``programs.run``."""
        vip = env["FLOATIP_VIP"]
        self.running.append(vip)
        self.most = max(self.most, len(self.running))
        self.most_of_one = max(self.most_of_one, self.running.count(vip))
        await asyncio.sleep(self._rng.choice((0, 0, 0.001, 0.003)))
        self.running.remove(vip)
        self.calls.append((vip, f"{env['FLOATIP_TERM']} {argv[0]}"))
        return Result(code=0)


@pytest.mark.parametrize("seed", range(20))
async def test_the_order_of_one_vip_is_kept(scene: Scene, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """However long each takes, and whatever happens to others; one program of a VIP at a time, 16 in all."""
    rng = random.Random(seed)
    programs = Programs(rng)
    monkeypatch.setattr(module, "run", programs.run)
    on = frozenset(Occasion) - {Occasion.BACKUP}
    scene.hooks(Hook(on=on, command=("/a",)), Hook(on=on, command=("/b",)))
    vips = [VipName(f"v{number}") for number in range(24)]
    expected: dict[str, list[str]] = {vip: [] for vip in vips}
    for term in range(rng.randint(50, 200)):
        vip = rng.choice(vips)
        scene.hand.call(told(rng.choice(sorted(on)), vip, term))
        expected[vip] += [f"{term} /a", f"{term} /b"]
        await asyncio.sleep(rng.choice((0, 0, 0, 0.002)))
    await scene.done()
    assert {vip: [what for whose, what in programs.calls if whose == vip] for vip in vips} == expected
    assert programs.most_of_one == 1
    assert programs.most <= 16


async def test_sixteen_at_once(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no more, though more VIPs have something to tell."""
    programs = Programs(random.Random(1))
    monkeypatch.setattr(module, "run", programs.run)
    scene.hooks(Hook(on=frozenset(Occasion), command=("/a",)))
    for number in range(100):
        scene.hand.call(told(Occasion.STOP, VipName(f"v{number}")))
    await scene.done()
    assert len(programs.calls) == 100
    assert programs.most == 16


async def test_a_slow_hook_delays_its_vip_alone(scene: Scene, tmp_path: Path) -> None:
    """Another VIP's program is done long before."""
    out = tmp_path / "out"
    release = tmp_path / "release"
    wait = f"if [ $FLOATIP_VIP = web ]; then while [ ! -e {release} ]; do sleep 0.02; done; fi"
    scene.hooks(shell(f"{wait}; echo $FLOATIP_VIP $FLOATIP_EVENT >> {out}", timeout_s=PATIENCE_S))
    scene.hand.call(told(Occasion.ACQUIRED, WEB))
    scene.hand.call(told(Occasion.RELEASED, WEB))
    scene.hand.call(told(Occasion.ACQUIRED, DB))
    scene.hand.call(told(Occasion.RELEASED, DB))
    await until(lambda: out.exists() and len(out.read_text().splitlines()) == 2)
    release.touch()
    await scene.done()
    assert out.read_text().splitlines() == ["db acquired", "db released", "web acquired", "web released"]


async def test_what_a_hook_says_is_logged(scene: Scene) -> None:
    """The last 20 lines, printable, each of at most 200 characters; with the VIP and the occasion."""
    script = r"seq 1 18; printf 'caf\351 \033[31m\n'; head -c 1000 /dev/zero | tr '\0' x; echo; echo last >&2"
    scene.hooks(shell(script))
    scene.hand.call(told(Occasion.ACQUIRED))
    await scene.done()
    lines = [sentence.removeprefix("/bin/sh: ") for sentence, _ in scene.infos]
    assert lines == [*map(str, range(2, 19)), "caf�  [31m", "x" * 197 + "...", "last"]
    assert {tuple(fields.items()) for _, fields in scene.infos} == {(("vip", WEB), ("occasion", "acquired"))}
    assert scene.warnings == []


@pytest.mark.parametrize(
    ("hook", "sentence"),
    [
        (shell("exit 3"), "hook /bin/sh: exit code 3"),
        (shell("kill -9 $$"), "hook /bin/sh: ended by signal SIGKILL"),
        (shell("sleep 600", timeout_s=0.2), "hook /bin/sh: was not done in time, and was killed"),
        (Hook(on=frozenset(Occasion), command=("/no/such",)), "hook: cannot start /no/such: there is no such file"),
    ],
    ids=["exit code", "signal", "timeout", "missing"],
)
async def test_what_goes_wrong_is_a_warning(scene: Scene, hook: Hook, sentence: str) -> None:
    """And the next hook is called all the same."""
    scene.hooks(hook, shell("echo next"))
    scene.hand.call(told(Occasion.STOP))
    await scene.done()
    assert scene.warnings == [(sentence, {"vip": WEB, "occasion": "stop"})]
    assert [sentence for sentence, _ in scene.infos] == ["/bin/sh: next"]


async def test_what_nobody_wants_is_not_queued(scene: Scene) -> None:
    """There is nothing to wait for."""
    scene.hooks(shell("exit 1", Occasion.STOP), shell("exit 1", Occasion.CONFLICT, keepalived_arguments=True))
    scene.hand.call(told(Occasion.ACQUIRED))
    scene.hand.call(told(Occasion.CONFLICT))
    assert not scene.hand._tasks


async def test_the_last_of_each_kind_is_always_told(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a flapping VIP with a slow hook the oldest calls are left out, with a warning each."""
    started, go = asyncio.Event(), asyncio.Event()
    made: list[tuple[str, str]] = []

    async def run(_: object, *, env: dict[str, str], **__: object) -> Result:
        started.set()
        await go.wait()
        made.append((env["FLOATIP_TERM"], env["FLOATIP_EVENT"]))
        return Result(code=0)

    monkeypatch.setattr(module, "run", run)
    scene.hooks(Hook(on=frozenset(Occasion), command=("/a",)))
    scene.hand.call(told(Occasion.BACKUP, term=0))
    await started.wait()
    calls = [Occasion.FAULT, *[Occasion.ACQUIRED, Occasion.RELEASED] * 100, Occasion.STOP]
    for term, occasion in enumerate(calls, 1):
        scene.hand.call(told(occasion, term=term))
    go.set()
    await scene.done()
    expected = [("0", "backup"), ("1", "fault"), *((str(term), str(calls[term - 1])) for term in range(104, 203))]
    assert made == expected
    assert len(scene.warnings) == 202 - 100
    assert scene.warnings[0] == (
        "hooks are slow: of 100 calls that wait, one is left out",
        {"vip": WEB, "occasion": "acquired"},
    )


async def test_a_reload_counts_for_what_waits(scene: Scene, tmp_path: Path) -> None:
    """What runs is left alone; what waits is told to the hooks, and with the addresses, of its time."""
    out, release = tmp_path / "out", tmp_path / "release"
    scene.hooks(shell(f"while [ ! -e {release} ]; do sleep 0.02; done; echo old >> {out}", timeout_s=PATIENCE_S))
    scene.hand.call(told(Occasion.ACQUIRED))
    scene.hand.call(told(Occasion.RELEASED))
    await until(lambda: bool([one for one in psutil.Process().children() if one.name() == "sh"]))
    new = shell(f"echo new $FLOATIP_EVENT $FLOATIP_ADDRESSES >> {out}")
    scene.hand.replace([new], {WEB: (IPv4Address("10.77.0.51"),)})
    release.touch()
    scene.hand.call(told(Occasion.STOP))
    await scene.done()
    assert out.read_text().splitlines() == ["old", "new released 10.77.0.50", "new stop 10.77.0.51"]


async def test_the_end_waits_for_what_was_called(scene: Scene, tmp_path: Path) -> None:
    """The last word of each VIP is told; what comes later is not."""
    out = tmp_path / "out"
    scene.hooks(shell(f"sleep 0.1; echo $FLOATIP_VIP $FLOATIP_EVENT >> {out}"))
    for vip in (WEB, DB):
        scene.hand.call(told(Occasion.RELEASED, vip))
        scene.hand.call(told(Occasion.STOP, vip))
    await scene.hand.close(PATIENCE_S)
    scene.hand.call(told(Occasion.FAULT))
    await scene.hand.close(PATIENCE_S)
    assert sorted(out.read_text().splitlines()) == ["db released", "db stop", "web released", "web stop"]
    assert scene.warnings == []


async def test_the_end_does_not_wait_for_ever(scene: Scene, tmp_path: Path) -> None:
    """What runs is killed with all that it has started, and what was not told is said."""
    pids = tmp_path / "pids"
    scene.hooks(shell(f"setsid sleep 600 & echo $$ $! > {pids}.$FLOATIP_VIP; wait", timeout_s=600))
    for vip in (WEB, DB):
        scene.hand.call(told(Occasion.RELEASED, vip))
        scene.hand.call(told(Occasion.STOP, vip))
    files = [Path(f"{pids}.{vip}") for vip in (WEB, DB)]
    await until(lambda: all(file.exists() and len(file.read_text().split()) == 2 for file in files))
    await scene.hand.close(0.1)
    assert scene.warnings == [("the daemon ends: hooks of 2 VIPs were killed, and 2 calls were not made", {})]
    killed = [int(pid) for file in files for pid in file.read_text().split()]
    await until(lambda: not any(_lives(pid) for pid in killed))


def _lives(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
