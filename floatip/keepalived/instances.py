"""vrrp_instance and vrrp_sync_group become VIPs. Knows: one instance, one group. Never: timing, global words, text.

An instance is a VIP; a sync group is one VIP with the addresses of all its members, as those always move together.
"""

from dataclasses import dataclass, field

from floatip.config.fields import read_interface
from floatip.keepalived.addresses import AddressLine, address_line
from floatip.keepalived.block import Block, at
from floatip.keepalived.draft import HookDraft, VipDraft, refusal, valid_name
from floatip.keepalived.ledger import Kind, Ledger
from floatip.keepalived.preempting import preempting
from floatip.keepalived.routing import Routing
from floatip.keepalived.scripts import hooks
from floatip.keepalived.tracking import TRACKS, Checks
from floatip.keepalived.tree import Statement

_ADDRESSES = ("virtual_ipaddress", "virtual_ipaddress_excluded")
_OWNER = 255
_HIGHEST = 254
_DEFAULT_PRIORITY = 100


@dataclass(slots=True, kw_only=True)
class Instance:
    """One vrrp_instance that has addresses."""

    block: Block
    lines: list[AddressLine]
    interface: str | None
    priority: int = _DEFAULT_PRIORITY

    @property
    def name(self) -> str:
        """As keepalived knows it."""
        return self.block.statement.value


