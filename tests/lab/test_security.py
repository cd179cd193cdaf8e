"""Real daemons and a real broker by TLS, with certificates, ACL and keys as shipped: who can do what to the cluster."""

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from floatip.bus.signing import Keys, load_keys
from floatip.bus.topics import Letter
from floatip.lab import sandbox
from floatip.lab.cluster import Cluster
from floatip.lab.errors import LabError
from floatip.lab.namespace import inside
from floatip.lab.observers import Probe
from floatip.lab.settings import MQTTS_PORT
from tests.lab.cluster_scene import VIP, settled
from tests.lab.security_scene import (
    BROKER_OWNER,
    NODES,
    Forger,
    Stranger,
    arrange,
    certificates,
    change_keys,
    garbage,
)

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]

EVERYTHING = "floatip/#"
RECORD_S = 1.5
LONG_AGO = 1_600_000_000_000_000
"""An incarnation before that of any daemon of today: microseconds since the epoch."""
BATCH = 4000
"""So many messages go out at once: less than the broker keeps for a node that has not read them yet."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of certificates and keys."""
    return tmp_path_factory.mktemp("security") / "certificates"


@pytest.fixture(scope="module")
def cluster(folder: Path) -> Iterator[Cluster]:
    """Have one cluster for all of these tests; each leaves it whole."""
    if not sandbox.is_inside():
        pytest.skip("needs namespaces of its own: python -m floatip.lab.sandbox -- pytest -m lab")
    with Cluster(arrange(folder)) as cluster:
        settled(cluster)
        yield cluster


@contextmanager
def nothing_changes(cluster: Cluster) -> Iterator[Probe]:
    """Whatever is done meanwhile: the owner stays, has the address all the time, and no client is left unanswered."""
    owner = settled(cluster)
    before = cluster.ask(owner)["vips"][0]
    with cluster.watch() as watch, cluster.probe(rate=200) as probe:
        yield probe
        cluster.wait_for(lambda: cluster.ask(owner)["vips"][0]["role"] == "owner", 10.0, "the owner is firm")
    after = cluster.ask(owner)
    (vip,) = after["vips"]
    assert [vip[key] for key in ("owner", "term", "role")] == [owner, before["term"], "owner"]
    assert vip["faults"] == []
    assert [node["faults"] for node in after["nodes"]] == [[], [], []]
    held = watch.result.held[ip_address(VIP)]
    assert {node for node, times in held.items() if times} == {owner}, (held, cluster.logs(60))
    assert probe.result.answered_by == [owner]
    assert cluster.live() == list(NODES)
    assert settled(cluster) == owner


def dies(cluster: Cluster) -> str:
    """Kill the owner's daemon: another takes over; give the dead one."""
    owner = settled(cluster)
    cluster.kill_daemon(owner)
    cluster.wait_for(lambda: bool(cluster.bound_on(VIP) - {owner}), 15.0, "a new owner")
    return owner


def dies_and_comes_back(cluster: Cluster) -> None:
    """Kill the owner's daemon: another takes over; then start it again."""
    owner = dies(cluster)
    cluster.start_daemon(owner)
    cluster.wait_for(lambda: speaks(cluster, owner), 15.0, "the killed daemon is back")
    settled(cluster)


def speaks(cluster: Cluster, node: str) -> bool:
    """Whether this daemon has listened for long enough, knows an owner, and every other one hears it."""
    if (
        asked(cluster, node)["vips"][0]["role"] not in {"backup", "owner"}
        or cluster.ask(node)["vips"][0]["owner"] is None
    ):
        return False
    others = [name for name in cluster.live() if name != node]
    return all(any(one["name"] == node and one["alive"] for one in asked(cluster, name)["nodes"]) for name in others)


def asked(cluster: Cluster, node: str) -> dict[str, Any]:
    """What a daemon says, or nothing while it does not answer."""
    try:
        return cluster.ask(node)
    except LabError:
        return {"nodes": [], "vips": [{"role": None, "owner": None}], "brokers": [{"connected": False, "rtt_ms": None}]}


def said(cluster: Cluster, node: str, words: str) -> int:
    """How many lines of a daemon's log have these words."""
    text = cluster.daemons[node].log.read_text(errors="replace")
    return sum(words in line for line in text.splitlines())


