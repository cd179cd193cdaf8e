"""What can be tracked: vrrp_script, track_file, vrrp_track_process as checks. Knows: their blocks. Never: who tracks.

Each reader gives None where floatip has no such check, and lists what it cannot carry over.
"""

from dataclasses import dataclass

from floatip.config.fields import duration
from floatip.keepalived.block import Block, at, number_in
from floatip.keepalived.draft import CheckDraft
from floatip.keepalived.ledger import Kind, Ledger
from floatip.keepalived.lexis import shell_words
from floatip.keepalived.scripts import command
from floatip.keepalived.tree import Statement

LOOK_S = 0.2
"""How often floatip looks at what keepalived is told of by the kernel."""
_LONGEST_S = 3600.0
_SHORTEST_S = 0.01
_IS_ZERO = 'test ! -e "$0" || test "$(cat "$0")" -eq 0'
_NAME_BYTES = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """One thing as a check without weight, and the weight that is written beside it."""

    check: CheckDraft
    weight: int = 0
    reverse: bool = False


def script(statement: Statement, ledger: Ledger) -> Tracked | None:
    """`vrrp_script NAME { script ... }`: an exec check, or a tcp check if all it does is to connect."""
    block = Block(statement, ledger)
    said = block.last("script")
    started = None if said is None else command(said, ledger)
    if said is None or started is None:
        return None
    check = CheckDraft(name=statement.value, type="exec", command=started.argv)
    check.comments.append(f"vrrp_script {statement.value}: {at(statement)}")
    if started.connects_to is not None:
        check.type, check.target, check.command = "tcp", started.connects_to, ()
        ledger.change(said, f"is a check of type tcp, which connects to {started.connects_to} without a shell")
    elif started.note:
        ledger.change(said, started.note)
    ledger.carry(statement, "a check")
    ledger.carry(said, "command" if check.command else "target", used=None)
    _times(block, check)
    for keyword in ("rise", "fall"):
        number = block.number(keyword, 1, 1_000_000, "1")
        if number is not None:
            setattr(check, keyword, min(int(number), 1000))
            _carried(block, keyword, "rise" if keyword == "rise" else "fall", "at most 1000" if number > 1000 else "")
    weight, reverse = _weight(block, 0)
    return Tracked(check=check, weight=weight, reverse=reverse)


def file(statement: Statement, ledger: Ledger) -> Tracked | None:
    """`track_file NAME { file PATH weight 0 }`: an exec check that the file is absent or holds 0.

    Another weight than 0 is multiplied by the number in the file, and floatip has no such check.
    """
    block = Block(statement, ledger)
    said = block.last("file")
    path = "" if said is None else _path(said)
    if said is None or not path.startswith("/") or "\0" in path or _weight(block, 1, look=True)[0]:
        why = "floatip has no check whose number is a priority: with weight 0 (0 is good) it could be carried over"
        ledger.leave(statement, Kind.LOST, why)
        return None
    check = CheckDraft(name=statement.value, type="exec", command=("/bin/sh", "-c", _IS_ZERO, path))
    check.comments.append(
        f"track_file {statement.value}, which fails unless the file is absent or holds 0: {at(statement)}"
    )
    ledger.carry(statement, "a check")
    ledger.carry(said, "command", used=None)
    weight, reverse = _weight(block, 1)
    return Tracked(check=check, weight=weight, reverse=reverse)


def process(statement: Statement, ledger: Ledger) -> Tracked | None:
    """`vrrp_track_process NAME { process PROGRAM }`: a process check; None where too many processes are a failure."""
    block = Block(statement, ledger)
    said = block.last("process")
    words = said.words[1:] if said is not None else ()
    name = words[0].rpartition("/")[2][:_NAME_BYTES] if words else ""
    if said is None or not name.isprintable() or not name or block.has("quorum_max"):
        why = "floatip checks that at least one process of a name runs, and nothing else: use exec and a script"
        ledger.leave(statement, Kind.LOST, why)
        return None
    check = CheckDraft(name=statement.value, type="process", target=name)
    check.comments.append(f"vrrp_track_process {statement.value}: {at(statement)}")
    ledger.carry(statement, "a check")
    ledger.carry(said, "target", used=None)
    quorum = block.last("quorum")
    if quorum is not None and quorum.value == "1":
        ledger.carry(quorum, "one process of the name is enough")
    if words != (name,):
        ledger.change(said, f'floatip looks for a process by its name alone: "{name}"')
    weight, reverse = _weight(block, 1)
    return Tracked(check=check, weight=weight, reverse=reverse)


def _path(said: Statement) -> str:
    try:
        return (*shell_words(said.raw), "")[1]
    except ValueError:
        return ""


def _times(block: Block, check: CheckDraft) -> None:
    """`interval` and `timeout`: the latter is the interval where none is written, and never longer in floatip."""
    interval = block.number("interval", 0, 1_000_000, "1s")
    if interval is not None:
        check.interval_s = min(max(interval, _SHORTEST_S), _LONGEST_S)
        bounds = "floatip looks every 10ms to 1h" if check.interval_s != interval else ""
        _carried(block, "interval", "interval", bounds)
    check.interval_s = round(check.interval_s, 6)
    timeout = block.number("timeout", 0, 1_000_000, duration(check.interval_s))
    check.timeout_s = check.interval_s if not timeout else min(max(round(timeout, 6), 0.001), check.interval_s)
    if timeout is not None:
        too_long = timeout > check.interval_s
        longest = duration(check.interval_s)
        why = f"a run may take no longer than the interval, {longest}: raise both if it needs more time"
        _carried(block, "timeout", "timeout", why if too_long else "")


def _weight(block: Block, default: int, *, look: bool = False) -> tuple[int, bool]:
    """The weight of the block, and whether it says `reverse`; ``look``: without accounting for it."""
    said = block.last("weight") if not look else None
    if look:
        said = next((child for child in reversed(block.statement.children) if child.keyword == "weight"), None)
    if said is None:
        return default, False
    number = number_in(said.value, -2_147_483_647, 2_147_483_647)
    if number is None or (abs(number) > 254 and not look):
        if not look:
            block.ledger.leave(said, Kind.LOST, f"is no weight from -254 to 254; the result has {default}")
        return default, False
    reverse = said.values[1:2] == ("reverse",)
    if not look:
        block.ledger.carry(said, "weight of the check, and the priority of its VIPs", used=3 if reverse else 2)
    return int(number), reverse


def _carried(block: Block, keyword: str, became: str, why: str) -> None:
    said = block.last(keyword)
    if said is not None:
        block.ledger.carry(said, became)
    if said is not None and why:
        block.ledger.change(said, why)
