"""Which faults are measured on which beds, and what the figures should be. Knows: names and numbers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A figure of floatip's runs that should not be above a limit; without a limit: not above keepalived's median."""

    figure: str = "outage_ms"
    limit: float | None = None
    every: bool = False
    """Whether it holds for every run, and not for the median alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A fault on a bed."""

    name: str
    fault: str
    bed: str
    keepalived_bed: str = ""
    """Where keepalived needs another one."""
    against: str = ""
    """The case whose keepalived runs are the ones to compare with, where only floatip is struck."""
    alone: bool = False
    """Whether only floatip is struck."""
    goals: tuple[Goal, ...] = ()
    linger_s: float = 1.5
    """How long to wait for the address to leave the struck host, where that can be seen."""
    shuffled: bool = False
    """Whether half of the runs begin with another owner than the last one ended with."""


LOST_NONE = Goal(figure="lost", limit=0, every=True)
SILENT_GOAL = Goal(limit=1500)
FAST_GOAL = Goal(limit=350)
AS_KEEPALIVED = Goal()
FROZEN = "machine frozen"
SILENT = "switch port silent"
LAN = "MQTT over the same LAN"
ADVERTS_1S = "lease 3 s = 3 adverts"
ADVERTS_100MS = "lease 300 ms = 3 adverts"

PLANNED = (
    Case(name="planned move", fault="move", bed="default", keepalived_bed="moving", goals=(LOST_NONE,)),
    Case(name="planned move, break-before-make", fault="move", bed="break", alone=True),
    Case(name="SIGTERM", fault="stop", bed="default", goals=(LOST_NONE,)),
)
DAEMON = (
    Case(
        name="kill -9",
        fault="kill",
        bed="default",
        goals=(LOST_NONE, Goal(figure="two_owners_ms", limit=50), Goal(figure="left_ms", limit=700)),
    ),
    Case(name="kill -9, sentinel too", fault="kill all", bed="default", against="kill -9", alone=True, linger_s=6.0),
    Case(
        name="daemon frozen",
        fault="freeze",
        bed="default",
        linger_s=2.0,
        goals=(Goal(limit=200), Goal(figure="two_owners_ms", limit=50)),
    ),
)
LINK = (
    Case(name="carrier lost", fault="carrier", bed="default", goals=(Goal(limit=60),)),
    Case(
        name=f"carrier lost, {LAN}",
        fault="carrier",
        bed="over the LAN",
        against="carrier lost",
        alone=True,
        goals=(SILENT_GOAL,),
    ),
    Case(name=SILENT, fault="silence", bed="default", goals=(SILENT_GOAL,)),
    Case(
        name=f"{SILENT}, {LAN}", fault="silence", bed="over the LAN", against=SILENT, alone=True, goals=(SILENT_GOAL,)
    ),
)
MACHINE = (
    Case(name=FROZEN, fault="machine", bed="default", goals=(SILENT_GOAL,)),
    Case(name=f"{FROZEN}, release", fault="machine", bed="release", against=FROZEN, alone=True),
)
EQUAL = (
    Case(
        name=f"{FROZEN}, {ADVERTS_1S}",
        fault="machine",
        bed="lease 3 s",
        against=FROZEN,
        alone=True,
        goals=(AS_KEEPALIVED,),
    ),
    Case(
        name=f"{SILENT}, {ADVERTS_1S}",
        fault="silence",
        bed="lease 3 s",
        against=SILENT,
        alone=True,
        goals=(AS_KEEPALIVED,),
    ),
    Case(name=f"{FROZEN}, {ADVERTS_100MS}", fault="machine", bed="lease 300 ms", goals=(AS_KEEPALIVED,)),
    Case(
        name=f"{FROZEN}, {ADVERTS_100MS}, heartbeat 10 ms",
        fault="machine",
        bed="heartbeat 10 ms",
        against=f"{FROZEN}, {ADVERTS_100MS}",
        alone=True,
    ),
    Case(name=f"{SILENT}, {ADVERTS_100MS}", fault="silence", bed="lease 300 ms", goals=(AS_KEEPALIVED,)),
    Case(
        name=f"{SILENT}, {ADVERTS_100MS}, {LAN}",
        fault="silence",
        bed="lease 300 ms over the LAN",
        against=f"{SILENT}, {ADVERTS_100MS}",
        alone=True,
        goals=(AS_KEEPALIVED,),
    ),
)
FAST = (
    Case(name=f"{FROZEN}, lease 200 ms", fault="machine", bed="lease 200 ms", alone=True, goals=(FAST_GOAL,)),
    Case(name=f"{SILENT}, lease 200 ms", fault="silence", bed="lease 200 ms", alone=True, goals=(FAST_GOAL,)),
    Case(
        name=f"{SILENT}, lease 200 ms, {LAN}",
        fault="silence",
        bed="lease 200 ms over the LAN",
        alone=True,
        goals=(FAST_GOAL,),
    ),
)
HEAL = (
    Case(
        name="LAN split, and healed",
        fault="split",
        bed="over the LAN",
        keepalived_bed="default",
        shuffled=True,
        goals=(Goal(figure="stray_ms", limit=1000, every=True),),
    ),
)
OUTAGES = (*PLANNED, *DAEMON, *LINK, *MACHINE, *EQUAL, *FAST, *HEAL)

SIZES = ("100", "1,000")
_MANY = (("planned move", "move"), ("SIGTERM", "stop"), ("kill -9", "kill"), (FROZEN, "machine"))
_MANY_GOALS = (Goal(figure="last_bound_ms"), Goal(figure="last_announced_ms"))
MANY = tuple(
    Case(
        name=f"{title}, {size} VIPs",
        fault=fault,
        bed=f"{size} VIPs",
        keepalived_bed=f"{size} VIPs, moving" if fault == "move" else "",
        goals=_MANY_GOALS if fault in {"kill", "machine"} else (),
    )
    for size in SIZES
    for title, fault in _MANY
)
CASES = {case.name: case for case in (*OUTAGES, *MANY)}


def bed_of(case: Case, system: str) -> str:
    """Give the bed on which a system is struck."""
    return case.keepalived_bed if system == "keepalived" and case.keepalived_bed else case.bed


def systems_of(case: Case) -> tuple[str, ...]:
    """Name the systems that are struck."""
    return ("floatip",) if case.alone else ("floatip", "keepalived")


def rival_of(case: Case) -> str:
    """Name the case whose keepalived runs this one is compared with; it may have none."""
    return case.against or case.name
