"""x"""
from tests.bench.results import Results, Spread
def tables(results: Results) -> str:
    lines = []
    for case, by in results.runs.items():
        for system, runs in by.items():
            for f in ("outage_ms","lost","answered_ms","left_ms","two_owners_ms","stray_ms","last_bound_ms","last_announced_ms"):
                s = Spread.of(getattr(r, f) for r in runs)
                if s: lines.append(f"{case:45} {system:10} {f:18} {s.median:8.1f} {s.least:8.1f} {s.most:8.1f} {s.count}")
    return "\n".join(lines)
