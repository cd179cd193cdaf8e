"""Why this node may not own a VIP (faults), or may not claim it (disagreements with its peers, slow brokers)."""

from floatip.core.effects import Kind
from floatip.core.events import Checked
from floatip.core.situation import Situation
from floatip.core.types import NodeName, Policy, VipName, VipSpec


def link_faults(s: Situation, spec: VipSpec) -> tuple[str, ...]:
    """What a VIP needs and has not: a link, and a LAN that answers, on one of its interfaces and on each named one.

    Of an interface that was never heard of nothing is wrong yet.
    """
    if not s.links:
        return ()
    needed = sorted({placed.interface for placed in spec.addresses if placed.interface is not None})
    if s.interface_for(spec) is None:
        needed = [*spec.interfaces, *(name for name in needed if name not in spec.interfaces)]
    down = [name for name in needed if not s.links.get(name, True)]
    dead = [name for name in needed if name in s.lan_dead and name not in down]
    found = (f"link down: {', '.join(down)}",) if down else ()
    return found + ((f"LAN unreachable: nobody answers on {', '.join(dead)}",) if dead else ())


def checked(s: Situation, event: Checked) -> bool:
    """Count what a check saw; return whether that changes what is known of it, which is told to everybody."""
    one = s.checkups.heard(event.check, event.output, passed=event.passed)
    if one is None:
        return False
    text = f"check {event.check} " + ("passes" if one.passes else f"fails: {one.output}")
    s.tell(Kind.CHECK, text, warning=not one.passes)
    s.outbox.state = True
    return True


def disagreements(s: Situation, spec: VipSpec, now: float) -> tuple[str, ...]:
    """Why no claim of this node would be safe beside its living peers."""
    found: tuple[str, ...] = ()
    if terms := terms_differ(s, spec.policy, now):
        found += (terms,)
    if slow := too_slow(s, spec.policy):
        found += (slow,)
    if differs := definition_differs(s, spec, now):
        found += (f"definition differs from that of {', '.join(differs)}",)
    return found


def forbidden(s: Situation, vip: VipName) -> str | None:
    """Why an operator's will keeps this node from taking the VIP: what is so of this node, as half a sentence."""
    if vip in s.retiring:
        return f"gives {vip} up: it is configured otherwise now"
    if s.directives.drained(s.node):
        return "is drained: it takes no VIPs"
    return None if s.directives.admits(s.node, vip) else f"may not take {vip}: it is frozen"


def terms_differ(s: Situation, policy: Policy, now: float) -> str | None:
    """Why this node's constants forbid it to claim beside its living peers, or None."""
    mine = s.terms
    for peer in s.peers.alive(now):
        if peer.terms is None:
            continue
        if peer.terms.brokers != mine.brokers:
            return f"brokers differ: {peer.node} counts another set of brokers"
        theirs_s = peer.terms.owner_down_s(policy)
        if theirs_s > mine.owner_down_s(policy) + 1e-6:
            return f"timing differs: {peer.node} waits {theirs_s:.3g} s for an owner, this node less"
    return None


def too_slow(s: Situation, policy: Policy) -> str | None:
    """Why the brokers are too slow for the policy: under ``release`` a renewal counts on an echo within h."""
    if policy is not Policy.RELEASE:
        return None
    limit_s = s.timing.heartbeat_s
    quick = sum(1 for view in s.all_views() if (rtt_s := view.rtt_s()) is None or rtt_s <= limit_s)
    return None if quick >= s.quorum else f"brokers too slow: the median echo takes longer than {limit_s:.3g} s"


def definition_differs(s: Situation, spec: VipSpec, now: float) -> tuple[NodeName, ...]:
    """The nodes that list the VIP and mean something else by it."""
    span_s = s.owner_down_s(spec.policy)
    return tuple(
        sorted(
            {
                log.node
                for view in s.all_views()
                for log in view.peers.values()
                if (entry := log.entries.get(spec.name)) is not None
                and entry.definition != spec.definition
                and max(entry.at, log.listed_at) > now - span_s
            }
        )
    )
