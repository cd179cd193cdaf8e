"""The live page: what moves is shown step by step, what is in trouble first, and all of it fits."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from textwrap import wrap

import pytest

from floatip.core.snapshot import Snapshot
from floatip.core.types import Role
from floatip.ops.document import status_document
from floatip.ops.livepage import News, live_page
from floatip.ops.models import EventRecord, Status, from_document
from floatip.ops.progress import LINGER_S, handovers
from floatip.ops.view import Tone, View, aligned
from tests.unit.ops.backend import N1, N2, NOON, URLS, snapshot, vip

Transcript = Callable[[str, str], None]

STEPS = (
    (0, "n1 asks n2 to take web"),
    (31, "n2 is ready, and sees n1 alone"),
    (33, "n1 releases web to n2, and keeps it until then"),
    (35, "n2 claims web (term 4)"),
    (38, "n2 announces web"),
    (41, "n1 has removed web"),
)


def status(now: Snapshot | None = None) -> Status:
    """Return a status of noon."""
    return from_document(Status, status_document(now or snapshot(), wall_s=NOON.timestamp(), urls=URLS))


def step(at_ms: int, text: str, name: str = "web") -> EventRecord:
    """Return a step of a handover, so many milliseconds after a second before noon."""
    at = NOON + timedelta(milliseconds=at_ms - 1000)
    return EventRecord(at=at, kind="handover", text=text, vip=name)


def changed(at_ms: int, name: str = "web") -> EventRecord:
    """Return the change of owner that a handover comes to."""
    text = f"n2 owns {name} (term 4): n1 handed it over"
    told = step(at_ms, text, name)
    return replace(told, kind="owner", owner="n2", former="n1", cause="handover")


def moved() -> list[EventRecord]:
    """Return the events of a whole handover, in their order, and others between them."""
    steps = [step(at_ms, text) for at_ms, text in STEPS]
    other = EventRecord(at=steps[2].at, kind="peer", text="n3 heard", peer="n3")
    role = EventRecord(
        at=steps[2].at, kind="role", text="web OWNER -> RELEASING", vip="web", was="owner", now="releasing"
    )
    return [*steps[:2], other, role, *steps[2:4], changed(37), *steps[4:]]


def lines(page: View) -> list[str]:
    """Return the page as text."""
    return page.plain().splitlines()


def test_a_page(transcript: Transcript) -> None:
    """A handover that runs, one that has just ended, and what is shown of the past."""
    early, now = moved()[:5], status()
    under_way = replace(now, vips=tuple(replace(it, handover="n1 -> n2: released") for it in now.vips))
    past = replace(changed(0), at=NOON - timedelta(minutes=5), cause="takeover", silent_s=1.23, owner="n1", former="n3")
    pages = [
        live_page(News(status=now, records=[past]), 80, 24),
        live_page(News(status=under_way, records=[past, *early]), 80, 24),
        live_page(News(status=now, records=[past, *moved()], age_s=0.4), 80, 24),
        live_page(News(status=now, records=[past, *moved()], age_s=5.0, error="no daemon answers at S"), 80, 24),
        live_page(News(status=under_way, records=[past, *early]), 40, 16),
    ]
    transcript("cli/status-watch.txt", "\n\n----\n".join(page.plain() for page in pages) + "\n")


def test_how_long_a_handover_is_shown() -> None:
    """Until some seconds after its last step; as long as it runs, however slow it is."""
    records = moved()
    last = records[-1].at
    just_before = last + timedelta(seconds=LINGER_S - 0.1)
    (one,) = handovers(records, {}, just_before)
    assert (one.says.text, one.says.tone) == ("n1 -> n2 in 37 ms", Tone.GOOD)
    assert [it.text for it in one.steps] == [it.text for it in records if it.kind in {"handover", "owner"}]
    later = last + timedelta(seconds=LINGER_S + 0.1)
    assert handovers(records, {}, later) == []
    (slow,) = handovers(records[:1], {"web": "n1 -> n2: asked"}, later)
    assert (slow.says.text, slow.table(9).rows[-1][1].tone) == ("n1 -> n2: asked", Tone.WARNING)


def test_the_outcome_comes_after_steps_of_the_same_moment() -> None:
    """As where a busy node reads all of it at once."""
    records = [
        step(0, "n1 asks n2 to take web"),
        changed(37),
        step(37, "n2 is ready"),
        step(37, "n2 claims web (term 4)"),
    ]
    (one,) = handovers(records, {}, NOON)
    assert [it.text.split()[1] for it in one.steps] == ["asks", "is", "claims", "owns"]


def test_a_handover_that_came_to_nothing() -> None:
    """Is said to have ended so."""
    records = [step(0, "n1 asks n2 to take web"), step(9, "n2 refuses: check failed")]
    (one,) = handovers(records, {}, NOON)
    assert (one.says.text, one.says.tone) == ("ended, and the owner is the same", Tone.WARNING)


def test_each_handover_of_a_vip_is_one_of_its_own() -> None:
    """The one before it is over; a takeover is none."""
    again = [replace(it, at=it.at + timedelta(seconds=4)) for it in moved()]
    (one,) = handovers([*moved(), *again], {}, NOON + timedelta(seconds=4))
    assert one.steps[0].at == again[0].at
    assert handovers([replace(changed(0), cause="takeover")], {}, NOON) == []


def test_of_many_handovers_the_newest_are_shown_in_full() -> None:
    """And the others counted."""
    names = [f"v{number}" for number in range(100)]
    records = [step(at, f"n1 asks n2 to take {name}", name) for at, name in enumerate(names)]
    records += [changed(150, name) for name in names[:40]]
    shown = lines(live_page(News(status=status(snapshot(*(vip(it) for it in names))), records=records), 80, 40))
    assert any("v99: " in line for line in shown)
    assert "98 OTHER HANDOVERS" in shown
    assert "40 done, 58 under way or failed" in shown


def thousand() -> Status:
    """Return a status with a thousand VIPs, two of them in trouble."""
    vips = [vip(f"v{number:03}") for number in range(1000)]
    vips[700] = replace(vips[700], owner=None, since_s=None, role=Role.BACKUP)
    vips[900] = replace(vips[900], role=Role.ISOLATED, isolated=True, isolated_owners=(N1, N2))
    return status(snapshot(*vips))


def test_of_a_thousand_vips_those_in_trouble_are_first() -> None:
    """As many of the others as fit, and how many there are more; nodes and brokers keep their place."""
    shown = lines(live_page(News(status=thousand(), records=[]), 120, 40))
    assert len(shown) <= 40
    at = next(number for number, line in enumerate(shown) if line.startswith("VIP "))
    assert [line.split()[0] for line in shown[at + 1 : at + 4]] == ["v700", "v900", "v000"]
    names = {line.split()[0] for line in shown if line.startswith("v")}
    assert len(names) > 15
    assert "mqtt://10.78.0.1:1883" in "".join(shown)
    page = live_page(News(status=thousand(), records=[]), 120, 40)
    assert page.tables[0].rest == f"and {1000 - len(names)} more"


SIZES: Sequence[tuple[int, int]] = [(80, 24), (40, 24), (40, 12), (200, 60), (20, 6), (10, 3), (1, 1)]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_it_fits(width: int, height: int) -> None:
    """Its lines are no more than the terminal has; where not even one table has room the terminal cuts it off."""
    for now, records in ((thousand(), []), (thousand(), moved()), (status(), moved())):
        page = live_page(News(status=now, records=records), width, height)
        shown = (
            len(wrap(page.headline.text, width)) + len("\n\n".join(["", *map(aligned, page.tables)]).splitlines()) - 1
        )
        assert shown <= height or len(page.tables) == 1
        if height >= 24:
            assert "VIP" in {table.columns[0] for table in page.tables}
    narrow = live_page(News(status=thousand(), records=[]), 40, 24).tables[0]
    assert narrow.columns == ("VIP", "OWNER", "HERE", "NOTES")


def test_what_is_old_looks_old() -> None:
    """Grey all over, since when, and why; handovers of then are gone. Young silence is none."""
    news = News(status=status(), records=moved(), age_s=2.9)
    assert not news.stale
    assert any(cell.tone is Tone.GOOD for table in live_page(news, 80, 24).tables for row in table.rows for cell in row)
    page = live_page(replace(news, age_s=8.0), 80, 24)
    assert page.headline.text == "NO ANSWER since 12:00:00 UTC (8 s); tries again, below is what was so then"
    assert page.headline.tone is Tone.BAD
    assert {cell.tone for table in page.tables for row in table.rows for cell in row} == {Tone.FAINT}
    assert not any(table.columns[0] == "HANDOVER" for table in page.tables)
    assert "(0 s): gone; tries again" in live_page(replace(news, age_s=0.1, error="gone"), 80, 24).headline.text
