"""preempt, nopreempt and preempt_delay, with the initial state that decides whether they count. Never: priorities."""

from floatip.keepalived.block import Block
from floatip.keepalived.ledger import Kind

_LONGEST_S = 1000.0


def preempting(blocks: list[Block]) -> tuple[bool, float]:
    """Whether a VIP of these instances preempts, and its delay: if all of them do, and after the longest."""
    preempts = [_preempts(block) for block in blocks]
    delays = [_delay_s(block, preempts=all(preempts)) for block in blocks]
    return all(preempts), max(delays) if all(preempts) else 0.0


def _preempts(block: Block) -> bool:
    said = block.last("preempt", "nopreempt")
    if said is None:
        return True
    if said.keyword == "nopreempt" and _begins_as_master(block):
        why = "keepalived ignores it beside state MASTER, so the result preempts: set preempt = false if that was meant"
        block.ledger.leave(said, Kind.LOST, why)
        return True
    block.ledger.carry(said, "preempt", used=1)
    return said.keyword == "preempt"


def _delay_s(block: Block, *, preempts: bool) -> float:
    said = block.last("preempt_delay")
    if said is None:
        return 0.0
    if not preempts:
        block.ledger.leave(said, Kind.NEEDLESS, "there is no preemption that could be delayed")
        return 0.0
    if _begins_as_master(block):
        why = "keepalived ignores it beside state MASTER: set preempt_delay if it was meant"
        block.ledger.leave(said, Kind.LOST, why)
        return 0.0
    delay_s = block.number("preempt_delay", 0, _LONGEST_S, "none")
    if delay_s is None:
        return 0.0
    block.ledger.carry(said, "preempt_delay")
    return delay_s


def _begins_as_master(block: Block) -> bool:
    state = block.last("state")
    return state is not None and state.value == "MASTER"
