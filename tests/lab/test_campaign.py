"""The campaign judges rightly: its audit sees what is planted, its plan can be repeated; and a short one is passed."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from floatip.core.types import Policy
from floatip.lab.cluster import CLIENT
from floatip.lab.intervals import Interval
from tests.campaign.audit import Memory, audit
from tests.campaign.faults import BY_NAME, FAULTS
from tests.campaign.layout import Layout
from tests.campaign.plan import plan
from tests.campaign.play import START_S, settle_limit_s, wait_right
from tests.campaign.scene import STRANGER, Scene
from tests.campaign.seen import Seen

pytestmark = [pytest.mark.lab, pytest.mark.timeout(240)]

VIP = "10.77.0.51"
LAYOUT = Layout(
    policy=Policy.KEEP,
    nodes=3,
    brokers=1,
    mqtt="mgmt",
    vips=((VIP, "fd77::51"),),
    broker_home=None,
    second_nic=False,
    persistence=False,
    gateway=False,
)
FAULTS_EACH = 4


@pytest.fixture(scope="module")
def shared() -> Iterator[Scene]:
    """A scene for all canaries: each leaves it as it found it."""
    with Scene(LAYOUT) as scene:
        yield scene


@pytest.fixture
def scene(programs: None, request: pytest.FixtureRequest) -> Scene:
    """Give the scene with everything right."""
    found: Scene = request.getfixturevalue("shared")
    problems, _ = wait_right(found, Memory(), START_S)
    assert problems == []
    return found


def backup_of(scene: Scene) -> str:
    """Name a node that owns nothing."""
    return next(node for node in scene.nodes if node not in scene.owners("v1"))


@contextmanager
def planted(scene: Scene, host: str, written: str) -> Iterator[None]:
    """An address is on a host whose daemon, if there is one, cannot do anything about it."""
    if host in scene.nodes:
        scene.cluster.freeze_daemon(host)
    scene.ip(host, f"addr add {written} dev eth0")
    try:
        yield
    finally:
        scene.ip(host, f"addr del {written} dev eth0")
        if host in scene.nodes:
            scene.cluster.thaw_daemon(host)


def test_the_audit_sees_a_second_owner(scene: Scene) -> None:
    """A backup has the address too."""
    with planted(scene, backup_of(scene), f"{VIP}/32"):
        problems = audit(scene, Memory())
    assert any(one.startswith("v1 is on n") and " and " in one for one in problems), problems


@pytest.mark.parametrize(
    ("who", "written"), [("backup", "fd77::51/128"), ("owner", f"{VIP}/24"), ("stranger", f"{VIP}/32")]
)
def test_the_audit_sees_a_leftover_address(scene: Scene, who: str, written: str) -> None:
    """One address of a VIP is left on another host, or on the owner a second time, with another prefix."""
    host = {"backup": backup_of(scene), "owner": scene.owners("v1")[0], "stranger": STRANGER}[who]
    with planted(scene, host, written):
        problems = audit(scene, Memory())
    number, due = (2, 1) if who == "owner" else (1, 0)
    assert f"{host} has {written.partition('/')[0]} of v1 {number} times, should be {due}" in problems


def test_the_audit_sees_what_a_client_wrongly_believes(scene: Scene) -> None:
    """Its neighbour table has another MAC than the owner's; so it gets no answer either."""
    scene.ip(CLIENT, f"neigh replace {VIP} lladdr 02:66:00:00:00:01 nud permanent dev eth0")
    problems = audit(scene, Memory())
    scene.ip(CLIENT, f"neigh del {VIP} dev eth0")
    assert any(f"the client believes that 02:66:00:00:00:01 has {VIP}" in one for one in problems), problems


def test_the_audit_sees_that_a_client_is_not_served(scene: Scene) -> None:
    """The address is there and believed, and the owner's service stands still."""
    owner = scene.owners("v1")[0]
    scene.cluster.answerers[owner].freeze()
    problems, _ = wait_right(scene, Memory(), 0.3)
    scene.cluster.answerers[owner].thaw()
    assert any(one.startswith(f"{VIP} is on {owner}, but answered by None") for one in problems), problems


def test_the_audit_sees_a_dead_daemon_and_a_frozen_one(scene: Scene) -> None:
    """A backup's daemon is gone, or does not answer."""
    node = backup_of(scene)
    scene.cluster.freeze_daemon(node)
    assert any(f"{node}: no status" in one for one in audit(scene, Memory()))
    scene.cluster.thaw_daemon(node)
    scene.cluster.kill_daemon(node)
    problems = audit(scene, Memory())
    scene.start_daemon(node)
    assert f"the daemon of {node} ended with -9" in problems


