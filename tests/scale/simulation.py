"""What one node of a large cluster has to do, act by act. Knows: the crowd. Never: MQTT, kernels, frames."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

from floatip.core import events as ev
from floatip.core.types import DirectiveKind
from tests.scale.crowd import Crowd


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What one act cost the measured node; times of its processor."""

    name: str
    seconds: float
    cpu_percent: float
    messages_per_s: float
    parts_us: dict[str, float]
    """Of each part, how long it took once, in the mean."""
    heartbeat_bytes: int


def measure(crowd: Crowd, name: str, seconds: float, begin: Callable[[], object] = lambda: None) -> Act:
    """Let something begin, let time pass, and account for it."""
    begin()
    crowd.run(seconds)
    parts, lengths = crowd.meter.parts, crowd.meter.heard_bytes
    return Act(
        name=name,
        seconds=seconds,
        cpu_percent=round(100 * sum(part.cpu_s for part in parts.values()) / seconds, 2),
        messages_per_s=round(sum(map(len, lengths.values())) / seconds, 1),
        parts_us={kind: round(1e6 * part.cpu_s / part.count, 1) for kind, part in parts.items()},
        heartbeat_bytes=round(median(lengths.get("heartbeat", [0]))),
    )


def acts(nodes: int, vips: int) -> Iterator[Act]:
    """All start; nothing happens; a node dies; one is drained; nothing happens again."""
    crowd = Crowd(nodes, vips)
    yield measure(crowd, "all nodes start", 4.0, crowd.start)
    crowd.world.run(10.0)
    yield measure(crowd, "steady", 4.0)
    victim, drained = crowd.members[-1], crowd.members[-2]
    yield measure(crowd, "a node dies", 3.0, lambda: victim.end(machine=True))
    order = ev.DirectiveAsked(
        id="drain", kind=DirectiveKind.DRAIN, subjects=(drained.label,), value="yes", lasts_s=None
    )
    yield measure(crowd, "a node is drained", 3.0, lambda: drained.give(order))
    assert sum(crowd.owned().values()) == vips, crowd.owned()
