"""The status document: exactly the contract's, and the same through every form."""

import json
from dataclasses import replace

from floatip.core.snapshot import CheckSnapshot, ConflictSnapshot
from floatip.core.types import BrokerName, CheckName, Mac
from floatip.ops.document import status_document
from floatip.ops.models import Status, from_document, to_document
from tests.unit.ops.backend import BROKER, N2, NOON, URLS, snapshot, vip

CONTRACT = {
    "schema": 1,
    "cluster": "web",
    "node": "n1",
    "now": "2026-01-01T12:00:00.000Z",
    "quorum": True,
    "brokers": [{"url": "mqtt://10.78.0.1:1883", "connected": True, "rtt_ms": 0.7}],
    "nodes": [
        {
            "name": name,
            "alive": True,
            "last_heard_ms": heard_ms,
            "drained": False,
            "faults": [],
            "version": "0.1.0",
            "lag_ms": lag_ms,
            "lan_fine": True,
        }
        for name, heard_ms, lag_ms in (("n1", 0, None), ("n2", 12, 212), ("n3", 12, 212))
    ],
    "checks": [],
    "vips": [
        {
            "name": "web",
            "addresses": ["10.77.0.50/32"],
            "role": "owner",
            "owner": "n1",
            "term": 3,
            "since": "2026-01-01T11:56:55.000Z",
            "isolated": False,
            "bound": True,
            "interface": "eth0",
            "verified_by": ["n2", "n3"],
            "pinned_to": None,
            "frozen": False,
            "candidates": ["n1", "n2", "n3"],
            "effective_priority": 100,
            "held_on": ["mqtt://10.78.0.1:1883"],
            "isolated_owners": [],
            "handover": None,
            "definition_differs": [],
            "faults": [],
            "conflicts": [],
            "purpose": "",
            "contact": "",
            "last_owner": "n1",
            "answered_by": None,
        }
    ],
}


def test_the_document_is_the_contract() -> None:
    """Every field of the contract is there, with its type, and no others but those that were added since."""
    assert status_document(snapshot(), wall_s=NOON.timestamp(), urls=URLS) == CONTRACT


def test_checks_are_told_with_what_they_said() -> None:
    """Passes, fails, or not known yet (null)."""
    found = (
        CheckSnapshot(name=CheckName("nginx"), passes=False, output="connection refused"),
        CheckSnapshot(name=CheckName("gate"), passes=None, output=""),
    )
    document = status_document(replace(snapshot(), checks=found), wall_s=0.0, urls=URLS)
    assert document["checks"] == [
        {"name": "nginx", "passes": False, "output": "connection refused"},
        {"name": "gate", "passes": None, "output": ""},
    ]
    assert from_document(Status, json.loads(json.dumps(document))).checks[1].passes is None


def test_what_may_be_missing_is_null() -> None:
    """Nobody owns it, nothing was heard: null, and never a word for it; a broker without a URL keeps its name."""
    conflict = ConflictSnapshot(address="10.77.0.50", mac=Mac("02:00:00:00:00:02"), peer=N2)
    odd = replace(vip(), owner=None, since_s=None, conflicts=(conflict, replace(conflict, peer=None)))
    cluster = replace(snapshot(odd), brokers=(replace(snapshot().brokers[0], name=BrokerName("x:1"), rtt_ms=None),))
    document = status_document(cluster, wall_s=0.0, urls={})
    assert document["brokers"] == [{"url": "x:1", "connected": True, "rtt_ms": None}]
    assert document["now"] == "1970-01-01T00:00:00.000Z"
    (found,) = document["vips"]
    assert (found["owner"], found["since"], found["held_on"]) == (None, None, [BROKER])
    assert found["conflicts"] == [
        {"address": "10.77.0.50", "mac": "02:00:00:00:00:02", "peer": "n2"},
        {"address": "10.77.0.50", "mac": "02:00:00:00:00:02", "peer": None},
    ]


def test_the_typed_status_is_the_same_document() -> None:
    """What Python gets, written down again, is what the daemon sent."""
    sent = json.loads(json.dumps(CONTRACT))
    assert to_document(from_document(Status, sent)) == CONTRACT
