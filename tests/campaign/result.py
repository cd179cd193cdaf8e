"""What became of each case, and the figures over many. Knows: numbers, and how to write them. Never: runs."""

import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One case; times in ms. `problems` is empty if the audit was passed.

    `dual` is the longest and the total time with two owners that both were on one whole LAN, `healthy_ms` the time from
    the end of the fault to the first moment at which all was right, `strayed_ms` to the last change of a MAC in the
    client's eyes. `lag_ms` is the longest that an ordinary sleep took too long, `lateness_ms` the witness's own.
    """

    policy: str
    index: int
    name: str
    layout: str
    text: str = ""
    lasted_ms: float = 0.0
    problems: list[str] = field(default_factory=list)
    dual_longest_ms: float = 0.0
    dual_total_ms: float = 0.0
    outage_ms: float = 0.0
    healthy_ms: float = 0.0
    strayed_ms: float = 0.0
    lag_ms: float = 0.0
    lateness_ms: float = 0.0
    kept: str = ""

    @classmethod
    def of(cls, raw: dict[str, Any]) -> "Result":
        """Read what `document` gave."""
        return cls(**raw)

    def document(self) -> dict[str, Any]:
        """Give it as plain values."""
        return asdict(self)

    def __str__(self) -> str:
        head = f"{self.policy} {self.index} {self.name}: {self.text or 'not begun'}"
        figures = (
            f"{self.lasted_ms / 1000:.1f} s, healthy after {self.healthy_ms:.0f} ms, outage {self.outage_ms:.0f} ms, "
            f"two owners {self.dual_longest_ms:.0f}/{self.dual_total_ms:.0f} ms, MACs settled after "
            f"{self.strayed_ms:.0f} ms, lag {self.lag_ms:.0f} ms"
        )
        if not self.problems:
            return f"{head}; {figures}"
        return f"FAILED {head}; {figures}; {self.layout}; logs in {self.kept}\n    " + "\n    ".join(self.problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The figures of one class; times in ms."""

    name: str
    number: int
    failed: int
    dual_longest_ms: float
    dual_total_ms: float
    outage_median_ms: float
    outage_max_ms: float
    healthy_median_ms: float
    healthy_max_ms: float
    strayed_max_ms: float
    lag_max_ms: float


def row(name: str, results: Iterable[Result]) -> Row:
    """Sum up cases; how soon all was right again is told of those in which it was."""
    cases = list(results)
    outages = [one.outage_ms for one in cases] or [0.0]
    healthy = [one.healthy_ms for one in cases if not one.problems] or [0.0]
    return Row(
        name=name,
        number=len(cases),
        failed=sum(bool(one.problems) for one in cases),
        dual_longest_ms=max((one.dual_longest_ms for one in cases), default=0.0),
        dual_total_ms=sum(one.dual_total_ms for one in cases),
        outage_median_ms=statistics.median(outages),
        outage_max_ms=max(outages),
        healthy_median_ms=statistics.median(healthy),
        healthy_max_ms=max(healthy),
        strayed_max_ms=max((one.strayed_ms for one in cases), default=0.0),
        lag_max_ms=max((one.lag_ms for one in cases), default=0.0),
    )


def rows(results: Iterable[Result]) -> list[Row]:
    """Sum up by class, in the order of their names, and all of them at the end."""
    everything = list(results)
    names = sorted({one.name for one in everything})
    return [*(row(name, [one for one in everything if one.name == name]) for name in names), row("all", everything)]


HEADINGS = (
    "fault",
    "cases",
    "failed",
    "two owners, longest / total",
    "outage, median / longest",
    "right again, median / longest",
)


def markdown(table: Iterable[Row]) -> str:
    """Write the table as docs/reliability.md has it; times in ms."""
    lines = ["| " + " | ".join(HEADINGS) + " |", "| --- |" + " ---: |" * (len(HEADINGS) - 1)]
    for one in table:
        cells = (
            one.name,
            f"{one.number}",
            f"{one.failed}",
            f"{one.dual_longest_ms:.0f} / {one.dual_total_ms:.0f}",
            f"{one.outage_median_ms:.0f} / {one.outage_max_ms:.0f}",
            f"{one.healthy_median_ms:.0f} / {one.healthy_max_ms:.0f}",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
