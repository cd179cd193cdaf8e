"""Tables, plot and documentation of the benchmark."""

from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.bench import document
from tests.bench.plot import ZERO_X, duration, place, svg
from tests.bench.results import Results
from tests.bench.table import number, parts, table
from tests.unit.bench.scene import a_load, a_run, results

TOP = Path(__file__).parents[3]
PAGES = ("README.md", "docs/performance.md")
SVG = "{http://www.w3.org/2000/svg}"


def some() -> Results:
    """A little of everything."""
    found = results(carrier_lost=([a_run(10), a_run(13), a_run(20)], [a_run(3000), a_run(3100)]))
    found.add("kill -9", "keepalived", a_run(left_ms=None, watched_ms=4000.0))
    found.add("kill -9", "floatip", a_run())
    found.add("kill -9, 100 VIPs", "floatip", a_run(last_bound_ms=40.0, last_announced_ms=50.0))
    found.add("kill -9, 100 VIPs", "keepalived", a_run(last_bound_ms=20.0, last_announced_ms=60.0))
    found.steady = {"1": {"floatip": [a_load(), a_load(0.8, role="backup"), a_load(0.6, role="backup")]}}
    found.start_ms = {"floatip --help": [200.0]}
    return found


def test_columns_are_aligned_words_to_the_left_figures_to_the_right() -> None:
    """The same text is read in a terminal and on a page."""
    assert table(("goal", "ms"), [("a long one", "1"), ("b", "1000")]).splitlines() == [
        "| goal       |   ms |",
        "| ---------- | ---: |",
        "| a long one |    1 |",
        "| b          | 1000 |",
    ]


@pytest.mark.parametrize(
    ("figure", "text"), [(0.0, "0"), (0.04, "0"), (1.25, "1.2"), (9.94, "9.9"), (9.96, "10"), (1234.5, "1234")]
)
def test_a_number_has_the_digits_that_it_is_worth(figure: float, text: str) -> None:
    """Tenths of a millisecond matter below ten."""
    assert number(figure) == text


def test_the_tables_have_medians_ends_ratios_and_verdicts() -> None:
    """Row by row."""
    found = parts(some())
    assert "| carrier lost | 13 [10..20] | 3050 [3000..3100] |  0.00 | <= 60 ms" in found["outage"]
    assert "13 / 20 ms" in found["short"]
    assert "still there in 1 of 1 runs, 4000 ms on" in found["aftermath"]
    assert (
        "kill -9, 100 VIPs: last address added after |      40 |         20 |  2.00 | <= keepalived | missed"
        in found["many"]
    )
    assert (
        "kill -9, 100 VIPs: last one announced after |      50 |         60 |  0.83 | <= keepalived | met"
        in found["many"]
    )
    assert "| 1 VIP, floatip, backup |            0.700 |" in found["steady"]
    assert "| floatip --help |     200 | <= 300 |" in found["commands"]


def test_nothing_measured_is_no_table() -> None:
    """But for the goals, which say so."""
    assert set(parts(Results())) == {"goals", "conditions"}


def test_the_plot_has_a_point_for_each_run_and_a_line_for_each_median() -> None:
    """And it is XML."""
    drawn = ET.fromstring(svg(some()))  # noqa: S314 -- our own text
    legend = 2
    assert len(drawn.findall(f"{SVG}circle")) == legend + 3 + 2 + 2
    assert len([line for line in drawn.findall(f"{SVG}line") if line.get("stroke-width") == "2.5"]) == 4


def test_the_axis_is_logarithmic_with_a_place_for_none() -> None:
    """Each decade is as wide as the others."""
    steps = [place(ms) for ms in (1, 10, 100, 1000, 10_000)]
    widths = [after - before for before, after in pairwise(steps)]
    assert widths == pytest.approx([widths[0]] * 4)
    assert place(0.0) == ZERO_X < steps[0]
    assert place(99_999) == steps[-1]
    assert [duration(ms) for ms in (0.2, 13.4, 3160.0)] == ["0", "13 ms", "3.2 s"]


def test_marked_places_are_filled_and_can_be_filled_again() -> None:
    """All else on the page stays."""
    page = "a\n<!-- bench: one -->\nold\nolder\n<!-- end -->\nb\n<!-- bench: two -->\n<!-- end -->\n"
    once = document.filled(page, {"one": "new", "two": "x\\1"})
    assert once == "a\n<!-- bench: one -->\nnew\n<!-- end -->\nb\n<!-- bench: two -->\nx\\1\n<!-- end -->\n"
    assert document.filled(once, {"one": "new", "two": "x\\1"}) == once
    with pytest.raises(ValueError, match="'two', which was not measured; there are one"):
        document.filled(page, {"one": "new"})


@pytest.mark.parametrize("page", PAGES)
def test_the_pages_show_what_is_in_the_file(page: str) -> None:
    """`make bench-docs` has written every figure of the tables: none by hand."""
    text = (TOP / page).read_text()
    assert "<!-- bench: " in text
    assert document.filled(text, parts(Results.read(TOP / "docs/performance.json"))) == text


def test_the_picture_shows_what_is_in_the_file() -> None:
    """It is drawn from the same runs."""
    assert (TOP / "docs/performance.svg").read_text() == svg(Results.read(TOP / "docs/performance.json"))
