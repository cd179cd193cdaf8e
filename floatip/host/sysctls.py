"""The kernel settings without which a VIP is answered for by the wrong interface, or by none.

Knows each setting, why it is wanted, and that the kernel takes the maximum of `all` and the interface's own for every
one of them. Reads and writes below one root, so that a plain folder can stand for /proc/sys. Never touches `default`,
and never an interface that it was not given.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from floatip.host.errors import HostError

ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One setting, the value to write, the greatest value in effect that is as good, and why."""

    family: str
    name: str
    wanted: int
    most: int
    reason: str


ARP_ANNOUNCE = Rule(
    family="ipv4", name="arp_announce", wanted=2, most=2,
    reason="ARP requests must not carry a VIP as their sender when it is not the best address for the target",
)  # fmt: skip
ARP_FILTER = Rule(
    family="ipv4", name="arp_filter", wanted=1, most=1,
    reason="only the interface that would route the reply may answer for an address",
)  # fmt: skip
ARP_IGNORE = Rule(
    family="ipv4", name="arp_ignore", wanted=1, most=2,
    reason="an address is answered for only where it is bound; arp_filter does not cover probes, and 3 to 8 answer "
    "elsewhere or not at all",
)  # fmt: skip
NDISC_NOTIFY = Rule(
    family="ipv6", name="ndisc_notify", wanted=1, most=1,
    reason="neighbours are told when the interface or its MAC changes",
)  # fmt: skip
PROMOTE_SECONDARIES = Rule(
    family="ipv4", name="promote_secondaries", wanted=1, most=1,
    reason="without it, removing an address takes along every other one of its subnet",
)  # fmt: skip
IGNORE_LINKDOWN = Rule(
    family="ipv4", name="ignore_routes_with_linkdown", wanted=1, most=1,
    reason="a VIP that moved to the next interface must not be answered through the one without a link",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A rule on one interface, or on `all`."""

    rule: Rule
    interface: str

    @property
    def path(self) -> Path:
        """Where the setting is, below the root; dots in an interface name stay dots."""
        return Path("net", self.rule.family, "conf", self.interface, self.rule.name)

    @property
    def key(self) -> str:
        """As sysctl(8) spells it: a dot inside an interface name becomes a slash."""
        return ".".join(part.replace(".", "/") for part in self.path.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A setting that was written: its row and the values before and after."""

    row: Row
    before: int
    after: int

    @property
    def key(self) -> str:
        """As sysctl(8) spells it."""
        return self.row.key


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A setting that is not as wanted: the row to blame, the value found there, and the kernel's refusal if any."""

    row: Row
    found: int
    refusal: str | None = None

    def __str__(self) -> str:
        rule = self.row.rule
        refused = f" ({self.refusal})" if self.refusal else ""
        return (
            f"{self.row.key} is {self.found}, must be {rule.wanted}{refused}: {rule.reason}; "
            f"set it with `sysctl -w {self.row.key}={rule.wanted}`"
        )


class SysctlError(HostError):
    """Settings that are wrong and could not be set; `changes` are those that were, for `restore`."""

    def __init__(self, problems: Sequence[Problem], changes: Sequence[Change]) -> None:
        super().__init__("kernel settings are not as they must be:\n" + "\n".join(f"  {it}" for it in problems))
        self.problems = tuple(problems)
        self.changes = tuple(changes)


class Sysctls:
    """Compares, sets and restores the settings below `proc_root`.

    An interface that is not there, or has no IPv6, has nothing to set: enforce again when it comes.
    """

    def __init__(self, proc_root: Path = Path("/proc/sys")) -> None:
        self._root = proc_root

    def wanted(
        self,
        interfaces: Iterable[str],
        *,
        prefixes_other_than_host: bool = False,
        all_too: bool = False,
        failover_interfaces: Iterable[str] = (),
    ) -> tuple[Row, ...]:
        """Rows for the VIP interfaces; those in `failover_interfaces` share a VIP with another one of this host."""
        rules = [ARP_ANNOUNCE, ARP_FILTER, ARP_IGNORE, NDISC_NOTIFY]
        if prefixes_other_than_host:
            rules.append(PROMOTE_SECONDARIES)
        names = [*([ALL] if all_too else []), *dict.fromkeys(interfaces)]
        rows = [Row(rule=rule, interface=name) for name in names for rule in rules]
        rows += [Row(rule=IGNORE_LINKDOWN, interface=name) for name in dict.fromkeys(failover_interfaces)]
        return tuple(rows)

    def check(self, rows: Iterable[Row]) -> list[Problem]:
        """Say what is wrong now; change nothing."""
        return list(self._problems(rows))

    def enforce(self, rows: Sequence[Row]) -> list[Change]:
        """Set what is not as wanted and say what was set; raises SysctlError naming all that stays wrong."""
        changes = []
        refusals: dict[Row, str] = {}
        for row in rows:
            before = self._read(row)
            if before is None or self._is_good(row):
                continue
            if before == row.rule.wanted:
                continue  # `all` is to blame, and _problems says so
            try:
                self._write(row, row.rule.wanted)
            except OSError as error:
                refusals[row] = error.strerror or str(error)
            else:
                changes.append(Change(row=row, before=before, after=row.rule.wanted))
        problems = [Problem(row=it.row, found=it.found, refusal=refusals.get(it.row)) for it in self._problems(rows)]
        if problems:
            raise SysctlError(problems, changes)
        return changes

    def restore(self, changes: Iterable[Change]) -> list[Change]:
        """Put back the values from before, last change first, except where somebody else has set another since."""
        undone = []
        for change in reversed(list(changes)):
            if self._read(change.row) != change.after:
                continue
            try:
                self._write(change.row, change.before)
            except OSError:
                continue  # the interface went away in between, and its settings with it
            undone.append(Change(row=change.row, before=change.after, after=change.before))
        return undone

    def _problems(self, rows: Iterable[Row]) -> Iterator[Problem]:
        blamed = set()
        for row in rows:
            values = self._values(row)
            if row not in values or self._is_good(row):
                continue
            too_high = [it for it, value in values.items() if value > row.rule.most]
            for culprit in too_high or [row]:
                if culprit not in blamed:
                    blamed.add(culprit)
                    yield Problem(row=culprit, found=values[culprit])

    def _is_good(self, row: Row) -> bool:
        """Whether the value in effect, the greater of `all` and the row's own, will do."""
        return row.rule.wanted <= max(self._values(row).values()) <= row.rule.most

    def _values(self, row: Row) -> dict[Row, int]:
        """Give the values that decide together: the row's own and that of `all`, as far as they exist."""
        both = (row, Row(rule=row.rule, interface=ALL))
        return {it: value for it in both if (value := self._read(it)) is not None}

    def _read(self, row: Row) -> int | None:
        try:
            return int((self._root / row.path).read_text(encoding="ascii"))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _write(self, row: Row, value: int) -> None:
        (self._root / row.path).write_text(f"{value}\n", encoding="ascii")