@dataclass(slots=True, kw_only=True)
class Vips:
    """Makes the VIPs, one after the other."""

    ledger: Ledger
    checks: Checks
    routing: Routing
    default_interface: str | None = None
    drafts: list[VipDraft] = field(default_factory=list)
    hooks: list[HookDraft] = field(default_factory=list)
    _places: dict[str, Statement] = field(default_factory=dict)
    """Each address to the line that has it."""

    def instance(self, statement: Statement) -> Instance | None:
        """Read one instance; None, and nothing is accounted for yet, if it has no address that can float."""
        block = Block(statement, self.ledger)
        lines = [address_line(line) for line in block.lines(*_ADDRESSES)]
        said = block.last("interface")
        usable = said is not None and refusal(read_interface, said.value) is None
        kept = [line for line in lines if self._floats(line)]
        if not kept or (said is not None and not usable and any(line.interface is None for line in kept)):
            for line in kept:
                del self._places[line.bare]
            return None
        self.routing.forbidden |= {line.bare for line in kept}
        self._account(block, lines, kept)
        interface = said.value if said is not None and usable else None
        if said is not None and usable:
            self.ledger.carry(said, "interfaces")
        found = Instance(block=block, lines=kept, interface=interface)
        found.priority = self._priority(block)
        return found

    def vip(self, members: list[Instance], group: Block | None) -> None:
        """Make one VIP of one instance, or of the members of a group."""
        owner = group or members[0].block
        said = owner.statement.value
        name = valid_name(said, [vip.name for vip in self.drafts])
        interface = self._interface(members)
        lines = [line for member in members for line in member.lines]
        for member in members:
            for line in member.lines:
                line.interface = line.interface or member.interface or interface
        priority, (preempt, delay_s) = self._lowest(members), preempting([member.block for member in members])
        draft = VipDraft(
            name=name,
            addresses=[line.placed(interface) for line in lines],
            interfaces=[interface],
            priority=min(priority, _HIGHEST),
            preempt=preempt,
            preempt_delay_s=delay_s,
            source=any(line.source for line in lines),
        )
        self._say(draft, members, group)
        blocks = [*([group] if group is not None else []), *(member.block for member in members)]
        self._track(draft, blocks, group, owner=priority == _OWNER)
        for block in blocks:
            self.hooks += hooks(block, name, block.statement.value, group=block is group)
        self._route(draft, lines, blocks)
        self.drafts.append(draft)

    def _floats(self, line: AddressLine) -> bool:
        """Whether the line has an address for the VIP, and no other line has it; says why not."""
        if line.why_not is None and line.bare in self._places:
            there = self._places[line.bare]
            line.why_not = f"it stands in line {there.line} already" if there is not line.statement else None
        if line.why_not is None:
            self._places[line.bare] = line.statement
        return line.why_not is None

    def _account(self, block: Block, lines: list[AddressLine], kept: list[AddressLine]) -> None:
        block.carry_blocks("addresses", *_ADDRESSES)
        for line in lines:
            if line in kept:
                self.ledger.carry(line.statement, "an address", used=None)
                line.list_others(self.ledger)
            else:
                repeated = (line.why_not or "").startswith("it stands in")
                kind = Kind.NEEDLESS if repeated else Kind.LOST
                self.ledger.leave(line.statement, kind, line.why_not or "")

    def _priority(self, block: Block) -> int:
        number = block.number("priority", 1, _OWNER, str(_DEFAULT_PRIORITY))
        said = block.last("priority")
        if number is None or said is None:
            return _DEFAULT_PRIORITY
        self.ledger.carry(said, "priority")
        if number == _OWNER:
            self.ledger.change(said, f"no node owns an address before it is elected: the result has {_HIGHEST}")
        return int(number)

    def _lowest(self, members: list[Instance]) -> int:
        """The priority of a group: it is owner only if all of its members would be."""
        lowest = min(member.priority for member in members)
        for member in members:
            said = member.block.last("priority")
            if member.priority != lowest and said is not None:
                self.ledger.change(said, f"a sync group is one VIP with one priority: its lowest, {lowest}")
        return lowest

    def _interface(self, members: list[Instance]) -> str:
        """Where the VIP lives: the interface of its first member that names one, else of its first address."""
        named = [member.interface for member in members if member.interface is not None]
        named += [line.interface for member in members for line in member.lines if line.interface is not None]
        if named:
            return named[0]
        interface = self.default_interface or "eth0"
        statement = members[0].block.statement
        self.ledger.change(statement, f"names no interface: the result has {interface}, keepalived's default")
        return interface

    def _say(self, draft: VipDraft, members: list[Instance], group: Block | None) -> None:
        """Account for the blocks, and write into the file where the VIP is from."""
        for member in members:
            statement = member.block.statement
            self.ledger.carry(statement, f"VIP {draft.name}")
            said = member.block.last("virtual_router_id")
            router = "" if said is None else f", virtual_router_id {said.value}"
            draft.comments.append(f"vrrp_instance {statement.value}{router}: {at(statement)}")
        if group is None:
            return
        statement = group.statement
        draft.comments.insert(0, f"vrrp_sync_group {statement.value}, whose addresses move together: {at(statement)}")
        self.ledger.carry(statement, f"VIP {draft.name}")

    def _track(self, draft: VipDraft, blocks: list[Block], group: Block | None, *, owner: bool) -> None:
        """The checks of the VIP, and what their weights make of its priority."""
        weighs = group is not None and (group.has("sync_group_tracking_weight") or group.has("global_tracking"))
        for block in blocks:
            unweighted = None
            if owner:
                unweighted = "keepalived takes weight 0 beside priority 255, so failing is a fault"
            elif group is not None and block is not group and not weighs:
                unweighted = "keepalived takes weight 0 in a member of a sync group, so failing is a fault"
            for kind in TRACKS:
                block.carry_blocks("checks", kind)
                for line in block.lines(kind):
                    pull = self.checks.pull(line, kind, tuple(draft.interfaces), unweighted=unweighted)
                    if pull is not None and pull.check not in draft.checks:
                        draft.checks.append(pull.check)
                        self._add(draft, pull.more, line)

    def _add(self, draft: VipDraft, more: int, line: Statement) -> None:
        """Put a positive weight into the priority itself, as far as that goes."""
        if not more:
            return
        wanted = draft.priority + more
        draft.priority = min(max(wanted, 1), _HIGHEST)
        draft.comments.append(f"priority {draft.priority}: {more:+d} that {line.keyword} adds while it passes")
        why = f"the priority is {draft.priority} to begin with, and less while it fails"
        if draft.priority != wanted:
            why = (
                f"priority {wanted} is beyond 1 to {_HIGHEST}, the result has {draft.priority}: lower all nodes' alike"
            )
        self.ledger.change(line, why)

    def _route(self, draft: VipDraft, lines: list[AddressLine], blocks: list[Block]) -> None:
        """The VIP's gateway, if its rules and routes are of the classic kind; other lines are left."""
        rules = [line for block in blocks for line in block.lines("virtual_rules")]
        routes = [line for block in blocks for line in block.lines("virtual_routes")]
        if not self.routing.route(draft, lines, rules, routes):
            return
        for block in blocks:
            block.carry_blocks("gateway and table", "virtual_rules", "virtual_routes")
        for line in (*rules, *routes):
            if not self.ledger.settled(line):
                self.ledger.leave(line, Kind.LOST, "a VIP has one gateway and table: use a [[hook]] for further ones")
