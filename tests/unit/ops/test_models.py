"""Documents to values: what is missing or wrong is named, what is new is let through."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floatip.core.effects import Outcome
from floatip.ops.models import (
    BrokerStatus,
    EventRecord,
    MoveResult,
    Status,
    Step,
    from_document,
    iso,
    to_document,
    worst,
)
from tests.unit.ops.test_document import CONTRACT

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


def test_a_newer_document_is_read() -> None:
    """Fields that this version does not know are left out."""
    assert from_document(BrokerStatus, {"url": "u", "connected": True, "rtt_ms": 1, "new": [1]}) == BrokerStatus(
        url="u", connected=True, rtt_ms=1.0
    )


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ([], r"an object was expected, \[\] was found"),
        ({"url": "u", "connected": True}, "missing 1 required keyword-only argument: 'rtt_ms'"),
        ({"url": "u", "connected": 1, "rtt_ms": None}, "connected: bool was expected, 1 was found"),
        ({"url": None, "connected": True, "rtt_ms": None}, "url: str was expected, None was found"),
        ({"url": "u", "connected": True, "rtt_ms": True}, "rtt_ms: float was expected, True was found"),
    ],
)
def test_a_wrong_document_is_told(document: object, words: str) -> None:
    """The first key that is missing or wrong is named, with what was found."""
    with pytest.raises(ValueError, match=words):
        from_document(BrokerStatus, document)


def test_nested_errors_name_the_path() -> None:
    """An error deep in a document names the keys that lead to it."""
    document = {**CONTRACT, "vips": [{"addresses": [1]}]}
    with pytest.raises(ValueError, match=r"vips: addresses: str was expected, 1 was found"):
        from_document(Status, document)
    with pytest.raises(ValueError, match="outcome: 'odd' is not a valid Outcome"):
        from_document(MoveResult, {"outcome": "odd"})


@given(document=JSON | st.dictionaries(st.sampled_from(sorted(CONTRACT)), JSON))
def test_any_json_is_a_status_or_an_error(document: object) -> None:
    """Whatever a socket sends, the reader says ValueError and nothing else."""
    try:
        from_document(Status, document)
    except ValueError as error:
        assert len(str(error)) < 1000  # noqa: PT017 (either is right)


def test_a_move_survives_the_wire() -> None:
    """A result with its steps is the same after it was written down and read."""
    step = Step(about="web", text="n1 released", at_ms=3)
    result = MoveResult(vip="web", proven=True, outcome=Outcome.PROVEN, text="t", owner="n2", steps=(step,))
    assert from_document(MoveResult, json.loads(json.dumps(to_document(result)))) == result


def test_times_are_utc_to_the_millisecond() -> None:
    """Times are written in UTC with three digits, whatever zone they came in."""
    moment = datetime(2026, 1, 1, 1, 2, 3, 4999, tzinfo=timezone(timedelta(hours=1)))
    assert iso(moment) == "2026-01-01T00:02:03.004Z"
    record = EventRecord(at=datetime(2026, 1, 1, tzinfo=UTC), kind="role", text="t")
    assert from_document(EventRecord, to_document(record)) == record


def test_the_worst_of_several() -> None:
    """Failed is worse than timed out, refused, unproven, proven, in this order."""
    ends = [
        MoveResult(vip="v", proven=False, outcome=outcome, text="", owner=None)
        for outcome in (Outcome.PROVEN, Outcome.UNPROVEN, Outcome.REFUSED, Outcome.TIMED_OUT, Outcome.FAILED)
    ]
    assert [worst(tuple(ends[: count + 1])).exit_code for count in range(5)] == [0, 5, 4, 6, 1]
