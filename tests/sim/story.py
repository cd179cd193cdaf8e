"""What happened in a run, told once. Knows: sentences and their fingerprint. Never: what they mean."""

import hashlib

from tests.sim.clock import Scheduler


class Story:
    """Time-stamped sentences; kept only if asked for, hashed always."""

    __slots__ = ("_hash", "_scheduler", "keep", "lines")

    def __init__(self, scheduler: Scheduler, *, keep: bool = False) -> None:
        self._scheduler = scheduler
        self._hash = hashlib.blake2b(digest_size=12)
        self.keep = keep
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        """Add one sentence, at this moment."""
        line = f"{self._scheduler.now:10.4f} {text}"
        self._hash.update(line.encode())
        if self.keep:
            self.lines.append(line)

    def fingerprint(self) -> str:
        """Equal for two runs only if they went the same way."""
        return self._hash.hexdigest()
