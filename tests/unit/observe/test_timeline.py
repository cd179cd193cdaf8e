"""Who owned what when, as bars: no longer than is known, and nothing in them but text."""

import re
from dataclasses import replace
from datetime import timedelta

from floatip.core.snapshot import VipSnapshot
from floatip.core.types import VipName
from floatip.observe.timeline import LANES, bars, timeline
from floatip.ops.changes import tenures
from floatip.ops.document import status_document
from floatip.ops.models import EventRecord, Status, from_document
from tests.unit.ops.backend import N1, N2, NOON, URLS, snapshot, vip
from tests.unit.ops.test_changes import moved

HOUR_AGO = NOON - timedelta(hours=1)


def status(*vips: VipSnapshot, quorum: bool = True, n2_heard_ms: int | None = None) -> Status:
    """A cluster at noon; n2 is dead if it was heard last so long ago."""
    now = replace(snapshot(*vips), quorum=quorum)
    if n2_heard_ms is not None:
        changed = {"alive": False, "last_heard_ms": n2_heard_ms}
        now = replace(now, nodes=tuple(replace(it, **changed) if it.name == N2 else it for it in now.nodes))  # type: ignore[arg-type]
    return from_document(Status, status_document(now, wall_s=NOON.timestamp(), urls=URLS))


def drawn(now: Status, *history: EventRecord) -> list[tuple[str | None, float, float]]:
    """The bars of the first VIP: owner, and when it began and ended, in seconds before noon."""
    told = [one for one in tenures(history) if one.vip == now.vips[0].name]
    found = bars(now.vips[0], told, now, HOUR_AGO)
    return [(one.owner, (NOON - one.begins).total_seconds(), (NOON - one.ends).total_seconds()) for one in found]


def test_bars_go_from_owner_to_owner() -> None:
    """The first one from when this daemon remembers anything."""
    history = (moved("web", "n2", 60, former="n3"), moved("web", "n1", 20, former="n2"))
    assert drawn(status(), *history) == [("n3", 3600, 60), ("n2", 60, 20), ("n1", 20, 0)]


def test_an_owner_that_was_found_in_office() -> None:
    """There was no change: from when it says that it has been the owner."""
    assert drawn(status()) == [("n1", 185, 0)]


def test_an_owner_of_which_no_event_tells() -> None:
    """The status is newer than the events."""
    assert drawn(status(), moved("web", "n2", 400, former=None)) == [("n2", 400, 0), ("n1", 185, 0)]


def test_an_owner_that_fell_silent() -> None:
    """Nobody knows what it owned after it was last heard."""
    gone = status(replace(vip(), owner=None, since_s=None, last_owner=N2), quorum=False, n2_heard_ms=7000)
    assert drawn(gone, moved("web", "n2", 60)) == [("n1", 3600, 60), ("n2", 60, 7), (None, 7, 0)]
    assert drawn(gone) == [("n2", 3600, 7), (None, 7, 0)]
    assert ">not known</text>" in timeline(tenures([moved("web", "n2", 18)]), gone, HOUR_AGO)


def test_nobody_ever_had_it() -> None:
    """An empty bar."""
    never = status(replace(vip(), owner=None, since_s=None, last_owner=None))
    body = timeline((), never, NOON)
    assert "<rect" not in body
    assert '<span class="now nobody">nobody</span>' in body


def test_the_last_change_is_well_inside() -> None:
    """The span is as short as it can be, and a day at most."""
    for ago_s, span in ((4, "30 s"), (60, "2 min"), (200, "10 min"), (1800, "1 h"), (7200, "6 h"), (200_000, "1 d")):
        body = timeline(tenures([moved("web", "n1", ago_s, former="n2")]), status(), HOUR_AGO)
        assert f"<span>{span} ago</span>" in body


def test_what_the_bars_say_is_said_in_words_too() -> None:
    """To one who cannot see them, or points at one."""
    body = timeline(tenures([moved("web", "n1", 15, former="n2", cause="takeover")]), status(), HOUR_AGO)
    assert 'aria-label="web: n2, n1 since 11:59:45 (n1: takeover)"' in body
    assert "<title>n1 since 11:59:45 (n1: takeover)</title>" in body
    assert '<rect x="50.00%" width="50.00%"' in body


def test_of_many_vips_those_that_changed_last() -> None:
    """And how many others there are; where none has changed, the first ones."""
    many = status(*(vip(f"v{number}") for number in range(20)))
    quiet = timeline((), many, HOUR_AGO)
    assert re.findall(r"<b>(\w+)</b>", quiet) == [f"v{number}" for number in range(LANES)]
    told = tenures([moved("v3", "n1", 20), moved("v17", "n1", 10)])
    busy = timeline(told, many, HOUR_AGO)
    assert re.findall(r"<b>(\w+)</b>", busy) == ["v17", "v3"]
    assert "18 more are in the table of all VIPs" in busy


def test_a_name_is_text() -> None:
    """Whoever chose it."""
    evil = '"><script>alert(1)</script>'
    body = timeline(
        tenures([moved(evil, evil, 15, former=evil, cause=evil)]),
        status(replace(vip(), name=VipName(evil), owner=N1)),
        HOUR_AGO,
    )
    assert "<script>" not in body
    assert 'aria-label="&quot;&gt;&lt;script&gt;' in body
