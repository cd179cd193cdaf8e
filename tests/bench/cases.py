"""Which faults are measured on which beds, and what the median of floatip should be. Knows: names and numbers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A figure of a run that should not be above a limit, in the median or in every run."""

    figure: str
    limit: float
    every: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A fault on a bed; `against` names the case whose keepalived runs it is compared with, if not its own."""

    name: str
    fault: str
    bed: str
    keepalived_bed: str = ""
    """Where keepalived needs another one."""
    against: str = ""
    alone: bool = False
    """Whether only floatip is struck."""
    goals: tuple[Goal, ...] = ()
    not_above: bool = False
    """Whether floatip's median should not be above keepalived's."""
    linger_s: float = 1.5
    """How long to wait for the address to leave the struck host."""


SILENT_MS = 1500.0
FAST_MS = 350.0
CARRIER_MS = 60.0
LOST_NONE = Goal(figure="lost", limit=0, every=True)
OUTAGE = "outage_ms"
FROZEN = "machine frozen"
SILENT = "switch port silent"

OUTAGES = (
    Case(name="planned move", fault="move", bed="default", keepalived_bed="moving", goals=(LOST_NONE,)),
    Case(name="planned move, break-before-make", fault="move", bed="break", alone=True),
    Case(name="SIGTERM", fault="stop", bed="default", goals=(LOST_NONE,)),
    Case(
        name="kill -9",
        fault="kill",
        bed="default",
        goals=(LOST_NONE, Goal(figure="two_owners_ms", limit=50), Goal(figure="left_ms", limit=700)),
    ),
    Case(name="kill -9, sentinel too", fault="kill all", bed="default", against="kill -9", alone=True, linger_s=6.0),
    Case(name="carrier lost", fault="carrier", bed="default", goals=(Goal(figure=OUTAGE, limit=CARRIER_MS),)),
    Case(
        name="carrier lost, MQTT over the same LAN",
        fault="carrier",
        bed="over the LAN",
        against="carrier lost",
        alone=True,
        goals=(Goal(figure=OUTAGE, limit=SILENT_MS),),
    ),
    Case(name=SILENT, fault="silence", bed="default", goals=(Goal(figure=OUTAGE, limit=SILENT_MS),)),
    Case(
        name=f"{SILENT}, MQTT over the same LAN",
        fault="silence",
        bed="over the LAN",
        against=SILENT,
        alone=True,
        goals=(Goal(figure=OUTAGE, limit=SILENT_MS),),
    ),
    Case(name=FROZEN, fault="machine", bed="default", goals=(Goal(figure=OUTAGE, limit=SILENT_MS),)),
    Case(
        name=f"{FROZEN}, lease 3 s = 3 adverts",
        fault="machine",
        bed="lease 3 s",
        against=FROZEN,
        alone=True,
        not_above=True,
    ),
    Case(name=f"{FROZEN}, lease 300 ms = 3 adverts", fault="machine", bed="lease 300 ms", not_above=True),
    Case(
        name=f"{FROZEN}, lease 200 ms",
        fault="machine",
        bed="lease 200 ms",
        alone=True,
        goals=(Goal(figure=OUTAGE, limit=FAST_MS),),
    ),
    Case(
        name=f"{SILENT}, lease 3 s = 3 adverts",
        fault="silence",
        bed="lease 3 s",
        against=SILENT,
        alone=True,
        not_above=True,
    ),
    Case(name=f"{SILENT}, lease 300 ms = 3 adverts", fault="silence", bed="lease 300 ms", not_above=True),
    Case(
        name=f"{SILENT}, lease 200 ms",
        fault="silence",
        bed="lease 200 ms",
        alone=True,
        goals=(Goal(figure=OUTAGE, limit=FAST_MS),),
    ),
    Case(name=f"{FROZEN}, release", fault="machine", bed="release", alone=True),
    Case(
        name="daemon frozen",
        fault="freeze",
        bed="default",
        linger_s=2.0,
        goals=(Goal(figure=OUTAGE, limit=200), Goal(figure="two_owners_ms", limit=50)),
    ),
    Case(
        name="LAN split, and healed",
        fault="split",
        bed="over the LAN",
        keepalived_bed="default",
        goals=(Goal(figure="stray_ms", limit=1000),),
    ),
)

_MANY = (("planned move", "move"), ("SIGTERM", "stop"), ("kill -9", "kill"), (FROZEN, "machine"))
MANY = tuple(
    Case(
        name=f"{title}, {size} VIPs",
        fault=fault,
        bed=f"{size} VIPs",
        keepalived_bed=f"{size} VIPs, moving" if fault == "move" else "",
    )
    for size in ("100", "1,000")
    for title, fault in _MANY
)
CASES = {case.name: case for case in (*OUTAGES, *MANY)}


def bed_of(case: Case, system: str) -> str:
    """Give the bed on which a system is struck."""
    return case.keepalived_bed if system == "keepalived" and case.keepalived_bed else case.bed


def systems_of(case: Case) -> tuple[str, ...]:
    """Name the systems that are struck."""
    return ("floatip",) if case.alone else ("floatip", "keepalived")
