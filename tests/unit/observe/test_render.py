"""The page as it is without a script: what it says, and what comes first."""

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape

from floatip.core.snapshot import Snapshot
from floatip.observe.render import EVENTS, page
from floatip.ops.document import status_document
from floatip.ops.models import EventRecord
from tests.unit.ops.backend import N1, N3, NOON, URLS, FakeBackend, record, snapshot, vip


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
    found = re.search(rf"<h2>{title}[^<]*</h2>.*?<tbody>(.*?)</tbody>", body, re.DOTALL)
    assert found is not None
    rows = found[1].split("</tr>")
    return [[unescape(it) for it in re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)] for row in rows if "<td" in row]


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
    assert "<h1>Nobody owns b</h1>" in header(body)
    assert "<title>Nobody owns b - web on n1</title>" in body
    assert "1 of 2 VIPs without an owner" in header(body)
    assert [row[0] for row in cells(body, "VIPs")] == ["b", "a"]


async def test_what_hinders_this_node_is_told_with_the_nodes() -> None:
    """As it is of the others."""
    body = await drawn(snapshot(replace(vip(), faults=("eth0 link down",))))
    assert [row[6] for row in cells(body, "Nodes") if row[0] == N1] == ["eth0 link down"]


async def test_what_happened_last_is_said_at_the_top() -> None:
    """In a sentence, with how long ago; the table has the rest, newest first."""
    first = replace(record(), owner="n2", former=None, cause="first", at=NOON - timedelta(seconds=600))
    second = replace(
        record(), owner="n1", former="n2", cause="takeover", silent_s=0.618, at=NOON - timedelta(seconds=60)
    )
    other = replace(record(), vip="db", owner="n3", former="n1", cause="drain", at=NOON - timedelta(seconds=30))
    gone = replace(record(), vip="mail", owner="n3", former="n1", cause="fault", at=NOON - timedelta(seconds=90))
    now = snapshot(vip(), replace(vip("db"), owner=N3), replace(vip("mail"), owner=None))
    body = await drawn(now, first, gone, record(1), second, other)
    assert '<p class="last"><b>30 s ago</b> n3 took db over from n1, which is drained</p>' in header(body)
    assert cells(body, "Changes of owner") == [
        ["2026-01-01 11:59:30", "db", "n3", "n1", "drain", "-", "30 s so far"],
        ["2026-01-01 11:59:00", "web", "n1", "n2", "takeover", "0.62 s", "1 min so far"],
        ["2026-01-01 11:58:30", "mail", "n3", "n1", "fault", "-", "-"],
        ["2026-01-01 11:50:00", "web", "n2", "-", "first", "-", "9 min"],
    ]


async def test_without_a_quorum_it_says_how_that_was_lost() -> None:
    """And not who moved a VIP before: that is not what is wrong now."""
    moved = replace(record(), owner="n1", former="n2", cause="drain", at=NOON - timedelta(seconds=60))
    lost = EventRecord(at=NOON - timedelta(seconds=5), kind="broker", text="lost b1: it hung up")
    later = EventRecord(at=NOON - timedelta(seconds=3), kind="role", text="web OWNER -> ISOLATED")
    body = await drawn(replace(snapshot(), quorum=False), moved, lost, later)
    assert '<p class="last"><b>5 s ago</b> lost b1: it hung up</p>' in header(body)
    assert [row[1] for row in cells(body, "Last events")] == [later.text, lost.text, moved.text]


async def test_only_the_last_events_are_shown() -> None:
    """Newest first."""
    body = await drawn(snapshot(), *(record(-number, f"event {number}") for number in range(30, 0, -1)))
    assert [row[1] for row in cells(body, "Last events")] == [f"event {number}" for number in range(1, EVENTS + 1)]


async def test_a_long_table_scrolls_by_itself() -> None:
    """So that what is below it stays near."""
    assert '<section class="vips">' in await drawn(snapshot(*(vip(f"v{number}") for number in range(25))))
    assert '<section class="vips long">' in await drawn(snapshot(*(vip(f"v{number}") for number in range(26))))


async def test_the_page_is_small_and_renews_itself_without_a_script() -> None:
    """What a phone loads; and without a script it is loaded anew."""
    backend = FakeBackend()
    body = await drawn(backend.now)
    assert len(body) < 20_000
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in body
