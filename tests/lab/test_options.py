"""What a key of the file does to kernels, brokers and the wire, by real daemons; other keys are in the other tests."""

import json
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from floatip.lab import tools
from floatip.lab.cluster import Cluster
from floatip.lab.settings import MQTT_PORT, Settings, Table, Value, Vip
from floatip.lan.heard import HeardKind
from tests.lab.cluster_scene import VIP, mac_of
from tests.lab.onlooker import Onlooker

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]

OTHER = "10.77.0.51"
ELSEWHERE: dict[str, Value] = {
    "cluster": "other",
    "node": "n1",
    "vip": [{"name": "web", "addresses": [OTHER], "interfaces": ["eth0"]}],
}
"""Another cluster on the same broker and LAN."""


def sysctl(cluster: Cluster, node: str, key: str) -> str:
    """A setting of a node's kernel."""
    return cluster.net.run(node, ["sysctl", "-n", f"net.ipv4.conf.{key}"]).stdout.strip()


def log(cluster: Cluster, node: str) -> str:
    """All that a daemon has said."""
    return (cluster.home_of(node) / "daemon.log").read_text()


def announcing(garp: Table, count: int = 1) -> Settings:
    """One node with a VIP of so many addresses, the watched one last."""
    addresses = [*(f"10.77.2.{number}" for number in range(1, count)), VIP]
    return Settings(nodes=1, vips=(Vip(addresses=addresses),), extra={"garp": garp})


def announced(cluster: Cluster, onlooker: Onlooker) -> list[float]:
    """When the watched address was announced, a round each."""
    return onlooker.announced_by(mac_of(cluster, "n1"))


def test_brokers_that_ask_for_a_password_get_that_of_the_file(tmp_path: Path) -> None:
    """Who has it elects, who has another is told so."""
    tools.require("mosquitto")
    passwords = tmp_path / "passwords"
    for number, name in enumerate(("n1", "n2")):
        create = ["-c"] if number == 0 else []
        subprocess.run(["mosquitto_passwd", "-b", *create, str(passwords), name, f"secret-{name}"], check=True)
        (tmp_path / name).write_text(f"secret-{name if name == 'n1' else 'wrong'}\n")
        (tmp_path / name).chmod(0o600)
    passwords.chmod(0o644)
    mosquitto = f"user root\nlistener {MQTT_PORT} 10.78.0.1\nallow_anonymous false\npassword_file {passwords}\n"
    by_node = {name: {"mqtt": {"username": name, "password_file": str(tmp_path / name)}} for name in ("n1", "n2")}
    with Cluster(Settings(nodes=2, mosquitto=mosquitto, extra_by_node=by_node)) as cluster:
        cluster.wait_for(lambda: cluster.bound_on(VIP) == {"n1"}, 15.0, "who knows the password owns it")
        cluster.wait_for(lambda: "Not authorized" in log(cluster, "n2"), 10.0, "the other is told why not")


def test_a_node_that_runs_the_broker_serves_the_others() -> None:
    """With [mqtt.embedded] no other broker is needed."""
    url = f"mqtt://10.78.0.11:{MQTT_PORT}"
    settings = Settings(
        nodes=2,
        brokers=0,
        extra={"mqtt": {"brokers": [url]}},
        extra_by_node={"n1": {"mqtt": {"embedded": {"listen": f"10.78.0.11:{MQTT_PORT}"}}}},
    )
    with Cluster(settings) as cluster:
        cluster.wait_settled(20.0)

        def both_are_there() -> bool:
            found = cluster.ask("n2")
            return bool(found["quorum"]) and {node["name"] for node in found["nodes"] if node["alive"]} == {"n1", "n2"}

        cluster.wait_for(both_are_there, 15.0, "n2 hears n1 by its broker")


def test_two_clusters_on_one_broker_do_not_know_of_each_other() -> None:
    """The same names of node and VIP are others there: each owns its own, and nobody is a namesake."""
    with Cluster(Settings(nodes=2, extra_by_node={"n2": ELSEWHERE})) as cluster:
        cluster.wait_for(lambda: cluster.bound_on(VIP) == {"n1"}, 15.0, "one owns its VIP")
        cluster.wait_for(lambda: cluster.bound_on(OTHER) == {"n2"}, 15.0, "the other owns its own")
        for node, cluster_name in (("n1", "lab"), ("n2", "other")):
            found: dict[str, Any] = cluster.ask(node)
            assert (found["cluster"], [one["name"] for one in found["nodes"]]) == (cluster_name, ["n1"])
            assert (found["vips"][0]["role"], found["vips"][0]["candidates"]) == ("owner", ["n1"])
        assert cluster.live() == ["n1", "n2"]


