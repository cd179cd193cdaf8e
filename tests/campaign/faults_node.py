"""Faults of daemons and of whole machines: each function breaks one thing and tells how to mend it."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random

from floatip.lab.errors import LabError
from tests.campaign.clocked_daemon import STEP
from tests.campaign.fault import Begun
from tests.campaign.scene import Scene

RESTART_S = 0.1
"""What the shipped unit waits before it starts the daemon again."""
EXIT_S = 8.0
STEPS_S = (-86400.0, -3600.0, -2.0, -0.3, 0.3, 2.0, 3600.0, 86400.0)


def _again(scene: Scene, node: str, dice: Random) -> tuple[str, Callable[[], None]]:
    """Start a daemon again: after the fault's time, or at once in the order of the shipped unit."""
    if dice.random() < 0.5:
        return "started when it ends", lambda: scene.start_daemon(node)

    def as_the_unit_does() -> None:
        scene.cleanup(node)
        time.sleep(RESTART_S)
        scene.start_daemon(node)

    return "cleaned up and started when it ends", as_the_unit_does


def kill_daemon(scene: Scene, dice: Random) -> Begun:
    """SIGKILL of a daemon."""
    node = scene.any_node(dice)
    how, end = _again(scene, node, dice)
    scene.cluster.kill_daemon(node)
    return Begun(text=f"daemon of {node} killed, {how}", end=end)


def kill_daemon_by_unit(scene: Scene, dice: Random) -> Begun:
    """SIGKILL of a daemon; cleanup and restart follow at once, as the shipped unit has it."""
    node = scene.any_node(dice)
    scene.cluster.kill_daemon(node)
    scene.cleanup(node)
    time.sleep(RESTART_S)
    scene.start_daemon(node)
    return Begun(text=f"daemon of {node} killed, cleaned up and started at once")


def kill_sentinel(scene: Scene, dice: Random) -> Begun:
    """SIGKILL of a sentinel alone."""
    node = scene.any_node(dice)
    _kill(_sentinels(scene, node))
    return Begun(text=f"sentinel of {node} killed")


def kill_both(scene: Scene, dice: Random) -> Begun:
    """SIGKILL of a daemon and its sentinel, in any order."""
    node = scene.any_node(dice)
    pids = _sentinels(scene, node)
    how, end = _again(scene, node, dice)
    if dice.random() < 0.5:
        _kill(pids)
    os.kill(scene.cluster.daemons[node].pid, signal.SIGKILL)
    _kill(pids)
    scene.cluster.kill_daemon(node)
    return Begun(text=f"daemon and sentinel of {node} killed, {how}", end=end)


def stop_daemon(scene: Scene, dice: Random) -> Begun:
    """SIGTERM, and a start later."""
    node = scene.any_node(dice)
    code = scene.cluster.stop_daemon(node, EXIT_S)
    if code != 0:
        raise LabError(f"the daemon of {node} ended with {code} after SIGTERM")
    return Begun(text=f"daemon of {node} stopped", end=lambda: scene.start_daemon(node))


def failover(scene: Scene, dice: Random) -> Begun:
    """An operator moves a VIP by hand, from any node, to a node by name or to whichever is next."""
    vip, asked = scene.any_vip(dice), dice.choice(scene.nodes)
    others = [node for node in scene.nodes if node not in scene.owners(vip)]
    to = dice.choice(others) if dice.random() < 0.5 else None
    done = scene.floatip(asked, "failover", vip, *(["--to", to] if to else []))
    text = f"failover of {vip} to {to or 'any'}, asked of {asked}"
    if done.returncode != 0:
        raise LabError(f"{text}, ended with {done.returncode}: {done.stdout} {done.stderr}".replace("\n", " "))
    return Begun(text=text)


def freeze_daemon(scene: Scene, dice: Random) -> Begun:
    """SIGSTOP of a daemon."""
    node = scene.any_node(dice)
    scene.cluster.freeze_daemon(node)
    return Begun(text=f"daemon of {node} frozen", end=lambda: scene.cluster.thaw_daemon(node))


def freeze_machine(scene: Scene, dice: Random) -> Begun:
    """All processes of a machine stand still, and no frame goes in or out: a frozen kernel answers nothing."""
    node, net = scene.any_node(dice), scene.cluster.net
    nics = list(net.hosts[node].nics)
    net.freeze_machine(node)
    for nic in nics:
        net.silence(node, nic)

    def thaw() -> None:
        for nic in nics:
            net.heal(node, nic)
        net.thaw_machine(node)

    return Begun(text=f"machine {node} frozen", end=thaw)


def machine_dies(scene: Scene, dice: Random) -> Begun:
    """A machine loses power, and is started again."""
    node = scene.any_node(dice)
    scene.cluster.kill_machine(node)
    return Begun(text=f"machine {node} dead", end=lambda: scene.cluster.boot_machine(node))


def starved(scene: Scene, dice: Random) -> Begun:
    """A daemon gets what others leave of the CPU (SCHED_IDLE), and they leave next to nothing."""
    node = scene.any_node(dice)
    pid = scene.cluster.daemons[node].pid
    loops = scene.busy_loops(2 * (os.cpu_count() or 1))
    _schedule(pid, os.SCHED_IDLE, nice=19)

    def feed() -> None:
        _schedule(pid, os.SCHED_OTHER, nice=0)
        for loop in loops:
            loop.kill()

    return Begun(text=f"daemon of {node} starved", end=feed)


def clock_stepped(scene: Scene, dice: Random) -> Begun:
    """Somebody, or NTP, steps a node's wall clock, and perhaps back again later."""
    node, step_s = scene.any_node(dice), dice.choice(STEPS_S)
    file = scene.cluster.home_of(node) / STEP
    file.write_text(str(step_s))
    back = dice.random() < 0.5

    def end() -> None:
        if back:
            file.unlink()

    return Begun(text=f"clock of {node} {step_s:+} s off{', and right again' if back else ''}", end=end)


def busy(scene: Scene, _dice: Random) -> Begun:
    """Six busy loops take the machine."""
    loops = scene.busy_loops(6)

    def end() -> None:
        for loop in loops:
            loop.kill()

    return Begun(text="six busy loops", end=end)


def _schedule(pid: int, policy: int, nice: int) -> None:
    """Schedule all threads so, and their session, which the kernel may weigh as a whole (sched_autogroup)."""
    with contextlib.suppress(OSError):
        Path("/proc", str(pid), "autogroup").write_text(str(nice))
    for task in Path("/proc", str(pid), "task").iterdir():
        with contextlib.suppress(ProcessLookupError):
            os.sched_setscheduler(int(task.name), policy, os.sched_param(0))


def _sentinels(scene: Scene, node: str) -> list[int]:
    pids = scene.sentinels(node)
    if not pids:
        raise LabError(f"no sentinel runs on {node}")
    return pids


def _kill(pids: Iterable[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
