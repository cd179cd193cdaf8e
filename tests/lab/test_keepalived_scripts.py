"""A pair with a track script and notify scripts: floatip, as imported, calls them as keepalived itself did."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from floatip.lab import tools
from floatip.lab.cluster import Cluster
from floatip.lab.process import Process
from floatip.lab.settings import Settings
from tests.lab.keepalived_scene import floatip, keepalived

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]

VIP = "10.77.0.50"
CONF = """
global_defs {{
    script_user root
}}
vrrp_script chk_service {{
    script "/usr/bin/test -e {home}/well"
    interval 0.3
    timeout 1
    rise 1
    fall 1
}}
vrrp_instance VI_1 {{
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority {priority}
    advert_int 0.5
    version 3
    virtual_ipaddress {{
        10.77.0.50/24
    }}
    track_script {{
        chk_service
    }}
    notify_master "{home}/say.sh master"
    notify_backup "{home}/say.sh backup"
    notify_fault "{home}/say.sh fault"
    notify "{home}/say.sh any"
}}
"""
PRIORITIES = {"n1": 150, "n2": 100}


@pytest.fixture
def pair() -> Iterator[Cluster]:
    """Give two nodes, each with its keepalived.conf and scripts; no daemon runs."""
    tools.require("keepalived")
    with Cluster(Settings(nodes=2, daemon=("true",))) as cluster:
        for node, priority in PRIORITIES.items():
            home = cluster.home_of(node)
            (home / "keepalived.conf").write_text(CONF.format(home=home, priority=priority))
        yield cluster


def scripts_say(cluster: Cluster, which: str) -> None:
    """Let the scripts write down their calls under this name; services are well again."""
    for node in PRIORITIES:
        home = cluster.home_of(node)
        script = home / "say.sh"
        script.write_text(f'#!/bin/sh\necho "$@" >> {home}/{which}.calls\n')
        script.chmod(0o755)
        (home / "well").touch()


def calls(cluster: Cluster, node: str, which: str) -> list[str]:
    """What the scripts of a node were called with, in their order."""
    path = cluster.home_of(node) / f"{which}.calls"
    return path.read_text().splitlines() if path.exists() else []


def service(cluster: Cluster, node: str) -> Path:
    """The file whose existence is the service's health."""
    return cluster.home_of(node) / "well"


def play(cluster: Cluster, start: Callable[[Cluster, str], Process], which: str) -> dict[str, list[str]]:
    """n1 has it, its service fails and comes back, it ends, then n2 does; return the calls of each node."""
    scripts_say(cluster, which)
    daemons = {}

    def called(node: str, state: str, times: int = 1) -> Callable[[], bool]:
        return lambda: sum(state in call for call in calls(cluster, node, which)) >= times

    for node in PRIORITIES:
        daemons[node] = start(cluster, node)
        cluster.wait_for(called(node, "MASTER" if node == "n1" else "BACKUP"), 20.0, f"{which}: {node} begins")
    service(cluster, "n1").unlink()
    cluster.wait_for(called("n2", "MASTER"), 20.0, f"{which}: n2 takes over from a failed service")
    cluster.wait_for(lambda: cluster.bound_on(VIP) == {"n2"}, 5.0, "n2 alone has the address")
    cluster.wait_for(called("n1", "FAULT"), 5.0, f"{which}: n1 is told of its fault")
    service(cluster, "n1").touch()
    cluster.wait_for(called("n1", "MASTER", 2), 20.0, f"{which}: n1 has it back")
    cluster.wait_for(called("n2", "BACKUP", 2), 5.0, f"{which}: n2 gave it back")
    for node in PRIORITIES:
        daemons[node].terminate()
        daemons[node].wait(20.0)
    cluster.wait_for(called("n2", "STOP"), 5.0, f"{which}: n2 is told of its end")
    cluster.wait_for(lambda: not cluster.bound_on(VIP), 5.0, "nobody has the address")
    return {node: calls(cluster, node, which) for node in PRIORITIES}


def in_order_of_scripts(told: list[str]) -> dict[str, list[str]]:
    """The calls of each script; keepalived starts several at once, so that their common order is chance."""
    return {word: [call for call in told if call.split()[0] == word] for word in ("any", "master", "backup", "fault")}


def test_scripts_are_called_as_keepalived_calls_them(pair: Cluster) -> None:
    """The same scripts, with the same arguments, in the same order, by keepalived and by floatip."""
    before = play(pair, keepalived, "keepalived")
    after = play(pair, floatip, "floatip")
    for node in PRIORITIES:
        assert in_order_of_scripts(after[node]) == in_order_of_scripts(before[node]), node
    states = [call.split()[3] for call in after["n1"] if call.startswith("any")]
    assert states == ["BACKUP", "MASTER", "FAULT", "BACKUP", "MASTER", "STOP"]
