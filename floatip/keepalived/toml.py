"""The draft as text. Knows: TOML, which defaults need not be written. Never: keepalived's words.

Whatever stands in a comment is from the file that was imported, so it is made one printable line.
"""

import json
from collections.abc import Iterator, Sequence

from floatip.config.fields import duration
from floatip.keepalived.draft import CheckDraft, Draft, HookDraft, VipDraft

Scalar = str | int | bool
Value = Scalar | Sequence[str]
_HOOK_TIMEOUT = "1m"


def written(draft: Draft, source: str) -> str:
    """The configuration file."""
    parts = [
        _head(draft, source),
        *_vips(draft),
        *(
            _table("[[alias]]", [("address", alias.address), ("purpose", alias.purpose)], alias.comments)
            for alias in draft.aliases
        ),
        *(_check(check) for check in draft.checks),
        *(_hook(hook, first=number == 0) for number, hook in enumerate(draft.hooks)),
    ]
    return "\n".join(parts)


def value(what: Value) -> str:
    """A value as TOML spells it."""
    if isinstance(what, bool):
        return "true" if what else "false"
    if isinstance(what, int):
        return str(what)
    if isinstance(what, str):
        return json.dumps(what, ensure_ascii=False).replace("\x7f", "\\u007f")
    return f"[{', '.join(value(item) for item in what)}]"


def comment(text: str) -> str:
    """A comment line."""
    return f"# {''.join(char if char.isprintable() else '?' for char in text)}"


def _table(head: str, rows: list[tuple[str, Value]], comments: Sequence[str] = ()) -> str:
    return "\n".join([head, *map(comment, comments), *(f"{key} = {value(what)}" for key, what in rows), ""])


def _head(draft: Draft, source: str) -> str:
    lines = [
        comment(f"Written by `floatip import keepalived` from {source}."),
        comment("What has no counterpart is listed by that command, and not here."),
        "",
        f"cluster = {value(draft.cluster)}  # the same on all nodes",
    ]
    if draft.node is None:
        lines.append('# node = "n1"  # default: the short name of the host')
    else:
        lines.append(f"node = {value(draft.node)}  # another on each node")
    lines += ["", "[mqtt]"]
    if draft.placeholder:
        lines.append("# CHANGE THIS: keepalived has no broker, so nothing in its configuration says where yours are.")
    lines += [
        f"brokers = {value(draft.brokers)}  # 1, 3 or 5, the same on all nodes",
        "",
        "# [security]  # made by `floatip keygen /etc/floatip/cluster.key`, and copied to all nodes",
        '# keys = ["/etc/floatip/cluster.key"]',
        "",
    ]
    lifetime_s = max(3, -int(-draft.lease_s // 1))
    timing: list[tuple[str, Value]] = [
        ("heartbeat", duration(draft.heartbeat_s)),
        ("lease", duration(draft.lease_s)),
        ("no_quorum_policy", "keep"),
        ("kernel_lifetime", f"{lifetime_s}s"),
    ]
    lines.append(_table("[timing]  # the same on all nodes", timing, draft.timing_comments))
    if draft.garp:
        lines.append(_table("[garp]", list(draft.garp.items())))
    return "\n".join(lines)


def _vips(draft: Draft) -> Iterator[str]:
    for vip in draft.vips:
        yield _table("[[vip]]", _vip(vip), vip.comments)


def _vip(vip: VipDraft) -> list[tuple[str, Value]]:
    rows: list[tuple[str, Value]] = [
        ("name", vip.name),
        ("addresses", vip.addresses),
        ("interfaces", vip.interfaces),
        ("priority", vip.priority),
        ("preempt", vip.preempt),
    ]
    if vip.preempt_delay_s:
        rows.append(("preempt_delay", duration(vip.preempt_delay_s)))
    if vip.source:
        rows.append(("source", True))
    if vip.gateway is not None and vip.table is not None:
        rows += [("gateway", vip.gateway), ("table", vip.table)]
    if vip.checks:
        rows.append(("checks", vip.checks))
    return rows


def _check(check: CheckDraft) -> str:
    rows: list[tuple[str, Value]] = [("name", check.name), ("type", check.type)]
    rows.append(("target", check.target) if check.target is not None else ("command", check.command))
    rows += [
        ("interval", duration(check.interval_s)),
        ("timeout", duration(check.timeout_s)),
        ("rise", check.rise),
        ("fall", check.fall),
    ]
    if check.weight:
        rows.append(("weight", check.weight))
    return _table("[[check]]", rows, check.comments)


def _hook(hook: HookDraft, *, first: bool) -> str:
    rows: list[tuple[str, Value]] = [("on", hook.on), ("command", hook.command), ("vips", hook.vips)]
    if hook.keepalived_arguments:
        rows.append(("keepalived_arguments", hook.keepalived_arguments))
    if hook.keepalived_name is not None:
        rows.append(("keepalived_name", hook.keepalived_name))
    rows.append(("timeout", _HOOK_TIMEOUT))
    more = ["timeout: keepalived lets a notify script run for as long as it likes"] if first else []
    return _table("[[hook]]", rows, [*hook.comments, *more])
