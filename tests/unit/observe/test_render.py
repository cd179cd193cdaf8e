"""The page as it is without a script: what it says, and what comes first."""

import re
from dataclasses import replace
from datetime import timedelta

from floatip.core.snapshot import CheckSnapshot, ConflictSnapshot, Snapshot
from floatip.core.types import CheckName, Mac
from floatip.observe.render import page
from floatip.ops.document import status_document
from floatip.ops.models import EventRecord
from tests.unit.ops.backend import N1, N2, N3, NOON, URLS, FakeBackend, record, snapshot, vip


async def drawn(now: Snapshot, *history: EventRecord) -> str:
    """Return the page."""
    return (await page(status_document(now, wall_s=NOON.timestamp(), urls=URLS), history)).decode()


def header(body: str) -> str:
    """Return what the page says first."""
    found = re.search(r"<header.*?</header>", body, re.DOTALL)
    assert found is not None
    return found[0]


def cells(body: str, title: str) -> list[list[str]]:
    """Return the text of a table's cells."""
    found = re.search(rf"<h2>{title}</h2>.*?<tbody>(.*?)</tbody>", body, re.DOTALL)
    assert found is not None
    return [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in found[1].split("</tr>") if "<td" in row]


async def test_all_is_well() -> None:
    """Green, with the same figures as on the command line."""
    body = await drawn(snapshot())
    assert '<header class="good">' in body
    assert "All is well" in header(body)
    assert "1 of 1 VIPs owned and seen by a witness" in header(body)
    assert "cluster web, seen from n1: quorum (1 of 1 brokers); as of 12:00:00 UTC" in header(body)
    row = ["web", "10.77.0.50/32", "n1", "3 min 5 s ago", "n2, n3", "here", "owner", "-"]
    assert cells(body, "VIPs") == [row]
    assert cells(body, "Brokers") == [["mqtt://10.78.0.1:1883", "connected", "0.7 ms"]]
    assert [row[:3] for row in cells(body, "Nodes")][1] == ["n2", "alive", "12 ms ago"]
    assert cells(body, "Changes of owner") == [["none yet"]]


async def test_what_is_wrong_is_said_first() -> None:
    """Red where nobody serves; the VIP in trouble is at the top of its table."""
    body = await drawn(snapshot(vip("a"), replace(vip("b"), owner=None, verified_by=())))
    assert '<header class="bad">' in body
    assert "1 of 2 VIPs without an owner" in header(body)
    assert [row[0] for row in cells(body, "VIPs")] == ["b", "a"]


async def test_what_needs_a_look_is_said_too() -> None:
    """A dead node, a failing check, an isolated owner and a conflict are no outage, and not well either."""
    nodes = tuple(replace(node, alive=node.name != N2) for node in snapshot().nodes)
    conflict = ConflictSnapshot(address="10.77.0.50", mac=Mac("02:00:00:00:00:09"), peer=None)
    now = replace(
        snapshot(replace(vip(), isolated=True, conflicts=(conflict,))),
        nodes=nodes,
        checks=(CheckSnapshot(name=CheckName("nginx"), passes=False, output="refused"),),
    )
    body = await drawn(now)
    assert '<header class="warning">' in body
    for text in (
        "not alive: n2",
        "check fails: nginx",
        "kept without a quorum: web",
        "another host answers for: web",
    ):
        assert f"<li>{text}</li>" in header(body)
    assert cells(body, "Checks here") == [["nginx", "fails", "refused"]]
    assert [row[0] for row in cells(body, "Nodes")] == ["n2", "n1", "n3"]


async def test_many_names_are_few_words() -> None:
    """A headline stays one."""
    now = snapshot(*(replace(vip(f"v{number}"), isolated=True) for number in range(9)))
    assert "kept without a quorum: v0, v1, v2, v3, v4 and 4 more" in header(await drawn(now))


async def test_what_hinders_this_node_is_told_with_the_nodes() -> None:
    """As it is of the others."""
    body = await drawn(snapshot(replace(vip(), faults=("eth0 link down",))))
    assert [row[4] for row in cells(body, "Nodes") if row[0] == N1] == ["eth0 link down"]


async def test_changes_of_owner_are_a_timeline() -> None:
    """Newest first: from whom to whom, why, how long the former was silent, how long the owner has been one."""
    first = replace(record(), owner="n2", former=None, cause="first", at=NOON - timedelta(seconds=600))
    second = replace(
        record(), owner="n1", former="n2", cause="takeover", silent_s=0.618, at=NOON - timedelta(seconds=60)
    )
    other = replace(record(), vip="db", owner="n3", former="n1", cause="drain", at=NOON - timedelta(seconds=30))
    gone = replace(record(), vip="mail", owner="n3", former="n1", cause="fault", at=NOON - timedelta(seconds=90))
    now = snapshot(vip(), replace(vip("db"), owner=N3), replace(vip("mail"), owner=None))
    body = await drawn(now, first, gone, record(1), second, other)
    assert cells(body, "Changes of owner") == [
        ["2026-01-01 11:59:30", "db", "n3", "n1", "drain", "-", "30 s so far"],
        ["2026-01-01 11:59:00", "web", "n1", "n2", "takeover", "0.62 s", "1 min so far"],
        ["2026-01-01 11:58:30", "mail", "n3", "n1", "fault", "-", "-"],
        ["2026-01-01 11:50:00", "web", "n2", "-", "first", "-", "9 min"],
    ]


async def test_the_page_is_small_and_renews_itself_without_a_script() -> None:
    """What a phone loads; and without a script it is loaded anew."""
    backend = FakeBackend()
    body = await drawn(backend.now)
    assert len(body) < 20_000
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in body
