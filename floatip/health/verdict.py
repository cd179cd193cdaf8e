"""What one look brings. Knows: a line for people. Never: how it was looked, or what follows."""

from dataclasses import dataclass

from floatip.config.fields import duration
from floatip.programs import printable


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether all was well, and what was found (or was expected), in one printable line of at most 200 characters."""

    passed: bool
    output: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "output", printable(self.output))


def span(seconds: float) -> str:
    """A time that was measured, as people say it: whole seconds, from a minute on whole minutes."""
    whole = round(seconds)
    return duration(whole if whole < 60 else whole // 60 * 60)
