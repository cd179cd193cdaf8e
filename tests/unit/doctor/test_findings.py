"""The report: its order, what it counts, and its JSON document."""

import json

from floatip.doctor.findings import Area, Finding, Report, Severity

FINE = Finding(area=Area.HOST, subject="a", severity=Severity.OK, text="fine")
ODD = Finding(area=Area.HOST, subject="b", severity=Severity.WARNING, text="odd", remedy="`mend b`")
BAD = Finding(area=Area.HOST, subject="c", severity=Severity.PROBLEM, text="broken", remedy="`mend c`")
LATE = Finding(area=Area.BROKERS, subject="d", severity=Severity.PROBLEM, text="gone")


def report(*findings: Finding) -> Report:
    """Return a report of these findings."""
    return Report.of("lab", "n1", findings)


def test_areas_in_order_and_in_each_the_worst_first() -> None:
    """Whoever reads the first line of an area knows how it is."""
    assert report(LATE, FINE, ODD, BAD).findings == (BAD, ODD, FINE, LATE)
    assert list(report(LATE, FINE).by_area) == ["host", "brokers"]


def test_an_area_that_is_not_known_comes_last() -> None:
    """A finding is never lost."""
    other = Finding(area="moon", subject="e", severity=Severity.PROBLEM, text="far")
    assert report(other, LATE, FINE).findings == (FINE, LATE, other)


def test_a_warning_needs_attention_and_ok_does_not() -> None:
    """It is what decides over the exit code."""
    assert not report().needs_attention
    assert not report(FINE).needs_attention
    assert report(FINE, ODD).needs_attention
    assert report(FINE, BAD).needs_attention


def test_the_document() -> None:
    """Everything is in it, as plain JSON."""
    document = json.loads(json.dumps(report(ODD, FINE).document()))
    assert document == {
        "schema": 1,
        "cluster": "lab",
        "node": "n1",
        "needs_attention": True,
        "counts": {"ok": 1, "warning": 1, "problem": 0},
        "findings": [
            {"area": "host", "subject": "b", "severity": "warning", "text": "odd", "remedy": "`mend b`"},
            {"area": "host", "subject": "a", "severity": "ok", "text": "fine", "remedy": ""},
        ],
    }
