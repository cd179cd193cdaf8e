"""What an instance tracks becomes checks and priorities. Knows: track_* lines and what they name. Never: addresses.

keepalived adds a positive weight while a check passes, and takes a negative one off while it fails. floatip adds
`weight` while a check fails. So a positive weight W becomes priority + W and weight = -W.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from floatip.config.fields import read_interface
from floatip.keepalived import tracked
from floatip.keepalived.block import at, number_in
from floatip.keepalived.draft import CheckDraft, refusal, valid_name
from floatip.keepalived.ledger import UNKNOWN, Kind, Ledger
from floatip.keepalived.tree import Statement

Define = Callable[[Statement, Ledger], "tracked.Tracked | None"]

TRACKS = ("track_interface", "track_script", "track_file", "track_process")
_DEFINITIONS: dict[str, tuple[tuple[str, ...], Define]] = {
    "track_script": (("vrrp_script",), tracked.script),
    "track_file": (("track_file", "vrrp_track_file"), tracked.file),
    "track_process": (("vrrp_track_process",), tracked.process),
}
"""Which block a line of track_* names, and how that is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """What one tracked thing does to one VIP: a check, and how much is added to its priority for good."""

    check: str
    more: int


@dataclass(slots=True, kw_only=True)
class Checks:
    """All checks of the file, each once for each weight that it is used with."""

    ledger: Ledger
    definitions: dict[tuple[str, str], Statement] = field(default_factory=dict)
    """(keyword of the block, its name) to the block."""
    drafts: list[CheckDraft] = field(default_factory=list)
    _names: dict[tuple[str, str, int], str] = field(default_factory=dict)
    _known: dict[Statement, "tracked.Tracked | None"] = field(default_factory=dict)

    def pull(self, line: Statement, kind: str, own: tuple[str, ...], *, unweighted: str | None) -> Pull | None:
        """What one line of a track_* block does; ``unweighted``: why its weight does not count, if so.

        None if it does nothing, which is then listed. ``own`` are the interfaces of the VIP.
        """
        found = self._interface(line) if kind == "track_interface" else self._defined(line, kind)
        if found is None:
            return None
        weight, reverse = _weight(line, found, self.ledger)
        if unweighted is not None and weight:
            weight, reverse = 0, False
            self.ledger.change(line, unweighted)
        if (reverse and not weight) or (kind == "track_file" and weight):
            down = "floatip has no check that takes a VIP down while it passes"
            self.ledger.leave(line, Kind.LOST, "floatip has no check whose number is a priority" if weight else down)
            return None
        if kind == "track_interface" and not weight and line.keyword in own:
            self.ledger.leave(line, Kind.NEEDLESS, "it is an interface of the VIP, and floatip watches those itself")
            return None
        more = -weight if reverse and weight > 0 else max(weight, 0)
        falling = abs(weight) if reverse else -abs(weight)
        name = self._name(found.check, kind, line.keyword, falling)
        self.ledger.carry(line, f"check {name}", used=None)
        return Pull(check=name, more=more)

    def close(self) -> None:
        """Say of what was read, and is depended on by nothing in the end, that the result does not have it."""
        made = {(kind, of) for kind, of, _ in self._names}
        for block, found in self._known.items():
            kind = next(kind for kind, (keywords, _) in _DEFINITIONS.items() if block.keyword in keywords)
            if found is not None and (kind, block.value) not in made:
                self.ledger.change(block, "no VIP depends on it in the end, so the result has no such check")

    def _name(self, check: CheckDraft, kind: str, of: str, weight: int) -> str:
        """The name of the check with this weight, made now if it is new."""
        key = (kind, of, weight)
        if key not in self._names:
            self._names[key] = valid_name(check.name, self._names.values(), "check")
            comments = list(check.comments)
            if weight:
                comments.append(f"weight: {weight:+d} while it fails")
            self.drafts.append(replace(check, name=self._names[key], weight=weight, comments=comments))
        return self._names[key]

    def _interface(self, line: Statement) -> "tracked.Tracked | None":
        reason = refusal(read_interface, line.keyword)
        if reason is not None:
            self.ledger.leave(line, Kind.LOST, reason)
            return None
        check = CheckDraft(name=f"link-{line.keyword}", type="link", target=line.keyword)
        check.interval_s = check.timeout_s = tracked.LOOK_S
        check.comments.append(f"track_interface {line.keyword}: {at(line)}")
        return tracked.Tracked(check=check)

    def _defined(self, line: Statement, kind: str) -> "tracked.Tracked | None":
        keywords, read = _DEFINITIONS[kind]
        found = [self.definitions[key, line.keyword] for key in keywords if (key, line.keyword) in self.definitions]
        if not found:
            self.ledger.leave(line, Kind.LOST, f"there is no {keywords[0]} of this name, so keepalived ignores it too")
            return None
        block = found[0]
        if block not in self._known:
            self._known[block] = read(block, self.ledger)
        if self._known[block] is None:
            why = f"what {keywords[0]} {line.keyword} ({at(block)}) looks at has no check in floatip"
            self.ledger.leave(line, Kind.LOST, why)
        return self._known[block]


def _weight(line: Statement, found: "tracked.Tracked", ledger: Ledger) -> tuple[int, bool]:
    """The weight that a line says, else that of what it names."""
    weight, reverse = found.weight, found.reverse
    words = list(line.values)
    while words:
        word = words.pop(0)
        number = number_in(words[0], -254, 254) if word == "weight" and words else None
        if number is not None:
            weight, reverse = int(number), False
            words.pop(0)
        elif word in {"reverse", "noreverse", "no_reverse"}:
            reverse = word == "reverse"
        else:
            ledger.word(line, word, " ".join(words), Kind.UNKNOWN, UNKNOWN)
            break
    return weight, reverse