def record(folder: Path, *, seconds: float = RECORD_S) -> list[Letter]:
    """Hear all that is said for some seconds."""
    with Stranger(folder, BROKER_OWNER) as ear:
        ear.listen(EVERYTHING)
        time.sleep(seconds)
        return [letter for letter in ear.heard if not letter.retained]


def test_nodes_with_certificates_elect_an_owner_and_fail_over(cluster: Cluster) -> None:
    """By mqtts, with the shipped broker configuration: an owner, and another one when its daemon is killed."""
    first = settled(cluster)
    assert cluster.ask(first)["brokers"][0]["url"] == "mqtts://10.78.0.1:8883"
    dies_and_comes_back(cluster)
    assert settled(cluster) != first


def test_a_node_speaks_under_its_own_name_only(cluster: Cluster, folder: Path) -> None:
    """The broker takes what a stolen certificate says in another's name, and nobody hears it."""
    with Stranger(folder, BROKER_OWNER) as ear, Stranger(folder, "stolen") as thief:
        assert ear.admitted()
        assert thief.admitted()
        ear.listen("floatip/+/node/n1/#", "floatip/+/node/stolen/#", "floatip/+/doctor/#")
        marks = [
            f"{base}{kind}" for base in ("node/n1/", "node/stolen/", "doctor/stolen/") for kind in ("log", "state")
        ]
        thief.say(Letter(topic=f"floatip/lab/{mark}", payload=b"by the thief") for mark in marks)
        thief.say([Letter(topic="floatip/other/node/stolen/log", payload=b"the last")])
        cluster.wait_for(lambda: any(letter.payload == b"the last" for letter in ear.heard), 5.0, "all came")
        got = {letter.topic for letter in ear.heard if letter.payload == b"by the thief"}
    assert got == {f"floatip/lab/{mark}" for mark in marks if "n1" not in mark}


def test_a_signature_is_worth_nothing_on_another_topic(cluster: Cluster, folder: Path) -> None:
    """Even where the broker lets it pass: n1's own words under n2's name, and n3's on the wrong topic, are dropped."""
    recorded = record(folder, seconds=0.5)
    moved = [replace(letter, topic=letter.topic.replace("n1", "n2")) for letter in recorded if "/n1/" in letter.topic]
    moved += [replace(letter, topic="floatip/lab/node/n3/state") for letter in recorded if "/n3/" in letter.topic]
    lines = {node: said(cluster, node, "bad signature") for node in NODES}
    with nothing_changes(cluster), Stranger(folder, BROKER_OWNER) as owner:
        assert owner.say(moved) > 1
        cluster.wait_for(lambda: all(said(cluster, node, "bad signature") for node in NODES), 5.0, "all drop them")
    assert sum(lines.values()) <= len(NODES)


def test_a_session_cannot_be_stolen(cluster: Cluster, folder: Path, tmp_path: Path) -> None:
    """Another's client identifier, no certificate, one of another CA, no TLS: n1 stays connected."""
    certificates(tmp_path / "other", "node", "n1")
    lost = said(cluster, "n1", "lost 10.78.0.1:8883")
    (victim,) = [
        line.split(" as ")[1].split(" ")[0]
        for line in cluster.brokers["b1"].process.log.read_text().splitlines()
        if "u'n1'" in line
    ][-1:]
    assert victim == "n1"
    with nothing_changes(cluster):
        with Stranger(folder, "stolen", client_id=victim) as thief:
            assert thief.admitted()
            thief.listen("floatip/lab/node/n1/#")
            thief.say([Letter(topic="floatip/lab/node/n1/log", payload=b"x")])
            cluster.wait_for(lambda: bool(thief.heard), 5.0, "it may hear")
        refused_by(Stranger(folder, None, client_id=victim))
        refused_by(Stranger(tmp_path / "other", "n1", client_id=victim, ca=folder / "ca.pem"))
        assert not plain_answer(victim)
    assert said(cluster, "n1", "lost 10.78.0.1:8883") == lost


def refused_by(stranger: Stranger) -> None:
    """Assert that the broker does not let it in."""
    try:
        with stranger as it:
            assert it.ended.wait(5.0)
            assert not it.admitted(0.0)
    except (ssl.SSLError, OSError):
        return  # refused already while it shook hands


