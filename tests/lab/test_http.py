"""The HTTP side of real daemons: what it tells when an owner dies, and when a node is cut off."""

import json
import socket
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from floatip.lab.cluster import Cluster
from floatip.lab.namespace import inside
from floatip.lab.settings import Settings
from tests.lab.cluster_scene import settled

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]

PORT = 9477
SETTINGS = Settings(extra={"http": {"listen": f"127.0.0.1:{PORT}"}})
Labels = tuple[tuple[str, str], ...]


def asked(node: str, path: str, timeout_s: float = 10.0) -> HTTPResponse:
    """Ask a node's daemon, from its own host; what is not read yet can be read."""
    connection = HTTPConnection("127.0.0.1", PORT, timeout=timeout_s)
    with inside(node):
        connection.sock = socket.create_connection(("127.0.0.1", PORT), timeout_s)
    connection.request("GET", path)
    return connection.getresponse()


def status_of(node: str, path: str) -> tuple[int, str]:
    """Return how a node's daemon answers; 0 if it does not."""
    try:
        reply = asked(node, path)
        return reply.status, reply.read().decode()
    except (OSError, HTTPException):
        return 0, ""


def metrics(node: str) -> dict[tuple[str, Labels], float]:
    """Return all samples of a node."""
    families = text_string_to_metric_families(status_of(node, "/metrics")[1])
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for each in families for one in each.samples}


def sample(node: str, name: str, **labels: str) -> float | None:
    """Return one of them."""
    return metrics(node).get((name, tuple(sorted(labels.items()))))


def is_so(check: Callable[[], Any]) -> Callable[[], bool]:
    """Make a condition to wait for of what may not be there yet."""
    return lambda: bool(check())


def test_a_takeover_is_told_by_metrics_and_events() -> None:
    """The next owner says that it is one, how it became it and how long that took; a third node tells it live."""
    with Cluster(SETTINGS) as cluster:
        owner = settled(cluster)
        for node in cluster.live():
            cluster.wait_for(lambda node=node: status_of(node, "/readyz") == (200, "ok\n"), 10.0, "ready")  # type: ignore[misc]
            assert status_of(node, "/healthz") == (200, "ok\n")
        assert sample(owner, "floatip_vip_owner", vip="web") == 1
        assert sample(owner, "floatip_failovers_total", vip="web", reason="first") == 1
        assert 0 < (sample(owner, "floatip_lease_remaining_seconds", vip="web") or 0) <= 1
        document = json.loads(status_of(owner, "/api/status")[1])
        shown = cluster.status(owner)
        timeless = ("cluster", "node", "quorum")
        assert {key: document[key] for key in timeless} == {key: shown[key] for key in timeless}
        assert document["vips"][0].keys() == shown["vips"][0].keys()
        backups = [node for node in cluster.live() if node != owner]
        assert sample(owner, "floatip_messages_dropped_total", reason="bad signature") == 0
        streams = {node: asked(node, "/api/events") for node in backups}
        cluster.kill_daemon(owner)
        cluster.wait_for(
            lambda: any(sample(node, "floatip_vip_owner", vip="web") == 1 for node in backups), 15.0, "a new owner"
        )
        new = next(node for node in backups if sample(node, "floatip_vip_owner", vip="web") == 1)
        third = next(node for node in backups if node != new)
        assert sample(new, "floatip_failovers_total", vip="web", reason="takeover") == 1
        assert sample(new, "floatip_takeover_seconds_count") == 1
        assert 0.1 < (sample(new, "floatip_takeover_seconds_sum") or 0) < 2.0
        change = until_changed(streams[third])
        assert (change["owner"], change["former"], change["cause"]) == (new, owner, "takeover")
        cluster.wait_for(
            is_so(lambda: sample(third, "floatip_failovers_total", vip="web", reason="takeover")),
            5.0,
            "the third sees it",
        )
        assert sample(third, "floatip_takeover_seconds_count") == 0
        cluster.wait_for(lambda: sample(third, "floatip_peer_alive", peer=owner) == 0, 5.0, "the dead peer")
        page = status_of(third, "/")[1]
        assert f"{owner} is dead" in page
        assert ">takeover<" in page
        cluster.start_daemon(owner)
        cluster.wait_for(lambda: status_of(owner, "/readyz")[0] == 200, 15.0, "the killed daemon is back, on its port")
        assert sample(owner, "floatip_failovers_total", vip="web", reason="takeover") == 0


def until_changed(stream: HTTPResponse) -> dict[str, Any]:
    """Read events until one tells of another owner than the first."""
    while line := stream.readline():
        if line.startswith(b"data: "):
            record: dict[str, Any] = json.loads(line[len(b"data: ") :])
            if record["former"] is not None:
                return record
    raise AssertionError("the stream ended")


def test_a_node_that_is_cut_off_is_not_ready() -> None:
    """It says so, keeps the address, tells of it, and is ready again afterwards."""
    with Cluster(SETTINGS) as cluster:
        owner = settled(cluster)
        cluster.wait_for(lambda: status_of(owner, "/readyz")[0] == 200, 10.0, "ready")
        cluster.net.cut_mqtt(owner, "eth1")
        cluster.wait_for(lambda: status_of(owner, "/readyz")[0] == 503, 15.0, "not ready")
        assert status_of(owner, "/readyz")[1] == "no quorum: connected to 0 of 1 brokers, 1 needed\n"
        assert status_of(owner, "/healthz") == (200, "ok\n")
        cluster.wait_for(lambda: sample(owner, "floatip_vip_isolated", vip="web") == 1, 5.0, "isolated")
        found = metrics(owner)
        assert found["floatip_quorum", ()] == 0
        assert [value for (name, _), value in found.items() if name == "floatip_broker_connected"] == [0]
        assert not [name for name, _ in found if name == "floatip_lease_remaining_seconds"]
        cluster.net.heal(owner, "eth1")
        cluster.wait_for(lambda: status_of(owner, "/readyz")[0] == 200, 15.0, "ready again")


def test_a_listener_that_cannot_be_had_refuses_the_start() -> None:
    """Exit code 4, naming the address and what to do; nothing was touched."""
    with Cluster(Settings(nodes=2, extra_by_node={"n2": {"http": {"listen": f"10.99.99.99:{PORT}"}}})) as cluster:
        assert cluster.daemons["n2"].wait(15.0) == 4
        last = cluster.daemons["n2"].tail(3)
        assert f"http.listen 10.99.99.99:{PORT}: cannot assign requested address" in last
        assert "ip address" in last
        path = cluster.home_of("n2") / "floatip.toml"
        path.write_text(path.read_text().replace("10.99.99.99", "127.0.0.1"))
        with inside("n2"):
            taken = socket.create_server(("127.0.0.1", PORT))
        with taken:
            daemon = cluster.start_daemon("n2")
            assert daemon.wait(15.0) == 4
            assert f"http.listen 127.0.0.1:{PORT}: address already in use: see `ss -ltnp" in daemon.tail(3)
