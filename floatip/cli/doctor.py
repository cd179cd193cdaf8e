"""The verb that looks at this host and its brokers. Knows: how a report is shown. Never: what is right or wrong."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from floatip.cli.draw import Paper
from floatip.cli.options import Ended, Settings
from floatip.ops.view import Cell, Table, Tone, View

if TYPE_CHECKING:
    from floatip.doctor import Finding, Report

NEEDS_ATTENTION = 7
_TONES = {"ok": Tone.GOOD, "warning": Tone.WARNING, "problem": Tone.BAD}

ConfigOption = Annotated[
    Path | None,
    typer.Option("-c", "--config", metavar="FILE", help="If not $FLOATIP_CONFIG, nor else /etc/floatip/floatip.toml."),
]


def doctor(settings: Settings, config: ConfigOption = None) -> int:
    """Look at this host and the brokers, and say what is wrong."""
    from floatip.config import ConfigError, find, load
    from floatip.doctor import examine

    try:
        loaded = load(find(config, os.environ))
    except ConfigError as error:
        raise Ended(2, *error.errors) from error
    report = examine(loaded)
    if settings.json:
        print(json.dumps(report.document()))
    else:
        Paper(color=not settings.no_color).show(view(report))
    return NEEDS_ATTENTION if report.needs_attention else 0


def view(report: "Report") -> View:
    """Return the page of a report: a table for each area."""
    tables = tuple(
        Table(columns=(area.upper(), "STATE", "FOUND"), rows=tuple(_row(finding) for finding in findings))
        for area, findings in report.by_area.items()
    )
    return View(headline=_headline(report), tables=tables)


def _headline(report: "Report") -> Cell:
    numbers = {str(severity): number for severity, number in report.counts.items()}
    worst = "problem" if numbers["problem"] else "warning" if numbers["warning"] else "ok"
    told = [f"{numbers[one]} {one}{'s' if numbers[one] > 1 else ''}" for one in ("problem", "warning") if numbers[one]]
    summary = ", ".join([*told, f"{numbers['ok']} ok"])
    return Cell(f"cluster {report.cluster}, node {report.node}: {summary}", _TONES[worst])


def _row(finding: "Finding") -> tuple[Cell, ...]:
    state = Cell(finding.severity if finding.severity == "ok" else finding.severity.upper(), _TONES[finding.severity])
    text = f"{finding.text}; remedy: {finding.remedy}" if finding.remedy else finding.text
    return Cell(finding.subject), state, Cell(text)
