"""How a program ended. Knows: exit codes, signals, text for people. Never: processes."""

import signal
from dataclasses import dataclass

MOST_CHARACTERS = 200
"""Of one line for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a program ended: with an exit ``code``, by a ``signal``, not in time, or never begun (``error``)."""

    code: int | None = None
    signal: int | None = None
    timed_out: bool = False
    output: str = ""
    """Standard output and standard error, the end of it."""
    error: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """The output line by line, printable, without empty ones."""
        lines = (printable(line) for line in self.output.splitlines())
        return tuple(line for line in lines if line)

    @property
    def ending(self) -> str:
        """How it ended, for people."""
        if self.error:
            return self.error
        if self.timed_out:
            return "was not done in time, and was killed"
        return f"exit code {self.code}" if self.signal is None else f"ended by signal {_signal_name(self.signal)}"


def printable(text: str) -> str:
    """One line of at most ``MOST_CHARACTERS`` that a terminal can be shown."""
    line = "".join(character if character.isprintable() else " " for character in text).strip()
    return line if len(line) <= MOST_CHARACTERS else line[: MOST_CHARACTERS - 3] + "..."


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
