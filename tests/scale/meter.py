"""What one node's processor time goes into, part by part. Knows: a clock of this thread. Never: what the parts do."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

NS = 1e-9


@dataclass(slots=True)
class Part:
    """One kind of work: how often, and for how many seconds of processor time in all."""

    count: int = 0
    cpu_s: float = 0.0


@dataclass(slots=True)
class Meter:
    """An account of parts; what the clock itself takes is taken off."""

    parts: dict[str, Part] = field(default_factory=dict)
    heard_bytes: dict[str, list[int]] = field(default_factory=dict)
    """Of each kind of message, the length of each one that came in."""
    running: bool = False

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Charge what happens inside to this part."""
        began = time.thread_time_ns()
        yield
        spent = time.thread_time_ns() - began
        if self.running:
            one = self.parts.setdefault(name, Part())
            one.count += 1
            one.cpu_s += max(0, spent - COST_NS) * NS

    def heard(self, kind: str, length: int) -> None:
        """Note the length of a message, in bytes."""
        if self.running:
            self.heard_bytes.setdefault(kind, []).append(length)

    def reset(self) -> None:
        """Begin a new account."""
        self.parts.clear()
        self.heard_bytes.clear()


def _cost_ns() -> int:
    """What an empty part is charged with: the median of many."""
    spans = []
    for _ in range(2001):
        began = time.thread_time_ns()
        spans.append(time.thread_time_ns() - began)
    return sorted(spans)[len(spans) // 2]


COST_NS = _cost_ns()
