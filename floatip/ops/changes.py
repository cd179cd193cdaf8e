"""Who got which VIPs from whom, why, and for how long. Knows: the events, the status. Never: how they are drawn.

VIPs that change hands together are one change: nobody reads a thousand rows that say the same.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from floatip.ops.models import EventRecord, Status
from floatip.ops.view import NOTHING, Cell, Table, Tone, ago, moment

COLUMNS = ("WHEN", "VIP", "OWNER", "BEFORE", "CAUSE", "SILENT FOR", "OWNED FOR")
TOGETHER = timedelta(seconds=2)
"""Within so long the same change of several VIPs counts as one."""
NAMED = 5
"""So many names are told, and of more how many they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenure:
    """One VIP in the hands of one owner; ``ended`` is None while nobody else has it."""

    vip: str
    owner: str
    former: str | None
    cause: str
    silent_s: float | None
    began: datetime
    ended: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Some VIPs that got another owner together; ``lasts`` if it is their owner still, as far as is known here."""

    first: Tenure
    vips: tuple[str, ...]
    owned_s: float
    lasts: bool


def tenures(history: Iterable[EventRecord]) -> list[Tenure]:
    """Return what the events tell of owners, oldest first."""
    found: list[Tenure] = []
    latest: dict[str, int] = {}
    for record in history:
        if record.owner is None or record.vip is None:
            continue
        if record.vip in latest:
            last = latest[record.vip]
            found[last] = replace(found[last], ended=record.at)
        latest[record.vip] = len(found)
        found.append(
            Tenure(
                vip=record.vip,
                owner=record.owner,
                former=record.former,
                cause=record.cause or "-",
                silent_s=record.silent_s,
                began=record.at,
            )
        )
    return found


def changes(told: Sequence[Tenure], status: Status, most: int) -> list[Change]:
    """Return the last changes of owner, newest first; of those that are one, the newest VIP stands for all."""
    owners = {vip.name: vip.owner for vip in status.vips}
    found: list[Change] = []
    for one in reversed(told):
        owned_s = ((one.ended or status.now) - one.began).total_seconds()
        lasts = one.ended is None and owners.get(one.vip) == one.owner
        last = found[-1] if found else None
        if last is not None and last.lasts == lasts and _together(last.first, one) and one.vip not in last.vips:
            found[-1] = replace(last, vips=(one.vip, *last.vips), owned_s=max(last.owned_s, owned_s))
        elif len(found) == most:
            break
        else:
            found.append(Change(first=one, vips=(one.vip,), owned_s=owned_s, lasts=lasts))
    return found


def _together(one: Tenure, other: Tenure) -> bool:
    same = (one.owner, one.former, one.cause) == (other.owner, other.former, other.cause)
    return same and (one.ended is None) == (other.ended is None) and abs(one.began - other.began) <= TOGETHER


def names(some: Sequence[str]) -> str:
    """Return names as one says them: ``a``, ``a and b``, ``a, b, c, d, e and 4 more``."""
    said = list(some[:NAMED]) + ([f"{len(some) - NAMED} more"] if len(some) > NAMED else [])
    return " and ".join([", ".join(said[:-1]), said[-1]] if len(said) > 1 else said)


def sentence(change: Change) -> str:
    """Return what happened, and why."""
    one, vips = change.first, names(change.vips)
    if one.former is None:
        return f"{one.owner} took {vips}, which nobody had"
    silent = "" if one.silent_s is None else f" for {one.silent_s:.2f} s"
    why = {
        "takeover": f", which had been silent{silent}",
        "drain": ", which is drained",
        "stop": ", whose daemon stopped",
        "check": ", a check of which failed",
        "fault": ", which had a fault",
        "preempt": f", because {one.owner} comes first",
        "handover": ", in an orderly handover",
    }
    return f"{one.owner} took {vips} over from {one.former}{why.get(one.cause, '')}"


def change_table(moved: Iterable[Change]) -> Table:
    """Return changes of owner as a table; nobody tells when an owner ended that has no successor yet."""
    return Table(columns=COLUMNS, rows=tuple(_change_row(change) for change in moved))


def _change_row(change: Change) -> tuple[Cell, ...]:
    one, owned = change.first, ago(change.owned_s)
    return (
        moment(one.began),
        Cell(names(change.vips)),
        Cell(one.owner),
        NOTHING if one.former is None else Cell(one.former),
        Cell(one.cause, Tone.WARNING if one.cause in {"takeover", "check", "fault"} else Tone.PLAIN),
        NOTHING if one.silent_s is None else Cell(f"{one.silent_s:.2f} s"),
        Cell(f"{owned} so far") if change.lasts else NOTHING if one.ended is None else Cell(owned),
    )
