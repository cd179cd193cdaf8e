"""The whole way: from a keepalived.conf to floatip's file and the list. Knows: all parts. Never: a daemon."""

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path

from floatip.config import ConfigError, parse
from floatip.config.fields import read_broker, read_name
from floatip.keepalived.block import Block
from floatip.keepalived.draft import Draft, refusal, valid_name
from floatip.keepalived.errors import KeepalivedError, NothingToImport
from floatip.keepalived.general import Globals, aliases
from floatip.keepalived.instances import Instance, Vips
from floatip.keepalived.ledger import Carried, Entry, Kind, Ledger
from floatip.keepalived.lines import Reader
from floatip.keepalived.routing import Routing
from floatip.keepalived.timing import Paces
from floatip.keepalived.toml import written
from floatip.keepalived.tracking import Checks
from floatip.keepalived.tree import Statement, tree
from floatip.keepalived.words import WORDS

_TRACKED = ("vrrp_script", "track_file", "vrrp_track_file", "vrrp_track_process")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the file does not say and the operator may; ``config_id`` None: the host's name, as keepalived has it."""

    brokers: tuple[str, ...] = ()
    cluster: str | None = None
    node: str | None = None
    config_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """A configuration that is valid, what is in it, and what is not."""

    config: str
    carried: list[Carried]
    entries: list[Entry]


def import_file(path: Path, wishes: Wishes) -> Imported:
    """Translate one file; KeepalivedError if it cannot be read, NothingToImport (with the list) if it has no VIP."""
    reader = Reader(wishes.config_id or os.uname().nodename.partition(".")[0])
    statements = tree(reader.read(path))
    ledger = Ledger()
    draft = _drafted(statements, ledger)
    if not draft.vips:
        ledger = Ledger()  # what was carried over has nothing to belong to
    ledger.aside(reader.asides)
    ledger.close(statements, WORDS)
    if not draft.vips:
        raise NothingToImport(str(path), ledger.listed())
    _wish(draft, wishes, str(path), ledger)
    config = written(draft, str(path))
    try:
        parse(tomllib.loads(config), "result")
    except ConfigError as error:
        raise KeepalivedError(str(path), 0, f"the result would not be valid: {'; '.join(error.errors)}") from None
    return Imported(config=config, carried=ledger.carried, entries=ledger.listed())


def _drafted(statements: list[Statement], ledger: Ledger) -> Draft:
    draft = Draft()
    general = Globals.of(statements, ledger)
    checks = Checks(ledger=ledger)
    for one in statements:
        if one.keyword in _TRACKED and one.block is not None:
            checks.definitions.setdefault((one.keyword, one.value), one)
    vips = Vips(ledger=ledger, checks=checks, routing=Routing(ledger), default_interface=general.default_interface())
    instances = _instances(statements, vips)
    _grouped(statements, vips, instances)
    checks.close()
    draft.vips, draft.hooks, draft.checks = vips.drafts, vips.hooks, checks.drafts
    draft.node = general.node()
    blocks = [instance.block for instance in instances.values()]
    if blocks:
        paces, adverts = Paces(ledger), general.down_adverts()
        for block in blocks:
            paces.read(block, adverts)
        paces.settle(draft)
        general.garp(draft, blocks)
        draft.cluster = draft.vips[0].name
        draft.aliases = aliases(statements, ledger, set(vips.routing.forbidden))
    return draft


def _instances(statements: list[Statement], vips: Vips) -> dict[str, Instance]:
    """The instances that have addresses, by their names."""
    found: dict[str, Instance] = {}
    for one in statements:
        if one.keyword != "vrrp_instance" or one.block is None:
            continue
        if one.value in found:
            first = found[one.value].block.statement
            vips.ledger.leave(
                one, Kind.LOST, f"line {first.line} has an instance of this name; keepalived takes that one"
            )
            continue
        instance = vips.instance(one)
        if instance is not None:
            found[one.value] = instance
    return found


def _grouped(statements: list[Statement], vips: Vips, instances: dict[str, Instance]) -> None:
    """Make the VIPs: one of each group, one of each instance that is in none, in the order of the file."""
    grouped: set[str] = set()
    groups: dict[str, tuple[Block, list[Instance]]] = {}
    for one in statements:
        if one.keyword != "vrrp_sync_group" or one.block is None:
            continue
        block = Block(one, vips.ledger)
        members = [instances[name] for name in _members(block, instances, grouped)]
        grouped |= {member.name for member in members}
        if members:
            groups[members[0].name] = (block, members)
    for name, instance in instances.items():
        if name in groups:
            block, members = groups[name]
            vips.vip(members, block)
        elif name not in grouped:
            vips.vip([instance], None)


def _members(block: Block, instances: dict[str, Instance], grouped: set[str]) -> list[str]:
    """The members of a group that are VIPs; others are listed. Old files name them without `group { }`."""
    lines = block.lines("group") or [
        child for child in block.statement.children if child.block is None and child.keyword in instances
    ]
    found: list[str] = []
    for line in lines:
        good = [word for word in line.words if word in instances and word not in grouped and word not in found]
        found += good
        if good:
            block.ledger.carry(line, "addresses of the group's VIP", used=None)
        for word in line.words:
            if word not in found:
                why = "is no instance that has an address, or is in another group already"
                block.ledger.word(line, word, "", Kind.LOST, why)
    if found:
        block.carry_blocks("one VIP", "group")
    return found


def _wish(draft: Draft, wishes: Wishes, source: str, ledger: Ledger) -> None:
    """What the operator says, or what stands in for it."""
    for option, name in (("--cluster", wishes.cluster), ("--node", wishes.node)):
        reason = None if name is None else refusal(read_name, name)
        if reason is not None:
            raise KeepalivedError(option, 0, reason)
    for url in wishes.brokers:
        reason = refusal(read_broker, url)
        if reason is not None:
            raise KeepalivedError("--broker", 0, reason)
    if len(wishes.brokers) not in {0, 1, 3, 5}:
        raise KeepalivedError("--broker", 0, f"found {len(wishes.brokers)} brokers, must be 1, 3 or 5")
    draft.cluster = wishes.cluster or valid_name(draft.cluster)
    draft.node = wishes.node or draft.node
    draft.brokers = list(wishes.brokers)
    if wishes.cluster is None:
        why = "is named after its first VIP; it must be the same on all nodes (--cluster)"
        ledger.general(source, "cluster", draft.cluster, why)
    if not draft.brokers:
        taken = {address.partition("/")[0].partition("@")[0] for vip in draft.vips for address in vip.addresses}
        taken |= {vip.gateway for vip in draft.vips if vip.gateway is not None}
        stand_in = next(f"192.0.2.{number}" for number in range(1, 255) if f"192.0.2.{number}" not in taken)
        draft.brokers, draft.placeholder = [f"mqtt://{stand_in}:1883"], True
        why = "keepalived has none, so this is nobody's address: change it to your brokers' (--broker)"
        ledger.general(source, "brokers", draft.brokers[0], why)
