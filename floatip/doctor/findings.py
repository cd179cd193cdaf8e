"""What was found, as values. Knows: severities, the order of areas, the JSON document. Never: looks at anything."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

SCHEMA = 1


class Area(StrEnum):
    """What a finding is about, in the order of the report."""

    HOST = "host"
    INTERFACES = "interfaces"
    KERNEL = "kernel settings"
    BOOT = "boot configuration"
    BROKERS = "brokers"


class Severity(StrEnum):
    """How bad it is: a problem costs a VIP or keeps the daemon from starting, a warning may do so one day."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


_WORST_FIRST = (Severity.PROBLEM, Severity.WARNING, Severity.OK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the report: what was looked at, what was found, and what helps."""

    area: str
    subject: str
    severity: Severity
    text: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All findings about one node: by area, in each the worst first, and otherwise as they were found."""

    cluster: str
    node: str
    findings: tuple[Finding, ...]

    @classmethod
    def of(cls, cluster: str, node: str, findings: Iterable[Finding]) -> "Report":
        """Return the report with its findings in order."""
        areas = {str(area): place for place, area in enumerate(Area)}

        def place(finding: Finding) -> tuple[int, int]:
            return areas.get(finding.area, len(areas)), _WORST_FIRST.index(finding.severity)

        return cls(cluster=cluster, node=node, findings=tuple(sorted(findings, key=place)))

    @property
    def counts(self) -> dict[Severity, int]:
        """How many findings there are of each severity."""
        found = Counter(finding.severity for finding in self.findings)
        return {severity: found[severity] for severity in Severity}

    @property
    def needs_attention(self) -> bool:
        """Whether anything is not as it should be."""
        return any(finding.severity is not Severity.OK for finding in self.findings)

    @property
    def by_area(self) -> dict[str, list[Finding]]:
        """The findings of each area that has any."""
        areas: dict[str, list[Finding]] = {}
        for finding in self.findings:
            areas.setdefault(str(finding.area), []).append(finding)
        return areas

    def document(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return {
            "schema": SCHEMA,
            "cluster": self.cluster,
            "node": self.node,
            "needs_attention": self.needs_attention,
            "counts": {str(severity): number for severity, number in self.counts.items()},
            "findings": [
                {
                    "area": str(finding.area),
                    "subject": finding.subject,
                    "severity": str(finding.severity),
                    "text": finding.text,
                    "remedy": finding.remedy,
                }
                for finding in self.findings
            ],
        }
