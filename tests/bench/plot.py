"""For how long nobody answers, as a picture: each run a point, each median a line, on a logarithmic axis.

SVG that is readable on light and on dark paper. Knows: results. Never: measures.
"""

import math
from collections.abc import Iterable, Sequence
from html import escape

from tests.bench.cases import OUTAGES, Case, rival_of
from tests.bench.results import Results, Spread

WIDTH, LEFT, RIGHT, TOP = 1000, 430, 90, 56
ROW, LANE, BOTTOM = 34, 13, 40
ZERO_X, FIRST_X = LEFT + 16, LEFT + 60
LEAST_MS, MOST_MS = 1.0, 10_000.0
DECADES_MS = (1, 10, 100, 1000, 10_000)
COLORS = {"floatip": "#2f81f7", "keepalived": "#d9822b"}
_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#24292f}.axis{stroke:#8c959f;stroke-opacity:.45}"
    ".small{font-size:11px}@media(prefers-color-scheme:dark){text{fill:#d0d7de}}"
)


def place(outage_ms: float) -> float:
    """Give the place of an outage on the axis; below a millisecond the probe cannot tell it from none."""
    if outage_ms < LEAST_MS:
        return ZERO_X
    share = math.log(min(outage_ms, MOST_MS) / LEAST_MS) / math.log(MOST_MS / LEAST_MS)
    return FIRST_X + share * (WIDTH - RIGHT - FIRST_X)


def duration(outage_ms: float) -> str:
    """Write a duration with its unit."""
    if outage_ms < LEAST_MS:
        return "0"
    return f"{outage_ms:.0f} ms" if outage_ms < 1000 else f"{outage_ms / 1000:.2g} s"


def svg(results: Results) -> str:
    """Draw all cases of one VIP that were measured."""
    cases = [case for case in OUTAGES if results.of(case.name, "floatip")]
    height = TOP + ROW * len(cases) + BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"',
        f' width="{WIDTH}" height="{height}">',
        "<title>For how long nobody answers, floatip and keepalived, fault by fault</title>",
        f"<style>{_STYLE}</style>",
        *_legend(),
        *_axis(height),
    ]
    for number, case in enumerate(cases):
        parts += _row(results, case, TOP + ROW * number)
    return "\n".join([*parts, "</svg>", ""])


def _legend() -> Iterable[str]:
    yield f'<text x="{LEFT}" y="18">Longest time without an answer; a point is a run, a line the median</text>'
    for number, (system, color) in enumerate(COLORS.items()):
        x = 12 + 90 * number
        yield f'<circle cx="{x}" cy="14" r="5" fill="{color}"/><text x="{x + 10}" y="18">{system}</text>'


def _axis(height: int) -> Iterable[str]:
    marks = [(ZERO_X, "0"), *((place(ms), duration(ms)) for ms in DECADES_MS)]
    for x, text in marks:
        yield f'<line class="axis" x1="{x:.1f}" y1="{TOP - 12}" x2="{x:.1f}" y2="{height - BOTTOM}"/>'
        for y in (TOP - 16, height - BOTTOM + 16):
            yield f'<text class="small" x="{x:.1f}" y="{y}" text-anchor="middle">{text}</text>'


def _row(results: Results, case: Case, top: float) -> Iterable[str]:
    yield f'<line class="axis" x1="8" y1="{top - 4}" x2="{WIDTH - 8}" y2="{top - 4}"/>'
    yield f'<text x="12" y="{top + LANE + 4}">{escape(case.name)}</text>'
    for lane, system in enumerate(COLORS):
        name = rival_of(case) if system == "keepalived" else case.name
        runs = [run.outage_ms for run in results.of(name, system)]
        yield from _lane(runs, COLORS[system], top + 6 + LANE * lane)


def _lane(outages_ms: Sequence[float], color: str, y: float) -> Iterable[str]:
    """Draw the runs of one system, spread a little so that equal ones can be told apart, and their median."""
    found = Spread.of(outages_ms)
    if found is None:
        return
    for number, outage_ms in enumerate(outages_ms):
        off = (number % 3 - 1) * 2.5
        yield f'<circle cx="{place(outage_ms):.1f}" cy="{y + off:.1f}" r="2.6" fill="{color}" fill-opacity=".55"/>'
    x = place(found.median)
    yield f'<line x1="{x:.1f}" y1="{y - 6:.1f}" x2="{x:.1f}" y2="{y + 6:.1f}" stroke="{color}" stroke-width="2.5"/>'
    place_of_text = f'x="{WIDTH - RIGHT + 18}" y="{y + 4:.1f}"'
    yield f'<text class="small" {place_of_text} style="fill:{color}">{duration(found.median)}</text>'