def plain_answer(client_id: str) -> bytes:
    """What the broker answers to an MQTT CONNECT (3.1.1, clean session) without TLS."""
    name = client_id.encode()
    body = b"\x00\x04MQTT\x04\x02\x00\x3c" + len(name).to_bytes(2, "big") + name
    with inside("b1"), socket.create_connection(("10.78.0.1", MQTTS_PORT), 5.0) as plain:
        plain.sendall(b"\x10" + bytes([len(body)]) + body)
        try:
            return plain.recv(16)
        except ConnectionError:
            return b""


def replay(cluster: Cluster, letters: list[Letter], folder: Path) -> None:
    """Publish all of it as fast as every node takes it: a batch at once, the next when all have read that."""
    with Stranger(folder, BROKER_OWNER) as owner:
        assert owner.admitted()
        for start in range(0, len(letters), BATCH):
            owner.say(letters[start : start + BATCH])
            cluster.wait_for(lambda: caught_up(cluster), 20.0, "all nodes have read it")


def caught_up(cluster: Cluster) -> bool:
    """Whether what each daemon says comes back quickly, as far as they run."""
    rtts = [asked(cluster, node)["brokers"][0]["rtt_ms"] for node in cluster.live()]
    return all(rtt is not None and rtt < 100 for rtt in rtts)


def test_an_hour_of_traffic_replayed_changes_nothing(cluster: Cluster, folder: Path) -> None:
    """Whoever owns the broker replays 54,000 truly signed messages, forges, garbles: all is dropped, the VIP stays.

    A failover afterwards works; and nodes that were started anew since, and have heard each other, take none of it.
    """
    recorded = record(folder)
    forger = Forger.after(recorded, load_keys([folder / "a.key"]))
    hour = list(forger.hour(LONG_AGO))
    assert len(hour) == 54_000
    bad = [*garbage(recorded), *forger.forged(Keys()), *forger.forged(load_keys([folder / "wrong.key"]))]
    with nothing_changes(cluster):
        replay(cluster, [*recorded, *bad, *hour], folder)
    assert "messages are being dropped" not in cluster.brokers["b1"].process.log.read_text(), "not all of it arrived"
    for node in NODES:
        for reason in ("old or repeated", "bad signature", "unsigned", "not ours", "too large"):
            assert said(cluster, node, f"8883: {reason}") >= 1, (node, reason)
    dies(cluster)
    for daemon in cluster.daemons.values():
        daemon.terminate()
    for daemon in cluster.daemons.values():
        daemon.wait(10.0)
    for node in NODES:
        cluster.start_daemon(node)
    settled(cluster)
    with nothing_changes(cluster):
        replay(cluster, [*recorded, *hour[:BATCH]], folder)


def rotate(cluster: Cluster, folder: Path, take_up: Callable[[Cluster, str], None]) -> None:
    """Give every node its next keys, one node after the other: [A, B], [B, A], [B]; ``take_up`` has it read them."""
    a, b = folder / "a.key", folder / "b.key"
    for keys in ([a, b], [b, a], [b]):
        for node in NODES:
            change_keys(cluster, node, keys)
            take_up(cluster, node)
            cluster.wait_for(lambda node=node: speaks(cluster, node), 15.0, f"{node} takes part")  # type: ignore[misc]


def restart(cluster: Cluster, node: str) -> None:
    """Stop a daemon in good order and start it again."""
    assert cluster.stop_daemon(node) == 0
    cluster.start_daemon(node)


def test_keys_are_changed_without_a_gap(cluster: Cluster, folder: Path) -> None:
    """[A], [A, B], [B, A], [B]: node by node, in good order, and no client is left unanswered."""
    bad = {node: said(cluster, node, "bad signature") for node in NODES}
    settled(cluster)
    with cluster.watch() as watch, cluster.probe(rate=200) as probe:
        rotate(cluster, folder, restart)
    assert probe.result.lost == 0, (probe.result.gaps, cluster.logs(60))
    assert watch.result.overlap(ip_address(VIP)).longest_two_ms < 50
    assert {node: said(cluster, node, "bad signature") for node in NODES} == bad
    old = Forger.after(record(folder, seconds=0.5), load_keys([folder / "a.key"]))
    with nothing_changes(cluster), Stranger(folder, BROKER_OWNER) as owner:
        owner.say(old.hour(LONG_AGO, 10))
        cluster.wait_for(lambda: all(said(cluster, node, "bad signature") for node in NODES), 5.0, "A is no key now")