def test_the_kernel_is_set_as_the_file_says_and_the_log_written() -> None:
    """Not at all, on VIP interfaces, on `all` too; put back at the end or not; and what is said, and how."""
    settings = Settings(
        extra_by_node={
            "n1": {"sysctl": {"enforce": False}, "log": {"level": "error", "format": "json"}},
            "n2": {"sysctl": {"all": True, "restore_on_exit": True}, "log": {"level": "info", "format": "json"}},
            "n3": {"log": {"level": "info", "format": "console"}},
        }
    )
    with Cluster(settings) as cluster:
        cluster.wait_settled()
        for node in cluster.settings.node_names:
            cluster.wait_for(lambda node=node: bool(cluster.ask(node)["quorum"]), 10.0, "it runs")  # type: ignore[misc]
        keys = ("eth0.arp_filter", "all.arp_filter")
        found = {node: [sysctl(cluster, node, key) for key in keys] for node in cluster.live()}
        assert found == {"n1": ["0", "0"], "n2": ["0", "1"], "n3": ["1", "0"]}  # that of `all` counts for eth0 too
        assert [cluster.stop_daemon(node) for node in cluster.live()] == [0, 0, 0]
        found = {node: [sysctl(cluster, node, key) for key in keys] for node in found}
        assert found == {"n1": ["0", "0"], "n2": ["0", "0"], "n3": ["1", "0"]}
        said = {json.loads(line)["level"] for line in log(cluster, "n2").splitlines()}
        assert "info" in said
        assert "debug" not in said
        assert {json.loads(line)["level"] for line in log(cluster, "n1").splitlines()} <= {"error"}
        assert " info " in log(cluster, "n3")
        assert not log(cluster, "n3").startswith("{")


def test_a_vip_is_announced_as_often_as_the_file_says() -> None:
    """`repeat` rounds, and then one each `refresh`."""
    with Cluster(announcing({"repeat": 1, "refresh": "1s"})) as cluster, Onlooker("client", VIP) as onlooker:
        cluster.wait_for(lambda: len(announced(cluster, onlooker)) >= 3, 15.0, "it goes on")
        gaps = [after - before for before, after in pairwise(announced(cluster, onlooker))]
        assert all(gap > 0.7 for gap in gaps), gaps


def test_later_rounds_are_paced_as_the_file_says() -> None:
    """The first leaves at once; of the second, at 20 frames a second, the last address waits its turn."""
    settings = announcing({"repeat": 2, "refresh": "1h", "rate": 20}, count=12)
    with Cluster(settings) as cluster, Onlooker("client", VIP) as onlooker:
        cluster.wait_for(lambda: len(announced(cluster, onlooker)) >= 2, 20.0, "the second round")
        first, second = announced(cluster, onlooker)[:2]
        assert second - first > 0.6


def test_an_address_is_as_the_file_says() -> None:
    """/32 on the VIP's own interface, unless it names others; IPv6 is no source of connections, unless it is to be."""
    vips = (
        Vip(addresses=(VIP, f"{OTHER}/24", "10.77.0.52@eth2"), extra={"purpose": "shop", "contact": "ops"}),
        Vip(name="on", addresses=("fd77::50",), extra={"source": True}),
        Vip(name="off", addresses=("fd77::51",)),
    )
    nics = {"eth0": "data", "eth1": "mgmt", "eth2": "data"}
    with Cluster(Settings(nodes=1, vips=vips, nics=nics)) as cluster:
        cluster.wait_settled()
        lines = cluster.net.run("n1", ["ip", "-o", "address"]).stdout.splitlines()
        shown = {line.split()[3]: (line.split()[1], "deprecated" in line) for line in lines}
        wanted = {
            f"{VIP}/32": ("eth0", False),
            f"{OTHER}/24": ("eth0", False),
            "10.77.0.52/32": ("eth2", False),
            "fd77::50/128": ("eth0", False),
            "fd77::51/128": ("eth0", True),
        }
        assert {address: shown.get(address) for address in wanted} == wanted
        told = {one["name"]: (one["purpose"], one["contact"]) for one in cluster.ask("n1")["vips"]}
        assert told == {"web": ("shop", "ops"), "on": ("", ""), "off": ("", "")}


def test_the_gateway_of_the_file_is_asked_for_the_health_of_the_lan() -> None:
    """Again and again, by a node that wants to know; neither has a peer that it could ask."""
    settings = Settings(
        nodes=2,
        extra={"lan": {"gateway": "10.77.0.9"}},
        extra_by_node={"n2": ELSEWHERE | {"lan": {"health": False}}},
    )
    with (
        Cluster(settings) as cluster,
        Onlooker("client", "10.77.0.11") as curious,
        Onlooker("client", "10.77.0.12") as careless,
    ):
        cluster.wait_for(lambda: cluster.bound_on(OTHER) == {"n2"}, 15.0, "who does not want to know runs")
        cluster.wait_for(lambda: questions(curious) >= 3, 15.0, "the other asks")
        assert questions(careless) == 0


def questions(onlooker: Onlooker) -> int:
    """How often the holder of the watched address asked for another one."""
    return sum(said.heard.kind is HeardKind.REQUEST for said in onlooker.said)
