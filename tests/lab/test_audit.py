"""The audit of a real cluster: what it finds on every host, and that it is content once that is mended."""

import json
import socket
from typing import Any

import pytest

from floatip.lab.cluster import Cluster
from floatip.lab.namespace import inside
from tests.lab.alias_scene import ALIAS, add_alias, floatip, hears, ready, remove_alias, settings, write_boot_file
from tests.lab.cluster_scene import VIP, settled

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]

STRAY = "10.77.0.61"
KNOWN = {"alias": [{"address": ALIAS, "purpose": "printer", "contact": "it@example.org"}]}


def audit(cluster: Cluster, node: str = "n3") -> tuple[int, dict[str, Any]]:
    """Run the audit on a node; return its exit code and what it found."""
    ran = floatip(cluster, node, "audit", "--json")
    assert ran.stderr == ""
    document: dict[str, Any] = json.loads(ran.stdout)
    assert document["needs_attention"] is (ran.returncode == 7)
    return ran.returncode, document


def row(found: dict[str, Any], address: str, node: str) -> dict[str, Any]:
    """The row of an address on a node."""
    (one,) = (it for it in found["rows"] if (it["address"], it["node"]) == (address, node))
    return dict(one)


def test_what_needs_attention_is_found_and_mended() -> None:
    """A stray alias, a duplicate, boot files: exit 7 for each, and 0 before the first and after the last."""
    with Cluster(settings(n1=KNOWN)) as cluster:
        owner = settled(cluster)
        ready(cluster)
        add_alias(cluster, "n1", ALIAS)
        code, found = audit(cluster)
        assert (code, found["attention"]) == (0, []), found
        assert row(found, VIP, owner)["kind"] == "VIP"
        assert row(found, "10.77.0.12", "n2")["kind"] == "primary"
        printer = row(found, ALIAS, "n1")
        assert (printer["kind"], printer["purpose"], printer["contact"]) == (
            "documented alias",
            "printer",
            "it@example.org",
        )

        add_alias(cluster, "n2", STRAY)
        code, found = audit(cluster)
        assert (code, row(found, STRAY, "n2")["kind"]) == (7, "undocumented alias")
        remove_alias(cluster, "n2", STRAY)

        add_alias(cluster, "n3", ALIAS)
        code, found = audit(cluster)
        assert code == 7
        assert row(found, ALIAS, "n1")["attention"] == ["also on n3"]
        assert row(found, ALIAS, "n3")["kind"] == "duplicate"
        remove_alias(cluster, "n3", ALIAS)

        path = write_boot_file(cluster, "n2", [ALIAS, VIP])
        code, found = audit(cluster)
        assert code == 7
        told = "\n".join(found["attention"] + row(found, VIP, owner)["attention"])
        assert f"n2: a reboot would bring {ALIAS} back, which is on n1: /etc/network/interfaces:3" in told
        assert ("a VIP must not be in the boot configuration" if owner == "n2" else f"bring {VIP} back") in told
        path.unlink()
        assert audit(cluster)[0] == 0


def test_what_uses_an_alias_is_told() -> None:
    """Who listens on it, and what came in for it between two looks; from any node the same."""
    with Cluster(settings(n1=KNOWN)) as cluster:
        ready(cluster)
        add_alias(cluster, "n1", ALIAS)
        with inside("n1"):
            server = socket.create_server((ALIAS, 8080))
        with server:
            first = row(audit(cluster)[1], ALIAS, "n1")
            cluster.net.run("client", ["ping", "-c", "5", "-i", "0.01", ALIAS])
            second = row(audit(cluster, "n2")[1], ALIAS, "n1")
        assert any(one.startswith("tcp/8080 ") and "any address" not in one for one in second["listeners"])
        assert first["packets"] in {None, 0}
        assert second["packets"] >= 5
        assert second["since_s"] > 0


def test_a_node_that_cannot_be_audited_needs_attention() -> None:
    """A dead node is named, and the others are audited all the same."""
    with Cluster(settings()) as cluster:
        settled(cluster)
        ready(cluster)
        cluster.kill_machine("n2")
        cluster.wait_for(lambda: not hears(cluster, "n2"), 20.0, "n2 is taken for dead")
        code, found = audit(cluster)
        assert code == 7
        assert found["attention"] == ["n2: not audited: n2 is not alive, so nothing can be done on its host"]
        assert {it["node"] for it in found["rows"]} == {"n1", "n3"}
