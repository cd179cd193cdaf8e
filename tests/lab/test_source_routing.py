"""Each VIP's replies leave by its own gateway: rules and routes come and go with the addresses, whatever happens."""

import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from floatip.lab import tools
from floatip.lab.settings import Vip
from tests.lab.routing_scene import ALL, WEB, WEB6, Routed, Scene, settings
from tests.lab.test_sentinel_daemon import sentinel_of

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]

SOON_S = 1.0


def replies_leave_right(scene: Scene) -> None:
    """Ask each VIP through either gateway; its own, and no other, has forwarded the replies."""
    before = scene.forwarded()
    for vip in scene.vips:
        for asked_through in ("gw1", "gw2"):
            scene.answered(vip, asked_through)
    forwarded = {(vip, gateway) for gateway, vip, _ in scene.forwarded() - before}
    assert forwarded == {(vip.name, vip.gateway) for vip in scene.vips}


def test_replies_leave_by_the_gateway_of_their_vip_before_and_after_a_handover() -> None:
    """Whichever way the request came; rules and routes are where the address is, and nowhere else."""
    with Scene(settings()) as scene:
        owners = scene.owners()
        replies_leave_right(scene)
        assert all(scene.is_right(node) for node in ("n1", "n2"))
        old = owners["web"]
        new = next(node for node in ("n1", "n2") if node != old)
        argv = [sys.executable, "-m", "floatip", "failover", *owners, "--to", new, "--socket"]
        done = subprocess.run(
            [*argv, str(scene.home_of(old) / "floatip.sock")], capture_output=True, text=True, timeout=20.0, check=False
        )
        assert done.returncode in {0, 5}, done.stdout + done.stderr
        assert set(scene.owners().values()) == {new}
        scene.wait_for(lambda: scene.routing(old) == [], SOON_S, "gone from the old owner")
        assert scene.routing(new) == scene.wanted(ALL)
        replies_leave_right(scene)


REMOVALS = (
    "-4 route flush table 150",
    "-6 route flush table 151",
    "-4 rule delete from 10.77.0.50 lookup 150",
    "-6 rule delete from fd77::51 lookup 151",
    "-4 route replace default via 10.77.0.3 table 150",
    "-4 route delete 10.77.0.0/16 table 151",
    "-6 route replace default via fd77::3 dev eth0 table 150",
)


def test_what_somebody_takes_away_is_back_within_a_second() -> None:
    """By hand, one by one, or with the interface; what somebody else has in these tables besides stays."""
    with Scene(settings(nodes=1)) as scene:
        scene.owners()
        scene.ip("n1", "route add 10.78.9.0/24 via 10.77.0.3 table 150")
        scene.ip("n1", "rule add from 10.77.0.50 to 10.78.9.9 lookup main priority 1800")
        for command in REMOVALS:
            scene.ip("n1", command)
            scene.wait_for(lambda: scene.is_right("n1"), SOON_S, f"back after {command}")
        scene.ip("n1", "link set eth0 down")
        scene.ip("n1", "link set eth0 up")
        scene.ip("n1", "address add fd77::11/112 dev eth0 nodad")
        scene.wait_for(lambda: len(scene.here("n1")) == len(ALL), 15.0, "the VIPs are back")
        scene.wait_for(lambda: scene.is_right("n1"), SOON_S, "and so are their routes")
        assert "10.78.9.0/24 via 10.77.0.3 dev eth0" not in scene.ip("n1", "route show table 150")  # the flap's doing
        assert "1800:" in scene.ip("n1", "rule show")
        replies_leave_right(scene)


def test_routes_follow_the_address_to_the_next_interface() -> None:
    """When the link of the first is lost; on the same node, without anybody else taking over."""
    nics = {"eth0": "data", "eth1": "mgmt", "eth2": "data"}
    both = Vip(addresses=(WEB.address,), interfaces=("eth0", "eth2"), extra={"gateway": WEB.via, "table": WEB.table})
    with Scene(replace(settings((WEB,), 1), nics=nics, vips=[both]), (WEB,)) as scene:
        scene.owners()
        assert scene.routing("n1") == scene.wanted((WEB,))
        scene.net.carrier("n1", "eth0", up=False)
        scene.wait_for(lambda: scene.routing("n1") == scene.wanted((WEB,), "eth2"), 5.0, "they are on eth2")
        replies_leave_right(scene)


SHARED = Routed("shop", "10.77.0.52", "gw1", 150)


@pytest.mark.parametrize(("policy", "nodes"), [("release", 1), ("keep", 2)])
def test_the_sentinel_takes_them_away_with_the_addresses(policy: str, nodes: int) -> None:
    """After kill -9: at once, or when the next owner has the address; of a shared table nothing is left either."""
    vips = (WEB, SHARED, WEB6)
    with Scene(settings(vips, nodes, policy), vips) as scene:
        owner = scene.owners()["web"]
        before = scene.routing(owner)
        assert before == scene.wanted(scene.here(owner)) != []
        scene.kill_daemon(owner)
        scene.wait_for(lambda: not scene.here(owner), 5.0, "the addresses are gone")
        scene.wait_for(lambda: scene.routing(owner) == [], SOON_S, "and so are rules and routes")


def kill_with_sentinel(scene: Scene, node: str) -> None:
    """End a daemon and its sentinel, so that nobody sees to what they leave."""
    guard = sentinel_of(scene.daemons[node])
    os.kill(guard, signal.SIGSTOP)
    scene.kill_daemon(node)
    os.kill(guard, signal.SIGKILL)


def cleanup(scene: Scene, node: str) -> str:
    """What `floatip cleanup` prints."""
    argv = [tools.find("ip"), "netns", "exec", node, sys.executable, "-m", "floatip", "cleanup", "-c"]
    done = subprocess.run(
        [*argv, str(scene.home_of(node) / "floatip.toml")], capture_output=True, text=True, timeout=20.0, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_what_a_dead_daemon_left_is_taken_away() -> None:
    """By `floatip cleanup`, and by the next daemon, which needs other rules; what is somebody else's stays."""
    vips = (WEB, WEB6)
    with Scene(settings(vips, 1), vips) as scene:
        scene.owners()
        kill_with_sentinel(scene, "n1")
        scene.wait_for(lambda: not scene.here("n1"), 10.0, "the lifetimes have ended")
        assert scene.routing("n1") == scene.wanted(vips)
        scene.ip("n1", "rule add from 10.77.0.77 lookup 150 priority 1900")
        scene.ip("n1", "route add 10.78.9.0/24 via 10.77.0.3 table 150")
        said = cleanup(scene, "n1")
        assert "removed the rule from 10.77.0.50 lookup 150" in said
        assert "removed the route default via 10.77.0.2 dev eth0 table 150" in said
        assert scene.routing("n1") == []
        scene.ip("n1", "rule add from 10.77.0.99 lookup 160 priority 1900 protocol 102")
        scene.ip("n1", "-6 route add default via fd77::3 dev eth0 table 161 proto 102")
        scene.start_daemon("n1")
        scene.owners()
        scene.wait_for(lambda: scene.is_right("n1"), SOON_S, "it has what it needs, and nothing else of floatip's")
        assert "10.77.0.77" in scene.ip("n1", "rule show")
        assert "10.78.9.0/24" in scene.ip("n1", "route show table 150")
