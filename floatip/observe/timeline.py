"""Who owned which VIP lately, as bars. Knows: tenures, SVG. Never: scripts, styles; trusts no name.

Each VIP has a bar of its own, as wide as the page, so that names can be read on a phone. Colours are classes: the
page's policy allows no style but its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from html import escape

from floatip.ops.changes import Tenure
from floatip.ops.models import Status, VipStatus
from floatip.ops.view import ago, printable

LANES = 8
"""So many VIPs are drawn: those that changed last."""
COLOURS = 8
SPANS_S = (30, 120, 600, 3600, 6 * 3600, 24 * 3600)
_ZOOM = 1.6
"""The last change is to be well inside: a span is so many times its age, at least."""
_NAMED_PERCENT = 8.0
"""A bar so wide has room for a name."""
_MIDDLE_PX = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One stretch of time; ``owner`` is None where it is not known that anybody had the VIP."""

    owner: str | None
    begins: datetime
    ends: datetime
    cause: str = ""


def timeline(told: Sequence[Tenure], status: Status, known_from: datetime) -> str:
    """Return the bars of the VIPs that changed last, as HTML; what was before ``known_from`` nobody remembers."""
    by_vip: dict[str, list[Tenure]] = {}
    for one in told:
        by_vip.setdefault(one.vip, []).append(one)
    shown = _shown(by_vip, status)
    newest = max((by_vip[vip.name][-1].began for vip in shown if vip.name in by_vip), default=status.now)
    age_s = (status.now - newest).total_seconds()
    span = timedelta(seconds=next((each for each in SPANS_S if each >= age_s * _ZOOM), SPANS_S[-1]))
    colours = {name: number % COLOURS for number, name in enumerate(sorted({node.name for node in status.nodes}))}
    bars_of = {vip.name: bars(vip, by_vip.get(vip.name, ()), status, known_from) for vip in shown}
    lanes = "".join(_lane(vip, bars_of[vip.name], status, span, colours) for vip in shown)
    left = len(status.vips) - len(shown)
    more = f'<p class="more">{left} more are in the table of all VIPs</p>' if left > 0 else ""
    ticks = (f"{ago(span.total_seconds())} ago", ago(span.total_seconds() / 2), "now")
    scale = "".join(f"<span>{each}</span>" for each in ticks)
    return f'<div class="lanes">{lanes}<p class="scale">{scale}</p>{more}</div>'


def _shown(by_vip: dict[str, list[Tenure]], status: Status) -> Sequence[VipStatus]:
    """Return all VIPs in their order if there is room for them, else those that changed last."""
    if len(status.vips) <= LANES:
        return status.vips
    changed = [vip for vip in status.vips if vip.name in by_vip]
    changed.sort(key=lambda vip: by_vip[vip.name][-1].began, reverse=True)
    return changed[:LANES] or status.vips[:LANES]


def bars(vip: VipStatus, told: Sequence[Tenure], status: Status, known_from: datetime) -> list[Bar]:
    """Return who had a VIP when, oldest first, up to now."""
    found = []
    if told and told[0].former is not None:
        found.append(Bar(owner=told[0].former, begins=known_from, ends=told[0].began))
    found += [
        Bar(owner=one.owner, begins=one.began, ends=one.ended or status.now, cause=f"{one.owner}: {one.cause}")
        for one in told
    ]
    if vip.owner is None:
        last = found.pop() if found else Bar(owner=vip.last_owner, begins=known_from, ends=status.now)
        until = max(last.begins, _heard_until(last.owner, status))
        found += [replace(last, ends=until), Bar(owner=None, begins=until, ends=status.now)]
    elif not found or found[-1].owner != vip.owner:
        found.append(Bar(owner=vip.owner, begins=vip.since or known_from, ends=status.now))
    return found


def _heard_until(owner: str | None, status: Status) -> datetime:
    """Return when a node was last heard: from then on nobody knows what it owns."""
    heard = next((node.last_heard_ms for node in status.nodes if node.name == owner and not node.alive), None)
    return status.now - timedelta(milliseconds=heard or 0)


def _lane(vip: VipStatus, found: Sequence[Bar], status: Status, span: timedelta, colours: dict[str, int]) -> str:
    """Draw one VIP."""
    begin = status.now - span
    drawn, told = [], []
    for bar in found:
        if bar.ends <= begin or (bar.owner is None and bar.ends == bar.begins):
            continue
        left = max(0.0, (bar.begins - begin) / span * 100)
        width = (bar.ends - begin) / span * 100 - left
        who, kind = _called(bar.owner, status), _class(bar.owner, colours)
        when = f"{who} since {bar.begins:%H:%M:%S}" if bar.begins > begin else who
        told.append(f"{when} ({bar.cause})" if bar.cause and bar.begins > begin else when)
        name = f'<text x="{left + 0.8:.2f}%" y="{_MIDDLE_PX}">{_safe(who)}</text>' if width >= _NAMED_PERCENT else ""
        drawn.append(
            f'<g class="{kind}"><title>{_safe(told[-1])}</title>'
            f'<rect x="{left:.2f}%" width="{width:.2f}%" height="100%"/>{name}</g>'
        )
    label = _safe(f"{vip.name}: {', '.join(told) or 'nothing known'}")
    now = f'<span class="now {_class(vip.owner, colours)}">{_safe(_called(vip.owner, status))}</span>'
    return f'<div><b>{_safe(vip.name)}</b><svg role="img" aria-label="{label}">{"".join(drawn)}</svg>{now}</div>'


def _called(owner: str | None, status: Status) -> str:
    return owner or ("nobody" if status.quorum else "not known")


def _class(owner: str | None, colours: dict[str, int]) -> str:
    return "nobody" if owner is None else f"o{colours.get(owner, 0)}"


def _safe(text: str) -> str:
    return escape(printable(text))
