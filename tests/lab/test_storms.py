"""What goes on for long: a LAN that splits and heals again and again, frames that get lost, a machine that is busy.

In `make test` a short time each; FLOATIP_STORMS=20 splits twenty times, and lets the rest last twenty seconds.
"""

import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from floatip.core.types import Policy
from floatip.lab.realtime import now_s
from tests.campaign.audit import Memory
from tests.campaign.faults_net import split
from tests.campaign.layout import Layout
from tests.campaign.play import START_S, settle_limit_s, wait_right
from tests.campaign.scene import Scene

STORMS = int(os.environ.get("FLOATIP_STORMS", "0"))
SPLITS = STORMS or 3
STORM_S = float(STORMS or 6)
LOSS_PERCENT = 30
WRONG_MAC_MS = 1000

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120 + 40 * STORMS)]


def layout(mqtt: str = "mgmt") -> Layout:
    """Three nodes at default timing, one VIP of both families."""
    return Layout(
        policy=Policy.KEEP,
        nodes=3,
        brokers=1,
        mqtt=mqtt,
        vips=(("10.77.0.51", "fd77::51"),),
        broker_home=None,
        second_nic=False,
        persistence=False,
        gateway=False,
    )


@contextmanager
def healthy(of: Layout) -> Iterator[Scene]:
    """A scene with everything right."""
    with Scene(of) as scene:
        assert wait_right(scene, Memory(), START_S)[0] == []
        scene.eyes.report()
        yield scene


def test_no_client_stays_on_a_wrong_mac_when_the_lan_is_whole_again(programs: None) -> None:
    """The LAN splits and heals at random moments; a second after each heal the client has the owner's MAC.

    MQTT runs over that LAN, so that often both sides have an owner meanwhile.
    """
    seed = random.SystemRandom().randrange(1 << 32)
    dice, told = random.Random(seed), [f"seed {seed}"]
    with healthy(layout("data")) as scene:
        for number in range(SPLITS):
            time.sleep(dice.uniform(0.0, 0.5))
            begun = split(scene, dice)
            time.sleep(dice.uniform(0.2, 5.0))
            owners = len(scene.owners("v1"))
            begun.end()
            healed_s = now_s()
            problems, right_s = wait_right(scene, Memory(), settle_limit_s(scene.layout))
            seen = scene.eyes.report()
            wrong_ms = max(0.0, seen.strayed_ms(healed_s))
            took_ms = (right_s - healed_s) * 1000
            told.append(f"{number}: {begun.text}, {owners} owners: {took_ms:.0f} ms, wrong MAC {wrong_ms:.0f} ms")
            assert problems == [], (told, scene.cluster.logs(60))
            assert wrong_ms <= WRONG_MAC_MS, (told, seen.beliefs, scene.cluster.logs(60))
    print("\n".join(told))


def storm(scene: Scene) -> None:
    """Let it last; then the owner is who it was, nobody else had the address meanwhile, and all is right."""
    (owner,) = scene.owners("v1")
    time.sleep(STORM_S)
    seen = scene.eyes.report()
    for address, held in seen.held.items():
        assert {node for node, times in held.items() if times} == {owner}, (address, held, scene.cluster.logs(60))
        assert held[owner] == [seen.window], (address, held, scene.cluster.logs(60))


@pytest.mark.parametrize("mqtt", ["mgmt", "data"])
def test_lost_frames_move_nothing(programs: None, mqtt: str) -> None:
    """30 % loss at each node's port to the LAN: between two nodes even half of the frames are lost."""
    with healthy(layout(mqtt)) as scene:
        for node in scene.nodes:
            scene.cluster.net.loss(node, "eth0", LOSS_PERCENT)
        storm(scene)
        for node in scene.nodes:
            scene.cluster.net.loss(node, "eth0", 0)
        assert wait_right(scene, Memory(), settle_limit_s(scene.layout))[0] == []


def test_a_busy_machine_moves_nothing(programs: None) -> None:
    """Six busy loops beside all daemons, broker and client."""
    with healthy(layout()) as scene:
        loops = scene.busy_loops(6)
        try:
            storm(scene)
        finally:
            for loop in loops:
                loop.kill()
        assert wait_right(scene, Memory(), settle_limit_s(scene.layout))[0] == []
