"""The figures for people: tables of Markdown, which a terminal shows as well. Knows: results. Never: measures."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench.cases import CASES, FROZEN, MANY, OUTAGES, SILENT, Case, Goal, rival_of
from tests.bench.goals import goal_rows, vips
from tests.bench.judging import judged, ratio, spread
from tests.bench.results import Load, Results, Spread

FIGURES = {
    "outage_ms": "nobody answers",
    "lost": "probes lost",
    "answered_ms": "another node answers after",
    "left_ms": "struck host has the address for",
    "two_owners_ms": "two owners",
    "stray_ms": "client astray after the heal",
    "last_bound_ms": "last address added after",
    "last_announced_ms": "last one announced after",
}
NONE = "-"
WORDS = {
    "what happens",
    "after the fault, ms",
    "many VIPs, ms",
    "each node",
    "command, ms",
    "goal",
    "wanted",
    "measured",
    "met",
    "why",
}
"""Heads of columns of words."""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table of Markdown, columns aligned: words to the left, figures to the right."""
    columns = [Column(name=name, width=max(len(name), *(len(row[at]) for row in rows))) for at, name in enumerate(head)]
    rule = "| " + " | ".join(column.rule() for column in columns) + " |"
    return "\n".join([_line(columns, head), rule, *(_line(columns, row) for row in rows)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table."""

    name: str
    width: int

    @property
    def words(self) -> bool:
        """Whether words stand in it, and not figures."""
        return self.name in WORDS

    def rule(self) -> str:
        """Draw its part of the line below the head."""
        return "-" * self.width if self.words else "-" * (self.width - 1) + ":"

    def cell(self, text: str) -> str:
        """Fill a cell up."""
        return text.ljust(self.width) if self.words else text.rjust(self.width)


def _line(columns: Sequence[Column], cells: Sequence[str]) -> str:
    return "| " + " | ".join(column.cell(cell) for column, cell in zip(columns, cells, strict=True)) + " |"


def shown(found: Spread | None) -> str:
    """Write the median and, of several runs, the ends."""
    if found is None:
        return NONE
    if found.count == 1:
        return number(found.median)
    return f"{number(found.median)} [{number(found.least)}..{number(found.most)}]"


def number(figure: float) -> str:
    """Write a figure with the digits that it is worth; one that rounds to zero is zero."""
    if figure >= 9.95 or figure < 0.05:
        return f"{figure:.0f}"
    return f"{figure:.1f}"


def times(share: float | None) -> str:
    """Write a ratio: what floatip takes for each second of keepalived's."""
    return NONE if share is None else f"{share:.2f}"


def verdict(results: Results, case: str) -> str:
    """Say in a word whether the goals of a case are met."""
    found = [one.met for one in judged(results, case)]
    if not found or all(met is None for met in found):
        return NONE
    return "missed" if False in found else "met"


def goal_text(goals: Sequence[Goal]) -> str:
    """Write the goals of a case."""
    return "; ".join(_goal(goal) for goal in goals) or NONE


def _goal(goal: Goal) -> str:
    words = "" if goal.figure == "outage_ms" else f"{FIGURES[goal.figure]} "
    if goal.limit is None:
        return f"{words}<= keepalived"
    unit = "" if goal.figure == "lost" else " ms"
    return f"{words}<= {goal.limit:.0f}{unit}" if goal.limit else f"{words}0"


def outages(results: Results) -> str:
    """Show for how long nobody answers, fault by fault."""
    rows = []
    for case in OUTAGES:
        if results.of(case.name, "floatip"):
            ours, theirs = _both(results, case, "outage_ms")
            goal, said = goal_text(case.goals), verdict(results, case.name)
            rows.append((case.name, shown(ours), shown(theirs), times(ratio(ours, theirs)), goal, said))
    return table(("what happens", "floatip, ms", "keepalived, ms", "ratio", "goal", "met"), rows)


SHORT = (
    "planned move",
    "SIGTERM",
    "kill -9",
    "daemon frozen",
    "carrier lost",
    SILENT,
    FROZEN,
    f"{FROZEN}, lease 200 ms",
    f"{FROZEN}, release",
)


def short(results: Results) -> str:
    """Show the figures that a first reader wants, the longest time of each fault beside the median."""
    rows = []
    for case in (CASES[name] for name in SHORT):
        cells = [_median_and_most(found) for found in _both(results, case, "outage_ms")]
        kept = case.fault in LEAVING and _left_behind(results, case)
        if cells[0] != NONE:
            rows.append((case.name, cells[0], f"{cells[1]}, address left behind" if kept else cells[1]))
    return table(("what happens", "floatip", "keepalived"), rows)


LEAVING = {"kill", "freeze"}
"""Faults after which an address can be left on a host that clients still reach."""


def _left_behind(results: Results, case: Case) -> bool:
    """Whether keepalived's struck host still had the address at the end of every run."""
    runs = results.of(rival_of(case), "keepalived")
    return bool(runs) and all(run.left_ms is None for run in runs)


def _median_and_most(found: Spread | None) -> str:
    return NONE if found is None else f"{number(found.median)} / {number(found.most)} ms"


def aftermath(results: Results) -> str:
    """Show what else happens: when another node answers, for how long two have the address, when it is gone."""
    rows = []
    for case in OUTAGES:
        for system in ("floatip", "keepalived"):
            runs = results.of(case.name, system)
            if runs:
                cells = [shown(spread(results, case.name, system, f)) for f in ("answered_ms", "two_owners_ms")]
                cells += [_left(results, case, system), shown(spread(results, case.name, system, "stray_ms"))]
                rows.append((f"{case.name}: {system}", *cells))
    heads = (FIGURES[figure] for figure in ("answered_ms", "two_owners_ms", "left_ms", "stray_ms"))
    return table(("after the fault, ms", *heads), rows)


UNSEEN = {"machine"}
"""Faults after which what the struck host has can be neither seen nor used by anybody."""


def _left(results: Results, case: Case, system: str) -> str:
    """Write when the address left the struck host; it may have been there to the end of the runs."""
    runs = results.of(case.name, system)
    stayed = [run.watched_ms for run in runs if run.left_ms is None]
    if case.fault in UNSEEN or case.fault == "split":
        return NONE
    if not stayed:
        return shown(spread(results, case.name, system, "left_ms"))
    return f"still there in {len(stayed)} of {len(runs)} runs, {number(min(stayed))} ms on"


def many(results: Results) -> str:
    """Show what becomes of 100 and of 1,000 VIPs."""
    rows = []
    for case in MANY:
        for figure in ("outage_ms", "answered_ms", "last_bound_ms", "last_announced_ms"):
            ours, theirs = _both(results, case, figure)
            if ours is None and theirs is None:
                continue
            goals = [one for one in judged(results, case.name) if one.goal.figure == figure]
            said = {True: "met", False: "missed", None: NONE}[goals[0].met] if goals else NONE
            text = _goal(goals[0].goal).removeprefix(FIGURES[figure] + " ") if goals else NONE
            name = f"{case.name}: {FIGURES[figure]}"
            rows.append((name, shown(ours), shown(theirs), times(ratio(ours, theirs)), text, said))
    return table(("many VIPs, ms", "floatip", "keepalived", "ratio", "goal", "met"), rows)


def steady(results: Results) -> str:
    """Show what each node uses when nothing happens."""
    rows = []
    for size, by_system in results.steady.items():
        for system, loads in by_system.items():
            for role in ("owner", "backup"):
                some = [load for load in loads if load.role == role]
                if some:
                    rows.append((f"{vips(size)}, {system}, {role}", *_load(some)))
    head = ("each node", "CPU, % of a core", "RSS, MiB", "PSS, MiB", "packets sent /s", "received /s")
    return table(head, rows)


def _load(some: Sequence[Load]) -> tuple[str, ...]:
    def mean(name: str) -> float:
        figures = [float(getattr(one, name)) for one in some]
        return sum(figures) / len(figures)

    small = tuple(f"{mean(name):.1f}" for name in ("rss_mib", "pss_mib", "sent_per_s", "received_per_s"))
    return (f"{mean('cpu_percent'):.3f}", *small)


def commands(results: Results) -> str:
    """Show how long commands take."""
    rows = [(name, shown(Spread.of(times_ms)), "<= 300") for name, times_ms in results.start_ms.items()]
    return table(("command, ms", "floatip", "goal"), rows)


def goals(results: Results) -> str:
    """Show each goal beside what was measured, and below why those are missed that are."""
    rows = goal_rows(results)
    words = {True: "met", False: "missed", None: NONE}
    shown_rows = [(row.name, row.wanted, row.measured, words[row.met]) for row in rows]
    why = "\n".join(f"- {row.name}: {row.why}." for row in rows if row.why)
    return table(("goal", "wanted", "measured", "met"), shown_rows) + (
        f"\n\nWhy goals are missed:\n\n{why}" if why else ""
    )


def _both(results: Results, case: Case, figure: str) -> tuple[Spread | None, Spread | None]:
    ours = spread(results, case.name, "floatip", figure)
    return ours, spread(results, rival_of(CASES[case.name]), "keepalived", figure)


def parts(results: Results) -> dict[str, str]:
    """Give all tables by name, without those that have nothing to show."""
    found = {
        "outage": outages(results) if any(results.of(case.name, "floatip") for case in OUTAGES) else "",
        "short": short(results) if any(results.of(name, "floatip") for name in SHORT) else "",
        "aftermath": aftermath(results) if any(results.of(case.name, "floatip") for case in OUTAGES) else "",
        "many": many(results) if any(results.of(case.name, "floatip") for case in MANY) else "",
        "steady": steady(results) if results.steady else "",
        "commands": commands(results) if results.start_ms else "",
        "goals": goals(results),
        "conditions": conditions(results),
    }
    return {name: text for name, text in found.items() if text}


def conditions(results: Results) -> str:
    """Say in a sentence how it was measured."""
    machine, options = results.machine, results.options
    return (
        f"{_runs(results)} of each case in {options.get('minutes')} minutes, seed {options.get('seed')}, "
        f"on {machine.get('cores')} cores; Linux {machine.get('kernel')}, Python {machine.get('python')}, "
        f"{machine.get('keepalived')}, {machine.get('mosquitto')}; daemons run by `{machine.get('scheduling')}`; "
        f"{len(results.repeated)} runs did not count and were repeated. "
        f"Load average before it: {machine.get('load')}."
    )


def _runs(results: Results) -> str:
    """Write how often each case was measured."""
    counts = {len(runs) for by_system in results.runs.values() for runs in by_system.values()} or {0}
    return f"{max(counts)} runs" if len(counts) == 1 else f"{min(counts)} to {max(counts)} runs"
