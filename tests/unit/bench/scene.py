"""Made-up runs, so that tables, judges and plot have something to show."""

from typing import Any

from tests.bench.results import Load, Results, Run


def a_run(outage_ms: float = 0.0, **other: Any) -> Run:
    """One run; what is not named is as good as can be."""
    figures: dict[str, Any] = {
        "lost": round(outage_ms),
        "lateness_ms": 1.0,
        "two_owners_ms": 0.0,
        "left_ms": 5.0,
        **other,
    }
    return Run(outage_ms=outage_ms, **figures)


def a_load(cpu_percent: float = 1.0, rss_mib: float = 50.0, role: str = "owner") -> Load:
    """What one node uses."""
    return Load(
        role=role, cpu_percent=cpu_percent, rss_mib=rss_mib, pss_mib=rss_mib - 5, sent_per_s=12.0, received_per_s=20.0
    )


def results(**cases: tuple[list[Run], list[Run]]) -> Results:
    """Runs of floatip and of keepalived, by case; underscores in the names stand for blanks."""
    found = Results()
    for name, both in cases.items():
        for system, runs in zip(("floatip", "keepalived"), both, strict=True):
            for run in runs:
                found.add(name.replace("_", " "), system, run)
    return found
