"""Plays one batch of cases on one cluster, a fresh one after each failure. Knows: the order. Never: a fault."""

import shutil
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random
from typing import Any

from floatip.lab.errors import LabError
from floatip.lab.realtime import now_s
from tests.campaign.audit import Memory, audit
from tests.campaign.fault import Begun
from tests.campaign.layout import Layout
from tests.campaign.plan import Batch, Case
from tests.campaign.result import Result
from tests.campaign.scene import Scene

START_S = 25.0
"""How long daemons may take until they answer: a matter of Python and of how busy the machine is, not of floatip."""
PHASE_S = 0.5
"""Faults begin at a random moment of so long, more than two heartbeats."""
POLL_S = 0.1
CALM_S = 0.4
"""All must be right for so long: what is right by chance, before a fault was even noticed, does not count."""


def settle_limit_s(layout: Layout) -> float:
    """Give how long a cluster whose daemons run may take: sessions anew (4 s), listening, claims in order of rank."""
    return 4.0 + 2 * layout.owner_down_s + layout.nodes * 0.2


class Lag:
    """Measures how much longer than asked an ordinary sleep takes, as the daemons' do."""

    def __init__(self) -> None:
        self._worst_s = 0.0
        threading.Thread(target=self._run, name="lag", daemon=True).start()

    def _run(self) -> None:
        while True:
            due_s = now_s() + 0.01
            time.sleep(0.01)
            self._worst_s = max(self._worst_s, now_s() - due_s)

    def take_ms(self) -> float:
        """Give the worst since it was last asked."""
        worst_s, self._worst_s = self._worst_s, 0.0
        return worst_s * 1000


def play(batch: Batch, cases: Iterable[Case], seed: int, keep: Path, tell: Callable[[Result], None]) -> None:
    """Play the cases and tell of each; what a failed one left is kept below a folder."""
    lag, stage = Lag(), Stage(batch.layout)
    try:
        for case in cases:
            tell(
                _one(
                    stage,
                    case,
                    Random(f"{seed}:{case.index}"),
                    keep / f"{batch.layout.policy.value}-{seed}-{case.index}",
                    lag,
                )
            )
    finally:
        stage.clear()


class Stage:
    """The scene that is played on, made when it is needed."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._scene: Scene | None = None
        self.memory = Memory()

    def set(self) -> Scene:
        """Give the scene, with everything right; raises LabError if it does not become so."""
        if self._scene is None:
            self._scene, self.memory = Scene(self.layout).__enter__(), Memory()
            problems, _ = wait_right(self._scene, self.memory, settle_limit_s(self.layout))
            if problems:
                raise LabError(f"a fresh cluster does not become right: {'; '.join(problems)}")
            self._scene.eyes.report()
        return self._scene

    def keep(self, folder: Path) -> None:
        """Copy the files of all hosts."""
        if self._scene is not None:
            shutil.copytree(self._scene.cluster.home, folder, dirs_exist_ok=True, ignore=_no_sockets)

    def clear(self) -> None:
        """End the scene."""
        if self._scene is not None:
            self._scene.close()
            self._scene = None


def _no_sockets(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if Path(folder, name).is_socket()]


def wait_right(scene: Scene, memory: Memory, limit_s: float) -> tuple[list[str], float]:
    """Wait until all is right for a while; give what is wrong at the end, and when it first was right for good.

    The limit counts from when all daemons answer, or from `START_S` after the call.
    """
    began_s = start_s = since_s = now_s()
    right = False
    while True:
        problems = audit(scene, memory)
        at_s = now_s()
        if not scene.up() and at_s - began_s < START_S:
            start_s = at_s
        if problems:
            right = False
        elif not right:
            right, since_s = True, at_s
        elif at_s - since_s >= CALM_S:
            return [], since_s
        if at_s - start_s > limit_s and not right:
            return problems, at_s
        if memory.defects and at_s - start_s > CALM_S:
            return problems, at_s
        time.sleep(POLL_S)


def _one(stage: Stage, case: Case, dice: Random, folder: Path, lag: Lag) -> Result:
    """Strike once, wait until it is over and all is right, and sum up; a failure clears the stage."""
    layout, begun, began_s, ended_s = stage.layout, None, 0.0, 0.0
    common: Any = {"policy": layout.policy.value, "index": case.index, "name": case.fault.name, "layout": str(layout)}
    try:
        scene = stage.set()
        lag.take_ms()
        time.sleep(dice.uniform(0.0, PHASE_S))
        lasts_s = dice.uniform(case.fault.shortest_s, case.fault.longest_s)
        began_s = now_s()
        begun = case.fault.begin(scene, dice)
        _last(scene, begun, lasts_s)
        ended_s = now_s()
        problems, right_s = wait_right(scene, stage.memory, settle_limit_s(layout))
        seen = scene.eyes.report()
    except LabError as error:
        stage.keep(folder)
        stage.clear()
        (folder / "error.txt").parent.mkdir(parents=True, exist_ok=True)
        (folder / "error.txt").write_text(str(error))
        text = begun.text if begun else ""
        return Result(**common, text=text, problems=[str(error).splitlines()[0][:500]], kept=str(folder))
    broken = scene.broken
    dual = seen.dual(scene.cluster.net.unseen(), broken)
    if dual.longest_two_ms > case.fault.two_at_most_ms(layout.policy):
        problems.append(f"two owners for {dual.longest_two_ms:.0f} ms")
    if problems:
        stage.keep(folder)
        stage.clear()
    return Result(
        **common,
        text=begun.text,
        lasted_ms=(ended_s - began_s) * 1000,
        problems=problems,
        dual_longest_ms=dual.longest_two_ms,
        dual_total_ms=dual.two_ms,
        outage_ms=seen.outage_ms(),
        healthy_ms=(right_s - ended_s) * 1000,
        strayed_ms=max(0.0, seen.strayed_ms(ended_s)),
        lag_ms=lag.take_ms(),
        lateness_ms=seen.lateness_ms,
        kept=str(folder) if problems else "",
    )


def _last(scene: Scene, begun: Begun, lasts_s: float) -> None:
    """Let a fault last, and end it."""
    if begun.lan:
        scene.lan_breaks()
    time.sleep(lasts_s)
    begun.end()
    scene.lan_heals()
