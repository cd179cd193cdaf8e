"""`floatip doctor` on real hosts and brokers: what it finds, what it says, and that nobody notices it."""

import asyncio
import json
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from floatip.bus.connection import BrokerOptions, Connection
from floatip.bus.topics import Letter
from floatip.config import Config
from floatip.core.types import BrokerName
from floatip.doctor import brokers
from floatip.doctor.findings import Finding, Severity
from floatip.lab import tools
from floatip.lab.broker import Broker
from floatip.lab.cluster import Cluster
from floatip.lab.net import Network
from floatip.lab.settings import Settings, render
from tests.lab.bus_scene import Mosquitto, mosquitto
from tests.lab.odd_broker import Fault, odd_broker

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]
__all__ = ["mosquitto"]

VIP = "10.77.0.50"
ODD_BROKER = (sys.executable, "-m", "tests.lab.odd_broker")
Findings = list[dict[str, str]]


def examined(host: str, config: Path) -> tuple[int, Findings]:
    """Run `floatip doctor` on a host, and return its exit code and what is not ok."""
    argv = [tools.find("ip"), "netns", "exec", host, sys.executable, "-m", "floatip", "doctor", "--json"]
    done = subprocess.run([*argv, "-c", str(config)], capture_output=True, text=True, timeout=30.0, check=False)
    assert done.stderr == ""
    document = json.loads(done.stdout)
    assert document["needs_attention"] is (done.returncode != 0)
    return done.returncode, [finding for finding in document["findings"] if finding["severity"] != "ok"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A host n1 without a daemon, whose kernel settings are right, and a mosquitto on b1."""

    net: Network
    broker: Broker
    home: Path

    def configure(self, *addresses: str) -> Path:
        """Write the configuration of n1 with these brokers."""
        path = self.home / "floatip.toml"
        path.write_text(render(Settings(nodes=1), "n1", addresses, self.home))
        return path

    def examine(self, *addresses: str) -> tuple[int, Findings]:
        """Run the doctor there."""
        return examined("n1", self.configure(*(addresses or [self.broker.address])))


@pytest.fixture
def bare(network: Network, tmp_path: Path) -> Place:
    """Give the hosts as they come: kernel settings are the kernel's own."""
    network.add_host("n1", 11)
    network.add_host("b1", 1)
    (tmp_path / "b1").mkdir()
    broker = Broker(network, "b1", "10.78.0.1", tmp_path / "b1")
    broker.start()
    return Place(net=network, broker=broker, home=tmp_path)


@pytest.fixture
def place(bare: Place) -> Place:
    """Give the hosts after each command that the doctor named for a kernel setting was run."""
    code, findings = bare.examine()
    assert code == 7
    assert {finding["area"] for finding in findings} == {"kernel settings"}
    for finding in findings:
        bare.net.run("n1", shlex.split(finding["remedy"].strip("`")))
    return bare


@pytest.fixture
def boot_file() -> Iterator[Path]:
    """Give a boot file that does not exist yet, in the sandbox's own /run."""
    path = Path("/run/systemd/network/50-web.network")
    path.parent.mkdir(parents=True, exist_ok=True)
    yield path
    path.unlink()


# -- this host --------------------------------------------------------------------------------------------------------


def test_all_is_well_after_the_named_commands(place: Place) -> None:
    """Exit code 0, one line for each thing that was looked at, grouped, and no escape codes in a pipe."""
    assert place.examine() == (0, [])
    argv = [sys.executable, "-m", "floatip", "doctor", "-c", str(place.home / "floatip.toml")]
    page = place.net.run("n1", argv, timeout_s=30.0).stdout
    assert page.startswith("cluster lab, node n1: ")
    for heading in ("HOST", "INTERFACES", "KERNEL SETTINGS", "BOOT CONFIGURATION", "BROKERS"):
        assert f"\n{heading} " in page
    assert "keeps one order: 400 messages of two publishers at 4 subscribers" in page
    assert "\x1b" not in page


def test_a_wrong_kernel_setting(place: Place) -> None:
    """Key, value and command are named; exit code 7."""
    place.net.run("n1", ["sysctl", "-w", "net.ipv4.conf.eth0.arp_ignore=0"])
    code, (finding,) = place.examine()
    assert code == 7
    assert finding["subject"] == "net.ipv4.conf.eth0.arp_ignore"
    assert finding["text"].startswith("is 0, must be 1")
    assert finding["remedy"] == "`sysctl -w net.ipv4.conf.eth0.arp_ignore=1`"


def test_a_permanent_vip(place: Place) -> None:
    """The command that is named removes it."""
    place.net.run("n1", ["ip", "address", "add", f"{VIP}/16", "dev", "eth0"])
    code, (finding,) = place.examine()
    assert (code, finding["subject"], finding["severity"]) == (7, VIP, "problem")
    place.net.run("n1", shlex.split(finding["remedy"].split("`")[1]))
    assert place.examine() == (0, [])


def test_a_vip_in_a_boot_file(place: Place, boot_file: Path) -> None:
    """File and line are named."""
    boot_file.write_text(f"[Match]\nName=eth0\n\n[Network]\nAddress={VIP}/16\n")
    code, (finding,) = place.examine()
    assert (code, finding["area"], finding["subject"]) == (7, "boot configuration", VIP)
    assert f"{boot_file}:5" in finding["text"]
    assert finding["remedy"]


def test_an_interface_without_carrier(place: Place) -> None:
    """The kernel says so, and the doctor."""
    place.net.carrier("n1", "eth0", up=False)
    code, (finding,) = place.examine()
    assert (code, finding["subject"]) == (7, "eth0")
    assert "no carrier" in finding["text"]


def test_an_interface_that_is_on_no_subnet_of_the_vip(place: Place) -> None:
    """Another subnet will not do; a route will."""
    place.net.run("n1", ["ip", "address", "flush", "dev", "eth0"])
    code, (finding,) = place.examine()
    assert (code, finding["subject"], finding["severity"]) == (7, "eth0", "warning")
    assert f"subnet of {VIP}" in finding["text"]
    place.net.run("n1", ["ip", "route", "add", "10.77.0.0/16", "dev", "eth0"])
    assert place.examine() == (0, [])


def test_a_configuration_that_cannot_be_read(tmp_path: Path) -> None:
    """Exit code 2, as `check` does."""
    argv = [sys.executable, "-m", "floatip", "doctor", "-c", str(tmp_path / "none.toml")]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30.0, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert str(tmp_path / "none.toml") in done.stderr


# -- brokers ----------------------------------------------------------------------------------------------------------


def test_a_broker_that_is_stopped(place: Place) -> None:
    """It is named, and that there is no majority."""
    place.broker.stop()
    code, findings = place.examine()
    assert code == 7
    assert [finding["subject"] for finding in findings] == ["quorum", "mqtt://10.78.0.1:1883"]
    assert "0 of 1 brokers reached" in findings[0]["text"]
    assert "cannot be reached: Connection refused" in findings[1]["text"]


def test_a_broker_that_breaks_the_order(place: Place) -> None:
    """The verb says so, and what it means; exit code 7."""
    place.broker.stop()
    odd = Broker(place.net, "b1", place.broker.address, place.home, [*ODD_BROKER, "disorder"])
    odd.start()
    code, (finding,) = place.examine()
    assert (code, finding["severity"]) == (7, "problem")
    assert finding["text"].startswith("does not keep one order")
    assert "only under no_quorum_policy keep is the overlap bounded" in finding["text"]


def test_brokers_that_hang(place: Place) -> None:
    """One frozen, one whose host does not exist, one well: no majority, and done within 15 s."""
    place.net.add_host("b2", 2)
    (place.home / "b2").mkdir()
    frozen = Broker(place.net, "b2", "10.78.0.2", place.home / "b2")
    frozen.start()
    frozen.freeze()
    began_s = time.monotonic()
    code, findings = place.examine(place.broker.address, frozen.address, "10.78.0.3")
    assert time.monotonic() - began_s < 15
    assert code == 7
    assert [it["subject"] for it in findings] == ["quorum", "mqtt://10.78.0.2:1883", "mqtt://10.78.0.3:1883"]
    assert "1 of 3 brokers reached, 2 needed" in findings[0]["text"]


def lab_config(port: int) -> Config:
    """Return a configuration of one broker on this port, with a VIP under `release`."""
    vip = {"name": "web", "addresses": [VIP], "interfaces": ["eth0"], "no_quorum_policy": "release"}
    mqtt = {"brokers": [f"mqtt://127.0.0.1:{port}"]}
    return Config.model_validate({"cluster": "lab", "node": "n1", "mqtt": mqtt, "vip": [vip]})


async def found(port: int, **options: Any) -> list[Finding]:
    """Return what the doctor finds at the broker on this port."""
    name = BrokerName(f"127.0.0.1:{port}")
    return await brokers.check(lab_config(port), {name: BrokerOptions(host="127.0.0.1", port=port, **options)})


@pytest.mark.parametrize(
    ("fault", "severities", "words"),
    [
        (Fault.NONE, "ok ok", "keeps one order"),
        (Fault.DISORDER, "ok problem", "does not keep one order"),
        (Fault.LOSS, "ok problem", "10 were lost"),
        (Fault.TWICE, "ok problem", "10 came twice"),
        (Fault.DEAF, "warning", "nothing comes back that is published below floatip/lab/doctor/n1/#"),
        (Fault.TARDY, "warning ok", "longer than half a heartbeat"),
        (Fault.LATE, "problem ok", "longer than a heartbeat, so no_quorum_policy release cannot hold"),
        (Fault.JEALOUS, "ok warning", "whether it keeps one order is not known"),
    ],
)
async def test_an_odd_broker(fault: Fault, severities: str, words: str) -> None:
    """Each fault is called by its name; a VIP under `release` is named where it matters."""
    async with odd_broker(fault) as port:
        findings = await found(port)
    assert [str(finding.severity) for finding in findings] == severities.split()
    assert words in " ".join(finding.text for finding in findings)
    told = any("and web have another" in finding.text for finding in findings)
    assert told is (fault in {Fault.DISORDER, Fault.LOSS, Fault.TWICE})


async def test_an_acl_that_knows_no_doctor(tmp_path: Path) -> None:
    """What mosquitto does not let through is told, with the line that allows it; that line does."""
    acl = tmp_path / "acl"
    acl.write_text("pattern write floatip/+/node/%u/#\npattern read floatip/#\n")
    acl.chmod(0o644)
    broker = Mosquitto(tmp_path, more=f"allow_anonymous true\nacl_file {acl}")
    try:
        (finding,) = await found(broker.port, username="n1")
        assert finding.severity is Severity.WARNING
        assert "its ACL forbids that" in finding.text
        line = finding.remedy.split("`")[1]
        acl.write_text(f"{acl.read_text()}{line}\n")
        broker.stop()
        broker.start()
        assert {it.severity for it in await found(broker.port, username="n1")} == {Severity.OK}
    finally:
        broker.stop()


async def test_it_speaks_on_its_own_topics_only_and_leaves_nothing(mosquitto: Mosquitto) -> None:
    """Nobody who listens for nodes hears it; no will is published, and nothing is retained."""
    heard: list[Letter] = []
    options = BrokerOptions(host="127.0.0.1", port=mosquitto.port)
    will = Letter(topic="test", payload=b"")
    listener = Connection(options, client_id="listener", will=will, receive=heard.append)
    await listener.open("floatip/#")
    assert {it.severity for it in await found(mosquitto.port)} == {Severity.OK}
    await asyncio.sleep(0.3)
    await listener.farewell()
    listener.abort()
    assert len(heard) == brokers.ECHOES + 2 * brokers.EACH
    assert all(letter.topic.startswith("floatip/lab/doctor/n1/") for letter in heard)
    assert not any(letter.retained or letter.topic.endswith("/end") for letter in heard)
    heard.clear()
    late = Connection(options, client_id="late", will=will, receive=heard.append)
    await late.open("#")
    await asyncio.sleep(0.3)
    late.abort()
    assert heard == []


# -- beside a cluster -------------------------------------------------------------------------------------------------


def complaints(cluster: Cluster) -> list[str]:
    """Return what the daemons warned of so far."""
    logs = [daemon.tail(10_000) for daemon in cluster.daemons.values()]
    return [line for log in logs for line in log.splitlines() if "warning" in line or "error" in line]


def test_a_running_cluster_does_not_notice_it() -> None:
    """Owner and term stay, clients lose nothing, no daemon warns of anything; and it finds all of it well."""
    with Cluster() as cluster:
        cluster.wait_settled()
        (owner,) = cluster.bound_on(VIP)
        cluster.wait_for(lambda: len(cluster.status(owner)["vips"][0]["verified_by"]) > 0, 10.0, "seen by a witness")
        time.sleep(1.0)
        before, warned = cluster.status(owner)["vips"][0], complaints(cluster)
        with cluster.watch() as watch, cluster.probe() as probe:
            for node in cluster.settings.node_names:
                assert examined(node, cluster.home_of(node) / "floatip.toml") == (0, [])
        after = cluster.status(owner)["vips"][0]
        assert (after["owner"], after["term"], after["since"]) == (owner, before["term"], before["since"])
        assert probe.result.longest_gap_ms < 100
        assert watch.result.held
        assert complaints(cluster) == warned
        assert "not ours" not in cluster.logs(10_000)
