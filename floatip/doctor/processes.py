"""The processes of this host that share our network. Knows: /proc. Never: touches one."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_COMM_BYTES = 15
"""The kernel cuts a process's name to so many (prctl(2), PR_SET_NAME)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """One process: its name as the kernel has it, and its arguments."""

    pid: int
    name: str
    arguments: tuple[str, ...]

    def is_program(self, name: str) -> bool:
        """Whether this is the program of that name."""
        return self.name == name[:_COMM_BYTES]


def running(root: Path = Path("/")) -> list[Running]:
    """Every process in our network namespace; one whose namespace is not told counts as one of ours."""
    proc = root / "proc"
    ours = _network(proc / "self")
    return [it for it in _all(proc) if ours is None or _network(proc / str(it.pid)) in {ours, None}]


def _all(proc: Path) -> Iterator[Running]:
    for folder in sorted(proc.glob("[0-9]*")):
        try:
            name = (folder / "comm").read_text(encoding="utf-8", errors="replace").rstrip("\n")
            arguments = (folder / "cmdline").read_text(encoding="utf-8", errors="replace").split("\0")
        except OSError:
            continue  # it ended meanwhile
        yield Running(pid=int(folder.name), name=name, arguments=tuple(arguments))


def _network(process: Path) -> str | None:
    try:
        return str((process / "ns/net").readlink())
    except OSError:
        return None
