"""Scripts: words to a command, notify_* to hooks. Knows: how keepalived starts a program. Never: VIPs' addresses."""

import re
from dataclasses import dataclass

from floatip.config.fields import read_argv
from floatip.keepalived.block import Block, at
from floatip.keepalived.draft import HookDraft, refusal
from floatip.keepalived.ledger import Kind, Ledger
from floatip.keepalived.lexis import shell_words
from floatip.keepalived.tree import Statement

NOTIFY: dict[str, tuple[str, ...]] = {
    "notify_master": ("acquired",),
    "notify_backup": ("released", "backup"),
    "notify_fault": ("fault",),
    "notify_stop": ("stop",),
    "notify": ("acquired", "released", "backup", "fault", "stop"),
}
"""Keyword to the events of a hook."""

_SHELL = re.compile(r"[<>|&;()`]")
_CONNECT = re.compile(r"<\s*/dev/tcp/([A-Za-z0-9.-]+)/([0-9]{1,5})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What a script statement starts."""

    argv: tuple[str, ...]
    text: str
    """As written, without its outer quotes."""
    note: str | None = None
    """What is to be known about it."""

    @property
    def connects_to(self) -> str | None:
        """``HOST:PORT`` if all it does is to connect, by bash's /dev/tcp."""
        match = _CONNECT.fullmatch(self.text.strip())
        return f"{match[1]}:{match[2]}" if match else None


def command(statement: Statement, ledger: Ledger) -> Command | None:
    """What a statement `KEYWORD SCRIPT [USER [GROUP]]` starts; None if it cannot be started, which is then listed."""
    try:
        _, text, *user = (*shell_words(statement.raw), "")
        argv = shell_words(text)
    except ValueError as error:
        ledger.leave(statement, Kind.LOST, str(error))
        return None
    note = None
    if argv and _SHELL.match(argv[0]):
        argv, note = ("/bin/sh", "-c", text), "is given to /bin/sh, as keepalived does with what is no program"
    elif argv and not argv[0].startswith("/"):
        argv = ("/usr/bin/env", *argv)
        note = f"{argv[1]} is looked for in the PATH of the daemon, by /usr/bin/env: better write its absolute path"
    if not argv or refusal(read_argv, list(argv)):
        ledger.leave(statement, Kind.LOST, "names no program; write the absolute path of one")
        return None
    names = " ".join(word for word in user if word)
    if names:
        why = "floatip runs programs as the user of its daemon: use runuser or sudo in the command"
        ledger.word(statement, "user", names, Kind.LOST, why)
    return Command(argv=argv, text=text, note=note)


def hooks(block: Block, vip: str, name: str, *, group: bool) -> list[HookDraft]:
    """The hooks of an instance or a sync group that became (part of) a VIP."""
    found = []
    for keyword, events in NOTIFY.items():
        statement = block.last(keyword)
        if statement is None:
            continue
        started = command(statement, block.ledger)
        if started is None:
            continue
        block.ledger.carry(statement, f"a hook for VIP {vip}", used=None)
        if started.note:
            block.ledger.change(statement, started.note)
        draft = HookDraft(on=events, command=started.argv, vips=[vip])
        if keyword == "notify":
            draft.keepalived_arguments = "group" if group else True
            draft.keepalived_name = name if name != vip else None
        draft.comments.append(f"{keyword} of {name}: {at(statement)}")
        found.append(draft)
    return found