def test_the_audit_sees_a_traceback_in_a_log(scene: Scene) -> None:
    """Whatever else is right, and though it was read once before."""
    log = scene.cluster.home_of(backup_of(scene)) / "canary.log"
    log.write_text("fine\n")
    memory = Memory()
    assert audit(scene, memory) == []
    with log.open("a") as file:
        file.write("Traceback (most recent call last):\n")
    assert [one for one in audit(scene, memory) if "canary.log says: Traceback" in one]
    assert audit(scene, memory)
    log.unlink()


def test_the_audit_sees_a_daemon_that_grows(scene: Scene) -> None:
    """It has more memory than when all was first right with it."""
    memory = Memory()
    assert audit(scene, memory) == []
    memory.rss_mib = {pid: rss_mib - 20 for pid, rss_mib in memory.rss_mib.items()}
    assert len([one for one in audit(scene, memory) if "MiB" in one]) == 3


def test_the_witness_measures_two_owners_and_an_outage(scene: Scene) -> None:
    """Planted for 200 ms each, while others look away; cut off from the LAN, a second owner does not count."""
    node = backup_of(scene)
    scene.eyes.report()
    with planted(scene, node, f"{VIP}/32"):
        time.sleep(0.2)
    owner = scene.owners("v1")[0]
    scene.cluster.answerers[owner].freeze()
    time.sleep(0.2)
    scene.cluster.answerers[owner].thaw()
    assert wait_right(scene, Memory(), settle_limit_s(LAYOUT))[0] == []
    seen = scene.eyes.report()
    dual = seen.dual({}, [])
    assert 200 < dual.longest_two_ms < 600
    assert seen.dual({node: [seen.window]}, []).two_ms == 0
    assert seen.dual({}, [seen.window]).two_ms == 0
    assert 95 < seen.outage_ms() < 700
    assert seen.overruns == 0


def test_a_wrong_belief_counts_to_its_end() -> None:
    """The client had a foreign MAC until half a second after the fault's end, then nothing, then the right one."""
    beliefs = [(1.0, "own"), (2.0, "foreign"), (10.5, None), (10.7, "own")]
    window = Interval(start_s=1.0, end_s=20.0)
    seen = Seen(window=window, held={}, gaps={}, beliefs={VIP: beliefs}, lateness_ms=0, overruns=0)
    assert seen.strayed_ms(10.0) == pytest.approx(500)
    assert seen.strayed_ms(11.0) < 0


@pytest.mark.parametrize(
    ("name", "policy", "most_ms"),
    [
        ("daemon killed", Policy.KEEP, 50.0),
        ("machine dies", Policy.LAN, 50.0),
        ("daemon killed", Policy.RELEASE, 0.0),
        ("LAN split", Policy.KEEP, float("inf")),
        ("LAN split", Policy.RELEASE, 0.0),
        ("address added by hand", Policy.RELEASE, float("inf")),
    ],
)
def test_two_owners_are_a_failure(name: str, policy: Policy, most_ms: float) -> None:
    """Under keep and lan after 50 ms, but for what a split leaves; under release at all."""
    assert BY_NAME[name].two_at_most_ms(policy) == most_ms


@pytest.mark.parametrize("policy", list(Policy))
def test_a_plan_can_be_repeated_and_has_every_class(policy: Policy) -> None:
    """The same seed gives the same cases, a longer plan begins with the shorter one, and no class is left out."""
    long, short = plan(7, policy, 300), plan(7, policy, 40)
    assert long[: len(short)] == short
    assert long != plan(8, policy, 300)
    counts = {fault.name: 0 for fault in FAULTS}
    for batch in long:
        for case in batch.cases:
            counts[case.fault.name] += 1
            assert case.fault.fits(batch.layout)
            assert case.fault.alone == batch.alone
    assert min(counts.values()) >= 5, counts
    assert max(counts.values()) <= 2.5 * 300 / len(FAULTS), counts


def test_a_short_campaign_is_passed(programs: None, tmp_path: Path) -> None:
    """A few random faults under each policy; the seed is in the output."""
    campaigns = {
        policy: subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.campaign", "--policy", policy.value, "--faults", str(FAULTS_EACH)),
                *("--clusters", "1", "--json", str(tmp_path / policy.value), "--keep", str(tmp_path)),
            ],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for policy in Policy
    }
    told = {policy: campaign.communicate(timeout=200)[0] for policy, campaign in campaigns.items()}
    for policy, campaign in campaigns.items():
        print(told[policy])
        assert campaign.returncode == 0, told[policy]
        assert len(json.loads((tmp_path / policy.value).read_text())["cases"]) == FAULTS_EACH
