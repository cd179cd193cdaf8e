"""Changes of owner as people tell them: what moved together is one, with its reason and how long it lasted."""

from dataclasses import replace
from datetime import timedelta

import pytest

from floatip.ops.changes import Change, changes, names, sentence, tenures
from floatip.ops.document import status_document
from floatip.ops.models import EventRecord, Status, from_document
from tests.unit.ops.backend import N2, NOON, URLS, record, snapshot, vip


def moved(vip_: str, owner: str, ago_s: float, *, former: str | None = "n1", cause: str = "drain") -> EventRecord:
    """A VIP got another owner so many seconds before noon."""
    at = NOON - timedelta(seconds=ago_s)
    return replace(record(), vip=vip_, owner=owner, former=former, cause=cause, at=at)


def seen(*history: EventRecord, owners: tuple[str, ...] = ("a", "b", "c"), most: int = 9) -> list[Change]:
    """What is made of these events, where n2 owns these VIPs at noon."""
    now = snapshot(*(replace(vip(name), owner=N2) for name in owners))
    status = from_document(Status, status_document(now, wall_s=NOON.timestamp(), urls=URLS))
    return changes(tenures(history), status, most)


def test_what_moves_together_is_one_change() -> None:
    """In the order in which it moved; a VIP that moves elsewhere, later or for another reason is another change."""
    found = seen(
        moved("a", "n2", 30.5),
        moved("b", "n2", 30.0),
        moved("c", "n3", 30.0),
        moved("d", "n2", 30.0, cause="takeover"),
        moved("e", "n2", 20.0),
    )
    assert [(one.vips, one.first.owner, one.first.cause) for one in found] == [
        (("e",), "n2", "drain"),
        (("d",), "n2", "takeover"),
        (("c",), "n3", "drain"),
        (("a", "b"), "n2", "drain"),
    ]
    assert [one.lasts for one in found] == [False, False, False, True]
    assert found[-1].owned_s == pytest.approx(30.5)


def test_a_vip_that_comes_and_goes_is_many_changes() -> None:
    """However quickly: flapping must be seen."""
    found = seen(moved("a", "n2", 3), moved("a", "n1", 2.5, former="n2"), moved("a", "n2", 2))
    assert [(one.first.owner, one.owned_s, one.lasts) for one in found] == [
        ("n2", 2.0, True),
        ("n1", 0.5, False),
        ("n2", 0.5, False),
    ]


def test_no_more_than_asked_for() -> None:
    """The last ones."""
    found = seen(*(moved("a", f"n{number}", 100 - 10 * number) for number in range(5)), most=2)
    assert [one.first.owner for one in found] == ["n4", "n3"]


def test_other_events_are_none() -> None:
    """Only those that tell of an owner."""
    assert seen(record(), replace(record(), vip=None, owner="n1")) == []


@pytest.mark.parametrize(
    ("cause", "text"),
    [
        ("takeover", "n2 took a over from n1, which had been silent for 0.62 s"),
        ("drain", "n2 took a over from n1, which is drained"),
        ("stop", "n2 took a over from n1, whose daemon stopped"),
        ("check", "n2 took a over from n1, a check of which failed"),
        ("fault", "n2 took a over from n1, which had a fault"),
        ("preempt", "n2 took a over from n1, because n2 comes first"),
        ("handover", "n2 took a over from n1, in an orderly handover"),
        ("something new", "n2 took a over from n1"),
    ],
)
def test_each_cause_has_words(cause: str, text: str) -> None:
    """Those of one who was there."""
    silent_s = 0.618 if cause == "takeover" else None
    (found,) = seen(replace(moved("a", "n2", 3, cause=cause), silent_s=silent_s))
    assert sentence(found) == text


def test_a_first_owner_takes_it_from_nobody() -> None:
    """There was none before it."""
    (found,) = seen(moved("a", "n2", 3, former=None, cause="first"))
    assert sentence(found) == "n2 took a, which nobody had"


@pytest.mark.parametrize(
    ("some", "said"),
    [
        (("a",), "a"),
        (("a", "b"), "a and b"),
        (("a", "b", "c", "d", "e"), "a, b, c, d and e"),
        (("a", "b", "c", "d", "e", "f", "g"), "a, b, c, d, e and 2 more"),
    ],
)
def test_names_as_one_says_them(some: tuple[str, ...], said: str) -> None:
    """Few of them."""
    assert names(some) == said
