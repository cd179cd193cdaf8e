"""global_defs and static addresses. Knows: what concerns the node and not one VIP. Never: instances."""

from dataclasses import dataclass

from floatip.config.fields import duration, read_address, read_interface
from floatip.keepalived.addresses import address_line
from floatip.keepalived.block import Block, at
from floatip.keepalived.draft import AliasDraft, Draft, refusal, valid_name
from floatip.keepalived.ledger import Kind, Ledger
from floatip.keepalived.tree import Statement

_MOST_REPEATS = 20
_DAY_S = 86_400
_FASTEST_RATE = 100_000
_FALSE = {"off", "false", "no"}
PURPOSE = "static address of keepalived.conf"


@dataclass(frozen=True, slots=True)
class Globals:
    """All global_defs of the file, as one block."""

    block: Block

    @classmethod
    def of(cls, statements: list[Statement], ledger: Ledger) -> "Globals":
        """Those among the statements on top."""
        found = [one for one in statements if one.keyword == "global_defs" and one.block is not None]
        for one in found:
            ledger.carry(one, "settings of the node", used=1)
        inside = [child for one in found for child in one.children]
        joined = Statement(raw="global_defs", file="", line=0, words=("global_defs",), block=inside)
        return cls(Block(joined, ledger))

    def node(self) -> str | None:
        """The name of the node, from router_id."""
        said = self.block.last("router_id")
        if said is None or not said.value:
            return None
        name = valid_name(said.value, default="node")
        self.block.ledger.carry(said, "node")
        self.block.ledger.change(said, f'the node is "{name}": no two nodes of a cluster may have the same name')
        return name

    def default_interface(self) -> str | None:
        """Where addresses go that say nothing about it."""
        said = self.block.last("default_interface")
        if said is None or refusal(read_interface, said.value) is not None:
            return None
        self.block.ledger.carry(said, "interfaces, where nothing else is said")
        return said.value

    def down_adverts(self) -> int:
        """vrrp_down_timer_adverts: after how many advertisements an owner is dead, if its instance does not say."""
        number = self.block.number("vrrp_down_timer_adverts", 1, 100, "3")
        said = self.block.last("vrrp_down_timer_adverts")
        if number is None or said is None:
            return 3
        self.block.ledger.carry(said, "[timing] lease")
        return int(number)

    def garp(self, draft: Draft, instances: list[Block]) -> None:
        """[garp] from the words of the whole node and of each instance: floatip has one for all, so the most counts."""
        repeats = self._numbers("garp_master_repeat", instances, "repeat", 1000)
        refreshes = self._numbers("garp_master_refresh", instances, "refresh", _DAY_S)
        if self._minimal():
            repeats = repeats or [1]
        if repeats:
            draft.garp["repeat"] = int(min(max(*repeats, 1), _MOST_REPEATS))
        often = [number for number in refreshes if number]
        if often:
            draft.garp["refresh"] = duration(min(max(min(often), 1.0), 3600.0))
        interval = self.block.number("vrrp_garp_interval", 0, 1000, "500 frames per second")
        said = self.block.last("vrrp_garp_interval")
        if interval is not None and said is not None and interval > 0:
            draft.garp["rate"] = min(max(round(1 / interval), 1), _FASTEST_RATE)
            self.block.ledger.carry(said, "[garp] rate")

    def _minimal(self) -> bool:
        said = self.block.last("vrrp_min_garp")
        if said is None or said.value in _FALSE:
            return False
        self.block.ledger.carry(said, "[garp] repeat")
        return True

    def _numbers(self, keyword: str, instances: list[Block], key: str, high: float) -> list[float]:
        """The numbers of ``vrrp_KEYWORD`` here and of ``KEYWORD`` in instances."""
        found = []
        for block, word in [(self.block, f"vrrp_{keyword}"), *((one, keyword) for one in instances)]:
            number = block.number(word, 0, high, "the default")
            said = block.last(word)
            if number is None or said is None:
                continue
            block.ledger.carry(said, f"[garp] {key}")
            if key == "refresh" and not number:
                block.ledger.change(said, "floatip's owners always announce again, every minute or as [garp] says")
            elif word == keyword:
                block.ledger.change(said, "[garp] is one for all VIPs: the most that any instance asks for")
            found.append(number)
        return found


def aliases(statements: list[Statement], ledger: Ledger, taken: set[str]) -> list[AliasDraft]:
    """The lines of static_ipaddress, written down as plain addresses; ``taken`` are those of VIPs."""
    found: list[AliasDraft] = []
    for block in statements:
        if block.keyword != "static_ipaddress" or block.block is None:
            continue
        ledger.carry(block, "[[alias]]", used=1)
        for statement in block.children:
            line = address_line(statement)
            bare = statement.keyword.partition("/")[0]
            if refusal(read_address, bare) is not None or line.why_not is not None or line.bare in taken:
                ledger.leave(statement, Kind.LOST, line.why_not or "is an address of a VIP or of another line already")
                continue
            taken.add(line.bare)
            ledger.carry(statement, "[[alias]]", used=None)
            why = "floatip writes it down and does not add it: that is for what sets up this host's network at boot"
            ledger.change(statement, why)
            line.list_others(ledger)
            found.append(
                AliasDraft(address=line.bare, purpose=PURPOSE, comments=[f"static_ipaddress: {at(statement)}"])
            )
    return found
