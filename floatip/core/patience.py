"""Whether a VIP whose time has come can be left alone: nothing has happened, and only what it waits for was put off.

A backup waits for its owner to fall silent, an owner for its lease to end, and each heartbeat puts both off. To look
at everything again each time would cost, for a thousand VIPs, more than all else. Whatever else may change what a look
would find is an event, and makes the engine look.
"""

from collections.abc import Collection

from floatip.core.effects import Renew
from floatip.core.quorum import claimable_at, owned_until
from floatip.core.situation import Situation
from floatip.core.succession import Wait
from floatip.core.timers import earliest
from floatip.core.types import Binding, Role
from floatip.core.vip import Vip


def postponed(vip: Vip | None, s: Situation, now: float) -> float | None:
    """When to look at it instead; None if it must be looked at now."""
    again_at = None
    if vip is None:
        return None
    if vip.role is Role.BACKUP:
        again_at = _still_waits(vip, s, now)
    elif vip.role is Role.OWNER and vip.binding.state is Binding.BOUND:
        again_at = _still_serves(vip, s, now)
    return again_at if again_at is not None and again_at > now else None


def _still_waits(vip: Vip, s: Situation, now: float) -> float | None:
    """A backup whose owner lives; when one that died is forgotten is a matter of time alone."""
    wait = vip.succession.wait
    if wait is None or not s.peers.lives(vip.succession.last_owner):
        return None
    policy = vip.spec.policy
    ready = claimable_at(s.all_views(), s.quorum, vip.spec.name, policy, s.listen_s(policy))
    if ready <= wait.ready:
        return None
    wait = vip.succession.wait = Wait(ready, wait.again_at + ready - wait.ready)
    return earliest(wait.again_at, vip.succession.witness.next(), vip.binding.clear(now))


def _still_serves(vip: Vip, s: Situation, now: float) -> float | None:
    """An owner whose heartbeats came back; a lifetime is renewed without a look."""
    binding = vip.binding
    until = owned_until(s.all_views(), s.quorum, vip.spec.name)
    if until <= now or vip.defence.has_rivals or binding.expired(now) or binding.has_lost_its_link():
        return None
    renew_at = binding.renew_at
    if renew_at <= now:
        s.outbox.renew = True
        renew_at = now + s.timing.heartbeat_s / 4
    return earliest(until, renew_at, vip.look_at, binding.announce_at)


def renew(vips: Collection[Vip], s: Situation, now: float) -> bool:
    """Renew all lifetimes that are half way to being due, in one batch; return whether one waits for a fresher word."""
    binds = tuple(bind for vip in vips if (bind := vip.renewal(now)) is not None)
    if binds:
        s.do(Renew(binds=binds))
    return any(vip.binding.overdue(now) for vip in vips)
